"""
Freshness: from the answer to a payment to the frame with its score, at 100 payments a second on the whole platform.

Payments come when their time has come, whether those before are answered or not. They are spread over so many projects
that no two of one project fall into the time within which changes are one version.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import msgspec
import uvloop

from bench.speed import load
from bench.speed.calls import Payments
from bench.speed.figures import Figure, NotSo, quantile
from bench.speed.load import Connection
from bench.speed.stand import Stand, a_stand, declare, until

SERVICES = ("budget", "evaluation")  # What a payment passes.
PROJECTS = 300
PER_SECOND = 100
SECONDS = 60
WARM_UP_SECONDS = 3
CONNECTIONS = 16
PATIENCE_SECONDS = 30.0
CODE = "1.0"  # The indicator of the plan that shows what was paid.


@dataclass(slots=True)
class Payment:
    """One payment on its way."""

    total: int  # Fen its project has paid with it.
    sent: float
    answered: float = 0.0
    shown: float = 0.0


@dataclass
class Watch:
    """What is on its way, by project, and when it was seen."""

    waiting: dict[str, deque[Payment]] = field(default_factory=dict)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, project: str, payment: Payment) -> None:
        self.waiting.setdefault(project, deque()).append(payment)

    def see(self, project: str, total: int, at: float) -> None:
        """A frame says what *project* has paid: everything up to there is shown."""
        queue = self.waiting.get(project, deque())
        while queue and queue[0].total <= total:
            queue.popleft().shown = at
        self.moved.set()

    @property
    def is_over(self) -> bool:
        return not any(self.waiting.values())


class Subscriber(asyncio.Protocol):
    """One dashboard: reads frames as they come."""

    def __init__(self, request: bytes, watch: Watch) -> None:
        self._request = request
        self._watch = watch
        self._rest = b""
        self.is_open = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        *frames, self._rest = (self._rest + data).split(b"\n\n")
        for frame in frames:
            if b"event: snapshot" in frame:
                self.is_open.set()
            elif b"event: score" in frame:
                score = msgspec.json.decode(frame[frame.index(b"data: ") + 6 :])
                total = paid_in(score)
                if total is not None:
                    self._watch.see(score["project"], total, at)


def paid_in(score: dict[str, Any]) -> int | None:
    """The fen that a frame says were paid; None if it is about something else."""
    for row in score["changed"]:
        if row["code"] == CODE and row["measured"] is not None:
            return int(Decimal(row["measured"]) * 100)
    return None


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """The whole platform but the console, with its own settings."""
    year = datetime.now(UTC).year  # Running projects: time moves their scores, too.
    seconds = max(2, round(SECONDS * scale))
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        stand.start("valkey", "budget", "procurement", "monitoring", "evaluation")
        names = declare(stand, PROJECTS, year)
        stand.adopt_plans(names, year)
        last = names[-1]
        until(lambda: stand.score(last)["spent"] == "0.00" and stand.is_level_with("budget"), "all being known")
        payments = Payments(stand.token("finance"), names, year=year)
        uvloop.run(_played(stand, payments, WARM_UP_SECONDS))
        played, spent = [], []
        for _ in range(runs):
            before = _spent(stand)
            played.append(uvloop.run(_played(stand, payments, seconds)))
            spent.append(
                [(after - since) / len(played[-1]) * 1e6 for since, after in zip(before, _spent(stand), strict=True)]
            )
        wrong = [name for name in names if stand.score(name)["spent"] != _yuan(payments.paid[name])]
        if wrong:
            raise NotSo(f"the scores of {wrong[:3]} are not what was paid")
    fresh = [[(each.shown - each.answered) * 1e3 for each in run] for run in played]
    whole = [[(each.shown - each.sent) * 1e3 for each in run] for run in played]
    return [
        Figure("freshness", "answer to frame, p50", "ms", _quantiles(fresh, 0.5), "<= 15"),
        Figure("freshness", "answer to frame, p99", "ms", _quantiles(fresh, 0.99), "<= 60"),
        Figure("freshness", "answer to frame, slowest", "ms", _quantiles(fresh, 1.0)),
        Figure("freshness", "request to frame, p50", "ms", _quantiles(whole, 0.5)),
        Figure("freshness", "request to frame, p99", "ms", _quantiles(whole, 0.99)),
        Figure("freshness", "payments", "a second", tuple(_rate(run) for run in played)),
        *(
            Figure("freshness", f"processor of {service}", "us a payment", values)
            for service, values in zip(SERVICES, zip(*spent, strict=True), strict=True)
        ),
    ]


def _spent(stand: Stand) -> list[float]:
    return [stand.cpu_seconds(service) for service in SERVICES]


def _quantiles(runs: list[list[float]], share: float) -> tuple[float, ...]:
    return tuple(quantile(run, share) for run in runs)


def _rate(run: list[Payment]) -> float:
    return (len(run) - 1) / (run[-1].sent - run[0].sent)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


async def _played(stand: Stand, payments: Payments, seconds: int) -> list[Payment]:
    """Post for *seconds*, and wait until the last frame is there."""
    watch, made = Watch(), []
    ask = f"GET /scores/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {payments.token}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    transport, subscriber = await loop.create_connection(
        lambda: Subscriber(ask, watch), *load.host_and_port(stand.url("evaluation"))
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        await subscriber.is_open.wait()
    free = deque([await load.connect(stand.url("budget")) for _ in range(CONNECTIONS)])
    tasks, begun = [], time.perf_counter()
    for number in range(seconds * PER_SECOND):
        await asyncio.sleep(max(0.0, begun + number / PER_SECOND - time.perf_counter()))
        project, fen = payments.draw()
        request = payments.request(project, fen)
        payment = Payment(payments.paid[project], time.perf_counter())
        watch.expect(project, payment)
        made.append(payment)
        # In turn, so that none is idle for so long that the server closes it.
        connection = free.popleft() if free else await load.connect(stand.url("budget"))
        tasks.append(asyncio.create_task(_post(connection, request, payment, free)))
    await asyncio.gather(*tasks)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not watch.is_over:
            watch.moved.clear()
            await watch.moved.wait()
    transport.close()
    for connection in free:
        connection.close()
    return made


async def _post(connection: Connection, request: bytes, payment: Payment, free: deque[Connection]) -> None:
    status, body = await connection.ask(request)
    payment.answered = time.perf_counter()
    free.append(connection)
    if status != 201:
        raise NotSo(f"a payment was answered {status} {body[:300]!r}")
