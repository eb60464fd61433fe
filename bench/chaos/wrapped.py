"""
A service with points at which it can be told to fail: ``python -m bench.chaos.wrapped services.budget.app``.

The program is the product's own; this only stands at named points of it and looks for a file ``<service>.<point>`` in
the folder that CHAOS_FOLDER names. What struck is noted in ``<service>.struck``, a line each.
"""

import asyncio
import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

FOLDER = Path(os.environ.pop("CHAOS_FOLDER"))
NAME = os.environ.pop("CHAOS_NAME")
WINDOW = 50  # Entries that are shuffled together.
WINDOW_SECONDS = 0.5  # And how long the first of them waits at most.
LOST = 0.3  # Of all entries.
COPIES = 3

_passed: dict[str, int] = {}


def note(what: str) -> None:
    with (FOLDER / f"{NAME}.struck").open("a") as file:
        file.write(what + "\n")


def is_on(point: str) -> Path | None:
    file = FOLDER / f"{NAME}.{point}"
    return file if file.exists() else None


def dies_at(point: str) -> None:
    """End like a process that was killed, if this is the pass that the file names."""
    file = is_on(point)
    if file is None:
        return
    _passed[point] = _passed.get(point, 0) + 1
    if _passed[point] >= int(file.read_text() or 1):
        file.unlink()
        note(point)
        os.kill(os.getpid(), signal.SIGKILL)


def after(owner: Any, name: str, then: Callable[..., None]) -> None:
    """Call *then* with the arguments after every call of *owner*'s *name*."""
    true = getattr(owner, name)
    if asyncio.iscoroutinefunction(true):

        async def waiting(*args: Any, **words: Any) -> Any:
            result = await true(*args, **words)
            then(*args, **words)
            return result

        setattr(owner, name, waiting)
        return

    def direct(*args: Any, **words: Any) -> Any:
        result = true(*args, **words)
        then(*args, **words)
        return result

    setattr(owner, name, direct)


def place_points() -> None:
    """Where a process can die: between any two steps that must belong together."""
    from shared import database, log, received, relay, subscription  # noqa: PLC0415  # After the environment is read.

    def at(point: str) -> Callable[..., None]:
        return lambda *_, **__: dies_at(point)

    after(relay.Relay, "_send", at("relay.after_xadd"))
    after(log.EventLog, "append", at("append.in_transaction"))
    after(database.Database, "_commit", at("commit.before_answer"))
    after(received, "store", at("apply.in_transaction"))
    after(subscription.Subscription, "_commit", at("apply.after_commit"))


def place_clock() -> None:
    """The service's clock goes by what the file ``<service>.clock`` adds to it, in seconds."""
    from shared import clock  # noqa: PLC0415

    told = set[str]()

    def now(_: object) -> datetime:
        file = is_on("clock")
        if file is None:
            return datetime.now(UTC)
        text = file.read_text()
        if text not in told:
            told.add(text)
            note(f"clock {text}")
        try:
            return datetime.now(UTC) + timedelta(seconds=float(text))
        except ValueError:
            return datetime.fromisoformat(text)  # It stands still.

    clock.SystemClock.now = now  # type: ignore[assignment,method-assign]


def place_lossy_bus() -> None:
    """What the stream brings is lost, repeated and shuffled while the file ``<service>.lossy`` is there."""
    from shared.subscription import Subscription  # noqa: PLC0415

    true = Subscription.deliver
    windows: dict[int, tuple[float, list[tuple[bytes, bytes]]]] = {}

    async def deliver(self: Subscription, entries: Sequence[tuple[bytes, bytes]]) -> None:
        held_since, held = windows.get(id(self), (time.monotonic(), []))
        if is_on("lossy") is None:
            windows.pop(id(self), None)
            await true(self, [*held, *entries])
            return
        kept = [entry for entry in entries if random.random() >= LOST]
        note(f"lost {len(entries) - len(kept)} repeated {len(kept) * (COPIES - 1)}")
        held = [*held, *(kept * COPIES)]
        windows[id(self)] = held_since, held
        if len(held) >= WINDOW or time.monotonic() - held_since > WINDOW_SECONDS:
            windows.pop(id(self))
            random.shuffle(held)
            await true(self, held)

    Subscription.deliver = deliver  # type: ignore[method-assign]


def place_poison(service: Any) -> None:
    """A bug in the fold, as a version of the program may have it, while ``<service>.poison`` names an event type."""
    for subscription in service.subscriptions:
        true = subscription._fold  # noqa: SLF001

        def fold(session: Any, happened: Sequence[Any], true: Any = true) -> None:
            file = is_on("poison")
            if file is not None and any(each.data.type == file.read_text() for each in happened):
                note("poison")
                raise RuntimeError("a bug of this version")
            true(session, happened)

        subscription._fold = fold  # noqa: SLF001


def place_future(service: Any) -> None:
    """An event of a version that nobody knows yet is published while ``<service>.future`` names a project."""
    from shared.events.base import EventData  # noqa: PLC0415
    from shared.log import Trace  # noqa: PLC0415

    class FutureHappened(EventData, frozen=True, kw_only=True):
        type: ClassVar[str] = "future.happened"
        contract_version: ClassVar[int] = 2
        source: ClassVar[str] = NAME

    async def publish() -> None:
        while True:
            await asyncio.sleep(0.1)
            file = is_on("future")
            if file is None:
                continue
            project = file.read_text()
            file.unlink()
            data, time_ = FutureHappened(project=project), datetime(2018, 6, 1, tzinfo=UTC)
            trace = Trace(correlation_id="chaos")
            await service.database.write(
                lambda session: service.log.append(session, data, time=time_, trace=trace)  # noqa: B023
            )
            note("future")

    service.in_background(publish)


def main() -> None:
    place_points()
    place_clock()
    place_lossy_bus()
    service = importlib.import_module(sys.argv[1]).app.state.service
    place_poison(service)
    place_future(service)
    from shared.serving import serve  # noqa: PLC0415

    serve(sys.argv[1])


if __name__ == "__main__":
    main()
