"""Evaluation's calls, used from outside, over a real database and real logs."""

import asyncio
import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared import log as log_table
from shared.clock import FixedClock
from tests.evaluation.builders import at, declared, opened, paid, received, responded, reversed_
from tests.evaluation.driver import NOW, Evaluation, started
from tests.evaluation.test_stream import PLAN

pytestmark = pytest.mark.usefixtures("either_store")

QUALITATIVE = {
    "code": "2.1",
    "dimension": "benefit",
    "aspect": "sustainable",
    "name": "稳步运行",
    "unit": "",
    "target": {"op": "level", "value": "稳步运行"},
    "weight": "40",
    "measure": "rating",
}


def play(scenario: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch, **settings) as evaluation:
            await scenario(evaluation)

    asyncio.run(run())


def known_at(moment: datetime) -> str:
    return f"/projects/p/score?known_at={moment.isoformat().replace('+', '%2B')}"


def with_rating() -> dict[str, Any]:
    plan = copy.deepcopy(PLAN)
    plan["indicators"][0]["weight"] = "50"  # type: ignore[index]
    plan["indicators"].append(QUALITATIVE)  # type: ignore[attr-defined]
    return plan


def with_response_hours() -> dict[str, Any]:
    plan = copy.deepcopy(PLAN)
    plan["indicators"][0] |= {"measure": "response_hours", "unit": "小时", "target": {"op": "<=", "value": "8"}}  # type: ignore[index]
    return plan


async def log_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    service = evaluation.service
    rows = await service.database.read(lambda session: service.log.after(session, 0, 0, 1_000))
    events = [json.loads(raw) for _, raw in rows]
    return [event for event in events if event["type"] != "alert.raised.v1"]  # Their own tests look at these.


def test_a_payment_moves_the_score_and_the_trace_leads_back_to_its_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(declared("1000.00"), received("1000.00"), paid("250.00"))

        score = await evaluation.score(lambda score: score["execution"]["spent"] == "250.00")

        assert (score["total"], score["final"]) == ("25.00", True)
        [*_, last] = await log_of(evaluation)
        assert last["type"] == "score.updated.v1"
        assert last["correlationid"] == "from-the-request"
        assert last["causationid"] == last["data"]["cause"]["id"]

    play(scenario, tmp_path, monkeypatch)


def test_a_plan_is_created_once_replaced_later_and_the_same_again_is_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        first = await evaluation.send("PUT", "/projects/p/plan", PLAN)
        same = await evaluation.send("PUT", "/projects/p/plan", PLAN)
        other = await evaluation.send("PUT", "/projects/p/plan", PLAN | {"title": "another"})
        await evaluation.score()

        assert (first.status_code, same.status_code, other.status_code) == (201, 200, 200)
        warned = {(warning["dimension"], warning["weight"]) for warning in first.json()["warnings"]}
        assert warned == {("output", "90"), ("benefit", "0"), ("satisfaction", "0")}
        adopted = [event for event in await log_of(evaluation) if event["type"] == "plan.adopted.v1"]
        assert [event["data"]["title"] for event in adopted] == ["t", "another"]

    play(scenario, tmp_path, monkeypatch)


def test_the_plan_in_force_is_shown_in_the_shape_in_which_it_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        before = await evaluation.send("GET", "/projects/p/plan", None)
        await evaluation.send("PUT", "/projects/p/plan", PLAN)

        shown = await evaluation.send("GET", "/projects/p/plan", None)
        again = await evaluation.send("PUT", "/projects/p/plan", shown.json())

        assert before.status_code == 404
        assert shown.json()["indicators"][0]["target"] == PLAN["indicators"][0]["target"]  # type: ignore[index]
        assert again.status_code == 200
        assert len([event for event in await log_of(evaluation) if event["type"] == "plan.adopted.v1"]) == 1

    play(scenario, tmp_path, monkeypatch)


