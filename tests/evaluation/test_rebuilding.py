"""Rebuilds: from received events, beside the live scores, swapped in one transaction."""

import asyncio
import copy
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from services.evaluation.store.tables import ScoreRow
from tests.evaluation.builders import at, declared, opened, paid, received, responded
from tests.evaluation.driver import Evaluation, Stream, started
from tests.evaluation.test_api import log_of, play, with_response_hours
from tests.evaluation.test_stream import PLAN

REASON = {"reason": "after an upgrade"}


async def rebuilt(evaluation: Evaluation) -> dict[str, Any]:
    """Ask for a rebuild and wait for its end."""
    answer = await evaluation.send("POST", "/rebuilds", REASON)
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = await evaluation.get(path)
            if found["status"] == "done":
                return found
            await asyncio.sleep(0.01)


async def a_history(evaluation: Evaluation) -> dict[str, Any]:
    await evaluation.send("PUT", "/projects/p/plan", PLAN)
    await evaluation.happen(
        declared("1000.00"), received("1000.00"), paid("400.00"), opened("03-01 08:00"), responded("03-01 09:00")
    )
    return await evaluation.score(lambda score: score["execution"]["spent"] == "400.00")


def test_a_rebuild_makes_the_same_scores_and_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        before = await a_history(evaluation)
        published = len(await log_of(evaluation))

        done = await rebuilt(evaluation)

        assert (done["projects"], done["digest"]["equal"], done["requested_by"]) == (1, True, "admin")
        assert len(done["digest"]["live"]) == 64
        assert await evaluation.score() == before
        assert len(await log_of(evaluation)) == published
        await evaluation.happen(paid("100.00", payment="next"))
        after = await evaluation.score(lambda score: score["execution"]["spent"] == "500.00")
        assert after["version"] == before["version"] + 1
        assert [row["rebuild"] for row in (await evaluation.get("/rebuilds"))["items"]] == [done["rebuild"]]

    play(scenario, tmp_path, monkeypatch)


def test_a_rebuild_of_more_projects_than_are_kept_finds_each_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.evaluation.dossiers.PAGE", 4)
    names = ["p1", "p2", "p3", "p4", "p5"]
    counted = copy.deepcopy(PLAN)
    counted["indicators"][0] |= {"measure": "event_count", "unit": "次", "with": {"type": "payment.made"}}  # type: ignore[index]

    async def scenario(evaluation: Evaluation) -> None:
        for number, name in enumerate(names):
            await evaluation.send("PUT", f"/projects/{name}/plan", counted if number % 2 else PLAN)
        for number in range(3):
            told = [declared("1000.00")] if number == 0 else [paid(f"{number}.00", payment=f"z{number}")]
            for name in names:
                await evaluation.happen(*((when, msgspec.structs.replace(data, project=name)) for when, data in told))
        right = [
            await evaluation.score(lambda score: score["execution"]["spent"] == "3.00", project=name) for name in names
        ]

        done = await rebuilt(evaluation)

        assert (done["projects"], done["digest"]["equal"]) == (5, True)
        assert [await evaluation.score(project=name) for name in names] == right

    play(scenario, tmp_path, monkeypatch, facts_kept="3", tick_seconds="3600")


def test_a_rebuild_mends_scores_and_facts_that_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await a_history(evaluation)
        module = sys.modules["services.evaluation.app"]
        async with asyncio.timeout(20):
            while module.scorer._due:  # What is still to be scored would be scored from the damaged facts.
                await asyncio.sleep(0.01)
        await evaluation.service.database.write(lambda _: None)  # What is being scored is then.
        right = await evaluation.score()
        for dossiers in (module.written, module.shown):
            for dossier in dossiers._kept.values():
                dossier.facts.payments.clear()
        damaged = right | {"total": "1.00"}
        document = msgspec.json.encode(damaged)
        update = sa.update(ScoreRow).values(document=document, total="1.00")
        await evaluation.service.database.write(lambda session: session.execute(update))

        done = await rebuilt(evaluation)

        assert done["digest"]["equal"] is False
        assert await evaluation.score() == right
        [line] = (await evaluation.get("/projects"))["items"]
        assert line["total"] == right["total"]
        await evaluation.happen(paid("100.00", payment="next"))
        await evaluation.score(lambda score: score["execution"]["spent"] == "500.00")

    play(scenario, tmp_path, monkeypatch, tick_seconds="3600")


def test_what_time_has_moved_is_not_told_under_the_number_of_a_version_that_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        clock = evaluation.service.clock
        clock.moment = at("03-02 00:00")  # type: ignore[attr-defined]
        await evaluation.send("PUT", "/projects/p/plan", with_response_hours())
        await evaluation.happen(declared("1000.00"), opened("03-01 08:00"))
        before = await evaluation.score(lambda score: score["details"][0]["measured"] == "16")
        clock.moment = at("03-03 00:00")  # type: ignore[attr-defined]

        assert (await rebuilt(evaluation))["digest"]["equal"] is True

        assert await evaluation.score() == before
        assert (await log_of(evaluation))[-1]["data"]["version"] == before["version"]

    play(scenario, tmp_path, monkeypatch, tick_seconds="3600")


