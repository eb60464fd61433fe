"""What procurement makes of budget's events."""

from datetime import date

from sqlalchemy import select

from services.procurement.model import Project
from services.procurement.store import Store
from shared.events.budget import BudgetAdjusted, FundsReceived, PaymentMade
from shared.received import parked_event
from tests.procurement.driver import Procurement, adjusted, declared
from tests.support import problem_of


def project(procurement: Procurement, name: str = "web") -> Project | None:
    return procurement.running.read(lambda session: Store(session).project(name))


def parked(procurement: Procurement) -> list[str]:
    return procurement.running.read(lambda session: list(session.scalars(select(parked_event.c.reason))))


def test_a_project_is_known_with_its_zone_its_year_and_the_limits_of_its_lines(procurement: Procurement) -> None:
    procurement.learn(adjusted("700.50", "net", "site"))

    assert project(procurement) == Project(
        project="web", time_zone="Asia/Shanghai", fiscal_year=2018, lines={"net": 70_050, "site": 70_050}
    )


def test_a_corrected_declaration_replaces_the_one_before(procurement: Procurement) -> None:
    procurement.learn(declared("10.00", time_zone="Asia/Urumqi"))

    known = project(procurement)
    assert known is not None
    assert (known.time_zone, known.lines) == ("Asia/Urumqi", {"net": 1_000})


def test_money_that_arrives_or_leaves_is_no_concern_of_procurement(procurement: Procurement) -> None:
    before = project(procurement)
    day = date(2018, 5, 1)

    procurement.learn(
        FundsReceived(project="web", receipt="r", amount="1.00", origin="fiscal", received_on=day),
        PaymentMade(project="web", payment="p", line="net", amount="1.00", paid_on=day),
    )

    assert project(procurement) == before
    assert parked(procurement) == []


def test_an_adjustment_of_a_project_never_declared_is_set_aside_and_the_rest_goes_on(procurement: Procurement) -> None:
    of_web = adjusted("5.00")
    orphan = BudgetAdjusted(project="never", lines=of_web.lines, sources=of_web.sources, amount="5.00")

    procurement.learn(orphan, declared(project="next"))

    assert parked(procurement) == ["the budget of never was adjusted before it was declared"]
    assert project(procurement, "never") is None
    assert procurement.sign(project="next").status_code == 201


def test_a_contract_waits_for_its_project_and_then_passes(procurement: Procurement) -> None:
    before = procurement.sign(project="next")
    procurement.learn(declared(project="next"))
    after = procurement.sign(project="next")

    assert (problem_of(before), after.status_code) == ((409, "project-unknown"), 201)


def test_the_same_events_twice_change_nothing(procurement: Procurement) -> None:
    procurement.sign()
    [subscription] = procurement.running.service.subscriptions
    before = project(procurement), procurement.stored()

    procurement.running.run(subscription.catch_up)
    procurement.running.run(subscription.catch_up)

    assert (project(procurement), procurement.stored()) == before
