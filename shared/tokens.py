"""Bearer tokens of the platform's own issuer (RFC 9068), and what holds of any; `shared.access` checks them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.identity import new_id

ALGORITHMS: Final = ["EdDSA", "Ed25519", "ES256", "RS256", "PS256"]  # Of an own issuer only the first is used.
AUDIENCE: Final = "scorebus"
ISSUER: Final = "scorebus"
ALL_PROJECTS: Final = "*"


def issue_token(
    signing_pem: str,
    *,
    subject: str,
    scopes: Iterable[str],
    projects: Iterable[str] | None,
    days: float,
    now: datetime,
) -> str:
    """A signed access token (RFC 9068) of the platform's own issuer; *projects* None means all."""
    key = OKPKey.import_key(signing_pem)
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "client_id": subject,
        "jti": new_id(),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(days=days)).timestamp()),
        "scope": " ".join(sorted(scopes)),
        "projects": ALL_PROJECTS if projects is None else sorted(projects),
    }
    return jwt.encode({"alg": "Ed25519", "typ": "at+jwt"}, claims, key, algorithms=ALGORITHMS)
