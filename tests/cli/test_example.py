"""The bundled example is consistent with itself and with what it says of its source."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from cli.example import Event, Example, read_example
from cli.tables import ASSUMED
from shared.events import procurement
from shared.money import fen, yuan

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "kashgar-2018"
PROJECT = "ks-gov-web-2018"


@pytest.fixture(scope="module")
def example() -> Example:
    return read_example(str(FOLDER))


@pytest.fixture(scope="module")
def tables() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((FOLDER / "events.toml").read_text())["event"]
    return found


def bodies(example: Example, path: str) -> Iterator[tuple[Event, Any]]:
    for event in example.events:
        if event.call.path.endswith(path):
            yield event, event.call.body


def total(amounts: Iterator[str]) -> str:
    return yuan(sum(fen(amount) for amount in amounts))


def hours(earlier: str, later: str) -> Decimal:
    return Decimal((datetime.fromisoformat(later) - datetime.fromisoformat(earlier)) // timedelta(minutes=1)) / 60


def test_its_sums_are_those_of_the_report(example: Example) -> None:
    lines = example.project_file.declaration["lines"]
    contracts = [body for _, body in bodies(example, "/contracts")]

    assert total(line["amount"] for line in lines) == "150000.00"
    assert total(body["amount"] for _, body in bodies(example, "/receipts")) == "138125.00"
    assert total(body["amount"] for _, body in bodies(example, "/payments")) == "138125.00"
    assert total(body["amount"] for body in contracts) == "138125.00"
    assert total(body["amount"] for body in contracts if body["government_procurement"]) == "132125.00"


def test_no_line_and_no_contract_is_overdrawn(example: Example) -> None:
    limits = {line["line"]: fen(line["amount"]) for line in example.project_file.declaration["lines"]}
    contracts = {body["contract"]: body for _, body in bodies(example, "/contracts")}

    for _, payment in bodies(example, "/payments"):
        contract = contracts[payment["contract"]]
        assert payment["line"] == contract["line"]
        assert payment["amount"] == contract["amount"]
        limits[payment["line"]] -= fen(payment["amount"])  # type: ignore[assignment]

    assert all(left >= 0 for left in limits.values())


def test_money_arrives_before_it_is_spent_and_is_spent_after_acceptance(example: Example) -> None:
    received, paid, accepted = 0, 0, set()

    for event in example.events:
        path, body = event.call.path, event.call.body
        assert body is not None
        if path.endswith("/receipts"):
            received += fen(body["amount"])
        elif path.endswith("/acceptances"):
            accepted.add(path.split("/")[2])
        elif path == "/payments":
            paid += fen(body["amount"])
            assert body["contract"] in accepted
            assert paid <= received


def test_the_payee_is_the_contracts_supplier(example: Example) -> None:
    names = {supplier["supplier"]: supplier["name"] for supplier in example.project_file.suppliers}
    suppliers = {body["contract"]: body["supplier"] for _, body in bodies(example, "/contracts")}

    for _, payment in bodies(example, "/payments"):
        assert payment["payee"] == names[suppliers[payment["contract"]]]


def test_nobody_accepts_what_he_signed(example: Example) -> None:
    signed_by = {body["contract"]: body["signed_by"] for _, body in bodies(example, "/contracts")}

    for event, body in bodies(example, "/acceptances"):
        assert body["inspectors"]
        assert signed_by[event.call.path.split("/")[2]] not in body["inspectors"]
        assert date.fromisoformat(body["accepted_on"]) < date(2018, 12, 10)


def test_everything_contracted_is_accepted(example: Example) -> None:
    contracted = {
        item["item"]: Decimal(item["quantity"]) for _, body in bodies(example, "/contracts") for item in body["items"]
    }

    for _, body in bodies(example, "/acceptances"):
        for item in body["items"]:
            contracted[item["item"]] -= Decimal(item["passed"])

    assert set(contracted.values()) == {Decimal(0)}


def test_every_event_happens_in_2018_and_bodies_say_the_same_day(example: Example) -> None:
    for event in example.events:
        assert event.at.year == 2018, event.id
        for name, value in (event.call.body or {}).items():
            if name.endswith("_on") and name not in ("starts_on", "ends_on"):
                assert value == event.at.date().isoformat(), event.id
            if name.endswith("_at") and name != "measured_at":
                assert datetime.fromisoformat(value) == event.at, event.id


def test_the_fault_rate_is_what_the_readme_says(example: Example) -> None:
    ((_, window),) = bodies(example, "/maintenance-windows")
    resolved = {event.call.path.split("/")[2]: body["resolved_at"] for event, body in bodies(example, "/resolution")}
    faults = [body for _, body in bodies(example, "/faults")]
    down = [
        (body["occurred_at"], resolved[body["fault"]])
        for body in faults
        if body["service_down"] and not window["from"] <= body["occurred_at"] < window["to"]
    ]

    measured = sum(hours(*span) for span in down)
    watched = 365 * 24 - hours(window["from"], window["to"])

    assert resolved.keys() == {body["fault"] for body in faults}
    assert measured == Decimal("10.5")
    assert measured / watched == Decimal("0.0012")
    for (_, earlier), (later, _) in zip(sorted(down)[:-1], sorted(down)[1:], strict=True):
        assert earlier < later  # Outages do not overlap, so they may be added.


def test_faults_are_answered_within_eight_hours(example: Example) -> None:
    occurred = {body["fault"]: body["occurred_at"] for _, body in bodies(example, "/faults")}

    for event, body in bodies(example, "/response"):
        assert hours(occurred[event.call.path.split("/")[2]], body["responded_at"]) <= 8


def test_complaints_and_satisfaction_are_what_the_readme_says(example: Example) -> None:
    complaints = len(list(bodies(example, "/complaints")))
    counted = sum(body["count"] for _, body in bodies(example, "/service-counts"))
    answers = [body for _, body in bodies(example, "/answers")]

    assert (complaints, counted) == (6, 1200)
    assert len(list(bodies(example, "/closure"))) == complaints
    assert (sum(body["satisfied"] for body in answers), sum(body["answered"] for body in answers)) == (462, 500)


def test_the_plan_has_the_sixteen_indicators_and_a_hundred_points(example: Example) -> None:
    plan = example.project_file.plan
    assert plan is not None
    indicators = plan["indicators"]

    assert len({indicator["code"] for indicator in indicators}) == 16
    assert sum(Decimal(indicator["weight"]) for indicator in indicators) + Decimal(plan["execution"]["weight"]) == 100
    for dimension, points in (("output", 50), ("benefit", 30), ("satisfaction", 10)):
        assert sum(Decimal(each["weight"]) for each in indicators if each["dimension"] == dimension) == points


def test_methods_are_known_ones(example: Example) -> None:
    for _, body in bodies(example, "/contracts"):
        assert body["method"] in get_args(procurement.Method)


def test_credit_codes_are_well_formed(example: Example) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015.

    for supplier in example.project_file.suppliers:
        code = supplier["credit_code"]
        total_ = sum(alphabet.index(sign) * pow(3, index, 31) for index, sign in enumerate(code[:17]))
        assert len(code) == 18
        assert alphabet[-total_ % 31] == code[17]


def test_every_mark_names_what_is_there(tables: list[dict[str, Any]]) -> None:
    for table in tables:
        mark = table[ASSUMED]
        if mark is not True:
            assert set(mark) <= {"at"} | table["body"].keys(), table["id"]


def test_every_event_is_marked_because_the_report_dates_none(tables: list[dict[str, Any]]) -> None:
    for table in tables:
        assert table[ASSUMED] is True or "at" in table[ASSUMED], table["id"]


def test_no_mark_is_sent(example: Example) -> None:
    sent = [call.body for call in example.project_file.calls()] + [event.call.body for event in example.events]

    assert ASSUMED not in str(sent)


def test_keys_are_stable_and_each_its_own(example: Example) -> None:
    keys = [event.call.key for event in example.events]

    assert len(set(keys)) == len(keys)
    assert keys[0] == f"kashgar-2018/{example.events[0].id}"


def test_events_are_in_order_of_their_time(example: Example) -> None:
    moments = [event.at for event in example.events]

    assert moments == sorted(moments)
    assert moments[-1] < datetime.now(UTC)
