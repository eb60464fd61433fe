"""What is known of all scores: read once from evaluation, shared by all pages, told to them as it moves."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from services.console.sources import Platform, Refused, ScoreFeed, StreamEvent

TREND_POINTS: Final = 60
COURSE_SECONDS: Final = 30.0  # A course is computed from all facts: asked for no oftener; in between, totals are added.
MOVES_KEPT: Final = 30  # Of one project, for its page.
RETRY_SECONDS: Final = 2.0  # After the list was refused.
RELIST_SECONDS: Final = 60.0  # Titles and units change seldom, and no event of the stream tells of it.

changes_shown = Counter("scorebus_console_changes", "Changes of scores that came over the stream")
stream_breaks = Counter("scorebus_console_stream_breaks", "Times the line to the score stream was lost")
pages_open = Gauge("scorebus_console_pages", "Pages open")
log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Standing:
    """A project as the board knows it."""

    project: str
    line: dict[str, Any] = field(default_factory=dict)  # Its line in evaluation's list: title, unit, fiscal year.
    score: dict[str, Any] = field(default_factory=dict)
    trend: deque[float] = field(default_factory=lambda: deque(maxlen=TREND_POINTS))
    moves: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MOVES_KEPT))  # Newest last.
    moved_at: datetime | None = None
    course_at: float = float("-inf")  # When the trend was last fetched.

    @property
    def title(self) -> str:
        return str(self.line.get("title") or self.project)

    @property
    def at_risk(self) -> int:
        """How many indicators are not on the way to their target."""
        return sum(detail["outlook"]["state"] != "on_track" for detail in self.score.get("details", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What pages are told: a project moved, or with none, the connection or the list did."""

    project: str | None = None
    move: Mapping[str, Any] | None = None


Listener = Callable[[News], None]


class Board:
    """All standings, and who wants to hear of them."""

    def __init__(self, platform: Platform, token: Callable[[], str]) -> None:
        self._platform = platform
        self._token = token
        self._feed = ScoreFeed(platform, token)
        self._dirty: dict[str, Mapping[str, Any] | None] = {}
        self._stirred = asyncio.Event()
        self._listeners: set[Listener] = set()
        self.standings: dict[str, Standing] = {}
        self.is_connected = False
        self.breaks = 0
        self.since: datetime | None = None  # Of the present state of the line.

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell *listener* from now on; the answer ends it."""
        self._listeners.add(listener)
        pages_open.set(len(self._listeners))

        def leave() -> None:
            self._listeners.discard(listener)
            pages_open.set(len(self._listeners))

        return leave

    def ask_again(self, project: str) -> None:
        """Fetch a project's score anew, as after a change that may not have moved it."""
        self._dirty.setdefault(project, None)
        self._stirred.set()

    async def run(self) -> None:
        """Follow the stream until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._refresh())
            tasks.create_task(self._relist())

    async def _follow(self) -> None:
        async for event in self._feed.events():
            self._take(event)

    def _take(self, event: StreamEvent) -> None:
        match event.kind:
            case "snapshot":
                for score in event.content.get("projects", ()):
                    self._keep(score)
                self._tell(News())
                self._stirred.set()
            case "score":
                changes_shown.inc()
                self._dirty[str(event.content.get("project", ""))] = event.content
                self._stirred.set()
            case "open" | "broken":
                self._line(is_connected=event.kind == "open")
            case _:
                pass  # After `reset` a snapshot follows.

    def _line(self, *, is_connected: bool) -> None:
        if self.is_connected and not is_connected:
            self.breaks += 1
            stream_breaks.inc()
            log.warning("score_stream_lost")
        if self.is_connected != is_connected or self.since is None:
            self.is_connected, self.since = is_connected, datetime.now(UTC)
            self._tell(News())

    async def _refresh(self) -> None:
        """Fetch what moved: many changes of one project that come together are one fetch."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            dirty, self._dirty = self._dirty, {}
            for project, move in dirty.items():
                await self._fetch(project, move)

    async def _fetch(self, project: str, move: Mapping[str, Any] | None) -> None:
        try:
            if project not in self.standings or not self.standings[project].line:
                await self._list()
            score = await self._platform.get(self._token(), "evaluation", f"/projects/{project}/score")
        except Refused as refused:
            log.warning("score_not_fetched", project=project, status=refused.status)
            if refused.status in (0, 429, 503):  # Not now: a later attempt may bring it.
                await asyncio.sleep(1.0)
                self._dirty.setdefault(project, move)
                self._stirred.set()
            return
        self._keep(score, move)
        self._tell(News(project=project, move=move))
        await self._draw(self.standings[project])

    async def _draw(self, standing: Standing) -> None:
        """Fetch the course of a score over the days on which things happened."""
        now = asyncio.get_running_loop().time()
        if now - standing.course_at < COURSE_SECONDS:
            return
        standing.course_at = now
        path = f"/projects/{standing.project}/history"
        with contextlib.suppress(Refused):
            points = await self._platform.every(self._token(), "evaluation", path, by="happening")
            standing.trend.clear()
            standing.trend.extend(float(point["total"]) for point in points)
            if standing.moved_at is None:
                latest = await self._platform.get(self._token(), "evaluation", path, limit=1_000)
                if latest["items"] and not latest["next"]:
                    standing.moved_at = datetime.fromisoformat(latest["items"][-1]["recorded_at"])
            self._tell(News(project=standing.project))

    def _keep(self, score: dict[str, Any], move: Mapping[str, Any] | None = None) -> None:
        project = str(score["project"])
        standing = self.standings.setdefault(project, Standing(project=project))
        if standing.score and score["version"] < standing.score["version"]:
            return
        standing.score = score
        if move is not None:
            standing.moved_at = datetime.now(UTC)
            standing.moves.append({**move, "seen": standing.moved_at})
        total = float(score["total"])
        if not standing.trend or standing.trend[-1] != total:
            standing.trend.append(total)

    async def _relist(self) -> None:
        while True:
            pause = RETRY_SECONDS
            with contextlib.suppress(Refused):
                await self._list()
                for standing in tuple(self.standings.values()):
                    if standing.score:
                        await self._draw(standing)
                self._tell(News())
                pause = RELIST_SECONDS
            await asyncio.sleep(pause)

    async def _list(self) -> None:
        for line in await self._platform.every(self._token(), "evaluation", "/projects"):
            self.standings.setdefault(line["project"], Standing(project=line["project"])).line = line

    def _tell(self, news: News) -> None:
        for listener in tuple(self._listeners):
            listener(news)
