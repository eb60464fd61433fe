"""Policies from outside: listed, shown whole, and tried on a project without saving anything."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.driver import Evaluation
from tests.evaluation.test_api import log_of, play
from tests.evaluation.test_evaluating import EXAMPLE, KASHGAR, unmarked
from tests.evaluation.test_told import MEASUREMENT, reported_plan

RATING = {"code": "2.2.1", "level": "achieved", "percent": "100", "reason": "全年未中断", "rated_by": "u7"}


async def kashgar(evaluation: Evaluation, **changes: Any) -> None:
    raw = json.loads(json.dumps(unmarked(tomllib.loads(EXAMPLE.read_text())["plan"]), default=str)) | changes
    answer = await evaluation.send("PUT", "/projects/p/plan", raw)
    assert answer.status_code == 201, answer.text
    await evaluation.happen(*(happening for happening in KASHGAR if happening[1].source != "evaluation"))
    await evaluation.send("POST", "/projects/p/ratings", RATING, role="assessor")
    await evaluation.score(lambda score: score["indicators_met"] == 16)


def test_the_first_case_scores_99_21_and_under_the_intervals_of_2021_it_scores_97(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await kashgar(evaluation)
        versions = len(await log_of(evaluation))

        adopted = await evaluation.get("/projects/p/score")
        tried = await evaluation.get("/projects/p/score?policy=mof-2021")

        assert (adopted["total"], adopted["policy"]) == ("99.21", "mof-2020")
        assert (tried["total"], tried["policy"], tried["execution"]["score"]) == ("97.00", "mof-2021", "7.00")
        assert sum(float(each["score"]) for each in tried["dimensions"]) == 90
        # Nothing was saved.
        assert (await evaluation.get("/projects/p/score"))["total"] == "99.21"
        assert len(await log_of(evaluation)) == versions

    play(scenario, tmp_path, monkeypatch)


def test_a_policy_is_tried_as_of_a_moment_and_from_what_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await kashgar(evaluation)

        early = await evaluation.get("/projects/p/score?policy=hubei-2020&as_of=2018-11-30")
        known = await evaluation.get("/projects/p/score?policy=chongqing-2021&known_at=2019-01-01T09:00:00%2B08:00")

        assert (early["policy"], early["execution"]["spent"]) == ("hubei-2020", "6000.00")
        assert (known["policy"], known["execution"]["score"]) == ("chongqing-2021", "9.20")

    play(scenario, tmp_path, monkeypatch)


def test_what_a_plan_refines_is_its_own_policy_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await kashgar(evaluation, policy_overrides={"rounding": {"mode": "down", "digits": 0}})

        own = await evaluation.get("/projects/p/score?policy=mof-2020")
        row = await evaluation.get("/projects/p/indicators/1.2.3?policy=mof-2020")
        tried = await evaluation.get("/projects/p/indicators/1.2.3?policy=chongqing-2021")
        other = await evaluation.get("/projects/p/score?policy=beijing-haidian-2016")

        assert (own["total"], own["policy_overrides"]) == ("99.00", {"rounding": {"mode": "down", "digits": 0}})
        assert (other["total"], other["policy_overrides"]) == ("99.21", None)
        assert row["steps"][-1]["en"] == "score = weight 4 × share, rounded down to 0 decimals (as the plan says)"
        assert tried["steps"][-1]["en"] == "score = weight 4 × share, rounded half up to 1 decimal"

    play(scenario, tmp_path, monkeypatch)


def test_a_policy_that_is_not_known_cannot_be_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await kashgar(evaluation)

        for call in ("score", "indicators/1.1.1"):
            answer = await evaluation.send("GET", f"/projects/p/{call}?policy=mof-1999")

            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "policy")

    play(scenario, tmp_path, monkeypatch)


def test_policies_are_listed_page_by_page_and_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        first = await evaluation.get("/policies?limit=7", role="viewer")
        rest = await evaluation.get(f"/policies?limit=7&cursor={first['next']}", role="viewer")
        shown = await evaluation.get("/policies/mof-2021", role="viewer")

        names = [each["name"] for each in first["items"] + rest["items"]]
        assert (len(names), len(set(names)), rest["next"]) == (11, 11, None)
        assert names[0] == "mof-2011"
        assert {"mof-2020", "hubei-2020", "fujian-egov-2016"} <= set(names)
        assert (shown["source"].startswith("财预〔2021〕101号"), shown["certainty"]["execution"]) == (True, "M")
        assert shown["execution"]["steps"] == [["100", "10"], ["80", "7"], ["60", "5"]]
        assert (await evaluation.send("GET", "/policies/none")).status_code == 404
        assert (await evaluation.send("GET", "/policies", role="buyer")).status_code == 403

    play(scenario, tmp_path, monkeypatch)


def test_a_day_is_reported_by_hand_as_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        plan = reported_plan()
        plan["indicators"][0] |= {"unit": "", "target": {"op": "by", "value": "2018-12-10"}}
        assert (await evaluation.send("PUT", "/projects/p/plan", plan)).status_code == 201

        wrong = await evaluation.send("POST", "/projects/p/measurements", MEASUREMENT, role="assessor")
        told = MEASUREMENT | {"value": "2018-12-08"}
        right = await evaluation.send("POST", "/projects/p/measurements", told, role="assessor")

        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "value")
        assert (right.status_code, right.json()["value"]) == (201, "2018-12-08")
        score = await evaluation.score(lambda score: score["details"][0]["status"] == "met")
        assert score["details"][0]["measured"] == "2018-12-08"
        [event] = [each for each in await log_of(evaluation) if each["type"] == "measurement.reported.v1"]
        assert event["data"]["value"] == "17873"

    play(scenario, tmp_path, monkeypatch)
