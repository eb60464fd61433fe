"""Who may do what in budget, and to whom a project exists."""

import pytest

from shared.roles import ROLES
from tests.budget.driver import Budget, a_declaration, a_payment, a_receipt
from tests.support import problem_of

CALLS = {
    "declare": ("PUT", "/projects/web", a_declaration(), "projects:write"),
    "receive": ("POST", "/projects/web/receipts", a_receipt("0.00"), "receipts:write"),
    "post": ("POST", "/payments", a_payment("0.00"), "payments:post"),
    "reverse": ("POST", "/payments/none/reversal", {"reason": "r"}, "payments:post"),
    "request": (
        "POST",
        "/payment-requests",
        {"project": "web", "line": "net", "amount": "0.00", "payee": "p", "purpose": "p"},
        "payments:request",
    ),
    "approve": ("POST", "/payment-requests/none/approval", {}, "payments:approve"),
    "reject": ("POST", "/payment-requests/none/rejection", {"reason": "r"}, "payments:approve"),
    "execute": ("POST", "/payment-requests/none/payment", {"paid_on": "2018-12-12"}, "payments:pay"),
    "requests": ("GET", "/payment-requests", None, "budget:read"),
    "view": ("GET", "/projects/web/budget", None, "budget:read"),
    "list": ("GET", "/payments", None, "budget:read"),
    "show": ("GET", "/payments/paid", None, "budget:read"),
    "feed": ("GET", "/events", None, "events:read"),
    "head": ("GET", "/events/head", None, "events:read"),
}


@pytest.mark.parametrize("role", [*ROLES, "nothing"])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_open_to_exactly_those_with_its_scope(untouched: Budget, name: str, role: str) -> None:
    method, path, body, scope = CALLS[name]

    answer = untouched.send(method, path, body, role=role)

    if scope in ROLES.get(role, ()):
        assert answer.status_code not in (401, 403, 500)
    else:
        assert problem_of(answer) == (403, "forbidden")
        assert answer.json()["scopes"] == [scope]
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", CALLS)
def test_without_a_token_nothing_is_open(untouched: Budget, name: str) -> None:
    method, path, body, _ = CALLS[name]

    answer = untouched.send(method, path, body, role=None)

    assert problem_of(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["declare", "receive", "post", "reverse", "view", "show", "listed"])
def test_a_foreign_project_looks_as_if_it_were_not_there(untouched: Budget, name: str) -> None:
    before = untouched.stored()
    key = {"Idempotency-Key": "foreign"}
    method, path, body = {
        "declare": ("PUT", "/projects/web", a_declaration()),
        "receive": ("POST", "/projects/web/receipts", a_receipt("1.00")),
        "post": ("POST", "/payments", a_payment()),
        "reverse": ("POST", "/payments/paid/reversal", {"reason": "r"}),
        "view": ("GET", "/projects/web/budget", None),
        "show": ("GET", "/payments/paid", None),
        "listed": ("GET", "/payments?project=web", None),
    }[name]

    foreign = untouched.send(method, path, body, projects=["grid"], headers=key)
    missing_path, missing_body = path.replace("web", "gone").replace("paid", "gone"), body
    if name == "post":
        missing_body = a_payment(project="gone")
    missing = untouched.send(method, missing_path, missing_body, projects=["grid"], headers=key)

    assert problem_of(foreign) == problem_of(missing) == (404, "not-found")
    assert foreign.json()["detail"].replace("web", "gone").replace("paid", "gone") == missing.json()["detail"]
    assert untouched.stored() == before


def test_a_list_leaves_foreign_projects_out(untouched: Budget) -> None:
    mine = untouched.get("/payments", projects=["grid"])
    all_of_them = untouched.get("/payments")

    assert mine == {"items": [], "next": None}
    assert [payment["payment"] for payment in all_of_them["items"]] == ["paid"]


def test_a_token_for_the_project_sees_it(untouched: Budget) -> None:
    assert untouched.get("/projects/web/budget", projects=["web", "grid"])["project"] == "web"
    assert untouched.get("/payments/paid", projects=["web"])["payment"] == "paid"
