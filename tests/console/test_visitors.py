"""Sessions end when they should, tokens carry no more than their user may do, and guessing is slow."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from services.console.login import local_path
from services.console.visitors import SESSIONS_MAX, Throttle, Visitors
from shared.access import FixedKeys, Gatekeeper
from shared.roles import ROLES
from shared.users import UsersUnreadable, a_user, matches, read_users, write_users

PAIR = OKPKey.generate_key("Ed25519")
PASSWORD = "correct horse battery"


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def visitors(time: Time) -> Visitors:
    return Visitors(PAIR.as_pem(private=True).decode(), session_seconds=3_600, idle_seconds=600, now=time)


def test_a_session_is_found_by_its_key_and_by_nothing_else(visitors: Visitors) -> None:
    visitor = visitors.welcome("li", ROLES["viewer"], None)

    assert visitors.of(visitor.key) is visitor
    assert visitors.of(visitor.key[:-1]) is None
    assert visitors.of("") is None
    assert visitors.of(None) is None


def test_a_session_ends_after_its_hours_whatever_its_visitor_does(visitors: Visitors, time: Time) -> None:
    visitor = visitors.welcome("li", ROLES["viewer"], None)
    for _ in range(7):
        time.now += 500
        assert visitors.of(visitor.key) is visitor

    time.now += 500

    assert visitors.of(visitor.key) is None
    assert visitor.is_over


def test_a_session_ends_when_nothing_is_open_for_a_while(visitors: Visitors, time: Time) -> None:
    idle, busy = (visitors.welcome(name, ROLES["viewer"], None) for name in ("idle", "busy"))
    busy.farewells.add(lambda: None)  # A page is open.

    time.now += 700

    assert visitors.of(idle.key) is None
    assert visitors.of(busy.key) is busy


def test_the_end_of_a_session_closes_its_pages_and_ends_its_rights(visitors: Visitors) -> None:
    visitor = visitors.welcome("li", ROLES["admin"], None)
    closed = []
    visitor.farewells.add(lambda: closed.append("page"))

    visitors.dismiss_all_of("li")

    assert closed == ["page"]
    assert not visitor.may("payments:post")
    assert visitors.of(visitor.key) is None


def test_a_flood_of_sessions_ends_the_oldest_and_not_the_console(visitors: Visitors) -> None:
    resident = visitors.resident("console", ROLES["viewer"])
    first = visitors.welcome("first", ROLES["viewer"], None)

    for number in range(SESSIONS_MAX):
        last = visitors.welcome(f"v{number}", ROLES["viewer"], None)

    assert first.is_over
    assert visitors.of(last.key) is last
    assert not resident.is_over


def test_a_token_carries_what_its_user_may_do_and_where(visitors: Visitors) -> None:
    visitor = visitors.welcome("li", ROLES["finance"], ("web",))

    caller = Gatekeeper(FixedKeys(PAIR.as_pem(private=False).decode())).check(visitors.token(visitor))

    assert (caller.subject, caller.scopes, caller.projects) == ("li", ROLES["finance"], frozenset({"web"}))
    assert caller.expires - datetime.now(UTC).timestamp() < 901


def test_a_token_is_renewed_before_it_expires_and_not_sooner(visitors: Visitors, time: Time) -> None:
    visitor = visitors.welcome("li", ROLES["viewer"], None)
    first = visitors.token(visitor)
    time.now += 400
    assert visitors.token(visitor) == first

    time.now += 100

    assert visitors.token(visitor) != first


def test_a_few_mistakes_are_free_and_then_each_costs_twice_as_much(time: Time) -> None:
    throttle = Throttle(time)
    waits = []
    for _ in range(9):
        throttle.failed("li", "10.0.0.1")
        waits.append(throttle.wait_seconds("li", "10.0.0.1"))

    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16]
    assert throttle.wait_seconds("wang", "10.0.0.1") == 0
    time.now += 16
    assert throttle.wait_seconds("li", "10.0.0.1") == 0


def test_a_name_is_slowed_down_from_wherever_it_is_guessed(time: Time) -> None:
    throttle = Throttle(time)
    for number in range(40):
        throttle.failed("li", f"10.0.0.{number}")

    assert throttle.wait_seconds("li", "10.0.1.1") == throttle.longest


def test_an_address_is_slowed_down_whatever_names_it_tries(time: Time) -> None:
    throttle = Throttle(time)
    for number in range(40):
        throttle.failed(f"name {number}", "10.0.0.1")

    assert throttle.wait_seconds("another", "10.0.0.1") == throttle.longest


def test_an_office_behind_one_address_logs_in_without_being_slowed_down(time: Time) -> None:
    throttle = Throttle(time)
    for number in range(200):
        throttle.failed(f"name {number}", "10.0.0.1")
        throttle.succeeded(f"name {number}", "10.0.0.1")

        assert throttle.wait_seconds("next", "10.0.0.1") == 0


def test_what_the_throttle_remembers_has_a_limit(time: Time) -> None:
    throttle = Throttle(time)
    for number in range(throttle.remembered_max + 100):
        throttle.failed(f"name {number}", f"address {number}")

    assert len(throttle._tries) <= throttle.remembered_max + 1


@given(st.text())
def test_a_login_never_leads_to_another_site(wanted: str) -> None:
    path = local_path(wanted)

    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable()


@pytest.mark.parametrize("wanted", ["//evil", "/\\evil", "https://evil", "javascript:alert(1)", "/\tevil", "/logout"])
def test_a_path_that_is_none_of_ours_is_the_overview(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_users_are_kept_as_hashes_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    write_users(path, [a_user("li", PASSWORD, ["viewer"], ["web"])])

    [user] = read_users(path).values()

    assert (user.name, user.roles, user.projects, user.scopes) == ("li", ("viewer",), ("web",), ROLES["viewer"])
    assert user.password.startswith("$argon2id$")
    assert PASSWORD not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert matches(user, PASSWORD)
    assert not matches(user, PASSWORD + "!")
    assert not matches(None, PASSWORD)


def test_a_file_that_is_none_of_users_lets_nobody_in_silently(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text('{"users": [{"name": "li"}]}')

    with pytest.raises(UsersUnreadable):
        read_users(path)


@pytest.mark.parametrize(
    ("name", "password", "roles"),
    [
        ("", PASSWORD, ["viewer"]),
        ("x" * 65, PASSWORD, ["viewer"]),
        (" li", PASSWORD, ["viewer"]),
        ("li", "short", ["viewer"]),
        ("li", "x" * 257, ["viewer"]),
        ("li", PASSWORD, []),
        ("li", PASSWORD, ["king"]),
    ],
)
def test_a_user_that_cannot_be_is_refused(name: str, password: str, roles: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        a_user(name, password, roles)
