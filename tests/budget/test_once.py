"""Idempotency-Key: the same payment is made once, however often it is sent."""

import asyncio
import json
import threading

import httpx
import pytest

from tests.budget.driver import Budget, a_payment, accepted, signed
from tests.support import PATIENCE_SECONDS, problem_of


def post(
    budget: Budget, key: str | None, body: object = None, *, subject: str = "finance", content: bytes | None = None
):
    headers = {} if key is None else {"Idempotency-Key": key}
    body = None if content is not None else body or a_payment()
    return budget.send("POST", "/payments", body, role="finance", subject=subject, headers=headers, content=content)


def test_a_payment_without_a_key_is_refused(untouched: Budget) -> None:
    before = untouched.stored()

    answer = post(untouched, None)

    assert problem_of(answer) == (400, "idempotency-key-missing")
    assert untouched.stored() == before


def test_the_same_request_with_the_same_key_gets_the_same_bytes_and_pays_once(budget: Budget) -> None:
    first = post(budget, "k")
    before = budget.stored()

    again = post(budget, "k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert budget.stored() == before


def test_the_first_answer_is_given_again_even_after_the_payment_was_reversed(budget: Budget) -> None:
    first = post(budget, "k")
    budget.reverse(first.json()["payment"])

    again = post(budget, "k")

    assert again.content == first.content


@pytest.mark.parametrize("other", [a_payment("100.01"), a_payment(payee="x"), a_payment() | {"payment": "p"}])
def test_a_key_belongs_to_one_content(budget: Budget, other: object) -> None:
    post(budget, "k")
    before = budget.stored()

    answer = post(budget, "k", other)

    assert problem_of(answer) == (422, "idempotency-key-reused")
    assert budget.stored() == before


def test_a_key_belongs_to_one_call(budget: Budget) -> None:
    payment = post(budget, "k").json()["payment"]
    headers = {"Idempotency-Key": "k"}

    answer = budget.send("POST", f"/payments/{payment}/reversal", {"reason": "r"}, role="finance", headers=headers)

    assert problem_of(answer) == (422, "idempotency-key-reused")
    assert budget.get(f"/payments/{payment}")["status"] == "paid"


def test_a_key_in_quotes_is_the_same_key(budget: Budget) -> None:
    first = post(budget, "k-1")

    again = post(budget, '"k-1"')

    assert again.content == first.content
    assert budget.line()["paid"] == "100.00"


def test_the_same_key_of_somebody_else_is_another_key(budget: Budget) -> None:
    first = post(budget, "k", subject="one")

    second = post(budget, "k", subject="two")

    assert second.status_code == 201
    assert second.json()["payment"] != first.json()["payment"]
    assert budget.line()["paid"] == "200.00"


def test_a_refusal_is_not_remembered(budget: Budget) -> None:
    body = a_payment("2000.00", line="site")
    assert problem_of(post(budget, "k", body))[1] == "line-exceeded"
    budget.declare({"net": "1000.00", "site": "2000.00"}, reason="r")
    budget.receive("1500.00")

    answer = post(budget, "k", body)

    assert answer.status_code == 201


def test_a_key_whose_request_was_refused_may_be_used_for_another(budget: Budget) -> None:
    assert post(budget, "k", a_payment("2000.00")).status_code == 409

    assert post(budget, "k", a_payment("1.00")).status_code == 201


@pytest.mark.parametrize(
    ("written", "again", "is_same"),
    [
        ("60.1", "60.10", True),
        ("60", "6e1", True),
        ("60.00", "60", True),
        ("60", "0.6E+2", True),
        ('"60.1"', '"60.10"', False),
        ("60", '"60"', False),
        ("60", "61", False),
    ],
)
def test_content_is_compared_as_json_values(budget: Budget, written: str, again: str, is_same: bool) -> None:
    def body(amount: str) -> bytes:
        return json.dumps(a_payment("AMOUNT")).replace('"AMOUNT"', amount).encode()

    first = post(budget, "k", content=body(written))
    second = post(budget, "k", content=body(again))

    assert first.status_code == 201
    assert (second.status_code == 201) is is_same
    assert is_same or problem_of(second) == (422, "idempotency-key-reused")


def test_white_space_and_order_of_members_make_no_other_content(budget: Budget) -> None:
    first = post(budget, "k", content=json.dumps(a_payment(), indent=3).encode())

    again = post(budget, "k", content=json.dumps(dict(reversed(a_payment().items()))).encode())

    assert again.content == first.content


@pytest.mark.parametrize("key", ["", '""', '"a', "\x01", "é".encode(), "k" * 256, '"' + "k" * 256 + '"', "\t"])
def test_what_is_no_key_is_refused(untouched: Budget, key: str) -> None:
    before = untouched.stored()

    answer = post(untouched, key)

    assert answer.status_code == 400
    assert problem_of(answer)[1] in ("idempotency-key-malformed", "idempotency-key-missing")
    assert untouched.stored() == before


def test_the_longest_key_is_taken(budget: Budget) -> None:
    first = post(budget, "k" * 255)

    assert first.status_code == 201
    assert post(budget, "k" * 255).content == first.content


def test_many_at_once_with_one_key_make_one_payment(budget: Budget) -> None:
    async def all_at_once():
        one = budget.running.sending
        headers = {"Idempotency-Key": "k"}
        return await asyncio.gather(
            *(one("POST", "/payments", a_payment(), role="finance", headers=headers) for _ in range(20))
        )

    answers = budget.running.run(all_at_once)

    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert len([answer for answer in made if "idempotency-replayed" not in answer.headers]) == 1
    others = [answer for answer in answers if answer.status_code != 201]
    assert {problem_of(answer) for answer in others} <= {(409, "idempotency-in-progress")}
    assert all("retry-after" in answer.headers for answer in others)
    assert budget.line()["paid"] == "100.00"
    assert len(budget.get("/payments?project=web")["items"]) == 1


def test_while_the_first_still_runs_the_second_is_told_to_wait(budget: Budget) -> None:
    go_on = threading.Event()
    headers = {"Idempotency-Key": "k"}

    async def two() -> list[httpx.Response]:
        budget.running.service.database.submit(lambda _: go_on.wait(PATIENCE_SECONDS))  # The writer is busy.
        one = budget.running.sending
        sent = [asyncio.create_task(one("POST", "/payments", a_payment(), headers=headers)) for _ in range(2)]
        await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
        go_on.set()
        return await asyncio.gather(*sent)

    answers = sorted(budget.running.run(two), key=lambda answer: answer.status_code)

    assert answers[0].status_code == 201
    assert problem_of(answers[1]) == (409, "idempotency-in-progress")
    assert answers[1].headers["retry-after"] == "1"


def test_many_at_once_with_keys_of_their_own_never_exceed_the_line(budget: Budget) -> None:
    async def all_at_once():
        one = budget.running.sending
        return await asyncio.gather(
            *(
                one("POST", "/payments", a_payment("300.00"), role="finance", headers={"Idempotency-Key": str(number)})
                for number in range(10)
            )
        )

    answers = budget.running.run(all_at_once)

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 7
    assert budget.line()["paid"] == "900.00"


def posted_at_once(budget: Budget, *bodies: object) -> list[httpx.Response]:
    async def all_at_once():
        one = budget.running.sending
        keyed = [({"Idempotency-Key": f"at-once-{number}"}, body) for number, body in enumerate(bodies)]
        return await asyncio.gather(
            *(one("POST", "/payments", body, role="finance", headers=headers) for headers, body in keyed)
        )

    return budget.running.run(all_at_once)


def test_many_at_once_with_keys_of_their_own_never_exceed_the_contract(budget: Budget) -> None:
    budget.learn(signed(amount="250.00"), accepted())

    answers = posted_at_once(budget, *[a_payment("100.00", contract="c1", line="net")] * 5)

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 3
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {problem_of(answer) for answer in refused} == {(409, "contract-exceeded")}
    assert {answer.json()["paid"] for answer in refused} == {"200.00"}
    assert budget.line()["paid"] == "200.00"


def test_one_payment_posted_at_once_with_keys_of_their_own_is_made_once(budget: Budget) -> None:
    answers = posted_at_once(budget, *[a_payment(payment="p1")] * 5)

    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
    assert budget.line()["paid"] == "100.00"
    assert [payment["payment"] for payment in budget.get("/payments?project=web")["items"]] == ["p1"]


def test_a_reversal_with_a_key_is_repeated_too(budget: Budget) -> None:
    payment = budget.pay()
    path, headers = f"/payments/{payment}/reversal", {"Idempotency-Key": "k"}

    first = budget.send("POST", path, {"reason": "r"}, role="finance", headers=headers)
    again = budget.send("POST", path, {"reason": "r"}, role="finance", headers=headers)

    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


def test_a_receipt_with_a_key_is_recorded_once(budget: Budget) -> None:
    body = {"amount": "1.00", "source": "other", "received_on": "2018-05-01", "reference": "r"}

    answers = [
        budget.send("POST", "/projects/web/receipts", body, role="finance", headers={"Idempotency-Key": "k"})
        for _ in range(3)
    ]

    assert len({answer.content for answer in answers}) == 1
    assert budget.view()["received"] == "1501.00"
