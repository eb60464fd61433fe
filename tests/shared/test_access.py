"""Who is let in, with what, and where."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey, RSAKey

from shared.access import (
    LEEWAY_SECONDS,
    REFRESH_SECONDS,
    RENEW_SECONDS,
    RETRY_SECONDS,
    TOKEN_LENGTH_MAX,
    FixedKeys,
    Gatekeeper,
    IssuerKeys,
    KeysUnreachable,
)
from shared.problems import NotFound, Unauthorized
from shared.roles import READS, ROLES
from shared.tokens import ALGORITHMS, issue_token

KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = KEY.as_pem(private=True).decode(), KEY.as_pem(private=False).decode()
NOW = 1_700_000_000


def a_token(header: dict[str, Any] | None = None, key: Any = KEY, **claims: Any) -> str:
    usual = {
        "iss": "scorebus",
        "aud": "scorebus",
        "sub": "someone",
        "exp": NOW + 600,
        "scope": "budget:read",
        "projects": ["web"],
    }
    wanted = {name: value for name, value in (usual | claims).items() if value is not ...}
    return jwt.encode(
        {"alg": "Ed25519", "typ": "at+jwt"} | (header or {}), wanted, key, algorithms=[*ALGORITHMS, "HS256", "none"]
    )


def a_gatekeeper(keys: Any = None, now: float = NOW) -> Gatekeeper:
    return Gatekeeper(keys or FixedKeys(PUBLIC), now=lambda: now)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_with_a_secret(secret: bytes) -> str:
    signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt'})}.{a_token().split('.')[1]}"
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"


# The table of the public interface, word for word where it has words.
TABLE = {
    "planner": "projects:write plans:write budget:read procurement:read monitoring:read scores:read forms:read",
    "finance": "payments:post payments:request receipts:write budget:read",
    "approver": "payments:approve budget:read",
    "cashier": "payments:pay budget:read",
    "buyer": "contracts:write procurement:read",
    "inspector": "acceptances:write inspections:write procurement:read monitoring:read",
    "agent": "faults:write readings:write",
    "feedback": "feedback:write",
    "assessor": "ratings:write scores:read",
    "viewer": "scores:read",
    "auditor": "budget:read procurement:read monitoring:read scores:read forms:read events:read audit:read",
    "operator": "operations:write budget:read procurement:read monitoring:read scores:read forms:read events:read "
    "audit:read",
    "service": "events:read",
}


@pytest.mark.parametrize("role", TABLE)
def test_a_role_has_exactly_the_scopes_of_the_table(role: str) -> None:
    assert ROLES[role] == set(TABLE[role].split())


def test_admin_has_every_scope_and_there_are_no_other_roles() -> None:
    assert set(ROLES) == {*TABLE, "admin"}
    assert ROLES["admin"] == READS.union(*ROLES.values())


@pytest.mark.parametrize(("projects", "expected"), [(None, None), (["b", "a"], {"a", "b"}), ([], set())])
def test_an_issued_token_says_who_what_and_where(projects: list[str] | None, expected: set[str] | None) -> None:
    moment = datetime.fromtimestamp(NOW, UTC)
    token = issue_token(PRIVATE, subject="me", scopes=["x:y", "a:b"], projects=projects, days=2, now=moment)

    caller = a_gatekeeper().check(token)

    assert (caller.subject, caller.scopes, caller.projects) == ("me", {"x:y", "a:b"}, expected)
    assert caller.expires == NOW + 2 * 86_400


def test_only_the_own_projects_are_there() -> None:
    caller = a_gatekeeper().check(a_token(projects=["web"]))

    caller.require_project("web")
    with pytest.raises(NotFound):
        caller.require_project("grid")


def test_a_star_in_a_list_is_no_licence() -> None:
    assert not a_gatekeeper().check(a_token(projects=["*"])).may_see("web")


def test_a_token_without_projects_sees_none() -> None:
    assert not a_gatekeeper().check(a_token(projects=...)).may_see("web")


REFUSED: dict[str, str] = {
    "signed by another key": a_token(key=OKPKey.generate_key("Ed25519")),
    "unsigned": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{a_token().split('.')[1]}.",
    "unsigned, said loudly": f"{part({'alg': 'NONE', 'typ': 'at+jwt'})}.{a_token().split('.')[1]}.",
    "signed with the public key as a secret": signed_with_a_secret(PUBLIC.encode()),
    "signed with the public key as a secret, trimmed": signed_with_a_secret(PUBLIC.strip().encode()),
    "an id token": a_token({"typ": "JWT"}),
    "of no type": a_token({"typ": ""}),
    "of another issuer": a_token(iss="https://evil.example"),
    "of no issuer": a_token(iss=...),
    "for another audience": a_token(aud="other"),
    "for no audience": a_token(aud=...),
    "of nobody": a_token(sub=...),
    "of a subject of 256 characters": a_token(sub="x" * 256),
    "of an unprintable subject": a_token(sub="a\x00b"),
    "expired": a_token(exp=NOW - LEEWAY_SECONDS - 1),
    "without an end": a_token(exp=...),
    "with words for an end": a_token(exp="never"),
    "with an infinite end": a_token(exp=1e400),
    "not valid yet": a_token(nbf=NOW + 600),
    "issued in the future": a_token(iat=NOW + 600),
    "with one project as a string": a_token(projects="web"),
    "with no list of projects": a_token(projects={"web": 1}),
    "with a critical header unknown to us": f"{part({'alg': 'Ed25519', 'typ': 'at+jwt', 'crit': ['x'], 'x': 1})}"
    f".{a_token().split('.', 1)[1]}",
    "too long": a_token(padding="x" * TOKEN_LENGTH_MAX),
    "cut": a_token()[:-4],
    "of two parts": a_token().rpartition(".")[0],
    "of five parts": a_token() + ".a.b",
    "with a deep header": f"{part(b'[' * 5_000)}.{a_token().split('.', 1)[1]}",
    "no token at all": "hello",
    "Chinese": "令牌.令牌.令牌",
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_a_token_that_is_not_genuine_ours_and_valid_is_refused(token: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        a_gatekeeper().check(token)

    assert 'error="invalid_token"' in refused.value.headers()["WWW-Authenticate"]
    assert token not in refused.value.detail


def test_the_token_that_the_refused_ones_are_made_from_is_good() -> None:
    assert a_gatekeeper().check(a_token()).subject == "someone"
    assert a_gatekeeper().check(a_token({"typ": "application/at+jwt"})).subject == "someone"
    assert a_gatekeeper().check(a_token(exp=NOW - LEEWAY_SECONDS + 1)).subject == "someone"


@pytest.mark.parametrize("claim", ["scope", "projects", "sub", "exp"])
def test_a_changed_claim_breaks_the_signature(claim: str) -> None:
    header, payload, signature = a_token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims[claim] = {"scope": "operations:write", "projects": "*", "sub": "admin", "exp": NOW + 10**6}[claim]

    with pytest.raises(Unauthorized):
        a_gatekeeper().check(f"{header}.{part(claims)}.{signature}")


headers = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "b64", "zip", "enc", "jwk", "x5c"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([*ALGORITHMS, "none", "HS256", "dir"])
    | st.lists(st.text()),
)


@settings(deadline=None)
@given(header=headers | st.lists(st.integers()) | st.text() | st.none(), signature=st.binary(max_size=70))
def test_a_forged_token_is_refused_and_breaks_nothing(header: object, signature: bytes) -> None:
    with pytest.raises(Unauthorized):
        a_gatekeeper().check(f"{part(header)}.{a_token().split('.')[1]}.{part(signature)}")


def test_a_remembered_token_still_ends() -> None:
    now = [float(NOW)]
    gatekeeper = Gatekeeper(FixedKeys(PUBLIC), now=lambda: now[0])
    token = a_token(exp=NOW + 600)
    gatekeeper.check(token)
    assert gatekeeper.remembers(token)

    now[0] = NOW + 600 + LEEWAY_SECONDS + 1

    with pytest.raises(Unauthorized, match="expired"):
        gatekeeper.check(token)
    assert not gatekeeper.remembers(token)


def test_what_is_remembered_is_bounded_and_nobody_is_forgotten_for_good() -> None:
    gatekeeper = Gatekeeper(FixedKeys(PUBLIC), now=lambda: NOW, remembered_max=3)
    tokens = [a_token(sub=f"s{number}") for number in range(10)]

    for token in tokens:
        gatekeeper.check(token)

    assert sum(gatekeeper.remembers(token) for token in tokens) <= 3
    assert [gatekeeper.check(token).subject for token in tokens] == [f"s{number}" for number in range(10)]


class JwksServer:
    """An issuer's key set over HTTP; counts who asks for what."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.status = 200
        self.body: bytes | None = None
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                raw = outer.body or json.dumps(KeySet(outer.keys).as_dict(private=False)).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def issuer() -> Iterator[JwksServer]:
    server = JwksServer()
    server.keys = [KEY]
    yield server
    server.stop()


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_keys_of_an_issuer_are_used_and_asked_for_once(issuer: JwksServer) -> None:
    gatekeeper = a_gatekeeper(IssuerKeys(issuer.url))

    for number in range(5):
        assert gatekeeper.check(a_token(sub=f"s{number}")).subject == f"s{number}"

    assert issuer.asked == ["/jwks.json"]