def broken_plans() -> dict[str, tuple[Any, set[tuple[str, str]]]]:
    """Each broken plan with the faults that must be named, by field and code."""

    def plan(**changes: Any) -> dict[str, Any]:
        return PLAN | changes

    def row(**changes: Any) -> dict[str, Any]:
        return plan(indicators=[PLAN["indicators"][0] | changes])  # type: ignore[index]

    place = "indicators.0"
    return {
        "weights of 99": (row(weight="89"), {("indicators", "weights_sum")}),
        "unknown measure": (row(measure="magic"), {(f"{place}.measure", "unknown_measure")}),
        "missing argument": (
            row(measure="accepted_quantity", unit="项"),
            {(f"{place}.with.item", "missing_argument")},
        ),
        "unknown argument": (row(**{"with": {"colour": "red"}}), {(f"{place}.with.colour", "unknown_argument")}),
        "unknown statistic": (
            row(measure="response_hours", unit="小时", **{"with": {"statistic": "median"}}),
            {(f"{place}.with.statistic", "unknown_statistic")},
        ),
        "duplicate code": (
            plan(indicators=[PLAN["indicators"][0] | {"weight": "45"}] * 2),  # type: ignore[index]
            {("indicators.1.code", "duplicate")},
        ),
        "unknown policy": (plan(policy="mof-1999"), {("policy", "unknown_policy")}),
        "window backwards": (plan(**{"from": "2018-12-31", "to": "2018-01-01"}), {("to", "before_start")}),
        "year outside": (plan(fiscal_year=2020), {("fiscal_year", "outside_window")}),
        "year as text": (plan(fiscal_year="2018"), {("fiscal_year", "type")}),
        "no such day": (plan(to="2018-02-30"), {("to", "date")}),
        "another project": (plan(project="q"), {("project", "mismatch")}),
        "zero weight": (row(weight="0"), {(f"{place}.weight", "weight")}),
        "NaN as text": (row(weight="NaN"), {(f"{place}.weight", "number")}),
        "thirty digits": (
            row(target={"op": ">=", "value": "1" * 30}),
            {(f"{place}.target.value", "number")},
        ),
        "true as a number": (row(target={"op": ">=", "value": True}), {(f"{place}.target.value", "number")}),
        "bounds backwards": (row(target={"op": "between", "value": ["9", "1"]}), {(f"{place}.target.value", "bounds")}),
        "one bound": (row(target={"op": "between", "value": ["9"]}), {(f"{place}.target.value", "bounds")}),
        "level of a number": (row(target={"op": "level", "value": "good"}), {(f"{place}.target.op", "operator")}),
        "a date of a number": (row(target={"op": "by", "value": "2018-12-31"}), {(f"{place}.target.op", "operator")}),
        "amount in pieces": (row(unit="项"), {(f"{place}.unit", "unit")}),
        "no indicators": (plan(indicators=[]), {("indicators", "list")}),
        "1,001 indicators": (plan(indicators=PLAN["indicators"] * 1001), {("indicators", "list")}),  # type: ignore[operator]
        "a list": ([], {("", "type")}),
        "a control character": (plan(title="a\u0007b"), {("title", "text")}),
        "several at once": (
            row(measure="magic", weight="-1", aspect="speed") | {"policy": "x", "surprise": 1},
            {
                ("policy", "unknown_policy"),
                ("surprise", "unknown_member"),
                (f"{place}.measure", "unknown_measure"),
                (f"{place}.weight", "weight"),
                (f"{place}.aspect", "unknown_aspect"),
            },
        ),
    }


