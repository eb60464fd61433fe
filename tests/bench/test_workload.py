"""The workloads say themselves what must come of them; that must be true of the events they are made of."""

import json
from collections import Counter

import msgspec

from bench.speed.calls import Faults, Payments
from bench.speed.crowd import SCORE
from bench.speed.freshness import Payment, Watch, paid_in
from bench.speed.load import read_answer
from bench.speed.workload import workload
from shared.events.base import GENESIS_HASH, hash_of, read

EPOCHS = {"budget": "b", "monitoring": "m"}


def test_the_same_seed_draws_the_same_facts() -> None:
    one, other = workload(300, 7, EPOCHS), workload(300, 7, EPOCHS)

    assert (one.paid, one.faults) == (other.paid, other.faults)
    assert one.paid != workload(300, 7, EPOCHS, seed=2).paid


def test_what_the_workload_says_was_paid_is_what_its_events_say() -> None:
    work = workload(500, 5, EPOCHS)

    paid: Counter[str] = Counter()
    for event in map(msgspec.json.decode, work.budget.events):
        if event["type"] == "payment.made.v1":
            paid[event["subject"]] += round(float(event["data"]["amount"]) * 100)

    assert paid == work.paid
    assert len(work.budget.events) - work.begun + len(work.monitoring.events) == 500


def test_each_event_of_a_chain_names_the_one_before() -> None:
    work = workload(200, 3, EPOCHS)

    for chain in (work.budget, work.monitoring):
        expected = GENESIS_HASH
        for number, raw in enumerate(chain.events, 1):
            event = msgspec.json.decode(raw)
            assert (event["prevhash"], int(event["sequence"])) == (expected, number)
            expected = hash_of(raw)


def test_payments_count_what_their_requests_say() -> None:
    payments = Payments("token", ["a", "b", "c"])

    requests = payments.requests(30)

    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests]
    sums: Counter[str] = Counter()
    for body in bodies:
        sums[body["project"]] += round(float(body["amount"]) * 100)
    assert sums == payments.paid
    keys = [line for request in requests for line in request.split(b"\r\n") if line.startswith(b"Idempotency-Key")]
    assert len(set(keys)) == 30


def test_a_batch_steps_only_through_faults_that_it_opened_before() -> None:
    request = Faults("token", ["a"]).batches(1, 500)[0]

    events = json.loads(request.partition(b"\r\n\r\n")[2])
    opened: set[str] = set()
    for event in events:
        if event["type"] == "fault.opened":
            opened.add(event["data"]["fault"])
        else:
            assert event["data"]["fault"] in opened
    assert Counter(event["type"] for event in events) == {
        "fault.opened": 300,
        "fault.responded": 100,
        "fault.resolved": 100,
    }
    assert len({event["id"] for event in events}) == 500


def test_a_frame_shows_every_payment_up_to_what_it_says_was_paid() -> None:
    watch = Watch()
    first, second, third = Payment(100, 0.0), Payment(250, 0.0), Payment(300, 0.0)
    for payment in (first, second, third):
        watch.expect("a", payment)

    watch.see("a", 250, 7.0)
    watch.see("b", 999, 8.0)

    assert (first.shown, second.shown, third.shown) == (7.0, 7.0, 0.0)
    assert not watch.is_over


def test_what_a_frame_says_was_paid_is_read_exactly() -> None:
    assert paid_in({"changed": [{"code": "1.1", "measured": "3"}, {"code": "1.0", "measured": "1234.05"}]}) == 123_405
    assert paid_in({"changed": [{"code": "1.0", "measured": None}]}) is None


def test_an_answer_is_read_once_all_of_it_is_there() -> None:
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\nhello"

    assert read_answer(answer) == (201, b"hello")
    assert [read_answer(answer[:length]) for length in range(len(answer))] == [None] * len(answer)


def test_the_crowd_waits_for_the_frame_that_the_stream_sends() -> None:
    from services.evaluation.stream import frame_of  # noqa: PLC0415

    event = read(workload(1, 1, EPOCHS).budget.events[0])

    assert SCORE in frame_of("e", event.envelope).text
