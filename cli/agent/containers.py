"""
What the lives of containers say about assets. No input or output; time is handed in.

An asset is what containers are labelled with, and any number of them may carry it. It is down while none of them is up.
It is up again once one of them is healthy, or has run for `STABLE_SECONDS` where it has no health check. A container
that starts and dies again and again is not up in between: after `LOOP_DEATHS` deaths within `LOOP_SECONDS` it has to
last for `LOOP_STABLE_SECONDS`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.identity import new_id

STABLE_SECONDS: Final = 10.0
LOOP_DEATHS: Final = 3
LOOP_SECONDS: Final = 300.0
LOOP_STABLE_SECONDS: Final = 60.0


class Sign(StrEnum):
    """What is seen of a container."""

    STARTED = "started"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    OOM = "oom"
    DIED = "died"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a container's labels say of it."""

    project: str
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Something that was seen of a container."""

    container: str
    place: Place
    sign: Sign
    at: datetime
    exit_code: int | None = None  # Of one that died.
    has_health_check: bool = False  # Of one that started.


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An asset went down."""

    fault: str
    place: Place
    at: datetime
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """It is up again."""

    fault: str
    place: Place
    at: datetime
    cause: str
    remedy: str


Change = Opened | Resolved


@dataclass(slots=True)
class _Container:
    up_at: datetime | None = None  # Since when it has been up as far as is known; None: it is not.
    is_proven: bool = False  # Its health check said so.
    has_health_check: bool = False
    out_of_memory: bool = False
    seen_at: datetime | None = None  # The latest sign; older ones come when an engine tells its past again.


@dataclass(slots=True)
class _Asset:
    containers: dict[str, _Container] = field(default_factory=dict)
    deaths: deque[datetime] = field(default_factory=lambda: deque(maxlen=LOOP_DEATHS))
    fault: str | None = None
    cause: str = ""


class Assets:
    """Every asset that is watched, and the fault that is open for it."""

    def __init__(self, open_faults: dict[Place, str]) -> None:
        """Begin with the faults that were open when the last watch ended."""
        self._assets = {place: _Asset(fault=fault, cause="stopped") for place, fault in open_faults.items()}

    def see(self, seen: Seen) -> list[Change]:
        """What follows from *seen* at once; the rest follows from `look`."""
        asset = self._assets.setdefault(seen.place, _Asset())
        container = asset.containers.setdefault(seen.container, _Container())
        if container.seen_at is not None and seen.at < container.seen_at:
            return []
        container.seen_at = seen.at
        match seen.sign:
            case Sign.STARTED:
                asset.containers[seen.container] = _Container(
                    up_at=seen.at, has_health_check=seen.has_health_check, seen_at=seen.at
                )
            case Sign.HEALTHY:
                container.up_at, container.is_proven, container.has_health_check = seen.at, True, True
            case Sign.OOM:
                container.out_of_memory = True
            case Sign.REMOVED:
                del asset.containers[seen.container]
            case Sign.UNHEALTHY | Sign.DIED:
                if seen.sign is Sign.DIED and seen.exit_code != 0 and seen.at not in asset.deaths:
                    asset.deaths.append(seen.at)
                container.up_at, container.is_proven = None, False
                return self._open(seen, asset, _title(seen, container, is_loop=_is_loop(asset, seen.at)))
        return []

    def _open(self, seen: Seen, asset: _Asset, title: str) -> list[Change]:
        if asset.fault is not None or any(each.up_at is not None for each in asset.containers.values()):
            return []
        asset.fault, asset.cause = new_id(), title
        return [Opened(fault=asset.fault, place=seen.place, at=seen.at, title=title)]

    def look(self, now: datetime) -> list[Change]:
        """What has lasted for long enough by *now*."""
        found: list[Change] = []
        for place, asset in self._assets.items():
            if asset.fault is None:
                continue
            since = [each.up_at for each in asset.containers.values() if each.up_at and _is_up(each, asset, now)]
            if since:
                found.append(
                    Resolved(
                        fault=asset.fault,
                        place=place,
                        at=min(since),
                        cause=asset.cause,
                        remedy="容器已恢复运行 · a container is up again",
                    )
                )
                asset.fault = None
        return found

    def known(self) -> Sequence[tuple[Place, str]]:
        """Every container that is watched."""
        return [(place, name) for place, asset in self._assets.items() for name in asset.containers]


def _is_loop(asset: _Asset, now: datetime) -> bool:
    return len(asset.deaths) == LOOP_DEATHS and now - asset.deaths[0] <= timedelta(seconds=LOOP_SECONDS)


def _is_up(container: _Container, asset: _Asset, now: datetime) -> bool:
    if container.up_at is None or (container.has_health_check and not container.is_proven):
        return False
    stable = 0.0 if container.is_proven else STABLE_SECONDS
    if _is_loop(asset, now):
        stable = LOOP_STABLE_SECONDS
    return now - container.up_at >= timedelta(seconds=stable)


def _title(seen: Seen, container: _Container, *, is_loop: bool) -> str:
    name = seen.container[:100]
    if is_loop:
        return f"容器反复重启 · container {name} restarts again and again"
    if container.out_of_memory:
        return f"容器内存不足 · container {name} ran out of memory"
    if seen.sign is Sign.UNHEALTHY:
        return f"容器不健康 · container {name} is unhealthy"
    code = "" if seen.exit_code is None else f" (exit {seen.exit_code})"
    return f"容器停止 · container {name} stopped{code}"