def test_a_broken_plan_is_refused_with_every_fault_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for name, (body, faults) in broken_plans().items():
            answer = await evaluation.send("PUT", "/projects/p/plan", body)

            assert answer.status_code == 422, (name, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            found = answer.json()
            assert found["type"] == "/problems/validation"
            assert {(error["field"], error["code"]) for error in found["errors"]} == faults, name
        assert await log_of(evaluation) == []

    play(scenario, tmp_path, monkeypatch)


def test_a_missing_member_is_named_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        answer = await evaluation.send("PUT", "/projects/p/plan", {"indicators": [{}]})

        missing = {error["field"] for error in answer.json()["errors"] if error["code"] == "missing"}
        assert missing == {
            *(set(PLAN) - {"indicators"}),
            *(f"indicators.0.{member}" for member in PLAN["indicators"][0] if member != "unit"),  # type: ignore[index]
        }

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"code": "2.1", "level": "achieved", "percent": "79.9"}, 422, "validation"),
        ({"code": "2.1", "level": "partly", "percent": "80"}, 422, "validation"),
        ({"code": "2.1", "level": "missed", "percent": "-1"}, 422, "validation"),
        ({"code": "2.1", "level": "achieved", "percent": "101"}, 422, "validation"),
        ({"code": "2.1", "level": "superb", "percent": "90"}, 422, "validation"),
        ({"code": "1.1", "level": "achieved", "percent": "90"}, 422, "unknown-indicator"),
        ({"code": "9.9", "level": "achieved", "percent": "90"}, 422, "unknown-indicator"),
        (
            {"code": "2.1", "level": "achieved", "percent": "90", "occurred_at": "2018-12-01T00:00:00"},
            422,
            "validation",
        ),
    ],
)
def test_a_rating_outside_its_band_or_indicator_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, str], status: int, slug: str
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", with_rating())
        await evaluation.score()
        before = len(await log_of(evaluation))

        answer = await evaluation.send("POST", "/projects/p/ratings", body | {"reason": "r", "rated_by": "a"})

        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
        assert len(await log_of(evaluation)) == before

    play(scenario, tmp_path, monkeypatch)


def test_a_rating_scores_its_percent_and_keeps_its_words_out_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", with_rating())
        body = {"code": "2.1", "level": "partly", "percent": "70", "reason": "canary-words", "rated_by": "canary-name"}

        answer = await evaluation.send("POST", "/projects/p/ratings", body)
        score = await evaluation.score(lambda score: score["details"][1]["status"] != "pending")

        assert answer.status_code == 201
        row = score["details"][1]
        assert (row["measured"], row["score"], row["status"], row["source"]) == ("70", "28.00", "missed", "rating")
        assert "canary" not in json.dumps(await log_of(evaluation))

    play(scenario, tmp_path, monkeypatch)


def test_an_indicator_shows_its_steps_and_pages_of_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        payments = [paid("1.00", payment=f"z{number}") for number in range(5)]
        await evaluation.happen(declared("1000.00"), *payments)
        await evaluation.score(lambda score: score["execution"]["spent"] == "5.00")

        pages, cursor = [], ""
        while cursor is not None:
            found = await evaluation.get(f"/projects/p/indicators/1.1?limit=2{cursor and '&cursor=' + cursor}")
            pages.append(found["evidence"]["items"])
            cursor = found["evidence"]["next"]

        assert [len(page) for page in pages] == [2, 2, 1]
        evidence = [item for page in pages for item in page]
        assert [(item["source"], item["sequence"], item["contribution"]) for item in evidence] == [
            ("budget", number, "1") for number in range(2, 7)
        ]
        raws = await evaluation.sources["budget"].database.read(
            lambda session: {row.seq: row.hash for row in session.execute(log_table.event_log.select())}
        )
        assert all(raws[item["sequence"]] == item["hash"] for item in evidence)
        assert (await evaluation.send("GET", "/projects/p/indicators/9.9")).status_code == 404

    play(scenario, tmp_path, monkeypatch)


def test_what_precedes_a_known_event_was_known_whatever_a_clock_wrote_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        clock = evaluation.sources["budget"].log._clock
        evaluation.sources["budget"].log._clock = FixedClock(NOW + timedelta(hours=1))
        await evaluation.happen(declared("1000.00"), paid("100.00", "03-01 00:00", "z1"))
        evaluation.sources["budget"].log._clock = clock  # An hour back.
        await evaluation.happen(reversed_("100.00", "03-02 00:00", "z1"), paid("30.00", "03-03 00:00", "z2"))
        evaluation.sources["budget"].log._clock = FixedClock(NOW + timedelta(hours=2))
        await evaluation.happen(paid("7.00", "03-04 00:00", "z3"))
        await evaluation.score(lambda score: score["execution"]["spent"] == "37.00")

        known = {
            minutes: (await evaluation.get(known_at(NOW + timedelta(minutes=minutes))))["execution"]["spent"]
            for minutes in (-1, 30, 90, 120)
        }

        assert known == {-1: "0.00", 30: "30.00", 90: "30.00", 120: "37.00"}

    play(scenario, tmp_path, monkeypatch)


