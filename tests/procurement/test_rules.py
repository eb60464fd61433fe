"""The decisions of procurement, without anything around them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.procurement import rules
from services.procurement.model import Acceptance, Amendment, Contract, InspectedItem, Item, Project, Terms
from shared.problems import Invalid, Refusal

CONTRACTED = Decimal(10)
JUNE = datetime(2018, 6, 1, tzinfo=UTC)
quantities = st.decimals(min_value=0, max_value=12, places=1)
fen = st.integers(1, 400)  # A small world, so that borders are met.


def an_item(quantity: Decimal | int | str = CONTRACTED, item: str = "i") -> Item:
    return Item(item=item, name="I", unit="u", quantity=Decimal(quantity))


def terms(**changes: Any) -> Terms:
    usual: dict[str, Any] = {
        "contract": "c",
        "project": "p",
        "line": "l",
        "purchase": None,
        "supplier": "s",
        "amount": 100,
        "method": "inquiry",
        "government_procurement": True,
        "signed_on": date(2018, 1, 1),
        "starts_on": date(2018, 1, 1),
        "ends_on": date(2018, 12, 31),
        "items": (an_item(),),
        "advance_amount": 0,
        "payment_days": 30,
        "signed_by": "张三",
    }
    return Terms(**usual | changes)


def a_contract(*acceptances: Acceptance, terminated_on: date | None = None, **changes: Any) -> Contract:
    return Contract(terms=terms(**changes), acceptances=acceptances, terminated_on=terminated_on)


def a_project(limit: int = 1_000) -> Project:
    return Project(project="p", time_zone="Asia/Shanghai", fiscal_year=2018, lines={"l": limit})


def an_acceptance(passed: Decimal | int = 1, *, has_passed: bool = True, **changes: Any) -> Acceptance:
    quantity = Decimal(passed)
    usual: dict[str, Any] = {
        "acceptance": "a",
        "contract": "c",
        "accepted_on": date(2018, 6, 1),
        "items": (InspectedItem(item="i", inspected=quantity, passed=quantity),),
        "conclusion": "passed" if has_passed else "failed",
        "inspectors": ("李四",),
        "remarks": "",
        "documents": (),
    }
    return Acceptance(**usual | changes)


def an_amendment(**changes: Any) -> Amendment:
    usual: dict[str, Any] = {"reason": "r", "amount": None, "ends_on": None, "items": None}
    return Amendment(**usual | changes)


def amended(contract: Contract, *others: Contract, limit: int = 1_000, **changes: Any) -> Contract:
    return rules.amend(contract, an_amendment(**changes), a_project(limit), others, at=JUNE)


def faults_of(refused: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in refused.value.facts["errors"]}


def test_every_fault_of_a_contract_is_named_at_once() -> None:
    wrong = terms(
        items=(an_item(), an_item(0)),
        starts_on=date(2019, 1, 1),
        advance_amount=101,
    )

    with pytest.raises(Invalid) as refused:
        rules.check_terms(wrong)

    assert faults_of(refused) == {
        ("items.1.item", "duplicate"),
        ("items.1.quantity", "quantity"),
        ("ends_on", "before_start"),
        ("advance_amount", "above_amount"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"advance_amount": 100},
        {"starts_on": date(2018, 12, 31)},
        {"signed_on": date(2016, 1, 1)},
        {"signed_on": date(2020, 1, 1)},
    ],
)
def test_terms_at_their_borders_pass(changes: dict[str, Any]) -> None:
    rules.check_terms(terms(**changes))


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "touches"),
    [
        (date(2017, 1, 1), date(2017, 12, 31), False),
        (date(2017, 1, 1), date(2018, 1, 1), True),
        (date(2018, 12, 31), date(2021, 1, 1), True),
        (date(2019, 1, 1), date(2019, 12, 31), False),
        (date(2010, 1, 1), date(2030, 12, 31), True),
    ],
)
def test_a_term_passes_exactly_if_it_touches_the_fiscal_year(starts_on: date, ends_on: date, touches: bool) -> None:
    wanted = terms(starts_on=starts_on, ends_on=ends_on)

    if touches:
        rules.sign(wanted, a_project(), [])
    else:
        with pytest.raises(rules.OutsideFiscalYear):
            rules.sign(wanted, a_project(), [])


def test_a_line_that_the_project_does_not_have_is_refused_with_when_to_come_back() -> None:
    with pytest.raises(rules.LineUnknown) as refused:
        rules.sign(terms(line="other"), a_project(), [])

    assert (refused.value.status, refused.value.retry_after) == (409, 1)


@given(amounts=st.lists(fen, max_size=8), limit=st.integers(0, 1_000))
def test_a_line_is_never_committed_beyond_its_limit_and_what_fits_always_is(amounts: list[int], limit: int) -> None:
    signed: list[Contract] = []

    for number, amount in enumerate(amounts):
        wanted = terms(contract=f"c{number}", amount=amount)
        committed = sum(contract.committed for contract in signed)
        try:
            signed.append(rules.sign(wanted, a_project(limit), signed))
        except rules.LineOvercommitted:
            assert committed + amount > limit

    assert sum(contract.committed for contract in signed) <= limit


@pytest.mark.parametrize(
    ("contract", "committed"),
    [
        (a_contract(), 100),
        (a_contract(an_acceptance()), 100),
        (a_contract(terminated_on=date(2018, 7, 1)), 0),
        (a_contract(an_acceptance(has_passed=False), terminated_on=date(2018, 7, 1)), 0),
        (a_contract(an_acceptance(), terminated_on=date(2018, 7, 1)), 100),
    ],
)
def test_a_terminated_contract_takes_nothing_of_its_line_unless_something_of_it_passed(
    contract: Contract, committed: int
) -> None:
    assert contract.committed == committed


@given(before=fen, after=fen, other=fen, limit=st.integers(0, 800))
def test_an_amendment_is_held_against_the_line_exactly_if_it_raises_the_amount(
    before: int, after: int, other: int, limit: int
) -> None:
    contract, others = a_contract(amount=before), [a_contract(contract="other", amount=other)]
    # The contract itself is among those of its line; it must not be counted twice.
    others.append(contract)
    is_refused = after > before and other + after > limit

    try:
        changed = amended(contract, *others, limit=limit, amount=after, ends_on=date(2018, 11, 30))
    except rules.LineOvercommitted:
        assert is_refused
    else:
        assert not is_refused
        assert changed.terms == replace(contract.terms, amount=after, ends_on=date(2018, 11, 30))


@pytest.mark.parametrize("changes", [{}, {"amount": 100}, {"ends_on": date(2018, 12, 31)}, {"items": (an_item(),)}])
def test_an_amendment_that_changes_nothing_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        amended(a_contract(), **changes)

    assert faults_of(refused) == {("", "nothing")}


def test_an_amount_below_the_advance_is_refused_at_the_member_that_was_sent() -> None:
    with pytest.raises(Invalid) as refused:
        amended(a_contract(advance_amount=50), amount=49)

    assert faults_of(refused) == {("amount", "below_advance")}
    assert amended(a_contract(advance_amount=50), amount=50).terms.amount == 50


def test_an_amendment_may_not_take_the_term_out_of_the_fiscal_year() -> None:
    contract = a_contract(starts_on=date(2017, 1, 1), signed_on=date(2017, 1, 1))

    with pytest.raises(rules.OutsideFiscalYear):
        amended(contract, ends_on=date(2017, 12, 31))


@pytest.mark.parametrize(
    ("items", "is_refused"),
    [
        ((an_item(5),), False),
        ((an_item("4.9"),), True),
        ((an_item(5), an_item(1, "further")), False),
        ((an_item(5, "other"),), True),
    ],
)
def test_items_may_not_fall_below_what_is_accepted(items: tuple[Item, ...], is_refused: bool) -> None:
    contract = a_contract(an_acceptance(5), an_acceptance(4, has_passed=False))

    if is_refused:
        with pytest.raises(rules.AboveContractQuantity) as refused:
            amended(contract, items=items)
        assert refused.value.facts["accepted"] == "5"
    else:
        assert amended(contract, items=items).accepted("i") == 5


@given(minutes=st.integers(-2_000, 2_000))
def test_an_amendment_happens_from_the_day_of_signing_where_the_project_is(minutes: int) -> None:
    begin = datetime(2017, 12, 31, 16, 0, tzinfo=UTC).timestamp()
    at = datetime.fromtimestamp(begin + 60 * minutes, UTC)

    def amend() -> Contract:
        return rules.amend(a_contract(), an_amendment(amount=1), a_project(), [], at=at)

    if minutes >= 0:
        assert amend().terms.amount == 1
    else:
        with pytest.raises(Invalid) as refused:
            amend()
        assert faults_of(refused) == {("occurred_at", "before_signing")}


@given(
    accepted=st.dates(date(2018, 1, 1), date(2018, 1, 9)),
    terminated=st.dates(date(2017, 12, 30), date(2018, 1, 9)),
    has_passed=st.booleans(),
)
def test_whether_an_inspection_or_the_end_is_recorded_first_makes_no_difference(
    accepted: date, terminated: date, has_passed: bool
) -> None:
    inspection = an_acceptance(accepted_on=accepted, has_passed=has_passed)

    def tried(inspection_first: bool) -> Contract | None:
        try:
            if inspection_first:
                return rules.terminate(rules.accept(a_contract(), inspection), terminated)
            return rules.accept(rules.terminate(a_contract(), terminated), inspection)
        except (Invalid, Refusal):
            return None

    assert tried(True) == tried(False)


def test_a_contract_may_end_on_the_day_it_was_signed_but_not_before() -> None:
    assert rules.terminate(a_contract(), date(2018, 1, 1)).status == "terminated"
    with pytest.raises(Invalid) as refused:
        rules.terminate(a_contract(), date(2017, 12, 31))
    assert faults_of(refused) == {("terminated_on", "before_signing")}


def test_a_terminated_contract_is_neither_amended_nor_terminated_nor_accepted_after_its_end() -> None:
    ended = a_contract(terminated_on=date(2018, 5, 31))

    with pytest.raises(rules.ContractTerminated):
        amended(ended, amount=1)
    with pytest.raises(rules.ContractTerminated):
        rules.terminate(ended, date(2018, 5, 31))
    with pytest.raises(rules.ContractTerminated):
        rules.accept(ended, an_acceptance())
    assert rules.accept(ended, an_acceptance(accepted_on=date(2018, 5, 31))).status == "terminated"


@pytest.mark.parametrize("inspector", ["张三", " 张三", "张 三", "张　三"])
def test_who_signed_does_not_inspect_however_the_name_is_spaced(inspector: str) -> None:
    with pytest.raises(rules.SamePerson) as refused:
        rules.accept(a_contract(), an_acceptance(inspectors=("李四", inspector)))

    assert inspector not in str(refused.value.document())


def test_width_and_case_of_letters_do_not_make_another_person() -> None:
    with pytest.raises(rules.SamePerson):
        rules.accept(a_contract(signed_by="Li Wei"), an_acceptance(inspectors=("ｌｉ ＷＥＩ",)))


def test_nothing_cannot_pass_but_can_fail() -> None:
    with pytest.raises(Invalid) as refused:
        rules.accept(a_contract(), an_acceptance(0))

    assert faults_of(refused) == {("conclusion", "nothing_passed")}
    assert rules.accept(a_contract(), an_acceptance(0, has_passed=False)).status == "signed"


def test_no_more_passes_than_was_inspected_and_every_item_is_one_of_the_contract() -> None:
    more = (InspectedItem(item="i", inspected=Decimal(1), passed=Decimal(2)),)
    ghost = (InspectedItem(item="ghost", inspected=Decimal(1), passed=Decimal(1)),)

    with pytest.raises(Invalid) as refused:
        rules.accept(a_contract(), an_acceptance(items=more))
    with pytest.raises(rules.UnknownItem):
        rules.accept(a_contract(), an_acceptance(items=ghost))

    assert faults_of(refused) == {("items.0.passed", "above_inspected")}


def test_too_much_is_refused_with_the_figures() -> None:
    with pytest.raises(rules.AboveContractQuantity) as refused:
        rules.accept(a_contract(an_acceptance(8)), an_acceptance(3))

    figures = {name: refused.value.facts[name] for name in ("item", "contracted", "accepted")}
    assert figures == {"item": "i", "contracted": "10", "accepted": "11"}


@given(deliveries=st.lists(st.tuples(quantities, st.booleans()), max_size=12))
def test_never_more_is_accepted_than_contracted_and_what_fits_always_is(
    deliveries: list[tuple[Decimal, bool]],
) -> None:
    contract, expected = a_contract(), Decimal(0)

    for quantity, has_passed in deliveries:
        try:
            contract = rules.accept(contract, an_acceptance(quantity, has_passed=has_passed))
        except rules.AboveContractQuantity:
            assert has_passed
            assert expected + quantity > CONTRACTED
        except Invalid:
            assert has_passed
            assert quantity == 0
        else:
            expected += quantity if has_passed else 0

    assert contract.accepted("i") == expected <= CONTRACTED


@given(parts=st.permutations([Decimal(1), Decimal("2.5"), Decimal(3), Decimal("3.5")]))
def test_partial_acceptances_add_up_in_any_order(parts: list[Decimal]) -> None:
    contract = a_contract()

    for part in parts:
        contract = rules.accept(contract, an_acceptance(part))

    assert contract.accepted("i") == CONTRACTED
    with pytest.raises(rules.AboveContractQuantity):
        rules.accept(contract, an_acceptance(Decimal("0.1")))
