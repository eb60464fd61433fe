"""The example ends where it must, whatever breaks on the way."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.stores import Store
from tests.stories.platform import EXAMPLE, PROJECT, SERVICES, Platform, a_platform, eventually

pytestmark = pytest.mark.story

PLAY = ("--play", str(EXAMPLE), "--speed")


def figures(score: dict[str, Any]) -> tuple[object, ...]:
    execution = score["execution"]
    return (
        score["total"],
        score["grade_label"],
        score["indicators_met"],
        score["indicators"],
        execution["rate"],
        execution["surplus"],
        score["final"],
    )


EXPECTED = ("99.21", "优", 16, 16, "0.920833", "11875.00", True)


def is_level(platform: Platform) -> bool:
    return platform.played() and figures(platform.score()) == EXPECTED


def payments(platform: Platform) -> list[tuple[str, str]]:
    items = platform.get("budget", f"/payments?project={PROJECT}")["items"]
    return sorted((item["line"], item["amount"]) for item in items)


EXPECTED_PAYMENTS = [("broadband", "60000.00"), ("other", "18200.00"), ("power", "53925.00"), ("room", "6000.00")]


def databases(store: Store) -> list[str]:
    """Words for `up`: the services' databases in *store*."""
    urls = {service: store.database(service) for service in SERVICES} if store.kind == "postgresql" else {}
    return [word for service, url in urls.items() for word in (f"--database-url-{service}", url)]


def test_the_example_ends_at_the_score_of_the_report(tmp_path: Path, store: Store) -> None:
    with a_platform(tmp_path / "data", *databases(store), *PLAY, "3") as platform:
        eventually(lambda: is_level(platform), "the score of the report")

        assert payments(platform) == EXPECTED_PAYMENTS
        assert all(platform.get(service, "/readyz")["status"] == "ready" for service in SERVICES)
        assert platform.stop() == 0


@pytest.mark.parametrize(
    ("store", "victim"),
    [*(("sqlite", victim) for victim in (*SERVICES, "valkey")), ("postgresql", "budget"), ("postgresql", "evaluation")],
    indirect=["store"],
)
def test_a_process_killed_while_the_example_plays_changes_nothing(tmp_path: Path, store: Store, victim: str) -> None:
    with a_platform(tmp_path / "data", *databases(store), *PLAY, "8") as platform:
        eventually(lambda: platform.score()["version"] >= 3, "a score that moves")
        hits = 0  # Three, unless the machine is so slow that the example has been played before.
        while hits < 3 and not platform.played():
            before = eventually(lambda: platform.pid_of(victim), f"{victim} running")
            os.kill(before, signal.SIGKILL)
            eventually(lambda pid=before: platform.pid_of(victim) != pid, f"{victim} started again")
            hits += 1

        eventually(lambda: is_level(platform), "the score of the report")

        assert hits >= 1
        assert payments(platform) == EXPECTED_PAYMENTS


def test_a_bus_emptied_again_and_again_changes_nothing(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data", *PLAY, "6") as platform:
        bus = eventually(platform.bus, "the bus")
        emptied = 0
        while not platform.played():
            emptied += int(eventually(bus.dbsize, "something on the bus") > 0)
            bus.flushall()

        eventually(lambda: is_level(platform), "the score of the report")

        assert emptied > 3
        assert payments(platform) == EXPECTED_PAYMENTS


def test_the_score_arrives_by_pulling_when_there_is_no_bus_at_all(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data", "--redis", "redis://127.0.0.1:1/0", *PLAY, "3") as platform:
        eventually(lambda: is_level(platform), "the score of the report")

        assert platform.call("GET", "evaluation", "/readyz", "admin").status_code == 503
        assert payments(platform) == EXPECTED_PAYMENTS


def test_a_second_start_keeps_everything_and_plays_nothing_again(tmp_path: Path, store: Store) -> None:
    words = (*databases(store), *PLAY, "1")
    with a_platform(tmp_path / "data", *words) as platform:
        eventually(lambda: is_level(platform), "the score of the report")
        before = {service: platform.get(service, "/events/head") for service in SERVICES}
        assert platform.stop() == 0

    with a_platform(tmp_path / "data", *words) as platform:
        eventually(lambda: is_level(platform), "the score of the report")

        assert {service: platform.get(service, "/events/head") for service in SERVICES} == before
