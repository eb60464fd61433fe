"""What every request passes before its call is found."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from shared.door import Throttle
from shared.tokens import issue_token
from tests.shared.mechanism import NOW
from tests.shared.small import a_service
from tests.support import Running, problem_of

OPEN = ["/livez", "/readyz", "/healthz", "/metrics", "/docs", "/openapi.json", "/asyncapi.json", "/schemas/x"]


def test_a_burst_passes_and_then_the_rate() -> None:
    throttle = Throttle(per_second=2, burst=3)

    assert [throttle.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert throttle.take("a", 0.25) == 0.25
    assert throttle.take("a", 0.5) == 0
    assert throttle.take("a", 0.5) == 0.5


def test_rest_fills_the_burst_again_and_no_more() -> None:
    throttle = Throttle(per_second=2, burst=3)
    for _ in range(3):
        throttle.take("a", 0.0)

    waits = [throttle.take("a", 1_000.0) for _ in range(4)]

    assert waits == [0, 0, 0, 0.5]


def test_one_caller_does_not_use_up_what_another_has() -> None:
    throttle = Throttle(per_second=1, burst=1)
    throttle.take("a", 0.0)

    assert throttle.take("b", 0.0) == 0
    assert throttle.take("a", 0.0) == 1


def test_a_refused_request_costs_nothing() -> None:
    throttle = Throttle(per_second=1, burst=1)
    throttle.take("a", 0.0)
    for _ in range(100):
        throttle.take("a", 0.5)

    assert throttle.take("a", 1.0) == 0


def test_the_memory_of_a_throttle_is_bounded() -> None:
    throttle = Throttle(per_second=1, burst=1, callers_max=10)

    for number in range(1_000):
        throttle.take(str(number), 0.0)

    assert len(throttle._buckets) <= 10


@given(gaps=st.lists(st.floats(0, 3), max_size=60), per_second=st.integers(1, 5), burst=st.integers(1, 5))
def test_in_any_span_no_more_pass_than_burst_and_rate_allow(gaps: list[float], per_second: int, burst: int) -> None:
    throttle = Throttle(per_second=per_second, burst=burst)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        wait = throttle.take("a", now)
        assert 0 <= wait <= 1 / per_second
        if wait == 0:
            passed.append(now)

    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) * per_second + 1e-6


def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path) -> None:
    with a_service(tmp_path, requests_per_second=0.01, requests_burst=2) as service:
        answers = [service.send("GET", "/events/head", role="service") for _ in range(3)]
        other = service.send("GET", "/events/head", role="auditor")
        health = service.send("GET", "/livez", role="service")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert problem_of(answers[2]) == (429, "too-many-requests")
    assert 90 <= int(answers[2].headers["retry-after"]) <= 100
    assert (other.status_code, health.status_code) == (200, 200)


@pytest.mark.parametrize("path", OPEN)
def test_what_machines_and_readers_need_is_open(service: Running, path: str) -> None:
    answer = service.send("GET", path, role=None)

    assert answer.status_code != 401


@pytest.mark.parametrize(
    "path", ["/events", "/events/head", "/things", "/nowhere", "/", "/livez/", "/livezx", "/openapi.jsonx", "/schemas"]
)
def test_everything_else_needs_a_token_even_what_is_not_there(service: Running, path: str) -> None:
    answer = service.send("GET", path, role=None)

    assert problem_of(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="scorebus"'


@pytest.mark.parametrize("given_header", ["Basic YTpi", "Bearer", "Bearer ", "token", "bearertoken", ""])
def test_what_is_no_bearer_token_is_challenged(service: Running, given_header: str) -> None:
    answer = service.send("GET", "/events", role=None, headers={"Authorization": given_header})

    assert problem_of(answer) == (401, "unauthorized")
    assert "www-authenticate" in answer.headers


def test_a_bad_token_is_challenged_as_such_and_not_repeated(service: Running) -> None:
    forger = OKPKey.generate_key("Ed25519").as_pem(private=True).decode()
    token = issue_token(forger, subject="x", scopes=["events:read"], projects=None, days=10_000, now=NOW)

    answer = service.send("GET", "/events", role=None, headers={"Authorization": f"Bearer {token}"})

    assert problem_of(answer) == (401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert token not in answer.text


def test_the_word_bearer_is_read_in_any_case(service: Running) -> None:
    token = service.issuer.token("service")

    assert service.send("GET", "/events", role=None, headers={"Authorization": f"bEARER  {token}"}).status_code == 200


def test_without_the_issuers_keys_the_door_is_closed(tmp_path: Path) -> None:
    with a_service(tmp_path, jwks_url="http://127.0.0.1:1/jwks.json") as service:
        answer = service.send("GET", "/events")
        health = service.send("GET", "/livez", role=None)

    assert problem_of(answer) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert health.status_code == 200


@pytest.mark.parametrize("name", ["a", "A-b_c.d:9", "x" * 64])
def test_a_correlation_id_comes_back_and_stands_in_the_event(service: Running, name: str) -> None:
    answer = service.send("POST", "/things", {"receipt": "r"}, headers={"X-Correlation-ID": name})

    assert answer.headers["x-correlation-id"] == name
    assert service.events()[-1]["correlationid"] == name


@pytest.mark.parametrize("name", [None, "", "x" * 65, "a b", "{}", "a/b", "é".encode()])
def test_where_there_is_no_usable_correlation_id_one_is_made(service: Running, name: str | None) -> None:
    headers = {} if name is None else {"X-Correlation-ID": name}

    answers = [service.send("POST", "/things", {"receipt": "r"}, headers=headers) for _ in range(2)]

    made = [answer.headers["x-correlation-id"] for answer in answers]
    assert len(set(made)) == 2
    assert name not in made
    assert [event["correlationid"] for event in service.events()[-2:]] == made


@pytest.mark.parametrize("path", ["/nowhere", "/problem", "/teapot", "/livez"])
def test_every_answer_has_its_correlation_id(service: Running, path: str) -> None:
    assert service.send("GET", path, headers={"X-Correlation-ID": "c"}).headers["x-correlation-id"] == "c"
    assert service.send("GET", path, role=None, headers={"X-Correlation-ID": "c"}).headers["x-correlation-id"] == "c"


def test_the_traceparent_of_a_request_stands_in_its_event(service: Running) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    service.send("POST", "/things", {"receipt": "r"}, headers={"traceparent": trace})

    assert service.events()[-1]["traceparent"] == trace


@pytest.mark.parametrize("trace", ["", "00", "00-XYZ-1-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"])
def test_a_broken_traceparent_is_left_out(service: Running, trace: str) -> None:
    service.send("POST", "/things", {"receipt": "r"}, headers={"traceparent": trace})

    assert "traceparent" not in service.events()[-1]


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/nowhere", 404, "not-found"),
        ("/teapot", 418, "refused"),
        ("/problem", 500, "internal"),
        ("/bug", 500, "internal"),
        ("/unavailable", 503, "unavailable"),
    ],
)
def test_every_error_is_a_problem(service: Running, path: str, status: int, slug: str) -> None:
    answer = service.send("GET", path)

    assert problem_of(answer) == (status, slug)
    assert "secret detail" not in answer.text


def test_a_method_that_is_not_allowed_names_those_that_are(service: Running) -> None:
    answer = service.send("GET", "/things")

    assert problem_of(answer) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_a_wait_that_is_asked_for_is_a_header(service: Running) -> None:
    assert service.send("GET", "/unavailable").headers["retry-after"] == "7"


def test_the_size_of_a_body_is_bounded_by_the_setting(tmp_path: Path) -> None:
    def body(size: int) -> bytes:
        return b'{"receipt": "r"' + b" " * (size - 16) + b"}"

    with a_service(tmp_path, body_bytes_max=2_000) as service:
        at_the_limit = service.send("POST", "/things", content=body(2_000))
        above = service.send("POST", "/things", content=body(2_001))

    assert at_the_limit.status_code == 201
    assert problem_of(above) == (413, "too-large")


def test_a_body_that_says_it_is_too_large_is_not_even_read(service: Running) -> None:
    read = []

    async def chunks() -> AsyncIterator[bytes]:
        read.append(1)
        yield b" " * 300_000

    answer = service.send("POST", "/things", content=chunks(), headers={"Content-Length": "300000"})

    assert problem_of(answer) == (413, "too-large")
    assert read == []


def test_who_waits_as_long_as_told_is_not_too_early(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Throttle, "take", lambda *_: 1.2)

    answer = service.send("GET", "/events/head")

    assert problem_of(answer) == (429, "too-many-requests")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("length", ["99999999999999999999", "-1", "ten"])
def test_a_length_that_lies_is_no_way_in(service: Running, length: str) -> None:
    answer = service.send("POST", "/things", content=b" " * 300_000, headers={"Content-Length": length})

    assert problem_of(answer) == (413, "too-large")


def test_a_refused_body_gives_no_event(service: Running) -> None:
    before = service.head()

    answers = [
        service.send("POST", "/things", content=b" " * 300_000),
        service.send("POST", "/things", {"receipt": "r"}, role=None),
        service.send("POST", "/things", {"receipt": ""}),
    ]

    assert [answer.status_code for answer in answers] == [413, 401, 422]
    assert service.head() == before


def test_browsers_are_told_not_to_guess(service: Running) -> None:
    answer: httpx.Response = service.send("GET", "/livez", role=None)

    assert answer.headers["x-content-type-options"] == "nosniff"
