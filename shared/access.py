"""Who may do what: bearer tokens (RFC 6750, 9068) with scopes and projects."""

import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx
from fastapi import Request
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.problems import Forbidden, NotFound, Unauthorized
from shared.tokens import ALGORITHMS, ALL_PROJECTS, AUDIENCE, ISSUER

LEEWAY_SECONDS: Final = 60
TOKEN_TYPES: Final = ("at+jwt", "application/at+jwt")
SUBJECT_LENGTH_MAX: Final = 255  # Characters, as in OpenID Connect.
REFRESH_SECONDS: Final = 300.0  # Keys are fetched anew after this.
RENEW_SECONDS: Final = 10.0  # Sooner for a signature that fits no key, but no sooner than this after the last time.
RETRY_SECONDS: Final = 1.0  # After an attempt that failed.
TOKEN_LENGTH_MAX: Final = 8_192  # Characters; below what servers take as one header.


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The holder of a token."""

    subject: str
    scopes: frozenset[str]
    projects: frozenset[str] | None  # None: all.
    expires: float  # Seconds since 1970.

    def may_see(self, project: str) -> bool:
        """Whether *project* is among the caller's."""
        return self.projects is None or project in self.projects

    def require_project(self, project: str) -> None:
        """
        Let nobody learn whether a foreign project exists.

        Raises:
            NotFound: If *project* is not among the caller's.
        """
        if not self.may_see(project):
            raise NotFound(f"there is no project {project}", project=project)


class KeysUnreachable(Exception):
    """The issuer of tokens gives no usable keys."""


class KeySource(Protocol):
    """Where the keys that sign tokens come from. Either may raise `KeysUnreachable`."""

    def keys(self) -> KeySet:
        """The keys to check a signature with."""
        ...

    def renewed(self) -> KeySet | None:
        """The keys after a signature fitted none of them; None if there are no newer ones to be had now."""
        ...


class FixedKeys:
    """The public key of the platform's own issuer."""

    def __init__(self, public_pem: str) -> None:
        self._keys = KeySet([OKPKey.import_key(public_pem)])

    def keys(self) -> KeySet:
        return self._keys

    def renewed(self) -> KeySet | None:
        return None


class IssuerKeys:
    """The JWKS of an OpenID Connect issuer, fetched when it is old, or when a key that we lack was used."""

    def __init__(self, jwks_url: str, now: Callable[[], float] = time.monotonic) -> None:
        self._url = jwks_url
        self._now = now
        self._keys: KeySet | None = None
        self._fetched = float("-inf")
        self._asked = float("-inf")  # The last attempt, whether it brought keys or not.
        self._lock = threading.Lock()

    def keys(self) -> KeySet:
        with self._lock:
            if self._keys is None or self._now() - self._fetched > REFRESH_SECONDS:
                if self._now() - self._asked < RETRY_SECONDS:  # Requests must not queue up behind a dead issuer.
                    raise KeysUnreachable("the issuer did not answer just now")
                self._keys = self._fetch()
            return self._keys

    def renewed(self) -> KeySet | None:
        with self._lock:
            # Anybody can sign with a key of their own; the issuer must not be asked as often as that happens.
            if self._now() - self._asked < RENEW_SECONDS:
                return None
            self._keys = self._fetch()
            return self._keys

    def _fetch(self) -> KeySet:
        self._asked = self._now()
        try:
            answer = httpx.get(self._url, timeout=5, follow_redirects=False).raise_for_status()
            keys = KeySet.import_key_set(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, JoseError, ValueError, TypeError, KeyError) as error:
            raise KeysUnreachable(type(error).__name__) from error
        self._fetched = self._now()
        return keys


class Gatekeeper:
    """Checks tokens. A token once checked is remembered until it expires, at most *remembered_max* of them."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        remembered_max: int = 10_000,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._remembered_max = remembered_max
        self._now = now
        self._remembered: dict[str, Caller] = {}

    def remembers(self, token: str) -> bool:
        """Whether `check` will answer at once."""
        return token in self._remembered

    def check(self, token: str) -> Caller:
        """
        The holder of *token*.

        Raises:
            Unauthorized: If the token is not genuine, not for us, expired, or not an access token.
        """
        caller = self._remembered.get(token)
        if caller is None:
            caller = self._read(token)
            if len(self._remembered) >= self._remembered_max:
                self._remembered.clear()
            self._remembered[token] = caller
        if caller.expires + LEEWAY_SECONDS < self._now():
            self._remembered.pop(token, None)  # Another thread may have forgotten it.
            raise Unauthorized("the token has expired", error="invalid_token")
        return caller

    def _read(self, token: str) -> Caller:
        if len(token) > TOKEN_LENGTH_MAX:
            raise Unauthorized("the token is too long", error="invalid_token")
        keys = self._keys.keys()
        try:
            decoded = self._decode(token, keys)
            if str(decoded.header.get("typ", "")).lower() not in TOKEN_TYPES:
                raise Unauthorized("the token is not an access token", error="invalid_token")
            self._claims().validate(decoded.claims)
            return _caller(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Unauthorized(f"the token is not valid: {type(error).__name__}", error="invalid_token") from error

    def _decode(self, token: str, keys: KeySet) -> jwt.Token:
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (BadSignatureError, InvalidKeyIdError):
            renewed = self._keys.renewed()
            if renewed is None:
                raise
            return jwt.decode(token, renewed, algorithms=ALGORITHMS)

    def _claims(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        )


def _caller(claims: Mapping[str, Any]) -> Caller:
    subject = str(claims["sub"])
    if len(subject) > SUBJECT_LENGTH_MAX or not subject.isprintable():
        raise ValueError("the subject is too long or not printable")
    projects = claims.get("projects", [])
    if projects != ALL_PROJECTS and not isinstance(projects, list):
        raise ValueError("projects are a list")
    return Caller(
        subject=subject,
        scopes=frozenset(str(claims.get("scope", "")).split()),
        projects=None if projects == ALL_PROJECTS else frozenset(str(project) for project in projects),
        expires=float(claims["exp"]),
    )


def caller_of(request: Request) -> Caller:
    """The caller whom the door let in."""
    caller: Caller = request.state.caller
    return caller


def require(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that lets in callers with any of *scopes*."""

    async def check(request: Request) -> Caller:  # Not for awaiting: FastAPI hands others to a thread, each time.
        caller = caller_of(request)
        if not caller.scopes & set(scopes):
            raise Forbidden(f"this needs the scope {' or '.join(scopes)}", scopes=list(scopes))
        return caller

    return check
