"""Parked events come back in their place, or are given up by two persons; who did what stays readable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import select
from sqlmodel import Session

from services.budget import handlers
from services.budget.store import ContractRow
from shared.events.base import EventData
from shared.subscription import Poison
from tests.budget.driver import Budget, a_budget, accepted, amended, signed
from tests.support import problem_of


@contextmanager
def failing(*kinds: type[EventData]) -> Iterator[None]:
    """A version of budget whose folds of some kinds of events have a bug."""

    def broken(data: Any, store: Any) -> None:
        raise Poison("a bug")

    whole = dict(handlers._LEARNED)
    handlers._LEARNED.update(dict.fromkeys(kinds, broken))
    try:
        yield
    finally:
        handlers._LEARNED.update(whole)


def contracts(budget: Budget) -> dict[str, dict[str, Any]]:
    """What budget knows of contracts."""

    def read(session: Session) -> dict[str, dict[str, Any]]:
        return {row.contract: row.model_dump() for row in session.scalars(select(ContractRow))}

    return budget.running.read(read)


def parked(budget: Budget, state: str = "open") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = budget.get(f"/parked-events?state={state}", role="operator")["items"]
    return [item | {"position": place_of(budget, item["position"])} for item in items]


def place_of(budget: Budget, position: int) -> int:
    """Which of the parked events of `bugged` it is, from 1: positions have gaps where a transaction was undone."""
    places = getattr(budget, "places", [])
    return places.index(position) + 1 if position in places else position


def do(budget: Budget, what: str, position: int, *, subject: str = "anna", **words: Any) -> Any:
    body = {"reason": "the bug is mended"}
    places = dict(enumerate(getattr(budget, "places", []), start=1))
    position = places.get(position, position)
    path = f"/parked-events/{position}/{what}"
    return budget.send("POST", path, body, role="operator", subject=subject, **words)


def trail(budget: Budget) -> list[tuple[str, str, str]]:
    items = budget.get("/operations", role="auditor")["items"]
    return [(item["action"], item["by"], item["outcome"]) for item in items]


@pytest.fixture
def bugged(budget: Budget) -> Budget:
    """Budget, with a signing that it could not apply and what followed from it, all parked."""
    with failing(type(signed())):
        budget.learn(signed("c1"))
    budget.learn(amended("700.00", "c1"), accepted("c1"), signed("c2"))
    budget.places = [item["position"] for item in parked(budget)]  # type: ignore[attr-defined]
    return budget


def test_a_parked_event_is_listed_with_its_place_its_reason_and_what_it_is(bugged: Budget) -> None:
    first, *others = parked(bugged)

    assert first["reason"] == "a bug"
    assert first["first_at"]
    expected = {"position": 1, "source": "procurement", "partition": 0, "sequence": 1, "type": "contract.signed.v1"}
    assert {name: first[name] for name in expected} == expected
    assert (first["project"], first["attempts"], first["state"]) == ("web", 1, "parked")
    assert [other["reason"] for other in others] == ["contract c1 was never signed"] * 2


def test_the_list_is_paged(bugged: Budget) -> None:
    page = bugged.get("/parked-events?limit=2", role="auditor")
    rest = bugged.get(f"/parked-events?limit=2&cursor={page['next']}", role="auditor")

    assert [place_of(bugged, item["position"]) for item in page["items"]] == [1, 2]
    assert ([place_of(bugged, item["position"]) for item in rest["items"]], rest["next"]) == ([3], None)


def test_replayed_events_are_applied_in_their_place_and_what_came_later_stands(bugged: Budget) -> None:
    bugged.learn(signed("c3"))
    before = contracts(bugged)

    answers = [do(bugged, "replay", position) for position in (1, 2, 3)]

    assert [answer.json()["outcome"] for answer in answers] == ["replayed"] * 3
    known = contracts(bugged)
    assert (known["c1"]["amount"], known["c1"]["is_accepted"]) == (70_000, True)
    assert {name: known[name] for name in before} == before
    assert parked(bugged, "all") == []


def test_a_replay_that_fails_changes_nothing_and_counts(bugged: Budget) -> None:
    before = contracts(bugged)

    answer = do(bugged, "replay", 2)

    assert problem_of(answer) == (409, "replay-failed")
    assert (place_of(bugged, answer.json()["position"]), answer.json()["attempts"]) == (2, 2)
    assert "never signed" in answer.json()["detail"]
    assert contracts(bugged) == before
    assert [(item["position"], item["attempts"]) for item in parked(bugged)] == [(1, 1), (2, 2), (3, 1)]
    assert trail(bugged) == [("replay", "anna", "failed")]


def test_an_event_that_a_later_one_contradicts_stays_parked(budget: Budget) -> None:
    with failing(type(signed())):
        budget.learn(signed("c1", amount="100.00"))
    budget.learn(signed("c1", amount="200.00"))

    answer = do(budget, "replay", parked(budget)[0]["position"])

    assert problem_of(answer) == (409, "replay-failed")
    assert contracts(budget)["c1"]["amount"] == 20_000


def test_what_was_paid_against_a_contract_survives_a_replay(budget: Budget) -> None:
    budget.declare()
    budget.receive("1500.00")
    budget.learn(signed("c1", advance="800.00"))
    paid, reversed_ = budget.pay("300.00", contract="c1"), budget.pay("200.00", contract="c1")
    budget.reverse(reversed_)
    with failing(type(amended("1.00"))):
        budget.learn(amended("750.00", "c1"))

    assert do(budget, "replay", parked(budget)[0]["position"]).status_code == 200

    assert (contracts(budget)["c1"]["paid"], contracts(budget)["c1"]["amount"]) == (30_000, 75_000)
    assert budget.reverse(paid).status_code == 201


def test_a_replay_whose_answer_was_lost_finds_nothing_to_do(bugged: Budget) -> None:
    do(bugged, "replay", 1)

    assert problem_of(do(bugged, "replay", 1)) == (404, "not-found")
    assert trail(bugged) == [("replay", "anna", "replayed")]


def test_a_dismissal_needs_a_second_person(bugged: Budget) -> None:
    proposed = do(bugged, "dismissal", 1)
    again = do(bugged, "dismissal", 1)
    state_between = parked(bugged)[0]["state"]
    confirmed = do(bugged, "dismissal", 1, subject="bert")

    assert (proposed.status_code, proposed.json()["proposed_by"]) == (202, "anna")
    assert problem_of(again) == (409, "same-person")
    assert again.json()["proposed_by"] == "anna"
    assert state_between == "proposed"
    assert (confirmed.status_code, confirmed.json()["confirmed_by"]) == (200, "bert")
    assert [item["position"] for item in parked(bugged)] == [2, 3]
    assert [item["state"] for item in parked(bugged, "dismissed")] == ["dismissed"]
    assert trail(bugged) == [("dismissal", "anna", "proposed"), ("dismissal", "bert", "dismissed")]


@pytest.mark.parametrize("what", ["replay", "dismissal"])
def test_what_was_dismissed_stays_dismissed(bugged: Budget, what: str) -> None:
    do(bugged, "dismissal", 1)
    do(bugged, "dismissal", 1, subject="bert")

    assert problem_of(do(bugged, what, 1)) == (409, "already-dismissed")


def test_a_dismissed_event_is_left_out_when_others_are_replayed(bugged: Budget) -> None:
    do(bugged, "replay", 1)
    do(bugged, "dismissal", 2)
    do(bugged, "dismissal", 2, subject="bert")

    do(bugged, "replay", 3)

    assert (contracts(bugged)["c1"]["amount"], contracts(bugged)["c1"]["is_accepted"]) == (80_000, True)


def test_a_replay_is_possible_while_a_dismissal_waits_for_its_second_person(bugged: Budget) -> None:
    do(bugged, "dismissal", 1)

    assert do(bugged, "replay", 1).status_code == 200
    assert problem_of(do(bugged, "dismissal", 1, subject="bert")) == (404, "not-found")


def test_the_number_of_open_events_is_a_metric(bugged: Budget) -> None:
    def open_events() -> float | None:
        return REGISTRY.get_sample_value("scorebus_parked_events", {"consumer": "budget", "source": "procurement"})

    before = open_events()
    do(bugged, "replay", 1)

    assert (before, open_events()) == (3, 2)


@pytest.mark.parametrize("role", ["finance", "auditor", "service", "viewer", None])
@pytest.mark.parametrize("what", ["replay", "dismissal"])
def test_only_operators_may(bugged: Budget, role: str | None, what: str) -> None:
    answer = bugged.send("POST", f"/parked-events/1/{what}", {"reason": "x"}, role=role)

    assert answer.status_code == (401 if role is None else 403)
    assert trail(bugged) == []


@pytest.mark.parametrize("path", ["/parked-events", "/operations", "/reconciliation"])
def test_only_who_reads_the_audit_trail_may_look(budget: Budget, path: str) -> None:
    assert [budget.send("GET", path, role=role).status_code for role in ("finance", "viewer", "service")] == [403] * 3
    assert [budget.send("GET", path, role=role).status_code for role in ("operator", "auditor")] == [200] * 2


def test_an_operator_of_other_projects_sees_and_does_nothing(bugged: Budget) -> None:
    page = bugged.get("/parked-events", role="operator", projects=["other"])

    assert page["items"] == []
    assert problem_of(do(bugged, "replay", 1, projects=["other"])) == (404, "not-found")
    assert do(bugged, "replay", 1, projects=["web"]).status_code == 200


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 2_001}, {"reason": "x", "by": "somebody else"}])
def test_without_a_proper_reason_nothing_is_done(bugged: Budget, body: dict[str, str]) -> None:
    answer = bugged.send("POST", "/parked-events/1/replay", body, role="operator")

    assert problem_of(answer) == (422, "validation")
    assert trail(bugged) == []


@pytest.mark.parametrize("position", ["0", "-1", "99", "x", str(2**63)])
def test_a_position_where_nothing_is_parked_is_not_found(bugged: Budget, position: Any) -> None:
    assert problem_of(do(bugged, "replay", position)) == (404, "not-found")


HISTORY: tuple[Callable[[], EventData], ...] = (
    lambda: signed("c1"),
    lambda: signed("c2", amount="50.00"),
    lambda: amended("90.00", "c1"),
    lambda: accepted("c1"),
    lambda: amended("80.00", "c1"),
    lambda: amended("40.00", "c2"),
)


@settings(max_examples=12, deadline=None)
@given(bad=st.sets(st.integers(0, len(HISTORY) - 1), min_size=1), order=st.randoms(use_true_random=False))
def test_once_all_is_replayed_in_any_order_the_picture_is_the_fold_of_what_was_received(
    bad: set[int], order: Any
) -> None:
    with TemporaryDirectory() as folder, a_budget(Path(folder)) as budget:
        for number, event in enumerate(HISTORY):
            with failing(*(handlers._LEARNED if number in bad else ())):
                budget.learn(event())
        waiting = [item["position"] for item in parked(budget)]
        while waiting:  # One that needs another first is refused until that one is back.
            order.shuffle(waiting)
            waiting = [position for position in waiting if do(budget, "replay", position).status_code != 200]

        found = {name: (row["amount"], row["is_accepted"]) for name, row in contracts(budget).items()}

    assert found == {"c1": (8_000, True), "c2": (4_000, False)}