def test_a_score_of_the_past_takes_what_had_happened_and_what_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(
            declared("1000.00"), paid("100.00", "03-01 00:00", "z1"), paid("50.00", "06-01 00:00", "z2")
        )
        await evaluation.score(lambda score: score["execution"]["spent"] == "150.00")

        spent = {
            moment: (await evaluation.get(f"/projects/p/score?as_of={moment}"))["execution"]["spent"]
            for moment in ("2018-02-28", "2018-03-01", "2018-05-31T23:59:59%2B08:00", "2018-06-01", "2030-01-01")
        }
        unknown = await evaluation.get("/projects/p/score?known_at=2018-12-31T00:00:00Z&as_of=2019-06-01")

        assert list(spent.values()) == ["0.00", "100.00", "100.00", "150.00", "150.00"]
        assert unknown["execution"]["spent"] == "0.00"  # The sources took it on record in 2019.
        for wrong in ("yesterday", "2018-02-30", "2018-03-01T00:00:00"):
            assert (await evaluation.send("GET", f"/projects/p/score?as_of={wrong}")).status_code == 422

    play(scenario, tmp_path, monkeypatch)


def test_projects_are_listed_by_page_filter_and_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for name in ("a", "b", "c"):
            await evaluation.send("PUT", f"/projects/{name}/plan", PLAN)
            await evaluation.score(project=name)

        first = await evaluation.get("/projects?limit=2")
        rest = await evaluation.get(f"/projects?limit=2&cursor={first['next']}")
        own = await evaluation.get("/projects", role="viewer", projects=["b"])

        assert [line["project"] for line in first["items"]] == ["a", "b"]
        assert ([line["project"] for line in rest["items"]], rest["next"]) == (["c"], None)
        assert [line["project"] for line in own["items"]] == ["b"]
        assert (await evaluation.get("/projects?year=2017"))["items"] == []
        assert len((await evaluation.get("/projects?grade=poor"))["items"]) == 3
        assert len((await evaluation.get("/projects?grade=差"))["items"]) == 3
        assert (await evaluation.send("GET", "/projects?cursor=%25%25")).status_code == 422

    play(scenario, tmp_path, monkeypatch)


def test_a_foreign_project_is_not_found_and_too_little_scope_is_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.score()
        foreign = {"role": "admin", "projects": ["q"]}

        for method, path, body in (
            ("PUT", "/projects/p/plan", PLAN),
            ("GET", "/projects/p/score", None),
            ("GET", "/projects/p/indicators/1.1", None),
            (
                "POST",
                "/projects/p/ratings",
                {"code": "1", "level": "missed", "percent": 1, "reason": "r", "rated_by": "a"},
            ),
        ):
            assert (await evaluation.send(method, path, body, **foreign)).status_code == 404, path
            assert (await evaluation.send(method, path, body, role="service")).status_code == 403, path

    play(scenario, tmp_path, monkeypatch)


def test_time_alone_moves_a_score_without_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        clock = evaluation.service.clock
        clock.moment = at("06-01 10:00")  # type: ignore[attr-defined]
        await evaluation.send("PUT", "/projects/p/plan", with_response_hours())
        await evaluation.happen(declared("1000.00"), opened("06-01 09:00"))
        first = await evaluation.score(lambda score: score["details"][0]["status"] == "met")

        clock.moment = at("06-01 12:00")  # type: ignore[attr-defined]
        running = await evaluation.score(lambda score: score["details"][0]["measured"] == "3")
        clock.moment = at("06-01 19:00")  # type: ignore[attr-defined]
        missed = await evaluation.score(lambda score: score["details"][0]["status"] == "missed")

        assert (first["details"][0]["measured"], first["details"][0]["score"]) == ("1", "90.00")
        assert running["version"] == first["version"]  # A running clock alone makes no version.
        assert (missed["version"], missed["details"][0]["score"]) == (first["version"] + 1, "72.00")
        [*_, last] = await log_of(evaluation)
        assert last["data"]["cause"] is None

    play(scenario, tmp_path, monkeypatch, tick_seconds="0.05", coalesce_seconds="0")


def test_an_event_that_breaks_its_sources_promise_is_parked_and_the_score_is_not_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(declared("1000.00"), paid("100.00"))
        await evaluation.happen(responded("03-01 08:00", "never-opened"))

        score = await evaluation.score(lambda score: "parked-events" in score["reasons"])

        assert (score["final"], score["execution"]["spent"]) == (False, "100.00")
        assert evaluation.subscription("monitoring").mark.at.seq == 1

    play(scenario, tmp_path, monkeypatch)


