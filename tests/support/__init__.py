"""What tests of running services share: keys and tokens, a service in the background, and patience."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from sqlmodel import Session

from shared.log import Head
from shared.roles import ROLES
from shared.service import Service
from shared.settings import CommonSettings
from shared.tokens import issue_token
from tests.stores import places

T = TypeVar("T")

NOBODY = "127.0.0.1:1"  # Nobody listens there.
PATIENCE_SECONDS = 30.0  # A wait that ends here is a failed test, not a measurement.
SOURCES = ("budget", "procurement", "monitoring")


class Issuer:
    """The platform's own issuer of tokens, and the folder of keys that its services read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        key = OKPKey.generate_key("Ed25519")
        self.signing_pem = key.as_pem(private=True).decode()
        self.public_pem = key.as_pem(private=False).decode()
        (folder / "public.pem").write_text(self.public_pem)
        for number, source in enumerate(SOURCES, start=1):
            (folder / f"{source}.mac").write_text(f"{number:02d}" * 32)
        (folder / "service.token").write_text(self.token("service"))
        self._made: dict[tuple[str, str, tuple[str, ...] | None], str] = {}

    def token(self, role: str, subject: str | None = None, projects: Iterable[str] | None = None) -> str:
        """A token with the scopes of a role, or with a single scope; *projects* None means all."""
        return issue_token(
            self.signing_pem,
            subject=subject or role,
            scopes=ROLES.get(role, {role}),
            projects=projects,
            days=1,
            now=datetime.now(UTC),
        )

    def bearer(self, role: str, subject: str | None = None, projects: Sequence[str] | None = None) -> str:
        """The header's value; made once for each holder, as real callers keep their tokens."""
        holder = (role, subject or role, None if projects is None else tuple(projects))
        if holder not in self._made:
            self._made[holder] = f"Bearer {self.token(role, subject, projects)}"
        return self._made[holder]

    def mac_key(self, source: str) -> bytes:
        return bytes.fromhex((self.folder / f"{source}.mac").read_text())


def settings_for(folder: Path, keys: Path, kind: type[CommonSettings] = CommonSettings, **changes: Any) -> Any:
    """Settings of a service in *folder* that has neither a bus nor sources to pull from."""
    usual = {
        "port": 1,
        "database_url": places.url(folder, "service"),
        "redis_url": f"redis://{NOBODY}",
        "keys_dir": keys,
        "budget_url": f"http://{NOBODY}",
        "procurement_url": f"http://{NOBODY}",
        "monitoring_url": f"http://{NOBODY}",
        "requests_burst": 1_000_000,
    }
    return kind(**usual | changes)


class Running:
    """A service that runs in the background, spoken to over its ASGI interface by tests that stand still."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, portal: BlockingPortal, issuer: Issuer) -> None:
        self.app = app
        self.service: Service = app.state.service
        self.client = client
        self.portal = portal
        self.issuer = issuer

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "admin",
        subject: str | None = None,
        projects: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Any = None,
    ) -> httpx.Response:
        """Send *body* as JSON, or *content* as it is; without a token where *role* is None."""
        return self.portal.call(
            lambda: self.sending(
                method, path, body, role=role, subject=subject, projects=projects, headers=headers, content=content
            )
        )

    async def sending(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "admin",
        subject: str | None = None,
        projects: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Any = None,
    ) -> httpx.Response:
        """As `send`, on the service's own event loop."""
        given: dict[str, str] = {}
        if role is not None:
            given["Authorization"] = self.issuer.bearer(role, subject, projects)
        if body is not None or content is not None:
            given["Content-Type"] = "application/json"
        if body is not None:
            content = json.dumps(body).encode()
        wanted = {name: value for name, value in (given | dict(headers or {})).items() if value is not None}
        return await self.client.request(method, path, content=content, headers=wanted)

    def get(self, path: str, **words: Any) -> Any:
        """The JSON of a GET that succeeds."""
        answer = self.send("GET", path, **words)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run *work* on the service's event loop."""
        return self.portal.call(work)

    def read(self, work: Callable[[Session], T]) -> T:
        """Look into the database."""
        return self.portal.call(self.service.database.read, work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Change the database behind the service's back."""
        return self.portal.call(self.service.database.write, work)

    def head(self) -> Head:
        """Where the log ends."""
        return self.read(lambda session: self.service.log.head(session, 0))

    def log(self) -> list[bytes]:
        """The bytes of every event on record."""
        return self.read(lambda session: [raw for _, raw in self.service.log.after(session, 0, 0, 10**6)])

    def events(self) -> list[dict[str, Any]]:
        """Every event on record."""
        return [json.loads(raw) for raw in self.log()]


@contextlib.contextmanager
def running(app: FastAPI, issuer: Issuer) -> Iterator[Running]:
    """The service *app*, started; stopped at the end."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_started(app)) as client:
        yield Running(app, client, portal, issuer)


@asynccontextmanager
async def active(app: FastAPI) -> AsyncIterator[None]:
    """The service *app* at work: on a busy machine PostgreSQL may end a session while it is being opened."""
    async with app.router.lifespan_context(app):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not app.state.service.is_active:
                await asyncio.sleep(0.02)
        yield


@asynccontextmanager
async def _started(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    # A bug shall be seen as its callers see it, as an answer.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        active(app),
        httpx.AsyncClient(transport=transport, base_url="http://service", timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """What was refused: the status and the short form of the problem's type; checks that it is a whole problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert all(isinstance(body[member], str) and body[member] for member in ("type", "title", "detail")), body
    return answer.status_code, body["type"].removeprefix("/problems/")


def eventually(condition: Callable[[], T], what: str) -> T:
    """Wait until *condition* gives something true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about")
