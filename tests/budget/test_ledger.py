"""Laws of the ledger: whatever is posted and reversed, its books agree and no limit is broken."""

import itertools
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.budget.store import ContractRow, PaymentRow
from shared.money import fen, yuan
from tests.budget.driver import Budget, accepted, signed

LIMITS = {"a": 500, "b": 300}
RECEIVED = 600
CONTRACT = 250

numbers = itertools.count()
postings = st.tuples(
    st.just("post"), st.sampled_from(["a", "b"]), st.integers(1, 350), st.booleans(), st.sampled_from([2018, 2019])
)
reversals = st.tuples(st.just("reverse"), st.integers(0, 12))
steps = st.lists(st.one_of(postings, postings, reversals), max_size=12)


def sums_of_log(events: list[dict[str, Any]], project: str) -> Counter[str]:
    """What is paid from each line by the log alone, and by the contract under the empty name."""
    sums: Counter[str] = Counter()
    for event in events:
        told = event["data"]
        sign = {"payment.made.v1": 1, "payment.reversed.v1": -1}.get(event["type"], 0)
        if sign and told["project"] == project:
            sums[told["line"]] += sign * fen(told["amount"])
            if told["contract"]:
                sums[""] += sign * fen(told["amount"])
    return sums


def sums_of_ledger(budget: Budget, project: str) -> dict[str, int]:
    table = PaymentRow.__table__  # type: ignore[attr-defined]
    query = (
        select(table.c.line, func.sum(table.c.amount))
        .where(table.c.project == project, table.c.reversed_at.is_(None))
        .group_by(table.c.line)
    )
    return budget.running.read(lambda session: {line: int(amount) for line, amount in session.execute(query)})


@settings(max_examples=15, deadline=None)
@given(steps=steps)
def test_ledger_log_and_view_agree_and_stay_within_every_limit(untouched: Budget, steps: list[tuple[Any, ...]]) -> None:
    budget, number = untouched, next(numbers)
    project, contract = f"laws-{number}", f"c-{number}"
    budget.declare({line: yuan(limit) for line, limit in LIMITS.items()}, project=project)
    budget.receive(yuan(RECEIVED), project=project)
    budget.learn(signed(contract, yuan(CONTRACT), project=project), accepted(contract))
    posted: list[str] = []
    for step in steps:
        before = budget.head()
        match step:
            case ("post", line, amount, of_contract, year):
                named = {"contract": contract} if of_contract else {}
                answer = budget.post(yuan(amount), project=project, line=line, paid_on=f"{year}-06-01", **named)
                posted += [answer.json()["payment"]] if answer.status_code == 201 else []
            case ("reverse", index):
                answer = budget.reverse(posted[index % len(posted)] if posted else "none")
            case _:
                raise AssertionError(step)

        assert answer.status_code in (201, 404, 409)
        if answer.status_code == 201:
            assert budget.head().seq == before.seq + 1
        else:
            assert budget.head() == before
        logged, kept = sums_of_log(budget.events(), project), sums_of_ledger(budget, project)
        view = budget.view(project)
        shown = {line["line"]: fen(line["paid"]) for line in view["lines"]}
        assert shown == {line: kept.get(line, 0) for line in LIMITS} == {line: logged[line] for line in LIMITS}
        assert fen(view["totals"]["paid"]) == sum(shown.values()) <= RECEIVED
        assert all(0 <= shown[line] <= limit for line, limit in LIMITS.items())
        paid = budget.running.read(lambda session: session.get_one(ContractRow, contract).paid)
        assert paid == logged[""] <= CONTRACT
