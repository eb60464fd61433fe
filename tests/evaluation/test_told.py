"""What people tell by hand: measurements with their papers, and why a target is missed."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.builders import declared, opened
from tests.evaluation.driver import Evaluation
from tests.evaluation.test_api import log_of, play
from tests.evaluation.test_stream import PLAN

pytestmark = pytest.mark.usefixtures("either_store")

HASH = "ab" * 32
MEASUREMENT: dict[str, Any] = {
    "code": "1.1",
    "value": "81.5",
    "reason": "存储管理界面读数",
    "evidence": [{"name": "storage.png", "sha256": HASH}],
}
DEVIATION = {"reason": "雷击导致专线中断", "remedy": "加装防雷装置"}


def reported_plan() -> dict[str, Any]:
    plan: dict[str, Any] = copy.deepcopy(PLAN)
    plan["indicators"][0] |= {"measure": "reported", "unit": "TB", "target": {"op": ">=", "value": "80"}}
    return plan


def test_a_value_reported_by_hand_scores_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", reported_plan())

        answer = await evaluation.send("POST", "/projects/p/measurements", MEASUREMENT, role="assessor")

        assert answer.status_code == 201
        score = await evaluation.score(lambda score: score["details"][0]["status"] == "met")
        assert (score["details"][0]["measured"], score["details"][0]["source"]) == ("81.5", "self_reported")
        [event] = [event for event in await log_of(evaluation) if event["type"] == "measurement.reported.v1"]
        assert event["data"] == {
            "project": "p",
            "measurement": answer.json()["measurement"],
            "code": "1.1",
            "value": "81.5",
            "evidence": [HASH],
        }
        assert "读数" not in json.dumps(await log_of(evaluation), ensure_ascii=False)

    play(scenario, tmp_path, monkeypatch)


def test_an_explanation_stands_beside_what_it_explains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(declared("1000.00"), opened("06-01 09:00"))
        path = "/projects/p/indicators/1.1/deviation"
        given = DEVIATION | {"occurred_at": "2018-12-20T10:00:00+08:00"}
        first = await evaluation.send("POST", path, given, role="assessor")
        await evaluation.send("POST", "/projects/p/indicators/execution/deviation", DEVIATION)

        assert first.status_code == 201
        score = await evaluation.score(lambda score: score["execution_deviation"] is not None)
        shown = score["details"][0]["deviation"]
        assert {name: shown[name] for name in DEVIATION} == DEVIATION
        assert {name: score["execution_deviation"][name] for name in DEVIATION} == DEVIATION
        assert (await evaluation.get("/projects/p/indicators/1.1"))["deviation"] == shown
        earlier = await evaluation.get("/projects/p/score?as_of=2018-12-19")
        assert earlier["details"][0]["deviation"] is None
        assert "雷击" not in json.dumps(await log_of(evaluation), ensure_ascii=False)

    play(scenario, tmp_path, monkeypatch)


def test_what_is_told_wrongly_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for path, body in (("measurements", MEASUREMENT), ("indicators/1.1/deviation", DEVIATION)):
            assert (await evaluation.send("POST", f"/projects/p/{path}", body)).status_code == 404
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        before = await log_of(evaluation)

        not_reported = await evaluation.send("POST", "/projects/p/measurements", MEASUREMENT)
        unknown = await evaluation.send("POST", "/projects/p/indicators/9.9/deviation", DEVIATION)
        wordless = await evaluation.send("POST", "/projects/p/indicators/1.1/deviation", {"reason": "", "remedy": "r"})
        unproven = await evaluation.send(
            "POST", "/projects/p/measurements", MEASUREMENT | {"evidence": [{"name": "n", "sha256": "AB"}]}
        )
        forbidden = await evaluation.send("POST", "/projects/p/measurements", MEASUREMENT, role="viewer")

        assert (not_reported.status_code, not_reported.json()["type"]) == (422, "/problems/unknown-indicator")
        assert unknown.status_code == 404
        assert [error["field"] for error in wordless.json()["errors"]] == ["reason"]
        assert [error["field"] for error in unproven.json()["errors"]] == ["evidence.0.sha256"]
        assert forbidden.status_code == 403
        assert [e for e in await log_of(evaluation) if e["type"] != "score.updated.v1"] == [
            e for e in before if e["type"] != "score.updated.v1"
        ]

    play(scenario, tmp_path, monkeypatch)