def test_keys_of_another_kind_are_used_too(issuer: JwksServer) -> None:
    key = RSAKey.generate_key(2048, parameters={"kid": "rsa"})
    issuer.keys = [KEY, key]

    caller = a_gatekeeper(IssuerKeys(issuer.url)).check(a_token({"alg": "RS256", "kid": "rsa"}, key))

    assert caller.subject == "someone"


def test_keys_are_asked_for_again_when_they_are_old(issuer: JwksServer) -> None:
    clock = Time()
    keys = IssuerKeys(issuer.url, clock)
    keys.keys()

    clock.now = REFRESH_SECONDS
    keys.keys()
    assert len(issuer.asked) == 1
    clock.now = REFRESH_SECONDS + 1
    keys.keys()

    assert len(issuer.asked) == 2


@pytest.mark.parametrize("header", [{}, {"kid": "new"}])
def test_a_key_rotated_at_the_issuer_is_learned(issuer: JwksServer, header: dict[str, str]) -> None:
    clock = Time()
    gatekeeper = a_gatekeeper(IssuerKeys(issuer.url, clock))
    gatekeeper.check(a_token())
    new = OKPKey.generate_key("Ed25519", parameters={"kid": "new"})
    issuer.keys = [new]

    clock.now = RENEW_SECONDS

    assert gatekeeper.check(a_token(header, new)).subject == "someone"
    with pytest.raises(Unauthorized):
        gatekeeper.check(a_token(sub="of the old key"))


