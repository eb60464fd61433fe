"""Requests as finance, agents and planners send them, drawn from a seed, with what must come of them."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.speed.load import post
from bench.speed.workload import AMOUNT, YEAR

OCCURRED = f"{YEAR}-06-01T08:00:00+08:00"
BATCH_KIND = "application/cloudevents-batch+json"


def declaration(year: int = YEAR) -> dict[str, Any]:
    """The body that declares a project of *year* with one line."""
    return {
        "name": "网络运行维护",
        "unit": "单位",
        "department": "部门",
        "fiscal_year": year,
        "nature": "new",
        "starts_on": f"{year}-01-01",
        "ends_on": f"{year}-12-31",
        "lines": [{"line": "a", "name": "网络服务", "amount": AMOUNT}],
        "sources": {"fiscal": AMOUNT},
    }


def receipt(year: int = YEAR) -> dict[str, Any]:
    """The body by which all of a project's money arrives."""
    return {"amount": AMOUNT, "source": "fiscal", "received_on": f"{year}-01-01", "reference": "R-1"}


def payment(project: str, fen: int, year: int = YEAR) -> dict[str, Any]:
    """The body of a payment."""
    return {
        "project": project,
        "line": "a",
        "amount": f"{fen // 100}.{fen % 100:02d}",
        "paid_on": f"{year}-01-01",
        "payee": "电信公司",
        "purpose": "宽带服务",
        "approved_by": "主任",
    }


@dataclass
class Payments:
    """Payments of many projects, in order, and what each project has paid when all are made."""

    token: str
    projects: list[str]
    seed: int = 1
    year: int = YEAR
    paid: Counter[str] = field(default_factory=Counter)  # Fen, by project.
    made: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def draw(self) -> tuple[str, int]:
        """The next payment: its project, each in its turn, and its fen."""
        project = self.projects[self.made % len(self.projects)]
        fen = self._chance.randrange(100, 10_000)
        self.made += 1
        self.paid[project] += fen
        return project, fen

    def requests(self, number: int) -> list[bytes]:
        """The next *number* requests, each with a key of its own."""
        return [self.request(*self.draw()) for _ in range(number)]

    def request(self, project: str, fen: int) -> bytes:
        """One payment's request; call it once a payment."""
        return post(
            "/payments", self.token, payment(project, fen, self.year), key=f"k-{self.seed}-{self.made}-{project}"
        )


@dataclass
class Faults:
    """Faults of many projects, in order."""

    token: str
    projects: list[str]
    made: int = 0

    def requests(self, number: int) -> list[bytes]:
        """The next *number* requests, each with a key of its own."""
        return [post("/faults", self.token, self._next(), key=f"f-{self.made}") for _ in range(number)]

    def batches(self, number: int, size: int) -> list[bytes]:
        """The next *number* batches of *size* events: of ten events six open a fault, two respond, two resolve."""
        return [
            post("/events", self.token, [self._event(place) for place in range(size)], kind=BATCH_KIND)
            for _ in range(number)
        ]

    def _next(self) -> dict[str, Any]:
        self.made += 1
        return {
            "fault": f"fault-{self.made}",
            "project": self.projects[self.made % len(self.projects)],
            "severity": "major",
            "title": "网站无法访问",
            "occurred_at": OCCURRED,
        }

    def _event(self, place: int) -> dict[str, Any]:
        turn = place % 10
        if turn < 6:
            fault = self._next()
            return self._envelope("fault.opened", fault["fault"], fault)
        if turn < 8:
            name = f"fault-{self.made - turn + 6}"  # Of the two last that were opened.
            return self._envelope(
                "fault.responded", name, {"fault": name, "responded_at": OCCURRED, "responder": "值班员"}
            )
        name = f"fault-{self.made - turn + 8}"
        return self._envelope(
            "fault.resolved", name, {"fault": name, "resolved_at": OCCURRED, "cause": "断电", "remedy": "送电"}
        )

    def _envelope(self, kind: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"specversion": "1.0", "id": f"{kind}-{name}", "source": "/bench", "type": kind, "data": data}
