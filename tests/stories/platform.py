"""A platform started by its own command, and the tools of somebody who uses it from outside."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import redis

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "kashgar-2018"
PROJECT = "ks-gov-web-2018"
SERVICES = ("budget", "procurement", "monitoring", "evaluation")
FIRST_PORT, PORTS_EACH, WORKERS = 20_000, 3_000, 4  # Below what the system gives out.
PATIENCE_SECONDS = 90.0  # A wait that ends here is a failed test, not a measurement.


def free_port_base() -> int:
    """A base whose next three ports are free, too, among those of this worker: others look for theirs meanwhile."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    first = FIRST_PORT + worker * PORTS_EACH
    bases = list(range(first, first + PORTS_EACH - 100, 10))
    start = os.getpid() % len(bases)
    for base in bases[start:] + bases[:start]:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in (*range(base, base + 4), base + 80):
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", port))
            return base
    raise RuntimeError("no free ports")


def eventually(condition: Callable[[], Any], what: str, patience: float = PATIENCE_SECONDS) -> Any:
    """Wait until *condition* gives something true; failures of the network count as not yet."""
    deadline = time.monotonic() + patience
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (httpx.HTTPError, OSError, KeyError, redis.RedisError) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come about; last seen: {last!r}")


class Platform:
    """One run of `scorebus up`."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data = data
        self.base = free_port_base()
        self.urls = {name: f"http://127.0.0.1:{self.base + i}" for i, name in enumerate(("evaluation", *SERVICES[:3]))}
        self._words = words
        self._tokens: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "cli.main", "up", "--data", str(self.data), "--port-base", str(self.base)]
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "up.log").open("ab") as out:
            self.process = subprocess.Popen(
                [*command, *self._words], cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()

    @property
    def said(self) -> str:
        return (self.data / "up.log").read_text()

    def token(self, role: str, *words: str) -> str:
        key = " ".join((role, *words))
        if key not in self._tokens:
            command = [
                sys.executable,
                "-m",
                "cli.main",
                "token",
                "--role",
                role,
                "--subject",
                role,
                "--data",
                str(self.data),
            ]
            made = subprocess.run([*command, *words], cwd=ROOT, capture_output=True, check=False, timeout=60)
            assert made.returncode == 0, made.stderr.decode()
            self._tokens[key] = made.stdout.decode().strip()
        return self._tokens[key]

    def is_alive(self, service: str) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the platform ended:\n{self.said}"
        return httpx.get(self.urls[service] + "/livez").is_success

    def call(self, method: str, service: str, path: str, role: str, **words: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(role)}"} | words.pop("headers", {})
        return httpx.request(method, self.urls[service] + path, headers=headers, timeout=20, **words)

    def get(self, service: str, path: str, role: str = "admin") -> Any:
        answer = self.call("GET", service, path, role)
        answer.raise_for_status()
        return answer.json()

    def score(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("evaluation", f"/projects/{PROJECT}/score")
        return found

    def pid_of(self, service: str) -> int:
        """The process that serves *service*, found as an operator would: by its command line."""
        needle = "valkey" if service == "valkey" else f"services.{service}.app"
        found = [pid for pid, line in children_of(self.process.pid if self.process else 0) if needle in line]
        if len(found) != 1:
            raise KeyError(f"{service}: {found}")
        return found[0]

    def bus(self) -> redis.Redis:
        return redis.Redis.from_url(json.loads((self.data / "addresses.json").read_text())["redis"])

    def played(self) -> bool:
        return (self.data / "played.json").exists()


def children_of(parent: int) -> list[tuple[int, str]]:
    """Every process under *parent*, with its command line."""
    tree: dict[int, list[int]] = {}
    lines: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError, ValueError):
            stat = (entry / "stat").read_text()
            above = int(stat.rpartition(")")[2].split()[1])
            tree.setdefault(above, []).append(int(entry.name))
            lines[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    found, waiting = [], list(tree.get(parent, ()))
    while waiting:
        pid = waiting.pop()
        found.append((pid, lines.get(pid, "")))
        waiting.extend(tree.get(pid, ()))
    return found


@contextlib.contextmanager
def a_platform(data: Path, *words: str, with_console: bool = False) -> Iterator[Platform]:
    """A platform that answers; stopped at the end whatever happens."""
    platform = Platform(data, *words, *(() if with_console else ("--no-console",)))
    platform.start()
    try:
        for service in SERVICES:
            eventually(lambda name=service: platform.is_alive(name), f"{service} alive")
        yield platform
    except BaseException:
        sys.stderr.write(platform.said[-6_000:])
        raise
    finally:
        if platform.process is not None and platform.process.poll() is None:
            platform.stop()
