"""What is sealed stays, byte for byte; what comes later stands beside it."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.evaluation.papers import print as printing
from tests.evaluation.builders import at, declared, paid, received, reversed_
from tests.evaluation.driver import Evaluation
from tests.evaluation.forms.test_calls import has_fonts
from tests.evaluation.test_api import PLAN, log_of, play

pytestmark = pytest.mark.skipif(not has_fonts(), reason="no Chinese font to print with")
CLOSURE = "/projects/p/closure"


async def close(evaluation: Evaluation, role: str, body: Any = None) -> httpx.Response:
    return await evaluation.send("POST", CLOSURE, body or {}, role=role)


async def prepare(evaluation: Evaluation) -> None:
    await evaluation.send("PUT", "/projects/p/plan", PLAN)
    await evaluation.happen(declared("1000.00"), received("1000.00"), paid("250.00"))
    await evaluation.score(lambda score: score["execution"]["spent"] == "250.00")


async def sealed(evaluation: Evaluation) -> dict[str, Any]:
    await prepare(evaluation)
    assert (await close(evaluation, "planner")).json()["state"] == "proposed"
    answer = await close(evaluation, "admin")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_two_persons_seal_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        live = await evaluation.get("/projects/p/score")

        proposed = await close(evaluation, "planner", {"layout": "xinjiang"})
        alone = await close(evaluation, "planner")
        done = (await close(evaluation, "admin")).json()
        again = await close(evaluation, "admin")

        assert (proposed.json()["state"], alone.status_code, again.status_code) == ("proposed", 409, 409)
        assert alone.json()["type"] == "/problems/same-person"
        assert again.json()["type"] == "/problems/already-sealed"
        assert (done["state"], done["total"], done["layout"]) == ("sealed", live["total"], "xinjiang")
        assert (done["proposed_by"], done["sealed_by"], done["restated"]) == ("planner", "admin", False)
        event = (await log_of(evaluation))[-1]
        assert event["type"] == "score.sealed.v1"
        assert event["data"]["form_sha256"] == done["sha256"]["json"]
        for kind, digest in done["sha256"].items():
            paper = await evaluation.send("GET", f"{CLOSURE}/form.{kind}")
            assert hashlib.sha256(paper.content).hexdigest() == digest
        assert set(done["sha256"]) == {"json", "xlsx", "docx", "pdf"}

    play(scenario, tmp_path, monkeypatch)


def test_a_closure_without_a_body_wants_the_usual_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        headers = {"Authorization": f"Bearer {evaluation.token('planner')}"}

        wrong = await close(evaluation, "planner", {"layout": "mof-2020", "colour": "red"})
        bare = await evaluation.client.post(CLOSURE, headers=headers)

        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "colour")
        assert (bare.status_code, bare.json()["layout"], bare.json()["language"]) == (200, "mof-2020", "zh")

    play(scenario, tmp_path, monkeypatch)


def test_only_what_is_final_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        evaluation.service.clock.moment = at("07-01 00:00")  # type: ignore[attr-defined]

        answer = await close(evaluation, "planner")

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-final")
        assert answer.json()["reasons"] == ["period-open"]

    play(scenario, tmp_path, monkeypatch)


async def late_payment(evaluation: Evaluation) -> None:
    await evaluation.happen(paid("750.00", "12-30 00:00", "late"))


async def reversal(evaluation: Evaluation) -> None:
    await evaluation.happen(reversed_("250.00", "12-30 00:00"))


async def another_plan(evaluation: Evaluation) -> None:
    changed = PLAN | {"execution": {"weight": "20"}, "indicators": [PLAN["indicators"][0] | {"weight": "80"}]}  # type: ignore[index]
    assert (await evaluation.send("PUT", "/projects/p/plan", changed)).status_code == 200


@pytest.mark.parametrize("change", [late_payment, reversal, another_plan])
def test_a_sealed_form_stays_and_the_difference_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        before = await sealed(evaluation)
        papers = {kind: (await evaluation.send("GET", f"{CLOSURE}/form.{kind}")).content for kind in before["sha256"]}

        await change(evaluation)
        await evaluation.score(lambda score: score["version"] > before["version"])

        now = await evaluation.get(CLOSURE)
        assert (now["total"], now["version"], now["sha256"]) == (before["total"], before["version"], before["sha256"])
        assert (before["restated"], now["restated"]) == (False, True)
        assert now["now"]["version"] > before["version"]
        assert now["difference"] != []
        for kind, content in papers.items():
            assert (await evaluation.send("GET", f"{CLOSURE}/form.{kind}")).content == content
        assert (await evaluation.get("/projects/p/form.json"))["total"] == now["now"]["total"]

    play(scenario, tmp_path, monkeypatch)


def test_a_policy_that_was_edited_restates_beside_the_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        before = await sealed(evaluation)
        policies = sys.modules["services.evaluation.app"].known_policies
        edited = policies[PLAN["policy"]]
        stricter = msgspec.structs.replace(edited.execution, method="all_or_nothing")
        policies[PLAN["policy"]] = replace(edited, execution=stricter)

        now = await evaluation.get(CLOSURE)

        assert (now["total"], now["restated"]) == (before["total"], True)
        assert (await evaluation.send("GET", f"{CLOSURE}/form.json")).json()["total"] == before["total"]

    play(scenario, tmp_path, monkeypatch)


def test_nobody_may_close_without_the_scope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        assert (await close(evaluation, "auditor")).status_code == 403
        assert (await evaluation.send("GET", CLOSURE)).status_code == 404
        assert (await evaluation.send("GET", f"{CLOSURE}/form.pdf")).status_code == 404

    play(scenario, tmp_path, monkeypatch)


def test_without_a_font_nothing_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await close(evaluation, "planner")

        answer = await close(evaluation, "admin")

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/fonts-missing")
        assert (await evaluation.get(CLOSURE))["state"] == "proposed"

    printing.font.cache_clear()
    monkeypatch.setattr(printing, "FAMILIES", ())
    play(scenario, tmp_path, monkeypatch)
    printing.font.cache_clear()
