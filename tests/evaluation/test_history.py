"""A score over time: its versions, what a plan restated, and the moments that moved it."""

import asyncio
import copy
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.builders import NEXT_YEAR, adjusted, at, declared, opened, paid, received, resolved, responded
from tests.evaluation.driver import NOW, Evaluation
from tests.evaluation.test_api import log_of, play
from tests.evaluation.test_stream import PLAN

pytestmark = pytest.mark.usefixtures("either_store")


def watching_faults() -> dict[str, Any]:
    plan: dict[str, Any] = copy.deepcopy(PLAN)
    plan["indicators"][0] |= {"measure": "fault_rate", "unit": "%", "target": {"op": "<=", "value": "1"}}
    return plan


def stricter() -> dict[str, Any]:
    plan = watching_faults()
    [indicator] = plan["indicators"]
    indicator |= {"target": {"op": "<=", "value": "0.001"}, "weight": "50"}
    available = {"code": "1.2", "weight": "40", "measure": "availability", "target": {"op": ">=", "value": "99"}}
    plan["indicators"].append(indicator | available)
    return plan


async def three_payments(evaluation: Evaluation) -> None:
    await evaluation.send("PUT", "/projects/p/plan", PLAN)
    await evaluation.happen(declared("1000.00"), received("1000.00"))
    await evaluation.score(lambda score: score["execution"]["received"] == "1000.00")
    for number, spent in enumerate(("100.00", "200.00", "300.00"), 1):
        evaluation.service.clock.moment += timedelta(minutes=1)  # type: ignore[attr-defined]
        for source in evaluation.sources.values():
            source.log._clock.moment = evaluation.service.clock.moment  # type: ignore[attr-defined]
        await evaluation.happen(paid("100.00", f"0{number}-10 00:00", payment=f"z{number}"))
        await evaluation.score(lambda score, spent=spent: score["execution"]["spent"] == spent)  # type: ignore[misc]


def test_history_tells_every_version_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await three_payments(evaluation)
        score = await evaluation.score()

        whole = (await evaluation.get("/projects/p/history"))["items"]
        first = await evaluation.get("/projects/p/history?limit=2")
        second = await evaluation.get(f"/projects/p/history?limit=1000&cursor={first['next']}")

        assert [item["version"] for item in whole] == list(range(1, score["version"] + 1))
        assert [item["previous"] for item in whole] == list(range(score["version"]))
        assert whole == first["items"] + second["items"]
        assert (whole[-1]["total"], whole[-1]["restated"], whole[-1]["difference"]) == (score["total"], False, None)
        logged = [event["data"] for event in await log_of(evaluation) if event["type"] == "score.updated.v1"]
        assert [item["total"] for item in whole] == [data["total"] for data in logged]
        late = await evaluation.get(f"/projects/p/history?from={whole[-1]['as_of'].replace('+', '%2B')}")
        assert [item["version"] for item in late["items"]] == [score["version"]]
        assert (await evaluation.get("/projects/p/history?to=2018-12-31"))["items"] == []

    play(scenario, tmp_path, monkeypatch, coalesce_seconds="0")


def test_each_version_can_be_derived_again_from_what_was_known_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await three_payments(evaluation)
        evaluation.service.clock.moment = NOW + timedelta(days=1)  # type: ignore[attr-defined]
        await evaluation.send("PUT", "/projects/p/plan", stricter())
        await evaluation.score(lambda score: len(score["details"]) == 2)

        versions = (await evaluation.get("/projects/p/history"))["items"]
        last_of_each_moment = {item["recorded_at"]: item for item in versions}

        assert len(last_of_each_moment) >= 4
        for moment, item in last_of_each_moment.items():
            known = await evaluation.get(f"/projects/p/score?known_at={moment.replace('+', '%2B')}")
            assert (known["version"], known["total"]) == (item["version"], item["total"])

    play(scenario, tmp_path, monkeypatch, coalesce_seconds="0")


