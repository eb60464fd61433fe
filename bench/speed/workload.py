"""
A workload drawn from a seed: what budget and monitoring would have published of many projects, chained as they do it.

Six events of ten are payments; of the others two are the opening of a fault and two its end.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from shared.events import base
from shared.events.base import GENESIS_HASH, Envelope, EventData
from shared.events.budget import BudgetLine, FundsReceived, PaymentMade, ProjectDeclared, Sources
from shared.events.monitoring import FaultOpened, FaultResolved
from shared.identity import new_id

YEAR: Final = 2018
AMOUNT: Final = "100000000.00"
_BEGIN: Final = datetime(YEAR, 3, 1, tzinfo=UTC)


@dataclass
class Chain:
    """One source's log, continued from its beginning."""

    source: str
    epoch: str
    events: list[bytes] = field(default_factory=list)
    _hash: str = GENESIS_HASH

    def append(self, data: EventData, time: datetime) -> None:
        raw = base.encode(
            Envelope(
                specversion="1.0",
                id=new_id(),
                source=f"/{self.source}",
                type=data.versioned_type(),
                subject=data.project,
                time=time,
                datacontenttype="application/json",
                dataschema=f"/schemas/{data.versioned_type()}",
                partitionkey=data.project,
                sequence=f"{len(self.events) + 1:020d}",
                epoch=self.epoch,
                partition=0,
                prevhash=self._hash,
                correlationid=new_id(),
                recordedtime=time,
                data=base.encode_data(data),
            )
        )
        self._hash = base.hash_of(raw)
        self.events.append(raw)


@dataclass
class Workload:
    """The events of two sources, and what must come of them: the oracle."""

    projects: list[str]
    budget: Chain
    monitoring: Chain
    paid: Counter[str] = field(default_factory=Counter)  # Fen by project.
    faults: Counter[str] = field(default_factory=Counter)
    begun: int = 0  # Events of budget that declare the projects and give them money.

    def expected(self, project: str) -> dict[str, Any]:
        """What a score says of *project*: the money spent, and the number of faults."""
        return {"spent": f"{self.paid[project] // 100}.{self.paid[project] % 100:02d}", "faults": self.faults[project]}


def workload(events: int, projects: int, epochs: dict[str, str], seed: int = 1) -> Workload:
    """Draw *events* events of *projects* projects, beside those that declare them."""
    chance = random.Random(seed)
    names = [f"p{number:05d}" for number in range(projects)]
    made = Workload(names, Chain("budget", epochs["budget"]), Chain("monitoring", epochs["monitoring"]))
    for name in names:
        made.budget.append(_declared(name), _BEGIN)
        receipt = FundsReceived(
            project=name, receipt=f"r-{name}", amount=AMOUNT, origin="fiscal", received_on=date(YEAR, 1, 10)
        )
        made.budget.append(receipt, _BEGIN)
    made.begun = len(made.budget.events)
    for kind, number in _drawn(events, chance):
        name = names[chance.randrange(projects)] if kind != "resolved" else names[number % projects]
        time = _BEGIN + timedelta(seconds=20 * number)
        if kind == "paid":
            fen = chance.randrange(100, 100_000)
            made.paid[name] += fen
            made.budget.append(_payment(name, number, fen), time)
        elif kind == "opened":
            name = names[number % projects]
            made.faults[name] += 1
            made.monitoring.append(_opened(name, number, time), time)
        else:
            made.monitoring.append(
                FaultResolved(project=name, fault=f"f{number}", resolved_at=time + timedelta(hours=2)),
                time + timedelta(hours=2),
            )
    return made


def _drawn(events: int, chance: random.Random) -> Iterator[tuple[str, int]]:
    """Kinds of events; the end of a fault has the number of its beginning."""
    opened: list[int] = []
    for number in range(events):
        kind = chance.choices(("paid", "opened", "resolved"), (6, 2, 2))[0]
        if kind == "opened":
            opened.append(number)
        if kind == "resolved" and not opened:
            kind = "paid"
        yield kind, opened.pop(chance.randrange(len(opened))) if kind == "resolved" else number


def _declared(name: str) -> ProjectDeclared:
    return ProjectDeclared(
        project=name,
        name=f"项目 {name}",
        unit="单位",
        department="部门",
        fiscal_year=YEAR,
        nature="new",
        starts_on=date(YEAR, 1, 1),
        ends_on=date(YEAR, 12, 31),
        time_zone="Asia/Shanghai",
        lines=(BudgetLine(line="a", name="网络服务", initial=AMOUNT, amount=AMOUNT),),
        sources=Sources(fiscal=AMOUNT, self_raised="0.00", carry_over="0.00", other="0.00"),
        amount=AMOUNT,
    )


def _payment(name: str, number: int, fen: int) -> PaymentMade:
    return PaymentMade(
        project=name,
        payment=f"pay{number}",
        line="a",
        amount=f"{fen // 100}.{fen % 100:02d}",
        paid_on=date(YEAR, 6, 1),
    )


def _opened(name: str, number: int, time: datetime) -> FaultOpened:
    return FaultOpened(
        project=name, fault=f"f{number}", asset="server", severity="major", occurred_at=time, service_down=False
    )


def plan(project: str, year: int = YEAR) -> dict[str, Any]:
    """A plan whose indicators rest on what the workload holds."""
    rows = [
        ("paid_amount", ">=", "1000", "元", {}),
        ("fault_resolution_rate", ">=", "90", "%", {}),
        ("event_count", "<=", "1000000", "次", {"type": "fault.opened"}),
    ]
    return {
        "project": project,
        "title": project,
        "fiscal_year": year,
        "from": f"{year}-01-01",
        "to": f"{year}-12-31",
        "policy": "mof-2020",
        "objective": "o",
        "execution": {"weight": "10"},
        "indicators": [
            {
                "code": f"1.{number}",
                "dimension": "output",
                "aspect": "quality",
                "name": measure,
                "unit": unit,
                "target": {"op": op, "value": value},
                "weight": "30",
                "measure": measure,
                "with": words,
            }
            for number, (measure, op, value, unit, words) in enumerate(rows)
        ],
    }
