"""The key of a request, and when two requests are the same. What comes of it is tested with budget."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from shared.bodies import StrictRequest
from shared.idempotency import KeyMalformed, _request_hash, key_of


def a_request(
    raw: bytes = b"", *, key: str | None = None, method: str = "POST", path: str = "/payments", query: bytes = b""
) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    headers = [(b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"idempotency-key", key.encode("latin-1")))
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
    return StrictRequest(scope, receive)


def hash_of(raw: bytes, **words: Any) -> str:
    return asyncio.run(_request_hash(a_request(raw, **words)))


@pytest.mark.parametrize(
    ("given_key", "key"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ('  "abc" ', "abc"),
        (r'"a\"b\\c"', r"a\"b\\c".replace("\\\\", "\\").replace('\\"', '"')),
        ('"a b"', "a b"),
        ("a b", "a b"),
        ("k" * 255, "k" * 255),
        (None, None),
    ],
)
def test_a_key_is_read_quoted_or_bare(given_key: str | None, key: str | None) -> None:
    assert key_of(a_request(key=given_key)) == key


@pytest.mark.parametrize("given_key", ["", " ", '""', '"', '"a', r'"a\x"', '"a"b"', "a\x00", "a\x7f", "é", "k" * 256])
def test_what_is_no_key_is_refused(given_key: str) -> None:
    with pytest.raises(KeyMalformed):
        key_of(a_request(key=given_key))


@given(key=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_any_printable_key_in_quotes_is_read_as_it_is(key: str) -> None:
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert key_of(a_request(key=quoted)) == key


@given(
    digits=st.integers(-(10**40), 10**40),
    exponent=st.integers(-60, 20),
    other=st.integers(-(10**40), 10**40),
    other_exponent=st.integers(-60, 20),
)
def test_numbers_are_the_same_if_and_only_if_they_are_equal(
    digits: int, exponent: int, other: int, other_exponent: int
) -> None:
    one, two = f"{digits}e{exponent}", f"{other}e{other_exponent}"

    is_same = hash_of(one.encode()) == hash_of(two.encode())

    assert is_same is (Decimal(one) == Decimal(two))
    assert hash_of(f"{digits}.0e{exponent}".encode()) == hash_of(one.encode())


def test_a_vast_exponent_costs_nothing() -> None:
    assert hash_of(b"1e999999999") != hash_of(b"1e-999999999")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (b"1", b'"1"'),
        (b"1", b"true"),
        (b"0", b"false"),
        (b"0", b"null"),
        (b"[]", b"{}"),
        (b"[1, 2]", b"[2, 1]"),
        (b'{"number": "1e0"}', b"1"),
        (b"12", b'{"number": "12e0"}'),
        (b'{"members": {}}', b"{}"),
        (b"{}", b'{"a": null}'),
    ],
)
def test_other_values_are_other_requests(one: bytes, two: bytes) -> None:
    assert hash_of(one) != hash_of(two)


def test_white_space_and_order_make_no_other_request() -> None:
    assert hash_of(b'{"a": 1, "b": [2]}') == hash_of(b'{ "b":[2.0],"a":1 }')


def test_method_and_path_are_part_of_the_request_and_the_query_is_not() -> None:
    raw = json.dumps({}).encode()

    assert hash_of(raw) != hash_of(raw, method="PUT")
    assert hash_of(raw) != hash_of(raw, path="/other")
    assert hash_of(raw) == hash_of(raw, query=b"a=b")
