"""Bad input gets the right 4xx as a problem, leaves no trace, and is never the service's fault."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.budget.driver import Budget, a_declaration, a_payment, a_receipt
from tests.support import problem_of

CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "declaration": ("PUT", "/projects/web", a_declaration()),
    "receipt": ("POST", "/projects/web/receipts", a_receipt("1.00")),
    "payment": ("POST", "/payments", a_payment()),
    "reversal": ("POST", "/payments/paid/reversal", {"reason": "r"}),
}
every_call = pytest.mark.parametrize("call", CALLS)


@pytest.fixture(autouse=True)
def nothing_is_stored(request: pytest.FixtureRequest, untouched: Budget):
    """Every test of this file is about requests that leave no trace."""
    if "anything" in request.node.name:
        yield
        return
    before = untouched.stored()
    yield
    assert untouched.stored() == before


def send(budget: Budget, call: str, body: Any = None, *, content: Any = None, **headers: str) -> httpx.Response:
    method, path, _ = CALLS[call]
    return budget.send(method, path, body, content=content, headers={"Idempotency-Key": "never-stored"} | headers)


def refused_at(answer: httpx.Response, field: str) -> None:
    assert problem_of(answer) == (422, "validation")
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert all(set(error) == {"field", "code", "message"} for error in answer.json()["errors"])


BYTES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "malformed"),
    "no JSON": (b"hello", 400, "malformed"),
    "cut off": (b'{"project": "we', 400, "malformed"),
    "two values": (b"{} {}", 400, "malformed"),
    "latin-1": ('{"payee": "é"}'.encode("latin-1"), 400, "malformed"),
    "utf-16": ("{}".encode("utf-16"), 400, "malformed"),
    "byte order mark": (b"\xef\xbb\xbf{}", 400, "malformed"),
    "overlong encoding": (b'{"payee": "\xc0\x80"}', 400, "malformed"),
    "encoded surrogate": (b'{"payee": "\xed\xa0\x80"}', 400, "malformed"),
    "half a pair": (b'{"payee": "\\ud83d"}', 400, "malformed"),
    "half a pair as a name": (b'{"\\udc00": 1}', 400, "malformed"),
    "a control character": (b'{"payee": "\x00"}', 400, "malformed"),
    "a name twice": (b'{"amount": 1, "amount": 2}', 400, "malformed"),
    "a name twice inside": (b'{"a": [{"b": 1, "b": 1}]}', 400, "malformed"),
    "NaN": (b'{"amount": NaN}', 400, "malformed"),
    "Infinity": (b'{"amount": Infinity}', 400, "malformed"),
    "minus Infinity": (b'{"amount": -Infinity}', 400, "malformed"),
    "a number of 65 digits": (b'{"amount": ' + b"9" * 65 + b"}", 400, "malformed"),
    "an absurd exponent": (b'{"amount": 1e99999999999999999999}', 400, "malformed"),
    "an absurd fraction": (b'{"amount": 1e-99999999999999999999}', 400, "malformed"),
    "100 lists deep": (b"[" * 100 + b"]" * 100, 400, "malformed"),
    "100 objects deep": (b'{"a":' * 100 + b"1" + b"}" * 100, 400, "malformed"),
    "100,000 lists deep": (b"[" * 100_000, 400, "malformed"),
    "a list": (b"[]", 422, "validation"),
    "a string": (b'"x"', 422, "validation"),
    "a number": (b"1", 422, "validation"),
    "null": (b"null", 422, "validation"),
    "an empty object": (b"{}", 422, "validation"),
}


@every_call
@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_such_request_are_refused(untouched: Budget, call: str, name: str) -> None:
    content, status, slug = BYTES[name]

    answer = send(untouched, call, content=content)

    assert problem_of(answer) == (status, slug)


@every_call
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/json; charset=latin-1",
        "",
        None,
    ],
)
def test_another_media_type_is_refused(untouched: Budget, call: str, media_type: str | None) -> None:
    content = json.dumps(CALLS[call][2]).encode()

    answer = send(untouched, call, content=content, **{"Content-Type": media_type})  # type: ignore[arg-type]

    assert problem_of(answer) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;x=y"]
)
def test_json_in_utf_8_is_taken_however_it_is_named(untouched: Budget, media_type: str) -> None:
    answer = send(untouched, "reversal", content=b"{}", **{"Content-Type": media_type})

    assert answer.status_code == 422


@every_call
def test_a_body_of_300_kib_is_refused(untouched: Budget, call: str) -> None:
    answer = send(untouched, call, content=b" " * 300 * 1024)

    assert problem_of(answer) == (413, "too-large")
    assert answer.json()["limit"] == 256 * 1024


@every_call
def test_a_body_of_300_kib_in_chunks_is_refused_though_it_names_no_length(untouched: Budget, call: str) -> None:
    sent = []

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            sent.append(1)
            yield b" " * 1024

    answer = send(untouched, call, content=chunks())

    assert problem_of(answer) == (413, "too-large")
    assert "content-length" not in answer.request.headers


def test_a_list_of_1001_is_refused(untouched: Budget) -> None:
    lines = [{"line": f"l{number}", "name": "n", "amount": "0.00"} for number in range(1001)]

    answer = send(untouched, "declaration", a_declaration() | {"lines": lines})

    refused_at(answer, "lines")


def test_a_list_of_nothing_is_refused(untouched: Budget) -> None:
    refused_at(send(untouched, "declaration", a_declaration() | {"lines": []}), "lines")


AMOUNTS: dict[str, str] = {
    "negative": '"-1.00"',
    "negative number": "-1",
    "three decimals": '"1.001"',
    "three decimals as a number": "1.001",
    "37 decimals": '"1.0000000000000000000000000000000000001"',
    "30 digits": '"' + "9" * 30 + '"',
    "30 digits as a number": "9" * 30,
    "one digit too many": '"10000000000000.00"',
    "1e400": "1e400",
    "1e-400": "1e-400",
    "1e999999": "1e999999",
    "1e-999999999": "1e-999999999",
    "true": "true",
    "null": "null",
    "a list": "[1]",
    "an object": "{}",
    "no digits": '""',
    "words": '"ten"',
    "NaN as text": '"NaN"',
    "Infinity as text": '"Infinity"',
    "an exponent as text": '"1e3"',
    "a plus": '"+1.00"',
    "white space": '" 1.00"',
    "a line end": '"1.00\\n"',
    "a comma": '"1,000.00"',
    "a currency": '"¥1.00"',
    "full-width digits": '"１.００"',
    "Arabic digits": '"١.٠٠"',
    "a point alone": '"1."',
    "no whole part": '".50"',
    "hexadecimal": '"0x10"',
    "an underscore": '"1_000"',
}
ZEROS = {"zero": '"0.00"', "zero number": "0", "minus zero": '"-0.00"', "zero with an exponent": "0e5"}


def with_amount(call: str, amount: str) -> bytes:
    body = CALLS[call][2]
    if call == "declaration":
        body = body | {"lines": [{"line": "net", "name": "n", "amount": "AMOUNT"}]}
    else:
        body = body | {"amount": "AMOUNT"}
    return json.dumps(body).replace('"AMOUNT"', amount).encode()


@pytest.mark.parametrize("call", ["declaration", "receipt", "payment"])
@pytest.mark.parametrize("name", AMOUNTS)
def test_what_is_no_amount_is_refused(untouched: Budget, call: str, name: str) -> None:
    answer = send(untouched, call, content=with_amount(call, AMOUNTS[name]))

    refused_at(answer, "lines.0.amount" if call == "declaration" else "amount")


@pytest.mark.parametrize("call", ["receipt", "payment"])
@pytest.mark.parametrize("name", ZEROS)
def test_nothing_is_neither_received_nor_paid(untouched: Budget, call: str, name: str) -> None:
    refused_at(send(untouched, call, content=with_amount(call, ZEROS[name])), "amount")


WORDS: dict[str, Any] = {
    "empty": "",
    "too long": "x" * 2_001,
    "NUL": "a\x00b",
    "escape": "a\x1b[31mb",
    "delete": "\x7f",
    "a number": 1,
    "true": True,
    "null": None,
    "a list": ["x"],
    "an object": {"a": "b"},
}
FIELDS_OF_WORDS = [
    ("declaration", "name"),
    ("declaration", "unit"),
    ("declaration", "department"),
    ("receipt", "reference"),
    ("payment", "payee"),
    ("payment", "purpose"),
    ("payment", "approved_by"),
    ("reversal", "reason"),
]


@pytest.mark.parametrize(("call", "field"), FIELDS_OF_WORDS)
@pytest.mark.parametrize("name", WORDS)
def test_what_are_no_words_is_refused(untouched: Budget, call: str, field: str, name: str) -> None:
    answer = send(untouched, call, CALLS[call][2] | {field: WORDS[name]})

    refused_at(answer, field)


IDS = {
    "empty": "",
    "too long": "x" * 65,
    "far too long": "x" * 100_000,
    "a slash": "a/b",
    "white space": "a b",
    "a line end": "web\n",
    "NUL": "web\x00",
    "Chinese": "网站",
    "a quote": "a' OR '1'='1",
    "a number": 5,
    "a list": ["web"],
}


@pytest.mark.parametrize(("call", "field"), [("payment", each) for each in ("payment", "project", "line", "contract")])
@pytest.mark.parametrize("name", IDS)
def test_what_is_no_id_is_refused(untouched: Budget, call: str, field: str, name: str) -> None:
    refused_at(send(untouched, call, CALLS[call][2] | {field: IDS[name]}), field)


DAYS = ["", "2018-02-29", "2018-13-01", "2018-1-1", "20180101", "2018-12-12T00:00:00+08:00", "0000-01-01", "1949-12-31"]
DAYS += ["2200-01-01", "99999-01-01", "tomorrow", "２０１８-01-01", "2018-01-01\n"]


@pytest.mark.parametrize(
    ("call", "field"),
    [("declaration", "starts_on"), ("declaration", "ends_on"), ("receipt", "received_on"), ("payment", "paid_on")],
)
@pytest.mark.parametrize("day", [*DAYS, 20180101, None, True, ["2018-01-01"]])
def test_what_is_no_day_is_refused(untouched: Budget, call: str, field: str, day: object) -> None:
    refused_at(send(untouched, call, CALLS[call][2] | {field: day}), field)


MOMENTS = ["2018-12-12T10:00:00", "2018-12-12", "2018-12-12 10:00", "2018-12-12T25:00:00Z", "2018-12-12T10:00:00+24:00"]
MOMENTS += ["2018-12-12T10:00:60Z", "2018-12-12T10:00:00+8", "1545000000", "9999-12-31T23:59:59Z", "now", ""]


@pytest.mark.parametrize("call", ["declaration", "reversal"])
@pytest.mark.parametrize("moment", [*MOMENTS, 1545000000, True, []])
def test_a_time_without_its_offset_or_that_is_none_is_refused(untouched: Budget, call: str, moment: object) -> None:
    refused_at(send(untouched, call, CALLS[call][2] | {"occurred_at": moment}), "occurred_at")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fiscal_year", "2018"),
        ("fiscal_year", 2018.5),
        ("fiscal_year", 10**30),
        ("fiscal_year", -1),
        ("fiscal_year", True),
        ("nature", "old"),
        ("nature", None),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", ""),
        ("lines", {}),
        ("lines", [1]),
        ("sources", []),
    ],
)
def test_what_is_no_part_of_a_declaration_is_refused(untouched: Budget, field: str, value: object) -> None:
    answer = send(untouched, "declaration", a_declaration() | {field: value})

    assert problem_of(answer) == (422, "validation")
    assert answer.json()["errors"][0]["field"].startswith(field)


@every_call
def test_a_member_that_nobody_knows_is_refused(untouched: Budget, call: str) -> None:
    refused_at(send(untouched, call, CALLS[call][2] | {"colour": "red"}), "colour")


@every_call
def test_every_missing_member_is_named_at_once(untouched: Budget, call: str) -> None:
    needed = {name for name in CALLS[call][2] if name != "contract"}

    answer = send(untouched, call, {})

    assert {error["field"] for error in answer.json()["errors"]} == needed


@pytest.mark.parametrize(
    ("changes", "slug", "field"),
    [({"project": "gone"}, "unknown-project", "project"), ({"line": "gone"}, "unknown-line", "line")],
)
def test_a_payment_that_names_what_is_not_there_is_refused(
    untouched: Budget, changes: dict[str, str], slug: str, field: str
) -> None:
    answer = send(untouched, "payment", a_payment(**changes))

    assert problem_of(answer) == (422, slug)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("path", ["/projects/gone/budget", "/payments/gone", "/projects/a%20b/budget", "/payments/%00"])
@pytest.mark.parametrize("long", ["", "x" * 10_000])
def test_what_is_not_there_is_not_found(untouched: Budget, path: str, long: str) -> None:
    answer = untouched.send("GET", path.replace("gone", long or "gone"))

    assert problem_of(answer) == (404, "not-found")


def test_the_reversal_of_a_payment_that_is_not_there_is_not_found(untouched: Budget) -> None:
    answer = untouched.send("POST", "/payments/gone/reversal", {"reason": "r"})

    assert problem_of(answer) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1001", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("cursor=", "cursor"),
        ("cursor=!!!", "cursor"),
        ("cursor=a", "cursor"),
        ("cursor=LTE", "cursor"),
        ("cursor=MQ%00", None),
        ("cursor=Li4vLi4vZXRj", "cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor"),
        ("cursor=" + "M" * 10_000, "cursor"),
        ("cursor=%E4%BD%A0", "cursor"),
        ("project=a%20b", "project"),
        ("project=" + "x" * 10_000, "project"),
        ("line=%00", "line"),
        ("contract=", "contract"),
        ("contract=%FF%FE", "contract"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(untouched: Budget, query: str, field: str | None) -> None:
    answer = untouched.send("GET", f"/payments?{query}")

    if field is None:
        assert answer.status_code in (200, 422)
    else:
        refused_at(answer, field)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", "/projects//budget", 404),
        ("GET", "/projects/../../etc/passwd", 404),
        ("DELETE", "/payments/paid", 405),
        ("PATCH", "/projects/web", 405),
        ("POST", "/projects/web/budget", 405),
        ("BREW", "/payments", 405),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(untouched: Budget, method: str, path: str, status: int) -> None:
    answer = untouched.send(method, path)

    slug = {404: "not-found", 405: "method-not-allowed"}[status]
    assert problem_of(answer) == (status, slug)
    assert status != 405 or answer.headers["allow"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None, phases=[Phase.generate, Phase.shrink])
@given(call=st.sampled_from(sorted(CALLS)), changed=st.data())
def test_anything_in_any_member_is_answered_and_never_the_services_fault(
    untouched: Budget, call: str, changed: st.DataObject
) -> None:
    body = dict(CALLS[call][2])
    body[changed.draw(st.sampled_from(sorted(body)))] = changed.draw(json_values)

    answer = send(untouched, call, content=json.dumps(body).encode())

    assert answer.status_code < 500, answer.text
    assert answer.is_success or problem_of(answer)


@settings(max_examples=120, deadline=None)
@given(call=st.sampled_from(sorted(CALLS)), content=st.binary(max_size=60))
def test_any_bytes_are_answered_and_never_the_services_fault(untouched: Budget, call: str, content: bytes) -> None:
    answer = send(untouched, call, content=content)

    assert 400 <= answer.status_code < 500, answer.text
    assert problem_of(answer)


OPERATIONS = [
    "PUT /projects/{project}",
    "POST /projects/{project}/receipts",
    "GET /projects/{project}/budget",
    "POST /payments",
    "GET /payments",
    "GET /payments/{payment}",
    "POST /payments/{payment}/reversal",
    "GET /events",
    "GET /events/head",
]


def strategy_of(budget: Budget, operation: str, mode: Any) -> st.SearchStrategy[Any]:
    method, _, path = operation.partition(" ")
    schema = schemathesis.openapi.from_dict(budget.running.app.openapi())
    return schema[path][method].as_strategy(generation_mode=mode)


@pytest.mark.filterwarnings("ignore")  # What the generator's own libraries deprecate is no fault of ours.
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("operation", OPERATIONS)
def test_anything_made_from_the_openapi_document_is_answered_as_it_promises(
    untouched: Budget, operation: str, mode: Any
) -> None:
    send_case = sender(untouched)

    @settings(
        max_examples=15,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=strategy_of(untouched, operation, mode))
    def check(case: Any) -> None:
        answer = send_case(case)

        assert answer.status_code < 500, answer.text
        assert answer.is_success or problem_of(answer)

    check()


def sender(budget: Budget) -> Callable[[Any], httpx.Response]:
    """A function that sends what schemathesis made, with a token and a key."""

    def send_case(case: Any) -> httpx.Response:
        words = case.as_transport_kwargs(base_url="http://service")
        headers = {"Authorization": budget.running.issuer.bearer("admin"), "Idempotency-Key": "generated"}
        if "json" in words or "data" in words:
            headers["Content-Type"] = "application/json"
        content = json.dumps(words["json"]).encode() if "json" in words else words.get("data")
        query = {name: value for name, value in (words.get("params") or {}).items() if value is not None}
        if case.path.endswith("/events"):
            query["timeout"] = 0  # Nobody wants to wait for a long poll here.

        async def work() -> httpx.Response:
            return await budget.running.client.request(
                words["method"], words["url"], params=query, content=content or None, headers=headers
            )

        return budget.running.run(work)

    return send_case
