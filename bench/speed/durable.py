"""Durable posts: payments and faults at 32 connections, beside the same route with nothing behind it; and batches."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.speed import load
from bench.speed.calls import Faults, Payments
from bench.speed.figures import Figure, NotSo, ratios
from bench.speed.ledger import check_chain, paid_of
from bench.speed.load import Outcome
from bench.speed.stand import NO_LIMIT, Stand, a_stand, declare, until

CONNECTIONS = 32
PROJECTS = 200
REQUESTS = 6_000  # A round.
ROUNDS = 3  # A run: of ours and of the hollow one in turn, so that both meet the same neighbours.
WARM_UP = 500
BATCHES = 60  # A run.
BATCH_EVENTS = 500
BATCH_CONNECTIONS = 4

Requests = Callable[[int], list[bytes]]


def posts(runs: int, scale: float = 1.0) -> list[Figure]:
    """``POST /payments`` of budget and ``POST /faults`` of monitoring."""
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        stand.start("valkey")
        _start(stand, "budget")
        names = declare(stand, PROJECTS)
        payments, faults = Payments(stand.token("finance"), names), Faults(stand.token("agent"), names)
        figures = _compared(stand, "budget", "post payments", payments.requests, runs, round(REQUESTS * scale))
        _start(stand, "monitoring")
        _until_known(stand, "monitoring", _hollow("monitoring"))
        figures += _compared(stand, "monitoring", "post faults", faults.requests, runs, round(REQUESTS * scale))
        stored = check_chain(stand, "budget")
        paid = paid_of(stand)
        if stored["payment.made.v1"] != payments.made or paid != payments.paid:
            raise NotSo("budget's log is not what was answered")
        if check_chain(stand, "monitoring")["fault.opened.v1"] != faults.made:
            raise NotSo("monitoring's log is not what was answered")
        if any(stand.own_seq(_hollow(service)) for service in ("budget", "monitoring")):
            raise NotSo("the hollow routes are not hollow: they have put something on record")
    return figures


def intake(runs: int, scale: float = 1.0) -> list[Figure]:
    """``POST /events`` of monitoring, 500 events a request."""
    batches = max(BATCH_CONNECTIONS, round(BATCHES * scale))
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        faults = Faults(stand.token("agent"), _prepared_for_intake(stand))
        _taken(stand, faults, BATCH_CONNECTIONS)
        taken = [_taken(stand, faults, batches) for _ in range(runs)]
        events = (runs * batches + BATCH_CONNECTIONS) * BATCH_EVENTS
        if check_chain(stand, "monitoring").total() != events:
            raise NotSo("monitoring's log is not what was answered")
    return [
        Figure("intake", "events", "a second", tuple(each.rate * BATCH_EVENTS for each in taken), ">= 8000"),
        Figure("intake", "processor", "us an event", tuple(each.cpu_microseconds / BATCH_EVENTS for each in taken)),
        Figure("intake", "a request, p50", "ms", tuple(each.milliseconds(0.5) for each in taken)),
    ]


def _start(stand: Stand, service: str) -> None:
    """Start *service* without its limit of requests, and what is hollow beside it."""
    stand.set(service, **NO_LIMIT)
    stand.add_beside(_hollow(service), service, f"bench.speed.hollow.{service}")
    stand.start(service, _hollow(service))


def _prepared_for_intake(stand: Stand) -> list[str]:
    for service in ("budget", "monitoring"):
        stand.set(service, **NO_LIMIT)
    stand.start("valkey", "budget", "monitoring")
    names = declare(stand, PROJECTS)
    _until_known(stand, "monitoring")
    return names


def _until_known(stand: Stand, *services: str) -> None:
    """Wait until monitoring has applied all that budget has on record: it takes a core while it does."""
    head = stand.own_seq("budget")
    until(lambda: all(stand.applied("budget", name) == head for name in services), "monitoring's being level")


def _hollow(service: str) -> str:
    return f"hollow-{service}"


def _taken(stand: Stand, faults: Faults, batches: int) -> Outcome:
    outcome = _sent(stand, "monitoring", faults.batches(batches, BATCH_EVENTS), BATCH_CONNECTIONS, keep=True)
    load.expect(outcome, {202: batches})
    told = Counter(each["outcome"] for body in outcome.bodies for each in msgspec.json.decode(body)["outcomes"])
    if told != {"accepted": batches * BATCH_EVENTS}:
        raise NotSo(f"the intake said {dict(told)}")
    return outcome


def _compared(stand: Stand, service: str, path: str, requests: Requests, runs: int, number: int) -> list[Figure]:
    warm_up = requests(min(number, WARM_UP))
    for name in (_hollow(service), service):
        _posted(stand, name, warm_up)
    ours, theirs = [Outcome() for _ in range(runs)], [Outcome() for _ in range(runs)]
    for mine, hollow in zip(ours, theirs, strict=True):
        for _ in range(ROUNDS):
            drawn = requests(max(CONNECTIONS, number // ROUNDS))
            hollow.add(_posted(stand, _hollow(service), drawn))
            mine.add(_posted(stand, service, drawn))
    return [*_figures(path, ours), *_figures(f"{path}, hollow", theirs), *_shares(path, ours, theirs)]


def _figures(path: str, outcomes: list[Outcome]) -> list[Figure]:
    return [
        Figure(path, "requests", "a second", tuple(each.rate for each in outcomes)),
        Figure(path, "processor", "us a request", tuple(each.cpu_microseconds for each in outcomes)),
        Figure(path, "a request, p50", "ms", tuple(each.milliseconds(0.5) for each in outcomes)),
        Figure(path, "a request, p99", "ms", tuple(each.milliseconds(0.99) for each in outcomes)),
    ]


def _shares(path: str, ours: list[Outcome], theirs: list[Outcome]) -> list[Figure]:
    rates = ratios((each.rate for each in ours), (each.rate for each in theirs))
    costs = ratios((each.cpu_microseconds for each in theirs), (each.cpu_microseconds for each in ours))
    return [
        Figure(path, "of the route without a database", "rate to rate", rates, ">= 0.60"),
        Figure(path, "of the route without a database", "processor to processor", costs),  # Noise hardly moves it.
    ]


def _posted(stand: Stand, name: str, requests: list[bytes]) -> Outcome:
    outcome = _sent(stand, name, requests, CONNECTIONS)
    load.expect(outcome, {201: len(requests)})
    return outcome


def _sent(stand: Stand, name: str, requests: list[bytes], connections: int, *, keep: bool = False) -> Outcome:
    cpu = stand.cpu_seconds(name)
    outcome = load.send(stand.url(name), requests, connections, keep=keep)
    outcome.cpu = stand.cpu_seconds(name) - cpu
    return outcome
