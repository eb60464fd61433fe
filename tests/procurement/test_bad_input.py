"""Bad input gets the right 4xx as a problem and leaves no trace."""

from typing import Any

import httpx
import pytest

from shared.roles import ROLES
from tests.procurement.driver import CREDIT_CODE, Procurement, a_contract, an_acceptance
from tests.support import problem_of

INVALID = (422, "validation")
AN_ITEM = {"item": "battery", "name": "b", "unit": "组", "quantity": "60"}
A_SUPPLIER = {"name": "n", "credit_code": CREDIT_CODE, "small_business": True}
AN_AMENDMENT = {"reason": "r", "amount": "500.00"}
A_TERMINATION = {"reason": "r", "terminated_on": "2018-12-10"}
CALLS: dict[str, tuple[str, str, dict[str, Any] | None, str]] = {
    "register": ("PUT", "/suppliers/new", A_SUPPLIER, "contracts:write"),
    "sign": ("POST", "/contracts", a_contract(contract="new", amount="300.00"), "contracts:write"),
    "amend": ("POST", "/contracts/c1/amendments", AN_AMENDMENT, "contracts:write"),
    "terminate": ("POST", "/contracts/c1/termination", A_TERMINATION, "contracts:write"),
    "accept": ("POST", "/contracts/c1/acceptances", an_acceptance("20"), "acceptances:write"),
    "supplier": ("GET", "/suppliers/telecom", None, "procurement:read"),
    "contract": ("GET", "/contracts/c1", None, "procurement:read"),
    "contracts": ("GET", "/contracts?project=web", None, "procurement:read"),
}
WRITES = [name for name, (_, _, body, _) in CALLS.items() if body is not None]
OF_A_PROJECT = [name for name in CALLS if name not in ("register", "supplier")]


@pytest.fixture(autouse=True)
def nothing_is_stored(untouched: Procurement):
    """Every test of this file is about requests that leave no trace."""
    before = untouched.stored()
    yield
    assert untouched.stored() == before


def send(procurement: Procurement, call: str, changes: dict[str, Any], **words: Any) -> httpx.Response:
    method, path, body, _ = CALLS[call]
    return procurement.send(method, path, (body or {}) | changes, headers={"Idempotency-Key": "never-stored"}, **words)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"supplier": "nobody"}, (422, "unknown-supplier")),
        ({"project": "later"}, (409, "project-unknown")),
        ({"line": "later"}, (409, "line-unknown")),
        ({"contract": "c1"}, (409, "already-exists")),
        ({"amount": "400.01"}, (409, "line-overcommitted")),
        ({"starts_on": "2019-01-01", "ends_on": "2019-12-31"}, (409, "outside-fiscal-year")),
        ({"starts_on": "2017-01-01", "ends_on": "2017-12-31"}, (409, "outside-fiscal-year")),
        ({"amount": "0"}, INVALID),
        ({"amount": "-1"}, INVALID),
        ({"amount": "1.001"}, INVALID),
        ({"amount": "9" * 30}, INVALID),
        ({"method": "by_friendship"}, INVALID),
        ({"signed_on": "2018-02-30"}, INVALID),
        ({"signed_on": "1949-12-31"}, INVALID),
        ({"signed_on": "2200-01-01"}, INVALID),
        ({"ends_on": "2017-12-31"}, INVALID),
        ({"advance_amount": "300.01"}, INVALID),
        ({"advance_amount": "-0.01"}, INVALID),
        ({"payment_days": 366}, INVALID),
        ({"payment_days": -1}, INVALID),
        ({"payment_days": "30"}, INVALID),
        ({"items": []}, INVALID),
        ({"items": [AN_ITEM] * 2}, INVALID),
        ({"items": [AN_ITEM | {"item": f"i{number}"} for number in range(1001)]}, INVALID),
        ({"items": [AN_ITEM | {"quantity": "0"}]}, INVALID),
        ({"items": [AN_ITEM | {"quantity": "-1"}]}, INVALID),
        ({"items": [AN_ITEM | {"quantity": "NaN"}]}, INVALID),
        ({"items": [AN_ITEM | {"price": "1.00"}]}, INVALID),
        ({"government_procurement": "yes"}, INVALID),
        ({"government_procurement": None}, INVALID),
        ({"signed_by": ""}, INVALID),
        ({"surprise": 1}, INVALID),
        ({"contract": "no spaces"}, INVALID),
        ({"purchase": "no spaces"}, INVALID),
    ],
)
def test_a_contract_that_cannot_be_is_refused(
    untouched: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    assert problem_of(send(untouched, "sign", changes)) == problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"amount": None}, INVALID),
        ({"amount": "600.00"}, INVALID),
        ({"amount": "1000.01"}, (409, "line-overcommitted")),
        ({"ends_on": "2017-12-31"}, INVALID),
        ({"occurred_at": "2018-01-03T23:59:59+08:00"}, INVALID),
        ({"occurred_at": "2018-01-04T01:00:00+14:00"}, INVALID),
        ({"occurred_at": "2018-06-01T00:00:00"}, INVALID),
        ({"items": []}, INVALID),
        ({"items": [AN_ITEM] * 2}, INVALID),
        ({"items": [AN_ITEM | {"quantity": "39.9"}]}, (422, "above-contract-quantity")),
        ({"items": [AN_ITEM | {"item": "other"}]}, (422, "above-contract-quantity")),
        ({"reason": ""}, INVALID),
        ({"advance_amount": "1.00"}, INVALID),
    ],
)
def test_an_amendment_that_cannot_hold_is_refused(
    untouched: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    assert problem_of(send(untouched, "amend", changes)) == problem


@pytest.mark.parametrize("day", ["2018-01-03", "2018-11-19", "soon", None])
def test_a_termination_before_the_signature_or_an_inspection_is_refused(
    untouched: Procurement, day: str | None
) -> None:
    answer = send(untouched, "terminate", {"terminated_on": day})

    assert problem_of(answer) == INVALID
    assert answer.json()["errors"][0]["field"] == "terminated_on"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"items": [{"item": "battery", "inspected": "21", "passed": "20.5"}]}, (422, "above-contract-quantity")),
        ({"items": [{"item": "battery", "inspected": "1", "passed": "2"}]}, INVALID),
        ({"items": [{"item": "battery", "inspected": "1", "passed": "0"}]}, INVALID),
        ({"items": [{"item": "battery", "inspected": "1", "passed": "-1"}]}, INVALID),
        ({"items": [{"item": "ghost", "inspected": "1", "passed": "1"}]}, (422, "unknown-item")),
        ({"items": [{"item": "battery", "inspected": "1", "passed": "1"}] * 2}, INVALID),
        ({"items": []}, INVALID),
        ({"inspectors": []}, INVALID),
        ({"inspectors": [""]}, INVALID),
        ({"inspectors": ["another", "canary-signer"]}, (409, "same-person")),
        ({"accepted_on": "2018-01-03"}, INVALID),
        ({"conclusion": "perhaps"}, INVALID),
        ({"documents": [{"name": "n", "sha256": "short"}]}, INVALID),
        ({"remarks": "a\u0000b"}, INVALID),
        ({"remarks": "x" * 2001}, INVALID),
    ],
)
def test_an_acceptance_that_cannot_be_is_refused(
    untouched: Procurement, changes: dict[str, Any], problem: tuple[int, str]
) -> None:
    assert problem_of(send(untouched, "accept", changes)) == problem


