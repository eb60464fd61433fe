"""Dashboards on a real connection: cut off again and again, and there when the platform stops."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource

from tests.stories.platform import EXAMPLE, PROJECT, Platform, a_platform, eventually

pytestmark = pytest.mark.story


def events(platform: Platform, last_id: str, client: httpx.Client, token: str = "") -> Iterator[tuple[str, str, Any]]:
    token = token or platform.token("viewer")
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last_id} if last_id else {})
    url = f"{platform.urls['evaluation']}/scores/stream?project={PROJECT}"
    # A silent stream tells every 15 s that it lives: nothing for 10 s means that no event is to come.
    with client.stream("GET", url, headers=headers, timeout=10) as answer:
        for event in EventSource(answer).iter_sse():
            if event.data:
                yield event.id, event.event, event.json()


def test_a_dashboard_cut_off_ten_times_sees_every_version_once_in_order(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data", "--play", str(EXAMPLE), "--speed", "20") as platform, httpx.Client() as client:
        eventually(lambda: platform.score()["version"] >= 1, "a first score")
        last_id, versions, cuts = "", [], 0
        while cuts < 10:
            for taken, (event_id, event, data) in enumerate(events(platform, last_id, client), 1):
                last_id = event_id
                if event == "snapshot":
                    versions.extend(score["version"] for score in data["projects"])
                else:
                    assert (event, data["previous"]) == ("score", versions[-1])
                    versions.append(data["version"])
                if taken > cuts % 3:
                    break
            cuts += 1

        eventually(platform.played, "the end of the example")
        last = eventually(lambda: platform.score() if platform.score()["total"] == "99.21" else None, "the last score")
        if versions[-1] < last["version"]:
            for _, event, data in events(platform, last_id, client):
                assert (event, data["previous"]) == ("score", versions[-1])
                versions.append(data["version"])
                if data["version"] == last["version"]:
                    break

        assert versions == list(range(versions[0], last["version"] + 1))
        assert len(versions) > 10


def test_the_platform_stops_while_dashboards_look_on(tmp_path: Path) -> None:
    with a_platform(tmp_path / "data") as platform, httpx.Client() as client:
        token = platform.token("viewer")
        looking_on = [events(platform, "", client, token) for _ in range(20)]
        for dashboard in looking_on:
            assert next(dashboard)[1] == "snapshot"

        code = platform.stop()

        assert code == 0
        assert "force" not in platform.said
        for dashboard in looking_on:
            dashboard.close()
