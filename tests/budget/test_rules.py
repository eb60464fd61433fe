"""The decisions of budget, without anything around them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.budget import rules
from services.budget.model import Account, Contract, Declaration, Line, Payment, PaymentOrder, Project
from shared.money import AMOUNT_FEN_MAX
from shared.problems import Invalid, Refusal

ORDER = (
    rules.OutsideFiscalYear,
    rules.ContractUnknown,
    rules.ContractNotAccepted,
    rules.PayeeMismatch,
    rules.ContractExceeded,
    rules.LineExceeded,
    rules.FundsNotReceived,
)

fen = st.integers(0, 400)  # A small world, so that borders are met.


def an_order(amount: int = 100, **changes: Any) -> PaymentOrder:
    usual: dict[str, Any] = {
        "payment": "p",
        "project": "web",
        "line": "net",
        "paid_on": date(2018, 6, 1),
        "payee": "telecom",
        "purpose": "x",
        "contract": None,
        "approved_by": "y",
    }
    return PaymentOrder(**usual | changes, amount=amount)


def a_contract(**changes: Any) -> Contract:
    usual: dict[str, Any] = {
        "contract": "c",
        "project": "web",
        "supplier": "telecom",
        "supplier_name": "电信公司",
        "amount": 1_000,
        "advance_amount": 0,
        "is_accepted": True,
    }
    return Contract(**usual | changes)


def an_account(
    *, limit: int = 1_000, line_paid: int = 0, received: int = 1_000, paid: int = 0, contract: Contract | None = None
) -> Account:
    line = Line(line="net", name="NET", initial=limit, amount=limit, paid=line_paid)
    return Account(fiscal_year=2018, received=received, paid=paid, line=line, contract=contract)


def refusals_of(order: PaymentOrder, account: Account) -> list[Refusal]:
    try:
        rules.approve_posting(order, account)
    except Refusal as first:
        return [first, *first.also]
    return []


def test_a_payment_within_everything_passes() -> None:
    order = an_order(1_000, contract="c")

    assert refusals_of(order, an_account(contract=a_contract())) == []


@pytest.mark.parametrize(
    ("refusal", "order", "account"),
    [
        (rules.OutsideFiscalYear, an_order(paid_on=date(2019, 1, 1)), an_account()),
        (rules.ContractUnknown, an_order(contract="c"), an_account()),
        (rules.ContractUnknown, an_order(contract="c"), an_account(contract=a_contract(project="other"))),
        (rules.ContractNotAccepted, an_order(contract="c"), an_account(contract=a_contract(is_accepted=False))),
        (
            rules.ContractNotAccepted,
            an_order(100, contract="c"),
            an_account(contract=a_contract(is_accepted=False, advance_amount=150, paid=51)),
        ),
        (rules.PayeeMismatch, an_order(contract="c", payee="x"), an_account(contract=a_contract())),
        (rules.ContractExceeded, an_order(100, contract="c"), an_account(contract=a_contract(paid=901))),
        (rules.LineExceeded, an_order(100), an_account(line_paid=901)),
        (rules.FundsNotReceived, an_order(100), an_account(paid=901)),
    ],
)
def test_each_limit_refuses_alone(refusal: type[Refusal], order: PaymentOrder, account: Account) -> None:
    assert [type(each) for each in refusals_of(order, account)] == [refusal]


@given(
    amount=st.integers(1, 400),
    limit=fen,
    line_paid=fen,
    received=fen,
    paid=fen,
    contract_amount=fen,
    contract_paid=fen,
    advance=fen,
    is_accepted=st.booleans(),
    payee=st.sampled_from(["telecom", "电信公司", "x"]),
    contract_project=st.sampled_from(["web", "other", None]),
    names_contract=st.booleans(),
    year=st.sampled_from([2018, 2019]),
)
def test_what_passes_breaks_no_limit_and_what_is_refused_is_told_in_order(
    amount: int,
    limit: int,
    line_paid: int,
    received: int,
    paid: int,
    contract_amount: int,
    contract_paid: int,
    advance: int,
    is_accepted: bool,
    payee: str,
    contract_project: str | None,
    names_contract: bool,
    year: int,
) -> None:
    contract = None
    if contract_project is not None:
        contract = a_contract(
            project=contract_project,
            amount=contract_amount,
            paid=contract_paid,
            advance_amount=advance,
            is_accepted=is_accepted,
        )
    order = an_order(amount, payee=payee, contract="c" if names_contract else None, paid_on=date(year, 6, 1))
    account = an_account(limit=limit, line_paid=line_paid, received=received, paid=paid, contract=contract)

    found = [type(each) for each in refusals_of(order, account)]

    assert found == sorted(found, key=ORDER.index)
    is_known = contract_project == "web"
    told = {
        rules.OutsideFiscalYear: year != 2018,
        rules.ContractUnknown: names_contract and not is_known,
        rules.ContractNotAccepted: names_contract and is_known and not is_accepted and contract_paid + amount > advance,
        rules.PayeeMismatch: names_contract and is_known and payee == "x",
        rules.ContractExceeded: names_contract and is_known and contract_paid + amount > contract_amount,
        rules.LineExceeded: line_paid + amount > limit,
        rules.FundsNotReceived: paid + amount > received,
    }
    assert set(found) == {refusal for refusal, holds in told.items() if holds}


def a_declaration(lines: tuple[tuple[str, str, int], ...], **changes: Any) -> Declaration:
    usual: dict[str, Any] = {
        "project": "web",
        "name": "n",
        "unit": "u",
        "department": "d",
        "fiscal_year": 2018,
        "nature": "new",
        "starts_on": date(2018, 1, 1),
        "ends_on": date(2018, 12, 31),
        "time_zone": "Asia/Shanghai",
        "sources": {"fiscal": sum(amount for _, _, amount in lines)},
    }
    return Declaration(**usual | changes, lines=lines)


def a_project(*lines: Line) -> Project:
    return Project(
        project="web",
        name="n",
        unit="u",
        department="d",
        fiscal_year=2018,
        nature="new",
        starts_on=date(2018, 1, 1),
        ends_on=date(2018, 12, 31),
        time_zone="Asia/Shanghai",
        sources={"fiscal": sum(line.amount for line in lines)},
        lines=lines,
    )


lines_wanted = st.dictionaries(st.sampled_from("abcde"), fen, min_size=1)
lines_known = st.dictionaries(st.sampled_from("abcde"), st.tuples(fen, fen, fen), min_size=1)


@given(known=lines_known, wanted=lines_wanted)
def test_an_adjustment_keeps_initial_and_paid_and_never_goes_below_what_is_paid(
    known: dict[str, tuple[int, int, int]], wanted: dict[str, int]
) -> None:
    project = a_project(
        *(
            Line(line=name, name=name, initial=initial, amount=max(amount, paid), paid=paid)
            for name, (initial, amount, paid) in known.items()
        )
    )
    declaration = a_declaration(tuple((name, name, amount) for name, amount in wanted.items()), reason="r")

    too_low = {name for name, (_, _, paid) in known.items() if wanted.get(name, 0) < paid}
    if too_low:
        with pytest.raises(rules.LineBelowPaid) as refused:
            rules.redeclare(project, declaration)
        assert {each.facts["line"] for each in [refused.value, *refused.value.also]} == too_low
        return
    adjusted = rules.redeclare(project, declaration)

    assert {line.line: line.amount for line in adjusted.lines} == dict.fromkeys(known, 0) | wanted
    for line in adjusted.lines:
        initial, _, paid = known.get(line.line, (0, 0, 0))
        assert (line.initial, line.paid) == (initial, paid)
    assert adjusted.received == project.received


@given(wanted=lines_wanted)
def test_a_declaration_repeated_is_no_adjustment(wanted: dict[str, int]) -> None:
    declaration = a_declaration(tuple((name, name, amount) for name, amount in wanted.items()))
    project = rules.declare(declaration)

    assert rules.redeclare(project, declaration) == project


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ends_on": date(2017, 12, 31)}, "before_start"),
        ({"fiscal_year": 2017}, "outside_project"),
        ({"fiscal_year": 2019}, "outside_project"),
        ({"sources": {"fiscal": 99}}, "sum_mismatch"),
        ({"sources": {"fiscal": 101}}, "sum_mismatch"),
        ({"sources": {}}, "sum_mismatch"),
    ],
)
def test_a_declaration_whose_parts_disagree_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.declare(a_declaration((("a", "A", 100),), **changes))

    assert [error["code"] for error in refused.value.facts["errors"]] == [code]


def test_a_project_over_several_years_is_declared_for_each_of_them() -> None:
    declaration = a_declaration(
        (("a", "A", 100),), starts_on=date(2016, 1, 1), ends_on=date(2019, 12, 31), fiscal_year=2018
    )

    assert rules.declare(declaration).fiscal_year == 2018


def test_a_budget_is_bounded_as_a_whole_not_only_line_by_line() -> None:
    rules.declare(a_declaration((("a", "A", AMOUNT_FEN_MAX - 1), ("b", "B", 1))))

    with pytest.raises(Invalid):
        rules.declare(a_declaration((("a", "A", AMOUNT_FEN_MAX), ("b", "B", 1))))


def test_a_reversal_passes_once_and_not_before_its_payment() -> None:
    paid_at = datetime(2018, 6, 1, tzinfo=UTC)
    payment = Payment(order=an_order(), posted_by="x", recorded_at=paid_at)
    undone = Payment(order=an_order(), posted_by="x", recorded_at=paid_at, reversed_at=paid_at)

    rules.check_reversal(payment, paid_at, paid_at)

    with pytest.raises(rules.AlreadyReversed):
        rules.check_reversal(undone, paid_at, paid_at)
    with pytest.raises(Invalid):
        rules.check_reversal(payment, datetime(2018, 5, 31, 23, 59, 59, tzinfo=UTC), paid_at)
