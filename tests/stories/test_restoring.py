"""A platform that is lost and restored from its backup goes on as the same platform."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.platform import EXAMPLE, ROOT, SERVICES, a_platform, eventually

pytestmark = pytest.mark.story


def scorebus(*words: str) -> None:
    command = [sys.executable, "-m", "cli.main", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def test_a_backup_taken_at_work_restores_a_platform_that_is_level_and_goes_on(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data", "--play", str(EXAMPLE), "--speed", "6") as platform:
        eventually(lambda: platform.score()["version"] >= 3, "a score that moves")
        scorebus("backup", str(tmp_path / "backup.tar.gz"), "--data", str(platform.data))  # While it plays.
        before = {service: platform.get(service, "/events/head")["epoch"] for service in SERVICES}

    (tmp_path / "new").mkdir(mode=0o700)
    scorebus("restore", str(tmp_path / "backup.tar.gz"), "--data", str(tmp_path / "new"))

    with a_platform(tmp_path / "new") as platform:
        eventually(lambda: all(platform.get(name, "/readyz")["status"] == "ready" for name in SERVICES), "ready")
        assert all(platform.get(service, "/events/head")["epoch"] != before[service] for service in SERVICES)
        assert platform.score()["version"] >= 3
        # What came in since is posted again, with the same keys: what is there is not doubled.
        scorebus("play", str(EXAMPLE), "--speed", "instant", "--data", str(platform.data))
        eventually(lambda: platform.score()["total"] == "99.21", "the score of the report")
        eventually(lambda: platform.get("evaluation", "/reconciliation")["level"], "every event applied")
        assert len(platform.get("budget", "/payments")["items"]) == 4
