"""A parked event keeps scores provisional until it is back in its place or given up by two persons."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.evaluation.facts import BrokenPromise, Facts
from shared.problems import Unavailable
from shared.roles import ROLES
from shared.subscription import Happened
from shared.tokens import issue_token
from tests.evaluation.builders import declared, paid, received, responded
from tests.evaluation.driver import Evaluation, started
from tests.evaluation.test_stream import PLAN


@contextmanager
def a_bug_with(payment: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A version of evaluation that cannot fold one payment."""
    fold = Facts.fold

    def broken(self: Facts, origin: Any, data: Any) -> None:
        if getattr(data, "payment", None) == payment:
            raise BrokenPromise("a bug")
        fold(self, origin, data)

    with monkeypatch.context() as patch:
        patch.setattr(Facts, "fold", broken)
        yield


def play(scenario: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch, **settings) as evaluation:
            await evaluation.send("PUT", "/projects/p/plan", PLAN)
            await scenario(evaluation)

    asyncio.run(run())


async def do(evaluation: Evaluation, what: str, position: int, subject: str = "anna") -> httpx.Response:
    token = issue_token(
        evaluation._signing_pem, subject=subject, scopes=ROLES["operator"], projects=None, days=1, now=datetime.now(UTC)
    )
    path = f"/parked-events/{position}/{what}"
    body = {"reason": "mended"}
    return await evaluation.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})


def spent(amount: str, *, final: bool) -> Any:
    return lambda score: (score["execution"]["spent"], "parked-events" not in score["reasons"]) == (amount, final)


def test_a_replayed_payment_counts_and_the_score_is_no_longer_provisional(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        with a_bug_with("z1", monkeypatch):
            await evaluation.happen(declared("1000.00"), received("1000.00"), paid("100.00", payment="z1"))
            await evaluation.happen(paid("30.00", payment="z2"))
            await evaluation.score(spent("30.00", final=False))
            assert (await do(evaluation, "replay", 3)).status_code == 409
        shown = await evaluation.get("/projects/p/score?as_of=2018-12-31")  # By the readers' own copy of the facts.
        assert shown["execution"]["spent"] == "30.00"

        answer = await do(evaluation, "replay", 3)

        assert (answer.status_code, answer.json()["attempts"]) == (200, 3)
        score = await evaluation.score(spent("130.00", final=True))
        assert (await evaluation.get("/projects/p/score?as_of=2018-12-31"))["execution"]["spent"] == "130.00"
        await evaluation.happen(paid("5.00", payment="z3"))  # And the facts go on from there.
        later = await evaluation.score(spent("135.00", final=True))
        assert later["version"] > score["version"]

    play(scenario, tmp_path, monkeypatch)


def test_a_replayed_event_stays_in_its_place_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def before(evaluation: Evaluation) -> None:
        with a_bug_with("z1", monkeypatch):
            await evaluation.happen(declared("1000.00"), received("1000.00"), paid("100.00", payment="z1"))
        assert (await do(evaluation, "replay", 3)).status_code == 200

    async def after(evaluation: Evaluation) -> None:
        await evaluation.score(spent("100.00", final=True))

    play(before, tmp_path, monkeypatch)
    play(after, tmp_path, monkeypatch)


def test_a_dismissed_event_makes_nothing_provisional_and_is_never_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.happen(declared("1000.00"), paid("100.00"), responded("03-01 08:00", "never-opened"))
        await evaluation.score(spent("100.00", final=False))

        first = await do(evaluation, "dismissal", 3)
        assert first.status_code == 202
        second = await do(evaluation, "dismissal", 3, subject="bert")

        assert second.status_code == 200
        await evaluation.score(spent("100.00", final=True))

    play(scenario, tmp_path, monkeypatch)


def test_an_event_that_lost_its_place_to_another_stays_parked_and_the_facts_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        with a_bug_with("z1", monkeypatch):
            await evaluation.happen(declared("1000.00"), received("1000.00"), paid("100.00", payment="z1"))
        await evaluation.happen(paid("70.00", payment="z1"))  # A source that gives an id twice.

        answer = await do(evaluation, "replay", 3)

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/replay-failed"
        await evaluation.score(spent("70.00", final=False))

    play(scenario, tmp_path, monkeypatch)


def test_applied_and_replayed_events_are_told_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        told: list[list[str]] = []
        subscription = evaluation.subscription("budget")

        def hear(happened: list[Happened]) -> None:
            told.append([event.received.envelope.type for event in happened])

        with a_bug_with("z1", monkeypatch):
            await evaluation.happen(declared("1000.00"), received("1000.00"), paid("100.00", payment="z1"))
        subscription._applied = hear

        await do(evaluation, "replay", 3)

        assert told == [["payment.made.v1"]]

    play(scenario, tmp_path, monkeypatch)


def test_scores_that_were_all_to_be_made_anew_are_once_the_database_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.happen(declared("100.00"), received("100.00"))
        await evaluation.score()
        true, refused = evaluation.service.database.read, []

        async def read(work: Any) -> Any:
            if getattr(work, "__name__", "") == "planned_projects" and not refused:
                refused.append(work)
                raise Unavailable("the database cannot take this now; nothing was stored")
            return await true(work)

        monkeypatch.setattr(evaluation.service.database, "read", read)
        subscription = evaluation.subscription("budget")
        subscription._feed.is_up = False  # Or the next poll would find that its history is ours.
        await subscription._diverge("another history")

        score = await evaluation.score(lambda score: "diverged" in score["reasons"])

        assert refused
        assert not score["final"]

    play(scenario, tmp_path, monkeypatch)
