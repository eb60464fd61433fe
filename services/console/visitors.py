"""Who is logged in: sessions in memory, gone with the process, and the tokens that carry their rights."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from shared.tokens import issue_token

TOKEN_SECONDS: Final = 900.0  # A token outlives the session that it was made for by no more than this.
WALL: Final = "wall"
SESSIONS_MAX: Final = 2_000  # Beyond it the oldest go.


@dataclass(slots=True, kw_only=True, eq=False)
class Visitor:
    """One session: a person, what they may do, and until when."""

    key: str
    name: str
    scopes: frozenset[str]
    projects: tuple[str, ...] | None  # None: all.
    expires: float
    seen: float
    is_wall: bool = False  # A screen on a wall: reads the overview, belongs to nobody.
    token: str = ""
    token_until: float = 0.0
    is_over: bool = False
    farewells: set[Callable[[], None]] = field(default_factory=set)  # Close the pages that are open.

    def may(self, *scopes: str) -> bool:
        """Whether the visitor has any of *scopes*."""
        return not self.is_over and not self.scopes.isdisjoint(scopes)

    def may_see(self, project: str) -> bool:
        """Whether *project* is among the visitor's."""
        return self.projects is None or project in self.projects


class Visitors:
    """The sessions. *now* counts seconds and never goes back."""

    def __init__(
        self,
        signing_pem: str,
        *,
        session_seconds: float,
        idle_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pem = signing_pem
        self._session_seconds = session_seconds
        self._idle_seconds = idle_seconds
        self._now = now
        self._visitors: dict[str, Visitor] = {}

    def welcome(self, name: str, scopes: frozenset[str], projects: tuple[str, ...] | None) -> Visitor:
        """A new session."""
        self._clear()
        now = self._now()
        visitor = Visitor(
            key=secrets.token_urlsafe(32),
            name=name,
            scopes=scopes,
            projects=projects,
            expires=now + self._session_seconds,
            seen=now,
        )
        self._visitors[visitor.key] = visitor
        return visitor

    def resident(self, name: str, scopes: frozenset[str]) -> Visitor:
        """Somebody who is no session and never leaves: the console itself, the screens on the wall."""
        key = secrets.token_urlsafe(32)
        return Visitor(
            key=key,
            name=name,
            scopes=scopes,
            projects=None,
            expires=float("inf"),
            seen=self._now(),
            is_wall=name == WALL,
        )

    def of(self, key: str | None) -> Visitor | None:
        """The session of a cookie, if it is not over."""
        visitor = self._visitors.get(key or "")
        if visitor is None:
            return None
        now = self._now()
        idle = not visitor.farewells and now - visitor.seen > self._idle_seconds  # An open page is no idleness.
        if now >= visitor.expires or idle:
            self.dismiss(visitor)
            return None
        visitor.seen = now
        return visitor

    def dismiss(self, visitor: Visitor) -> None:
        """End a session and close its pages."""
        visitor.is_over = True
        visitor.token = ""
        self._visitors.pop(visitor.key, None)
        for farewell in tuple(visitor.farewells):
            farewell()
        visitor.farewells.clear()

    def dismiss_all_of(self, name: str) -> None:
        """End every session of a person, as after a change of password."""
        for visitor in [each for each in self._visitors.values() if each.name == name]:
            self.dismiss(visitor)

    def names(self) -> set[str]:
        """Who is logged in."""
        return {visitor.name for visitor in self._visitors.values()}

    def token(self, visitor: Visitor) -> str:
        """A bearer token with the visitor's rights, fresh enough for a call."""
        if self._now() >= visitor.token_until:
            visitor.token = self.mint(visitor.name, visitor.scopes, visitor.projects)
            visitor.token_until = self._now() + TOKEN_SECONDS / 2
        return visitor.token

    def mint(self, subject: str, scopes: frozenset[str], projects: tuple[str, ...] | None) -> str:
        """A token for a quarter of an hour."""
        return issue_token(
            self._pem,
            subject=subject,
            scopes=scopes,
            projects=projects,
            days=TOKEN_SECONDS / 86_400,
            now=datetime.now(UTC),
        )

    def _clear(self) -> None:
        for visitor in list(self._visitors.values()):
            if self._now() >= visitor.expires:
                self.dismiss(visitor)
        while len(self._visitors) >= SESSIONS_MAX:
            self.dismiss(next(iter(self._visitors.values())))


@dataclass(slots=True)
class _Tries:
    failures: int = 0
    until: float = 0.0  # No further attempt before this.
    last: float = 0.0


class Throttle:
    """
    Slows down guessing: after some free failures each further one doubles the wait, up to *longest* seconds.

    Counted for the name and for the address apart, so that neither many names from one place nor many places for one
    name help; an address has more of them free, because a whole office may come from one. A name
    that is locked out is freed by time alone: whoever guesses must not be able to tell it is known.
    """

    free_of_name: Final = 5
    free_of_address: Final = 30
    longest: Final = 300.0
    remembered_max: Final = 10_000
    forgotten_after: Final = 3_600.0

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: dict[str, _Tries] = {}

    def wait_seconds(self, name: str, address: str) -> float:
        """How long to wait before the next attempt; 0 if it may come now."""
        now = self._now()
        waits = (self._tries[key].until - now for key in self._keys(name, address) if key in self._tries)
        return max(0.0, *waits, 0.0)

    def failed(self, name: str, address: str) -> None:
        """Note an attempt that failed."""
        now = self._now()
        if len(self._tries) >= self.remembered_max:
            self._forget(now)
        for key in self._keys(name, address):
            tries = self._tries.setdefault(key, _Tries())
            if now - tries.last > self.forgotten_after:
                tries.failures = 0
            tries.failures, tries.last = tries.failures + 1, now
            tries.until = now + self._pause(key, tries.failures)

    def succeeded(self, name: str, address: str) -> None:
        """Take back the attempt that was noted as failed, and forget the name's failures; the address keeps its own."""
        of_name, of_address = self._keys(name, address)
        self._tries.pop(of_name, None)
        if (tries := self._tries.get(of_address)) is not None:
            tries.failures -= 1
            tries.until = tries.last + self._pause(of_address, tries.failures) if tries.failures else 0.0

    def _pause(self, key: str, failures: int) -> float:
        beyond = failures - (self.free_of_name if key.startswith("name:") else self.free_of_address)
        return min(2.0 ** min(beyond, 30), self.longest) if beyond >= 0 else 0.0

    def _keys(self, name: str, address: str) -> tuple[str, str]:
        return f"name:{name[:80]}", f"address:{address}"

    def _forget(self, now: float) -> None:
        self._tries = {key: tries for key, tries in self._tries.items() if tries.until > now}
        while len(self._tries) >= self.remembered_max:
            self._tries.pop(next(iter(self._tries)))