def test_bad_signatures_make_us_ask_the_issuer_at_most_once_in_a_while(issuer: JwksServer) -> None:
    clock = Time()
    gatekeeper = a_gatekeeper(IssuerKeys(issuer.url, clock))
    gatekeeper.check(a_token())
    forger = OKPKey.generate_key("Ed25519")

    for second in range(int(3 * RENEW_SECONDS)):
        clock.now = second
        for header in ({}, {"kid": "x"}):
            with pytest.raises(Unauthorized):
                gatekeeper.check(a_token(header, forger))

    assert len(issuer.asked) == 3


@pytest.mark.parametrize(
    "header",
    [{"jku": "URL"}, {"x5u": "URL"}, {"kid": "URL"}, {"kid": "../../dev/null"}, {"jwk": "PUBLIC"}, {"kid": "' OR 1"}],
)
def test_a_token_does_not_say_which_key_it_is_checked_with(issuer: JwksServer, header: dict[str, Any]) -> None:
    forger = OKPKey.generate_key("Ed25519")
    issuer.keys = [forger]
    told = {name: issuer.url if value == "URL" else value for name, value in header.items()}
    told = {name: forger.as_dict(private=False) if value == "PUBLIC" else value for name, value in told.items()}

    with pytest.raises(Unauthorized):
        a_gatekeeper().check(a_token(told, forger))

    assert issuer.asked == []


def test_without_the_issuer_nobody_can_be_told_from_anybody() -> None:
    with pytest.raises(KeysUnreachable):
        a_gatekeeper(IssuerKeys("http://127.0.0.1:1/jwks.json")).check(a_token())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (404, None),
        (302, None),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": [{"kty": "x"}]}'),
        (200, b"{}"),
    ],
)
def test_an_issuer_that_gives_no_keys_is_out_of_reach(issuer: JwksServer, status: int, body: bytes | None) -> None:
    issuer.status, issuer.body = status, body

    with pytest.raises(KeysUnreachable):
        a_gatekeeper(IssuerKeys(issuer.url)).check(a_token())


def test_a_dead_issuer_is_not_asked_by_every_request(issuer: JwksServer) -> None:
    clock = Time()
    gatekeeper = a_gatekeeper(IssuerKeys(issuer.url, clock))
    issuer.status = 500
    for _ in range(5):
        with pytest.raises(KeysUnreachable):
            gatekeeper.check(a_token())
    assert len(issuer.asked) == 1

    issuer.status, clock.now = 200, RETRY_SECONDS

    assert gatekeeper.check(a_token()).subject == "someone"


def test_an_issuer_that_dies_leaves_the_keys_we_know(issuer: JwksServer) -> None:
    clock = Time()
    gatekeeper = a_gatekeeper(IssuerKeys(issuer.url, clock))
    gatekeeper.check(a_token())
    issuer.status, clock.now = 500, RENEW_SECONDS

    with pytest.raises(KeysUnreachable):
        gatekeeper.check(a_token(key=OKPKey.generate_key("Ed25519")))

    assert gatekeeper.check(a_token(sub="another")).subject == "another"


def test_many_threads_may_check_at_once() -> None:
    gatekeeper = Gatekeeper(FixedKeys(PUBLIC), remembered_max=2)
    tokens = [a_token(sub=f"s{number}", exp=int(time.time()) - 120 * (number % 2)) for number in range(8)]
    broken: list[BaseException] = []

    def check() -> None:
        for token in tokens * 20:
            try:
                gatekeeper.check(token)
            except Unauthorized:
                continue
            except BaseException as error:  # noqa: BLE001  # Told below, on the test's own thread.
                broken.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert broken == []
