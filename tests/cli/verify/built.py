"""A platform built of events alone: its feeds are real bytes, its answers are those of the services' own rules."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx

from cli.addresses import Addresses
from cli.bearers import GivenBearer
from cli.client import Platform
from cli.folder import SERVICES
from cli.verify.chain import Chain
from cli.verify.findings import Findings
from cli.verify.history import History
from cli.verify.verifying import Verdict, verify
from services.evaluation import policies
from services.evaluation.model import Plan
from services.evaluation.rules import document, evaluate, plan_event
from shared.events import evaluation
from shared.events.base import GENESIS_HASH, Envelope, encode, encode_data, hash_of, read
from tests.evaluation.builders import PROJECT, YEAR_OVER, Happening, facts_of

EPOCH = "0199aaaa-0000-7000-8000-000000000000"
NOW = YEAR_OVER + timedelta(days=30)
Change = Callable[[dict[str, Any]], Any]


def raw_event(source: str, seq: int, prevhash: str, happening: Happening, recorded: datetime) -> bytes:
    """An event as its source publishes it."""
    time, data = happening
    return encode(
        Envelope(
            specversion="1.0",
            id=f"{source}-{seq}",
            source=f"/{source}",
            type=data.versioned_type(),
            subject=data.project,
            time=time,
            datacontenttype="application/json",
            dataschema=f"/schemas/{data.versioned_type()}",
            partitionkey=data.project,
            sequence=f"{seq:020d}",
            epoch=EPOCH,
            partition=0,
            prevhash=prevhash,
            correlationid="c",
            recordedtime=recorded,
            data=encode_data(data),
        )
    )


class Built:
    """A platform that told *story* under *plan* and tells of nothing more."""

    def __init__(self, plan: Plan, story: Sequence[Happening]) -> None:
        self.plan = plan
        self.feeds: dict[str, list[bytes]] = {service: [] for service in SERVICES}
        self.heads: dict[str, tuple[int, str]] = {}  # Where they are not those of the feeds.
        self.changes: dict[str, Change] = {}  # By "service path": what is made of an answer.
        self.story = list(story)
        self.asked: list[str] = []
        self.tell((NOW, plan_event(plan, PROJECT)))
        for happening in story:
            self.tell(happening)
        self.publish()

    def tell(self, happening: Happening, recorded: datetime = NOW) -> None:
        """Append an event to its log."""
        feed = self.feeds[happening[1].source]
        prevhash = hash_of(feed[-1]) if feed else GENESIS_HASH
        feed.append(raw_event(happening[1].source, len(feed) + 1, prevhash, happening, recorded))

    def publish(self) -> None:
        """Append a version that makes every row known."""
        score, published = self.score(NOW), self._versions()
        changed = tuple(
            evaluation.ChangedIndicator(
                code=row["code"], measured=row["measured"], score=row["score"], status=row["status"]
            )
            for row in score["details"]
        )
        updated = evaluation.ScoreUpdated(
            project=PROJECT,
            version=published + 1,
            previous=published,
            total=score["total"],
            grade=score["grade"],
            final=score["final"],
            as_of=NOW,
            changed=changed,
        )
        self.tell((NOW, updated))

    def _versions(self) -> int:
        return sum(read(raw).envelope.type == "score.updated.v1" for raw in self.feeds["evaluation"])

    def score(self, as_of: datetime) -> dict[str, Any]:
        """The score as evaluation's rules make it."""
        facts = facts_of(*self.story, plan=self.plan)
        scored = evaluate(facts, self.plan, policies.read_all()[self.plan.policy], as_of=as_of)
        shown: dict[str, Any] = json.loads(json.dumps(document(scored, version=self._versions())))
        return shown

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Answer as the four services would."""
        service, _, path = request.url.path.lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append(f"{service} /{path}")
        if path == "events":
            return httpx.Response(200, content=self._page(service, int(query["after"])))
        answer = self._answer(service, f"/{path}", query)
        change = self.changes.get(f"{service} /{path}")
        answer = answer if change is None else change(answer)
        return httpx.Response(404, json={"type": "/problems/not-found"}) if answer is None else _json(answer)

    def _page(self, service: str, after: int) -> bytes:
        rows = [raw for raw in self.feeds[service] if _sequence(raw) > after]
        return b"[" + b",".join(rows[:1000]) + b"]"

    def _answer(self, service: str, path: str, query: dict[str, str]) -> Any:
        if path == "/events/head":
            feed = self.feeds[service]
            seq, digest = self.heads.get(service, (len(feed), hash_of(feed[-1]) if feed else GENESIS_HASH))
            return {"epoch": EPOCH, "partitions": [{"partition": 0, "seq": seq, "hash": digest}]}
        if path == "/readyz":
            return {"checks": {"watermark.budget.0": "ok"}}
        if path.endswith("/score"):
            return self.score(datetime.fromisoformat(query["as_of"]) if "as_of" in query else NOW)
        return self._record(path)

    def _record(self, path: str) -> Any:
        history = self._history()
        kinds = {
            "payments": history.ledger.payments,
            "contracts": history.contracts.by_id,
            "faults": history.faults.by_id,
        }
        if path.endswith("/budget"):
            answer = _plain(history.ledger.answer(PROJECT))
            return answer | {"lines": [{"line": name} | line for name, line in answer["lines"].items()]}
        _, kind, *name = path.split("/")
        records = {key: {kind.removesuffix("s"): key} | _plain(each.answer()) for key, each in kinds[kind].items()}
        return records.get(name[0]) if name else {"items": list(records.values()), "next": None}

    def _history(self) -> History:
        """The books as services keep them: from what really happened, whatever was done to the feeds since."""
        findings = Findings()
        history = History(findings)
        clean = {service: Chain(service, 0, findings, history.take) for service in SERVICES}
        for number, happening in enumerate(self.story, 1):
            source = happening[1].source
            clean[source].page(b"[" + raw_event(source, number, GENESIS_HASH, happening, NOW) + b"]")
        return history


def _sequence(raw: bytes) -> int:
    return int(json.loads(raw)["sequence"])


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(item) for item in value]
        case Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return value


def _json(answer: Any) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(answer).encode())


@contextlib.contextmanager
def connected(built: Built) -> Iterator[Platform]:
    """The built platform as a command sees it."""
    addresses = Addresses({service: f"http://127.0.0.1/{service}" for service in SERVICES})
    platform = Platform(addresses, GivenBearer("t"), patience_seconds=0, pause_seconds=0)
    platform.http.close()
    with httpx.Client(transport=httpx.MockTransport(built.serve)) as platform.http:
        yield platform


def verified(built: Built, **words: Any) -> Verdict:
    """The verdict on a built platform."""
    with connected(built) as platform:
        return verify(platform, **{"patience_seconds": 0, **words})


def found(verdict: Verdict) -> list[tuple[str, str]]:
    """What was found: code and place."""
    return [(each.code, each.where) for each in verdict.findings.kept]