async def on_record(evaluation: Evaluation, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait for a version in the log that changed an indicator as asked: what is shown may be ahead of it."""
    async with asyncio.timeout(20):
        while True:
            events = await log_of(evaluation)
            changed = [event["data"]["changed"] for event in events if event["type"] == "score.updated.v1"]
            if any(holds(row) for each in changed for row in each):
                return
            await asyncio.sleep(0.01)


def test_another_plan_restates_the_score_and_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", watching_faults())
        await evaluation.happen(declared("1000.00"), opened("06-01 09:00"), resolved("06-01 10:00"))
        await on_record(evaluation, lambda row: row["measured"] != "0")
        before = await evaluation.score(lambda score: score["details"][0]["measured"] != "0")
        await evaluation.send("PUT", "/projects/p/plan", stricter())
        after = await evaluation.score(lambda score: len(score["details"]) == 2)

        versions = (await evaluation.get("/projects/p/history"))["items"]
        [restated] = [item for item in versions if item["restated"]]
        whole = await evaluation.get(f"/projects/p/history/{restated['version']}")

        assert restated["version"] == after["version"]
        assert whole["before"]["details"] == before["details"]
        assert whole["after"]["total"] == after["total"]
        assert whole["difference"] == restated["difference"]
        changed = {row["code"]: row for row in restated["difference"]}
        assert (changed["1.1"]["before"]["weight"], changed["1.1"]["after"]["weight"]) == ("90", "50")
        assert changed["1.2"]["before"] is None
        assert changed["total"]["after"]["score"] == after["total"]
        assert "execution" not in changed
        missing = await evaluation.send("GET", "/projects/p/history/1")
        assert missing.status_code == 404

    play(scenario, tmp_path, monkeypatch)


def test_the_course_of_a_score_follows_what_happened_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(
            declared("1000.00"),
            received("1000.00"),
            paid("300.00", "05-10 00:00", payment="b"),  # Recorded first, happened last.
            paid("100.00", "02-10 00:00", payment="a"),
            adjusted("500.00", "06-01 00:00"),
            opened("03-01 08:00", down=False),
            responded("03-01 09:00"),
        )
        await evaluation.score(lambda score: score["execution"]["spent"] == "400.00")
        path = "/projects/p/history?by=happening"

        points = (await evaluation.get(f"{path}&limit=1000"))["items"]
        pages, cursor = [], ""
        while True:
            page = await evaluation.get(f"{path}&limit=2{cursor}")
            pages += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"

        rates = [(point["as_of"][:10], point["execution_rate"]) for point in points]
        assert ("2018-02-10", "0.100000") in rates
        assert ("2018-05-10", "0.400000") in rates
        assert ("2018-06-01", "0.800000") in rates
        assert points == pages
        assert [point["as_of"] for point in points] == sorted(point["as_of"] for point in points)
        assert not [point for point in points if point["as_of"].startswith("2018-03-01T09")]  # It moved nothing.
        assert points[-1]["final"]
        [paid_in_may] = [point for point in points if point["as_of"].startswith("2018-05-10")]
        assert [(cause["source"], cause["type"]) for cause in paid_in_may["causes"]] == [("budget", "payment.made")]
        part = (await evaluation.get(f"{path}&from=2018-05-10&to=2018-05-31"))["items"]
        assert [point["as_of"][:10] for point in part] == ["2018-05-10"]

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2018-13-01", "by=size", "limit=0", "cursor=eHl6", "by=happening&cursor=eHl6"]
)
def test_a_history_that_cannot_be_asked_for(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)

        answer = await evaluation.send("GET", f"/projects/p/history?{query}")

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")

    play(scenario, tmp_path, monkeypatch)


def test_a_project_without_a_plan_and_a_foreign_one_have_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        assert (await evaluation.send("GET", "/projects/p/history")).status_code == 404
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        for path in ("history", "history/1"):
            answer = await evaluation.send("GET", f"/projects/p/{path}", projects=["q"])
            assert answer.status_code == 404

    play(scenario, tmp_path, monkeypatch)


def test_an_outlook_that_turns_for_the_worse_raises_an_alert_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        service = evaluation.service
        service.clock.moment = at("06-01 10:00")  # type: ignore[attr-defined]
        await evaluation.send("PUT", "/projects/p/plan", watching_faults())
        await evaluation.happen(declared("1000.00"))
        await evaluation.score(lambda score: score["execution"]["budget"] == "1000.00")
        await evaluation.happen(opened("03-01 10:00"))
        down = await evaluation.score(lambda score: score["details"][0]["outlook"]["state"] == "out_of_reach")
        rows = await service.database.read(lambda session: service.log.after(session, 0, 0, 1_000))
        service.clock.moment = NEXT_YEAR  # type: ignore[attr-defined]

        alerts = [
            event["data"] for event in map(json.loads, [raw for _, raw in rows]) if event["type"] == "alert.raised.v1"
        ]
        by_code = {alert["code"]: alert for alert in alerts}
        assert len(alerts) == len(by_code) == 2
        assert (by_code["1.1"]["previous"], by_code["1.1"]["outlook"]) == ("on_track", "out_of_reach")
        assert by_code["1.1"]["version"] == down["version"]
        assert by_code["1.1"]["explanation"]["zh"] == down["details"][0]["outlook"]["reason"]["zh"]
        assert by_code["execution"]["outlook"] == "at_risk"
        [line] = (await evaluation.get("/projects"))["items"]
        assert (line["at_risk"], line["execution_outlook"]) == (1, "at_risk")
        assert line["outlooks"] == {"on_track": 0, "at_risk": 0, "missed": 0, "out_of_reach": 1}

    play(scenario, tmp_path, monkeypatch, tick_seconds="3600")


def test_a_version_that_time_makes_tells_what_an_event_moved_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        within: dict[str, Any] = copy.deepcopy(PLAN)
        within["indicators"][0]["target"] = {
            "op": "<=",
            "value": "1000",
        }  # Met before and after: only its figure moves.
        await evaluation.send("PUT", "/projects/p/plan", within)
        await evaluation.happen(declared("1000.00"), received("1000.00"))
        before = await evaluation.score(lambda score: score["execution"]["received"] == "1000.00")
        subscription = evaluation.subscription("budget")
        subscription._applied = lambda _: None  # The tick comes before the scorer hears of the payment.
        await evaluation.happen(paid("100.00"))
        while subscription.mark is None or subscription.mark.at.seq < 3:
            await asyncio.sleep(0.01)

        await sys.modules["services.evaluation.app"].scorer._score_batch({"p": None})

        [*_, last] = (await evaluation.get("/projects/p/history"))["items"]
        assert last["previous"] == before["version"]
        assert [(row["code"], row["measured"]) for row in last["changed"]] == [("1.1", "100")]

    play(scenario, tmp_path, monkeypatch)
