"""The parts of the console, wired, and what a request says of its visitor."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from starlette.requests import Request

from services.console.board import Board
from services.console.settings import Settings
from services.console.sources import Platform
from services.console.visitors import WALL, Throttle, Visitor, Visitors
from services.console.words import LANGUAGES, Language, Words, preferred
from shared.users import User, matches, read_users

BOARD_SCOPES: Final = frozenset({"scores:read"})  # Of the console itself: what the overview shows.
LANGUAGE_COOKIE: Final = "scorebus_language"
APPEARANCE_COOKIE: Final = "scorebus_appearance"
HASHES_AT_ONCE: Final = 1  # A hash takes 19 MiB; whoever logs in waits a moment rather than the machine for memory.


class Register:
    """Who may log in: the file of users, read anew whenever it has changed."""

    def __init__(self, path: Path, visitors: Visitors) -> None:
        self._path = path
        self._visitors = visitors
        self._stamp: tuple[int, int] | None = None
        self._users: dict[str, User] = {}
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    def _fresh(self) -> dict[str, User]:
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
        except FileNotFoundError:
            stamp = None
        if stamp != self._stamp or stamp is None:
            before, self._users, self._stamp = self._users, read_users(self._path), stamp
            for name in [name for name, user in before.items() if self._users.get(name) != user]:
                self._visitors.dismiss_all_of(name)
        return self._users

    def check(self) -> None:
        """Log out whoever was removed or changed."""
        self._fresh()

    async def user(self, name: str, password: str) -> User | None:
        """The user of that name, if the password is theirs."""
        user = self._fresh().get(name)
        async with self._hashing:
            return user if await asyncio.to_thread(matches, user, password) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that pages lean on."""

    settings: Settings
    platform: Platform
    visitors: Visitors
    register: Register
    throttle: Throttle
    board: Board
    wall: Visitor  # All screens together: anybody can make one, so they must not cost a session each.


def wire(settings: Settings) -> Parts:
    """
    The parts for *settings*.

    Raises:
        SystemExit: If the key that signs tokens cannot be read.
    """
    try:
        pem = settings.signing_key.read_text(encoding="ascii")
    except OSError as error:
        raise SystemExit(f"cannot read {settings.signing_key.name}: {error.strerror}") from error
    visitors = Visitors(pem, session_seconds=settings.session_hours * 3_600, idle_seconds=settings.idle_minutes * 60)
    platform = Platform(
        {
            "evaluation": settings.evaluation_url.rstrip("/"),
            "budget": settings.budget_url.rstrip("/"),
            "procurement": settings.procurement_url.rstrip("/"),
            "monitoring": settings.monitoring_url.rstrip("/"),
        }
    )
    own = visitors.resident("console", BOARD_SCOPES)
    return Parts(
        settings=settings,
        platform=platform,
        visitors=visitors,
        register=Register(settings.users_file, visitors),
        throttle=Throttle(),
        board=Board(platform, lambda: visitors.token(own)),
        wall=visitors.resident(WALL, BOARD_SCOPES),
    )


def visitor_of(request: Request) -> Visitor:
    """The visitor whom the door let in."""
    return cast("Visitor", request.state.visitor)


def language_of(request: Request) -> Language:
    """The language chosen, else the one the browser asks for."""
    chosen: Any = request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def words_of(request: Request, settings: Settings) -> Words:
    """The words to speak to whoever asks."""
    return Words(language_of(request), settings.time_zone)
