"""The platform under test: four services and Valkey as processes under the product's own keeper, on proxied links."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from bench.chaos.postgres import Postgres
from bench.chaos.proxy import Proxy
from cli.addresses import Addresses, write_addresses
from cli.bearers import mint
from cli.embedded import Bus, answers, bus_program, prepare_bus
from cli.folder import SERVICES, DataFolder, make_folder
from cli.keys import ensure_keys, renew_service_token, signing_pem
from cli.ports import HOST, free_port
from cli.programs import SOURCES, Wiring, service_programs
from cli.readiness import Readiness, look_at
from cli.supervisor import Keeper, Probe, Program

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0  # Seconds; what has not come about by then is a violation, not a measurement.
ON_POSTGRES = ("budget", "evaluation")


class NotInTime(AssertionError):
    """Something that had to come about did not."""


class Cluster:
    """One platform; *kind* says which store budget and evaluation are on."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.folder: DataFolder = make_folder(folder)
        self.points = folder / "points"
        self.points.mkdir(exist_ok=True)
        self.said: list[str] = []
        self.proxies: dict[str, Proxy] = {}
        self.keepers: dict[str, Keeper] = {}
        self.ports = {service: free_port() for service in SERVICES}
        self.active = dict(self.ports)  # Where each service is reached now; a standby has a port of its own.
        self.postgres: Postgres | None = None
        self.programs: dict[str, Program] = {}
        self.client: httpx.AsyncClient
        self.valkey: Bus
        self.bus_port = 0  # Of the server that the links to the bus lead to.
        self._tokens: dict[tuple[str, str], str] = {}

    def tell(self, text: str, **_: Any) -> None:
        """The keeper's voice."""
        self.said.append(text)

    def link(self, name: str) -> Proxy:
        return self.proxies[name]

    def links(self, *beginnings: str) -> list[Proxy]:
        return [proxy for name, proxy in self.proxies.items() if name.startswith(beginnings)]

    def url(self, service: str) -> str:
        """Where clients reach *service*."""
        return f"http://{HOST}:{self.proxies[f'front:{service}'].port}"

    @property
    def addresses(self) -> Addresses:
        return Addresses({service: self.url(service) for service in SERVICES})

    async def start(self) -> None:
        ensure_keys(self.folder)
        renew_service_token(self.folder)
        self.valkey = prepare_bus(self.folder)
        self.bus_port = self.valkey.port
        if self.kind == "postgresql":
            self.postgres = await asyncio.to_thread(Postgres)
        await self._lay_links()
        self._make_programs()
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=40)
        self.client = httpx.AsyncClient(timeout=5.0, trust_env=False, limits=limits)
        self.keep("valkey")
        for service in SERVICES:
            self.keep(service)
        await self.until(self.is_ready, "the platform ready")

    async def stop(self) -> None:
        for proxy in self.proxies.values():
            proxy.heal()
        await asyncio.gather(*(self.keepers[name].stop() for name in list(self.keepers)))
        for proxy in self.proxies.values():
            await proxy.stop()
        await self.client.aclose()
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.end)

    async def _lay_links(self) -> None:
        for service in SERVICES:
            self._link(f"front:{service}", lambda service=service: self.active[service])
            self._link(f"bus:{service}", lambda: self.bus_port)
            for source in SOURCES[service]:
                self._link(f"feed:{service}:{source}", lambda source=source: self.active[source])
        if self.postgres is not None:
            for service in ON_POSTGRES:
                self._link(f"db:{service}", lambda: self.postgres.socket if self.postgres else "")
        for proxy in self.proxies.values():
            await proxy.start()

    def _link(self, name: str, target: Callable[[], int | str]) -> None:
        self.proxies[name] = Proxy(name, target)

    def _make_programs(self) -> None:
        databases = {}
        if self.postgres is not None:
            databases = {name: self.postgres.database(name, self.proxies[f"db:{name}"].port) for name in ON_POSTGRES}
        wiring = Wiring(
            folder=self.folder,
            addresses=self.addresses,
            ports=self.ports,
            redis_url="",
            database_urls=databases,
        )
        write_addresses(self.folder, self.addresses, self.valkey.url)
        for program in service_programs(wiring):
            service = program.name
            bus = self.valkey.url.replace(f":{self.valkey.port}/", f":{self.proxies[f'bus:{service}'].port}/")
            own = {
                "SCOREBUS_REDIS_URL": bus,
                "CHAOS_FOLDER": str(self.points),
                "CHAOS_NAME": service,
                "PYTHONPATH": str(ROOT),
            } | {
                f"SCOREBUS_{source.upper()}_URL": f"http://{HOST}:{self.proxies[f'feed:{service}:{source}'].port}"
                for source in SOURCES[service]
            }
            command = (sys.executable, "-m", "bench.chaos.wrapped", f"services.{service}.app")
            self.programs[service] = replace(program, command=command, environment=dict(program.environment) | own)
        bus_of_ours = bus_program(self.valkey, self.folder)
        with (self.folder.valkey / "valkey.conf").open("a") as config:
            config.write("enable-debug-command local\nrepl-diskless-sync-delay 0\n")
        self.programs["valkey"] = bus_of_ours

    def keep(self, name: str, program: Program | None = None) -> Keeper:
        """Start a program and start it again whenever it dies, as `scorebus up` does."""
        program = program or self.programs[name]
        keeper = Keeper(program, self, self._probe(program))
        self.keepers[name] = keeper
        keeper.start()
        return keeper

    def _probe(self, program: Program) -> Probe:
        readiness = Readiness(program.name, "", self)
        port = program.environment.get("SCOREBUS_PORT")
        if port is None:

            async def alive() -> str | None:
                return None if await answers(self.valkey) else "not answering"

            return partial(readiness.wait, alive, alive)
        looks = [look_at(self.client, f"http://{HOST}:{port}/{path}") for path in ("livez", "readyz")]
        return partial(readiness.wait, *looks)

    async def hold(self, name: str) -> None:
        """Stop a program in order, and leave it stopped."""
        await self.keepers.pop(name).stop()

    def second(self, service: str) -> tuple[str, Program, int]:
        """A further process of *service* on the same database: its name, program and port."""
        name, port, program = f"{service}-2", free_port(), self.programs[service]
        settings = {"SCOREBUS_PORT": str(port), "CHAOS_NAME": name}
        other = replace(
            program,
            name=name,
            log=self.folder.logs / f"{name}.log",
            environment=dict(program.environment) | settings,
        )
        return name, other, port

    async def pid(self, name: str) -> int:
        """The process of *name*, once there is one."""
        await self.until(lambda: self.keepers[name].pid, f"a process of {name}")
        found = self.keepers[name].pid
        assert found is not None
        return found

    async def signal(self, name: str, number: signal.Signals) -> int:
        pid = await self.pid(name)
        os.kill(pid, number)
        return pid

    async def kill(self, name: str) -> float:
        """Kill a process as the kernel would; the moment at which it was."""
        pid = await self.signal(name, signal.SIGKILL)
        since = time.monotonic()
        await self.until(lambda: self.keepers[name].pid != pid, f"the end of {name}")
        return since

    def arm(self, service: str, point: str, content: str = "1") -> None:
        """Have *service* fail at a named point."""
        half = self.points / f".{service}.{point}"
        half.write_text(content)
        half.rename(self.points / f"{service}.{point}")

    def disarm(self, service: str, point: str) -> None:
        (self.points / f"{service}.{point}").unlink(missing_ok=True)

    def struck(self, service: str) -> list[str]:
        """What the points of *service* have noted so far."""
        file = self.points / f"{service}.struck"
        return file.read_text().splitlines() if file.exists() else []

    async def until(
        self, condition: Callable[[], Any], what: str, patience: float = PATIENCE, every: float = 0.05
    ) -> Any:
        """Wait until *condition* gives something true; a failure of the network counts as not yet."""
        deadline, last = time.monotonic() + patience, None
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, OSError, KeyError, ValueError, RedisError):
                last = condition()
                if asyncio.iscoroutine(last):
                    last = await last
                if last:
                    return last
            await asyncio.sleep(every)
        raise NotInTime(f"{what} did not come about within {patience:.0f} s; last seen: {last!r}"[:500])

    async def is_ready(self, services: Iterable[str] = SERVICES) -> bool:
        for service in services:
            answer = await self.client.get(f"http://{HOST}:{self.active[service]}/readyz", timeout=2.0)
            if answer.status_code != httpx.codes.OK:
                return False
        return True

    def bearer(self, role: str, subject: str = "") -> str:
        holder = (role, subject or role)
        if holder not in self._tokens:
            pem = signing_pem(self.folder)
            self._tokens[holder] = "Bearer " + mint(pem, role=role, subject=holder[1], projects=None, days=1)
        return self._tokens[holder]

    async def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        role: str = "admin",
        subject: str = "",
        **words: Any,
    ) -> httpx.Response:
        headers = {"Authorization": self.bearer(role, subject)} | words.pop("headers", {})
        return await self.client.request(method, self.url(service) + path, json=body, headers=headers, **words)

    async def get(self, service: str, path: str) -> Any:
        answer = await self.call("GET", service, path, timeout=15.0)
        answer.raise_for_status()
        return answer.json()

    async def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum of a metric of *service* over the labels that are not named."""
        text = (await self.client.get(f"http://{HOST}:{self.active[service]}/metrics")).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        rows = [row for row in text.splitlines() if row.startswith((f"{name}{{", f"{name} "))]
        return sum(float(row.rpartition(" ")[2]) for row in rows if all(each in row for each in wanted))

    @contextlib.asynccontextmanager
    async def bus(self, port: int = 0) -> AsyncIterator[aioredis.Redis]:
        """A connection to the server itself, past the proxies."""
        url = self.valkey.url.replace(f":{self.valkey.port}/", f":{port or self.valkey.port}/")
        client = aioredis.Redis.from_url(url, socket_timeout=10.0)
        try:
            yield client
        finally:
            await client.aclose()

    def remember(self, name: str) -> str:
        return json.loads(self.folder.addresses.read_text())[name]
