"""The container watcher on the real engine: what happens to labelled containers becomes faults, nothing is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.deployment import PROJECT, ROOT, Deployment, eventually, run

# An asset for each test: what became of the last one's containers is none of the next one's business.
assets = iter(("ks-website", "ks-line", "ks-ups", "ks-room", "ks-website"))


class Agent:
    """`scorebus agent docker` as a process of its own."""

    def __init__(self, deployment: Deployment, log: Path) -> None:
        self._words = ("--project", PROJECT, "--data", str(deployment.folder))
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            command = [sys.executable, "-m", "cli.main", "agent", "docker", *self._words]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        eventually(lambda: "watching" in self.said, "the agent")

    @property
    def said(self) -> str:
        return self._log.read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def asset() -> str:
    """An asset of the example that no container stood for yet."""
    return next(assets)


@pytest.fixture
def agent(deployment: Deployment, tmp_path: Path) -> Iterator[Agent]:
    """An agent that watches; another begins with what the last one kept."""
    made = Agent(deployment, tmp_path / "agent.log")
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        assert made.stop() == 0, made.said


@pytest.fixture
def container(deployment: Deployment, asset: str) -> Iterator[str]:
    """A labelled container that stays up until its file is gone."""
    name = f"{deployment.project}-watched"
    script = "trap 'exit 0' TERM; touch /tmp/up; while [ -e /tmp/up ]; do sleep 0.2; done; exit 3"
    health = ("--health-cmd", "test ! -e /tmp/sick", "--health-interval", "1s", "--health-retries", "1")
    words = ("--detach", "--init", "--name", name, "--label", f"scorebus.asset={asset}", "--memory", "64m", *health)
    run("docker", "run", *words, os.environ["TEST_BASE"], "sh", "-c", script)
    yield name
    run("docker", "rm", "--force", name)


def faults(deployment: Deployment, asset: str) -> list[dict[str, Any]]:
    items = deployment.get("monitoring", f"/faults?project={PROJECT}&limit=1000")["items"]
    return [item for item in items if item["asset"] == asset and "container" in item["title"]]


def test_faults_open_and_resolve_with_the_life_of_a_container(
    deployment: Deployment, agent: Agent, asset: str, container: str
) -> None:
    before = len(faults(deployment, asset))

    run("docker", "exec", container, "rm", "/tmp/up")
    eventually(lambda: len(faults(deployment, asset)) == before + 1, "a fault of the container that stopped")
    run("docker", "start", container)
    eventually(lambda: faults(deployment, asset)[-1]["status"] == "resolved", "its end")
    run("docker", "exec", container, "touch", "/tmp/sick")
    eventually(lambda: len(faults(deployment, asset)) == before + 2, "a fault of the unhealthy container")
    run("docker", "exec", container, "rm", "/tmp/sick")
    eventually(lambda: faults(deployment, asset)[-1]["status"] == "resolved", "its end")

    stopped, sick = faults(deployment, asset)[before:]
    assert "stopped (exit 3)" in stopped["title"]
    assert "unhealthy" in sick["title"]
    assert stopped["service_down"]
    assert sick["severity"] == "critical"


def test_what_happens_while_the_platform_is_away_waits_on_disk_even_if_the_agent_is_killed(
    deployment: Deployment, agent: Agent, asset: str, container: str
) -> None:
    before = len(faults(deployment, asset))
    deployment.compose("stop", "monitoring")

    run("docker", "exec", container, "rm", "/tmp/up")
    eventually(lambda: "takes nothing" in agent.said, "the agent noticing")
    agent.stop(signal.SIGKILL)
    deployment.up("monitoring")
    agent.start()

    eventually(lambda: len(faults(deployment, asset)) == before + 1, "the fault")
    run("docker", "start", container)
    eventually(lambda: faults(deployment, asset)[-1]["status"] == "resolved", "its end")
    assert len(faults(deployment, asset)) == before + 1


def test_an_outage_that_the_agent_did_not_see_is_found_by_the_next_one(
    deployment: Deployment, agent: Agent, asset: str, container: str
) -> None:
    before = len(faults(deployment, asset))
    agent.stop()

    run("docker", "exec", container, "rm", "/tmp/up")
    eventually(lambda: run("docker", "inspect", "-f", "{{.State.Running}}", container).strip() == "false", "its end")
    agent.start()

    eventually(lambda: len(faults(deployment, asset)) == before + 1, "the fault")
    run("docker", "start", container)
    eventually(lambda: faults(deployment, asset)[-1]["status"] == "resolved", "its end")


def test_a_container_that_runs_out_of_memory_says_so(deployment: Deployment, agent: Agent, asset: str) -> None:
    before = len(faults(deployment, asset))
    name = f"{deployment.project}-hungry"
    eat = "import time; time.sleep(3); b'x' * (1 << 30)"
    words = (
        "--detach",
        "--name",
        name,
        "--label",
        f"scorebus.asset={asset}",
        "--memory",
        "32m",
        "--memory-swap",
        "32m",
    )
    run("docker", "run", *words, os.environ["TEST_BASE"], "python3", "-c", eat)
    try:
        eventually(lambda: len(faults(deployment, asset)) == before + 1, "the fault")
        assert "memory" in faults(deployment, asset)[-1]["title"]
    finally:
        run("docker", "rm", "--force", name)


def test_the_agent_in_a_container_watches_the_others(deployment: Deployment, asset: str, container: str) -> None:
    before = len(faults(deployment, asset))
    deployment.up("agent")
    eventually(lambda: "watching" in deployment.compose("logs", "agent"), "the agent")

    run("docker", "exec", container, "rm", "/tmp/up")
    eventually(lambda: len(faults(deployment, asset)) == before + 1, "the fault")
    run("docker", "start", container)

    eventually(lambda: faults(deployment, asset)[-1]["status"] == "resolved", "its end")
    assert deployment.inspected("agent")["Config"]["User"] == "10001:10001"