def test_what_was_applied_but_not_scored_when_the_process_died_is_scored_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def before() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            await evaluation.send("PUT", "/projects/p/plan", PLAN)
            await evaluation.score()
            scorer = next(work for work in evaluation.service._background if work.__name__ == "run")
            scorer.__self__._wake = asyncio.Event()  # type: ignore[attr-defined]  # Deaf from now on, as if dead.
            scorer.__self__.touched = lambda happened: None  # type: ignore[attr-defined]
            await evaluation.happen(declared("1000.00"), paid("100.00"))

    async def after() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            await evaluation.score(lambda score: score["execution"]["spent"] == "100.00")

    asyncio.run(before())
    asyncio.run(after())


def test_the_same_events_in_another_order_of_sources_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, Any]] = []
    stories = [
        [[declared("1000.00"), paid("10.00")], [opened("03-01 08:00")], [responded("03-01 09:00")]],
        [[opened("03-01 08:00"), responded("03-01 09:00")], [declared("1000.00")], [paid("10.00")]],
    ]
    for number, story in enumerate(stories):
        folder = tmp_path / str(number)
        folder.mkdir()

        async def scenario(evaluation: Evaluation, story: Any = story) -> None:
            await evaluation.send("PUT", "/projects/p/plan", PLAN)
            for happenings in story:
                await evaluation.happen(*happenings)
            done = await evaluation.score(lambda score: score["execution"]["spent"] == "10.00")
            shown.append(done | {"version": 0})

        play(scenario, folder, monkeypatch)

    assert json.dumps(shown[0]) == json.dumps(shown[1])


def test_a_project_that_cannot_be_scored_does_not_keep_others_from_moving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.evaluation import handlers  # noqa: PLC0415  # Patched below.

    score_project = handlers.score_project

    def fail_for_one(project: str, *others: Any, **words: Any) -> Any:
        if project == "broken":
            raise ZeroDivisionError
        return score_project(project, *others, **words)

    monkeypatch.setattr(handlers, "score_project", fail_for_one)

    async def scenario(evaluation: Evaluation) -> None:
        for name in ("broken", "p"):
            assert (await evaluation.send("PUT", f"/projects/{name}/plan", PLAN)).status_code == 201
        await evaluation.happen(declared("1000.00"), paid("100.00"))

        await evaluation.score(lambda score: score["execution"]["spent"] == "100.00")

        assert (await evaluation.get("/projects/broken/score"))["version"] == 0

    play(scenario, tmp_path, monkeypatch)


def test_a_plan_has_a_score_as_soon_as_it_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        assert (await evaluation.send("GET", "/projects/p/score")).status_code == 404
        await evaluation.send("PUT", "/projects/p/plan", PLAN)

        score = await evaluation.get("/projects/p/score")

        assert (score["version"], score["total"]) == (0, "0.00")

    monkeypatch.setattr("services.evaluation.scorer.Scorer.touched_by", lambda *_: None)  # As if it were very slow.
    play(scenario, tmp_path, monkeypatch)


def test_the_score_of_a_moment_to_come_is_that_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        evaluation.service.clock.moment = at("06-01 10:00")  # type: ignore[attr-defined]
        await evaluation.send("PUT", "/projects/p/plan", PLAN)
        await evaluation.happen(declared("1000.00"), received("1000.00"), paid("400.00", "03-01 00:00"))
        now = await evaluation.score(lambda score: score["execution"]["spent"] == "400.00")

        to_come = await evaluation.get("/projects/p/score?as_of=2019-06-01")
        known_to_come = await evaluation.get("/projects/p/score?as_of=2019-06-01&known_at=2019-06-01")
        indicator = await evaluation.get("/projects/p/indicators/1.1?as_of=2019-06-01")

        assert to_come == known_to_come == now
        assert (now["final"], now["elapsed"][:4]) == (False, "0.41")
        assert indicator == await evaluation.get("/projects/p/indicators/1.1")

    play(scenario, tmp_path, monkeypatch, tick_seconds="3600")
