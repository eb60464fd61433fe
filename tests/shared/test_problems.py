"""Every refusal is a problem of RFC 9457, with a type of its own."""

import pytest

from shared import answers, feed, health, idempotency, problems
from shared.answers import problem_response
from shared.problems import Invalid, NotFound, Problem, Refusal, Unauthorized


def all_kinds(kind: type[Problem] = Problem) -> set[type[Problem]]:
    return {kind}.union(*(all_kinds(child) for child in kind.__subclasses__()))


KINDS = [
    kind
    for kind in all_kinds()
    if kind.__module__ in {module.__name__ for module in (answers, feed, health, idempotency, problems)}
    and kind is not Refusal
]


@pytest.mark.parametrize("kind", sorted(KINDS, key=lambda kind: kind.__qualname__), ids=lambda kind: kind.__name__)
def test_a_kind_of_problem_has_a_type_a_title_and_a_status_of_an_error(kind: type[Problem]) -> None:
    assert kind.slug == kind.slug.lower()
    assert kind.slug.replace("-", "").isalpha()
    assert kind.title
    assert 400 <= kind.status < 600


def test_no_two_kinds_share_a_type() -> None:
    assert len({kind.slug for kind in KINDS}) == len(KINDS)


def test_a_problem_is_written_with_its_facts_as_members() -> None:
    answer = problem_response(NotFound("no project x", project="x"))

    assert answer.media_type == "application/problem+json"
    assert answer.body == (
        b'{"type":"/problems/not-found","title":"Not found","status":404,"detail":"no project x","project":"x"}'
    )


def test_the_first_refusal_names_the_others() -> None:
    first, second, third = (Refusal(name, number=name) for name in ("a", "b", "c"))

    document = Refusal.first_of([first, second, third]).document()

    assert document["detail"] == "a"
    assert [each["detail"] for each in document["also"]] == ["b", "c"]


def test_a_refusal_alone_names_no_others() -> None:
    assert "also" not in Refusal.first_of([Refusal("a")]).document()


def test_the_wait_that_is_asked_for_is_a_header() -> None:
    assert Problem("x", retry_after=3).headers() == {"Retry-After": "3"}
    assert Problem("x").headers() == {}


def test_a_bad_token_is_challenged() -> None:
    assert Unauthorized("x").headers()["WWW-Authenticate"] == 'Bearer realm="scorebus"'
    assert 'error="invalid_token"' in Unauthorized("x", error="invalid_token").headers()["WWW-Authenticate"]


def test_a_hundred_faults_are_named_and_all_are_counted() -> None:
    faults = [{"field": f"f{number}", "code": "c", "message": "m"} for number in range(150)]

    problem = Invalid(faults)

    assert len(problem.document()["errors"]) == 100
    assert problem.detail == "f0: m (and 149 more)"
