"""
Refusals and failures, each with a stable type (RFC 9457). Pure: rules raise them, `shared.answers` writes them out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

ERRORS_MAX: Final = 100  # Faults named in one answer; more would only repeat the lesson.


class Problem(Exception):
    """
    A refusal with a stable type, to be answered as it is.

    Subclasses say what was refused; *facts* are the figures of the refusal and become members of the answer.
    """

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
        self.retry_after = retry_after  # Seconds.

    def document(self) -> dict[str, Any]:
        """The members of the answer."""
        head = {"type": f"/problems/{self.slug}", "title": self.title, "status": self.status, "detail": self.detail}
        return head | self.facts

    def headers(self) -> dict[str, str]:
        """Headers that go with the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class Refusal(Problem):
    """A refusal of the domain, with the figures it rests on. *also* are further ones that hold at the same time."""

    status = 409

    def __init__(self, detail: str, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **facts)
        self.also: list[Refusal] = []

    def document(self) -> dict[str, Any]:
        body = super().document()
        return body | {"also": [refusal.document() for refusal in self.also]} if self.also else body

    @classmethod
    def first_of(cls, refusals: "Sequence[Refusal]") -> "Refusal":
        """The first of *refusals*, naming the rest."""
        first, *rest = refusals
        first.also = rest
        return first


class Malformed(Problem):
    """The bytes are no JSON that may be read: bad UTF-8, bad syntax, too deep, a number that is none."""

    slug, title, status = "malformed", "The body cannot be read", 400


class UnsupportedMediaType(Problem):
    """The content type is not one this call takes."""

    slug, title, status = "unsupported-media-type", "The content type is not supported", 415


class TooLarge(Problem):
    """The body exceeds the limit."""

    slug, title, status = "too-large", "The body is too large", 413


class Invalid(Problem):
    """The body has the wrong shape; every fault is named."""

    slug, title, status = "validation", "The request is not valid", 422

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        shown = [dict(error) for error in errors[:ERRORS_MAX]]
        first = shown[0] if shown else {"field": "", "message": ""}
        place = f"{first['field']}: " if first["field"] else ""
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{place}{first['message']}{more}", errors=shown)

    @classmethod
    def field(cls, field: str, code: str, message: str) -> "Invalid":
        """One fault at one field."""
        return cls([{"field": field, "code": code, "message": message}])


class Unauthorized(Problem):
    """No usable token (RFC 6750)."""

    slug, title, status = "unauthorized", "A valid token is needed", 401

    def headers(self) -> dict[str, str]:
        challenge = 'Bearer realm="scorebus"'
        if code := self.facts.get("error"):
            challenge += f', error="{code}"'
        return super().headers() | {"WWW-Authenticate": challenge}


class Forbidden(Problem):
    """The token does not allow this."""

    slug, title, status = "forbidden", "The token does not allow this", 403

    def headers(self) -> dict[str, str]:
        return super().headers() | {"WWW-Authenticate": 'Bearer realm="scorebus", error="insufficient_scope"'}


class NotFound(Problem):
    """The thing is not there, or not for this token."""

    slug, title, status = "not-found", "Not found", 404


class AlreadyExists(Problem):
    """The id is taken by other content."""

    slug, title, status = "already-exists", "The id is taken", 409


class TooManyRequests(Problem):
    """The token's rate is used up for now."""

    slug, title, status = "too-many-requests", "Too many requests", 429


class Unavailable(Problem):
    """The service cannot take this now; nothing was stored. Try again."""

    slug, title, status = "unavailable", "The service is not available now", 503
