"""A deployment of the tests' own: its folder, its containers, and somebody who uses it through the published ports."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from cli.deployment import read_env
from tests.stories.platform import free_port_base

ROOT = Path(__file__).parents[2]
PROJECT = "ks-gov-web-2018"
SERVICES = ("budget", "procurement", "monitoring", "evaluation")
CONTAINERS = ("redis", "postgres", "token", *SERVICES, "console")
PATIENCE_SECONDS = 240.0  # A wait that ends here is a failed test, not a measurement.
_BASE = free_port_base()
PORTS = {
    "evaluation": _BASE,
    "budget": _BASE + 1,
    "procurement": _BASE + 2,
    "monitoring": _BASE + 3,
    "console": _BASE + 80,
}


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Wait until *condition* gives something true; failures of the network count as not yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (httpx.HTTPError, OSError, KeyError, ValueError, subprocess.CalledProcessError) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about; last seen: {last!r}")


def run(*command: str, **words: Any) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, **words)
    assert done.returncode == 0, f"{' '.join(command[:8])}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


class Deployment:
    """One deployment in a folder of its own, made as README.md says."""

    def __init__(self, folder: Path, project: str) -> None:
        self.folder = folder
        self.project = project
        self._tokens: dict[str, str] = {}

    def prepare(self, files: Path, **settings: str) -> None:
        shutil.copytree(files, self.folder, ignore=shutil.ignore_patterns("keys", ".env", "addresses.json"))
        lines = {**read_env(self.folder / ".env.example"), **settings}
        lines |= {f"SCOREBUS_PORT_{name.upper()}": str(port) for name, port in PORTS.items()}
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        self.scorebus("init", str(self.folder))

    def upgrade(self, image: str) -> None:
        """Take the present program and its files, as README.md says."""
        shutil.copy(ROOT / "deploy" / "compose.yml", self.folder)
        env = self.folder / ".env"
        kept = [line for line in env.read_text().splitlines() if not line.startswith("SCOREBUS_IMAGE=")]
        env.write_text("\n".join([*kept, f"SCOREBUS_IMAGE={image}", ""]))

    def compose(self, *words: str) -> str:
        return self.compose_bytes(*words).decode()

    def compose_bytes(self, *words: str, given: bytes | None = None) -> bytes:
        """What compose writes, when it is given something to read."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SCOREBUS_") and not name.endswith("_IMAGE")
        }
        place = ("--project-name", self.project, "--project-directory", str(self.folder), "--progress", "quiet")
        done = subprocess.run(
            ["docker", "compose", *place, *words],
            env=clean,
            input=given or b"",
            capture_output=True,
            timeout=400,
            check=False,
        )
        said = done.stdout[-3000:].decode(errors="replace") + done.stderr[-3000:].decode(errors="replace")
        assert done.returncode == 0, f"compose {' '.join(words[:6])}: {said}"
        return done.stdout

    def up(self, *words: str) -> None:
        self.compose("up", "--wait", "--wait-timeout", "240", "--no-build", "--quiet-pull", *words)

    def scorebus(self, *words: str) -> str:
        return run(sys.executable, "-m", "cli.main", *words, cwd=ROOT)

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).strip()

    def inspected(self, service: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(run("docker", "inspect", self.container(service)))
        return found[0]

    def is_healthy(self, service: str) -> bool:
        state = self.inspected(service)["State"]
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    def network(self, verb: str, name: str, service: str) -> None:
        """Take a container from a network, or put it back under its name."""
        words = ("--alias", service) if verb == "connect" else ()
        run("docker", "network", verb, *words, f"{self.project}_{name}", self.container(service))

    def call(self, method: str, service: str, path: str, *, role: str = "admin", **words: Any) -> httpx.Response:
        if role not in self._tokens:
            made = self.scorebus("token", "--role", role, "--subject", role, "--days", "2", "--data", str(self.folder))
            self._tokens[role] = made.strip()
        headers = {"Authorization": f"Bearer {self._tokens[role]}"} | words.pop("headers", {})
        url = f"http://127.0.0.1:{PORTS[service]}{path}"
        with httpx.Client(timeout=30, trust_env=False) as client:
            return client.request(method, url, headers=headers, **words)

    def get(self, service: str, path: str) -> Any:
        answer = self.call("GET", service, path)
        answer.raise_for_status()
        return answer.json()

    def is_ready(self, service: str) -> bool:
        return self.call("GET", service, "/readyz").is_success

    def total(self) -> str:
        return str(self.get("evaluation", f"/projects/{PROJECT}/score")["total"])

    def heads(self) -> dict[str, Any]:
        return {service: self.get(service, "/events/head") for service in SERVICES}

    def count_letters(self, key: str) -> None:
        """Post one fact to monitoring, repeating it until it is answered."""
        body = {"project": PROJECT, "count": 1, "kind": "letter", "from": "2018-12-31", "to": "2018-12-31"}

        def posted() -> bool:
            answer = self.call(
                "POST", "monitoring", "/service-counts", json=body, headers={"Idempotency-Key": f'"{key}"'}
            )
            return answer.is_success

        eventually(posted, f"an answer to {key}")

    def is_level(self) -> bool:
        """Whether every consumer has applied every event of every source."""
        return all(self.get(service, "/reconciliation")["level"] for service in SERVICES)