@pytest.mark.parametrize(
    "changes",
    [
        {"credit_code": CREDIT_CODE[:-1]},
        {"credit_code": CREDIT_CODE + "0"},
        {"credit_code": CREDIT_CODE + "\n"},
        {"credit_code": CREDIT_CODE.lower()},
        *({"credit_code": CREDIT_CODE[:-1] + letter} for letter in "IOSVZ１"),
        {"name": ""},
        {"small_business": 1},
        {"phone": "1"},
    ],
)
def test_a_supplier_that_cannot_be_is_refused(untouched: Procurement, changes: dict[str, Any]) -> None:
    assert problem_of(send(untouched, "register", changes)) == INVALID


@pytest.mark.parametrize("call", WRITES)
def test_every_missing_member_is_named_at_once(untouched: Procurement, call: str) -> None:
    method, path, body, _ = CALLS[call]
    assert body is not None
    optional = {"purchase", "advance_amount", "payment_days", "remarks", "documents"}
    optional |= {"amount"} if call == "amend" else set()

    answer = untouched.send(method, path, {})

    assert problem_of(answer) == INVALID
    assert {error["field"] for error in answer.json()["errors"]} == set(body) - optional


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b'{"a":' * 100 + b"1" + b"}" * 100, {}, 400),
        (b"[]", {}, 422),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b" " * 300 * 1024, {}, 413),
    ],
)
def test_bytes_that_are_no_such_request_are_refused(
    untouched: Procurement, call: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    method, path, _, _ = CALLS[call]

    answer = untouched.send(method, path, content=content, headers=headers)

    assert problem_of(answer)[0] == status


@pytest.mark.parametrize("call", ["amend", "terminate", "accept", "contract"])
def test_a_contract_that_is_not_there_is_not_found(untouched: Procurement, call: str) -> None:
    method, path, body, _ = CALLS[call]

    answer = untouched.send(method, path.replace("c1", "gone"), body)

    assert problem_of(answer) == (404, "not-found")


def test_a_supplier_that_is_not_there_is_not_found(untouched: Procurement) -> None:
    assert problem_of(untouched.send("GET", "/suppliers/gone")) == (404, "not-found")


@pytest.mark.parametrize("call", OF_A_PROJECT)
def test_a_foreign_project_looks_as_if_it_were_not_there(untouched: Procurement, call: str) -> None:
    method, path, body, _ = CALLS[call]

    answer = untouched.send(method, path, body, projects=["mail"])

    assert problem_of(answer) == (404, "not-found")


@pytest.mark.parametrize("role", [*ROLES, "nothing"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_open_to_exactly_those_with_its_scope(untouched: Procurement, call: str, role: str) -> None:
    method, path, body, scope = CALLS[call]
    # A member that nobody knows: it shows that the door is open, without anything being stored.
    body = None if body is None else body | {"surprise": 1}

    answer = untouched.send(method, path, body, role=role)

    if scope in ROLES.get(role, ()):
        assert answer.status_code == (200 if body is None else 422)
    else:
        assert (problem_of(answer), answer.json()["scopes"]) == ((403, "forbidden"), [scope])


@pytest.mark.parametrize("call", CALLS)
def test_without_a_token_nothing_is_open(untouched: Procurement, call: str) -> None:
    method, path, body, _ = CALLS[call]

    answer = untouched.send(method, path, body, role=None)

    assert problem_of(answer) == (401, "unauthorized")


def test_a_terminated_contract_takes_nothing_more(untouched: Procurement) -> None:
    refused = [
        untouched.amend(contract="ended", amount="1.00"),
        untouched.terminate("2018-12-02", contract="ended"),
        untouched.accept("1", contract="ended", accepted_on="2018-12-02"),
    ]

    assert {problem_of(answer) for answer in refused} == {(409, "contract-terminated")}
    assert {answer.json()["terminated_on"] for answer in refused} == {"2018-12-01"}
