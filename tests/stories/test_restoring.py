"""A platform that is lost and restored from its backup goes on as the same platform."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.platform import EXAMPLE, PROJECT, ROOT, SERVICES, a_platform, eventually

pytestmark = pytest.mark.story

PLAY = ("--play", str(EXAMPLE), "--speed")
RECEIPTS = f"/projects/{PROJECT}/receipts"
RECEIPT = {"amount": "0.01", "source": "fiscal", "received_on": "2018-12-30", "reference": "R-stamp"}


def scorebus(*words: str) -> None:
    command = [sys.executable, "-m", "cli.main", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()


def test_a_backup_taken_at_work_restores_a_platform_that_is_level(tmp_path: Path) -> None:
    key = {"Idempotency-Key": '"stamp"'}
    with a_platform(tmp_path / "data", *PLAY, "3") as platform:
        eventually(lambda: platform.score()["version"] >= 3, "a score that moves")
        scorebus("backup", str(tmp_path / "early.tar.gz"), "--data", str(platform.data))  # While it plays.
        eventually(platform.played, "the end of the example")
        first = platform.call("POST", "budget", RECEIPTS, "finance", json=RECEIPT, headers=key)
        assert first.status_code == 201
        eventually(lambda: platform.get("evaluation", "/reconciliation")["level"], "every event applied")
        before = {service: platform.get(service, "/events/head") for service in SERVICES}
        score = platform.score()
        scorebus("backup", str(tmp_path / "late.tar.gz"), "--data", str(platform.data))

    for name in ("early", "late"):
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        (tmp_path / "new").mkdir(mode=0o700)
        scorebus("restore", str(tmp_path / f"{name}.tar.gz"), "--data", str(tmp_path / "new"))
        with a_platform(tmp_path / "new") as platform:
            eventually(lambda p=platform: p.get("evaluation", "/reconciliation")["level"], f"{name} level")
            eventually(
                lambda p=platform: all(p.get(service, "/readyz")["status"] == "ready" for service in SERVICES), "ready"
            )
            after = {service: platform.get(service, "/events/head") for service in SERVICES}
            assert all(after[service]["epoch"] != before[service]["epoch"] for service in SERVICES)
            if name == "early":
                continue
            assert platform.get("budget", "/events/head")["partitions"] == before["budget"]["partitions"]
            assert {name: platform.score()[name] for name in ("total", "execution")} == {
                name: score[name] for name in ("total", "execution")
            }
            again = platform.call("POST", "budget", RECEIPTS, "finance", json=RECEIPT, headers=key)
            assert again.json() == first.json()
            assert again.headers["Idempotency-Replayed"] == "true"