def test_what_is_still_to_be_scored_is_told_with_the_next_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_now(_: float) -> float:
        return 0.0

    async def scenario(evaluation: Evaluation) -> None:
        await a_history(evaluation)
        scorer = sys.modules["services.evaluation.app"].scorer
        async with asyncio.timeout(20):
            while scorer.owes("p"):
                await asyncio.sleep(0.01)
        before = await evaluation.score()
        with monkeypatch.context() as held:
            held.setattr(scorer, "_score_due", not_now)
            await evaluation.happen(paid("100.00", payment="next"))
            assert scorer.owes("p")

            assert (await rebuilt(evaluation))["digest"]["equal"] is True

            assert await evaluation.score() == before
        scorer._wake.set()
        after = await evaluation.score(lambda score: score["execution"]["spent"] == "500.00")
        assert after["version"] == before["version"] + 1
        assert (await log_of(evaluation))[-1]["data"]["version"] == after["version"]

    play(scenario, tmp_path, monkeypatch, tick_seconds="3600")


def test_what_happens_during_a_rebuild_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await a_history(evaluation)
        rebuilder = sys.modules["services.evaluation.app"].rebuilder
        swap = rebuilder._swap
        moved = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def move() -> None:
            await evaluation.happen(paid("100.00", payment="meanwhile"))
            await evaluation.score(lambda score: score["execution"]["spent"] == "500.00")
            moved.set()

        project = rebuilder._project

        def slowly(session: Any, **named: Any) -> Any:
            found = project(session, **named)
            asyncio.run_coroutine_threadsafe(move(), loop).result(timeout=20)
            return found

        rebuilder._project = slowly
        try:
            await rebuilt(evaluation)
        finally:
            rebuilder._project = project

        assert moved.is_set()
        assert rebuilder._swap == swap
        assert (await evaluation.score())["execution"]["spent"] == "500.00"

    play(scenario, tmp_path, monkeypatch)


def test_every_subscriber_is_reset_and_given_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await a_history(evaluation)
        reading = Stream(evaluation)
        last_id, event, _ = await reading.next()
        assert event == "snapshot"

        await rebuilt(evaluation)
        _, reset, why = await reading.next()
        _, again, snapshot = await reading.next()
        await reading.cut()
        resumed = Stream(evaluation, last_id=last_id)
        _, first, _ = await resumed.next()
        await resumed.cut()

        assert (reset, again, first) == ("reset", "snapshot", "reset")
        assert "rebuilt" in why["reason"]
        assert [score["project"] for score in snapshot["projects"]] == ["p"]

    play(scenario, tmp_path, monkeypatch)


def test_a_reset_is_remembered_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            await a_history(evaluation)
            reading = Stream(evaluation)
            last_id, _, _ = await reading.next()
            await reading.cut()
            await rebuilt(evaluation)
        async with started(tmp_path, monkeypatch) as evaluation:
            resumed = Stream(evaluation, last_id=last_id)
            _, first, _ = await resumed.next()
            await resumed.cut()
            assert first == "reset"

    asyncio.run(scenario())


def test_a_rebuild_that_a_stop_cut_short_is_done_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            await a_history(evaluation)
            module = sys.modules["services.evaluation.app"]
            monkeypatch.setattr(module.rebuilder, "_rebuild", lambda _: asyncio.Event().wait())
            answer = await evaluation.send("POST", "/rebuilds", REASON)
            second = await evaluation.send("POST", "/rebuilds", REASON)
            assert (second.status_code, second.json()["type"]) == (409, "/problems/rebuild-running")
            assert second.json()["rebuild"] == answer.json()["rebuild"]
        async with started(tmp_path, monkeypatch) as evaluation, asyncio.timeout(20):
            while (await evaluation.get(answer.headers["location"]))["status"] != "done":
                await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_rebuilds_are_for_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for role in ("viewer", "planner", "auditor"):
            assert (await evaluation.send("POST", "/rebuilds", REASON, role=role)).status_code == 403
        assert (await evaluation.send("GET", "/rebuilds/none")).status_code == 404
        assert (await evaluation.send("POST", "/rebuilds", {"reason": 5})).status_code == 422


@pytest.mark.parametrize(("body", "reason"), [(None, ""), ({}, ""), (REASON, "after an upgrade")])
def test_the_reason_for_a_rebuild_is_kept_where_one_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, str] | None, reason: str
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        answer = await evaluation.send("POST", "/rebuilds", body)

        assert (answer.status_code, answer.json()["reason"]) == (202, reason)

    play(scenario, tmp_path, monkeypatch)
