"""The laws of acceptance."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.procurement import rules
from services.procurement.model import Acceptance, Contract, InspectedItem, Item, Terms

CONTRACTED = Decimal(10)
quantities = st.decimals(min_value=0, max_value=12, places=1)


def a_contract() -> Contract:
    terms = Terms(
        contract="c",
        project="p",
        line="l",
        purchase=None,
        supplier="s",
        amount=100,
        method="inquiry",
        government_procurement=True,
        signed_on=date(2018, 1, 1),
        starts_on=date(2018, 1, 1),
        ends_on=date(2018, 12, 31),
        items=(Item(item="i", name="I", unit="u", quantity=CONTRACTED),),
        advance_amount=0,
        payment_days=30,
        signed_by="buyer",
    )
    return Contract(terms=terms)


def an_acceptance(passed: Decimal, *, has_passed: bool) -> Acceptance:
    return Acceptance(
        acceptance="a",
        contract="c",
        accepted_on=date(2018, 6, 1),
        items=(InspectedItem(item="i", inspected=passed, passed=passed),),
        conclusion="passed" if has_passed else "failed",
        inspectors=("inspector",),
        remarks="",
        documents=(),
    )


@given(deliveries=st.lists(st.tuples(quantities, st.booleans()), max_size=12))
def test_never_more_is_accepted_than_contracted_and_what_fits_always_is(
    deliveries: list[tuple[Decimal, bool]],
) -> None:
    contract, expected = a_contract(), Decimal(0)

    for quantity, has_passed in deliveries:
        try:
            contract = rules.accept(contract, an_acceptance(quantity, has_passed=has_passed))
        except rules.AboveContractQuantity:
            assert expected + (quantity if has_passed else 0) > CONTRACTED
        else:
            expected += quantity if has_passed else 0

    assert contract.accepted("i") == expected <= CONTRACTED


@given(parts=st.permutations([Decimal(1), Decimal("2.5"), Decimal(3), Decimal("3.5")]))
def test_partial_acceptances_add_up_in_any_order(parts: list[Decimal]) -> None:
    contract = a_contract()

    for part in parts:
        contract = rules.accept(contract, an_acceptance(part, has_passed=True))

    assert contract.accepted("i") == CONTRACTED
