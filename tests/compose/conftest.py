"""One deployment for all of the tests here: they tell one story, in the order of the files."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.deployment import PROJECT, ROOT, Deployment


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """A deployment that runs; the earliest deployable program was in it if that is known."""
    socket = Path(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
    made = Deployment(Path(os.environ["TEST_FOLDER"]), os.environ["TEST_PROJECT"])
    made.prepare(
        Path(os.environ.get("TEST_DEPLOY_BEFORE", ROOT / "deploy")),
        SCOREBUS_IMAGE=os.environ.get("TEST_IMAGE_BEFORE", os.environ["TEST_IMAGE"]),
        REDIS_IMAGE=os.environ["TEST_REDIS"],
        POSTGRES_IMAGE=os.environ["TEST_POSTGRES"],
        DOCKER_SOCKET=str(socket),
        DOCKER_GROUP=str(socket.stat().st_gid),
        SCOREBUS_AGENT_PROJECT=PROJECT,
    )
    try:
        made.up()
        yield made
    except BaseException:
        told(made)
        raise
    finally:
        made.compose("--profile", "*", "down", "--volumes", "--timeout", "20")


def told(made: Deployment) -> None:
    """Show what the containers said: nobody can ask them later."""
    with contextlib.suppress(AssertionError, subprocess.SubprocessError):
        sys.stderr.write(made.compose("ps", "--all"))
        sys.stderr.write(made.compose("logs", "--no-color", "--tail", "15")[-12_000:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    found = getattr(item, "funcargs", {}).get("deployment")
    if report.when == "call" and report.failed and found is not None:
        told(found)
    return report
