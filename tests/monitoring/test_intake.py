"""The intake of CloudEvents."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.monitoring.driver import Monitoring, problem_of

pytestmark = pytest.mark.anyio

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
AT = "2018-03-01T10:00:00+08:00"
LATER = "2018-03-01T12:00:00+08:00"
READING = {"project": "web", "metric": "uptime", "value": "99.95", "unit": "%", "measured_at": AT}
FAULT = {"fault": "F1", "project": "web", "severity": "major", "title": "屏幕黑了", "occurred_at": AT}
RESPONSE = {"fault": "F1", "responded_at": AT, "responder": "张三"}
RESOLUTION = {"fault": "F1", "resolved_at": LATER, "cause": "断电", "remedy": "送电"}


def an_event(kind: str, data: Any, number: object = 1, **attributes: Any) -> dict[str, Any]:
    event = {"specversion": "1.0", "id": f"e{number}", "source": "/agents/1", "type": kind, "data": data}
    return {name: value for name, value in (event | attributes).items() if value is not None}


async def outcomes_of(monitoring: Monitoring, *events: Any, **others: Any) -> list[tuple[str, str | None]]:
    """What became of a batch: each outcome, with the type of its problem."""
    answer = await monitoring.post("/events", list(events), headers=BATCH, **others)
    assert answer.status_code == 202, answer.text
    outcomes = answer.json()["outcomes"]
    assert len(outcomes) == len(events)
    return [(each["outcome"], each["problem"] and each["problem"]["type"].split("/")[-1]) for each in outcomes]


async def test_a_structured_event_is_taken_in(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/events", an_event("fault.opened", FAULT), headers=STRUCTURED, role="agent")

    assert answer.status_code == 202
    assert answer.json() == {"outcomes": [{"id": "e1", "outcome": "accepted", "problem": None}]}
    assert (await monitoring.get("/faults/F1")).json()["title"] == FAULT["title"]


async def test_a_binary_event_is_taken_in_with_its_headers_decoded(monitoring: Monitoring) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": quote("项目1"),
        "ce-source": '"/agents/\\"a\\""',
        "ce-type": "reading.recorded.v1",
        "ce-time": AT,
        "ce-subject": "web",
        "ce-sequence": "5",
    }
    data = {name: value for name, value in READING.items() if name not in ("project", "measured_at")}

    first = await monitoring.post("/events", data, headers=headers)
    second = await monitoring.post("/events", data, headers=headers | {"ce-id": "2"})

    assert first.json() == {"outcomes": [{"id": "项目1", "outcome": "accepted", "problem": None}]}
    assert second.json()["outcomes"][0]["outcome"] == "accepted"
    assert [(event["subject"], event["time"]) for event in await monitoring.events()] == [("web", AT)] * 2


async def test_a_fault_lives_its_life_in_one_batch(monitoring: Monitoring) -> None:
    outcomes = await outcomes_of(
        monitoring,
        an_event("fault.opened.v1", FAULT, 1),
        an_event("fault.responded", RESPONSE, 2),
        an_event("fault.resolved", RESOLUTION, 3),
        an_event("reading.recorded", READING, 4),
        role="agent",
    )

    events = await monitoring.events()

    assert outcomes == [("accepted", None)] * 4
    assert [event["type"] for event in events] == [
        "fault.opened.v1",
        "fault.responded.v1",
        "fault.resolved.v1",
        "reading.recorded.v1",
    ]
    assert not [word for word in ("屏幕黑了", "张三", "断电", "送电") if word in repr(events)]
    assert (await monitoring.get("/faults/F1")).json()["status"] == "resolved"


async def test_one_refused_does_not_stop_the_others_and_leaves_nothing(monitoring: Monitoring) -> None:
    outcomes = await outcomes_of(
        monitoring,
        an_event("reading.recorded", READING, 1),
        an_event("reading.recorded", READING | {"asset": "none"}, 2),
        an_event("fault.responded", RESPONSE, 3),
        an_event("reading.recorded", READING | {"project": "new"}, 4),
        an_event("reading.recorded", READING | {"value": "x"}, 5),
        an_event("reading.recorded", READING, 6),
    )

    stored = await monitoring.stored()

    assert outcomes == [
        ("accepted", None),
        ("refused", "unknown-asset"),
        ("refused", "not-found"),
        ("refused", "project-unknown"),
        ("refused", "validation"),
        ("accepted", None),
    ]
    assert (stored["reading"], stored["intake"], stored["event_log"]) == (2, 2, 2)


async def test_the_same_source_and_id_is_taken_in_once(monitoring: Monitoring) -> None:
    event = an_event("reading.recorded", READING)

    first = await outcomes_of(monitoring, event, event, an_event("reading.recorded", READING, source="/agents/2"))
    second = await outcomes_of(monitoring, event | {"data": READING | {"value": "1"}})

    assert [outcome for outcome, _ in first] == ["accepted", "duplicate", "accepted"]
    assert [outcome for outcome, _ in second] == ["duplicate"]
    assert len(await monitoring.events()) == 2


async def test_a_refused_event_may_succeed_when_it_comes_again(monitoring: Monitoring) -> None:
    step = an_event("fault.responded", RESPONSE, 2)

    before = await outcomes_of(monitoring, step)
    after = await outcomes_of(monitoring, an_event("fault.opened", FAULT), step)

    assert before == [("refused", "not-found")]
    assert after == [("accepted", None), ("accepted", None)]


async def test_ids_of_one_project_do_not_use_up_those_of_another(monitoring: Monitoring) -> None:
    await outcomes_of(monitoring, an_event("reading.recorded", READING), projects=["web"])

    other = an_event("reading.recorded", READING | {"project": "grid"})

    assert await outcomes_of(monitoring, other, projects=["grid"]) == [("accepted", None)]


async def test_an_event_in_a_foreign_project_is_refused(monitoring: Monitoring) -> None:
    await outcomes_of(monitoring, an_event("fault.opened", FAULT))

    outcomes = await outcomes_of(
        monitoring,
        an_event("fault.opened", FAULT, 1),
        an_event("fault.opened", FAULT | {"fault": "F2"}, 2),
        an_event("fault.resolved", RESOLUTION, 3),
        an_event("reading.recorded", READING, 4),
        projects=["grid"],
    )

    assert set(outcomes) == {("refused", "not-found")}
    assert len(await monitoring.events()) == 1


async def test_a_step_must_mean_the_project_of_its_fault(monitoring: Monitoring) -> None:
    await outcomes_of(monitoring, an_event("fault.opened", FAULT))

    outcomes = await outcomes_of(
        monitoring,
        an_event("fault.responded", RESPONSE, 2, subject="grid"),
        an_event("fault.responded", RESPONSE, 2, subject="web"),
    )

    assert outcomes == [("refused", "not-found"), ("accepted", None)]


async def test_subject_and_time_stand_in_for_what_data_leaves_out(monitoring: Monitoring) -> None:
    without = {"severity": "minor", "title": "slow", "fault": "F1"}

    outcomes = await outcomes_of(
        monitoring,
        an_event("fault.opened", without, 1, subject="web", time=AT),
        an_event("fault.resolved", {"fault": "F1", "cause": "a", "remedy": "b"}, 2, time=LATER),
        an_event("fault.opened", FAULT | {"fault": "F2"}, 3, subject="web", time=LATER),
        an_event("fault.opened", without | {"fault": "F3"}, 4, subject="web"),
        an_event("fault.opened", FAULT | {"fault": "F4"}, 5, subject="grid"),
    )

    found = (await monitoring.get("/faults")).json()["items"]
    assert outcomes == [
        ("accepted", None),
        ("accepted", None),
        ("accepted", None),
        ("refused", "validation"),
        ("refused", "validation"),
    ]
    assert [(fault["fault"], fault["occurred_at"], fault["resolved_at"]) for fault in found] == [
        ("F1", "2018-03-01T02:00:00Z", "2018-03-01T04:00:00Z"),
        ("F2", "2018-03-01T02:00:00Z", None),
    ]


async def test_each_type_needs_its_scope(monitoring: Monitoring) -> None:
    events = [an_event("fault.opened", FAULT, 1), an_event("reading.recorded", READING, 2)]

    assert await outcomes_of(monitoring, *events, role="readings:write") == [
        ("refused", "forbidden"),
        ("accepted", None),
    ]
    assert await outcomes_of(monitoring, *events, role="faults:write") == [("accepted", None), ("refused", "forbidden")]
    assert problem_of(await monitoring.post("/events", events, headers=BATCH, role="feedback")) == (403, "forbidden")


BAD_EVENTS: list[Any] = [
    an_event("reading.recorded", READING, id=""),
    an_event("reading.recorded", READING, id=5),
    an_event("reading.recorded", READING, id="x" * 256),
    an_event("reading.recorded", READING, id="a\nb"),
    an_event("reading.recorded", READING) | {"source": None},
    an_event("reading.recorded", READING, source=""),
    an_event("reading.recorded", READING, specversion="0.3"),
    an_event("reading.recorded", READING, specversion=1.0),
    an_event("reading.recorded", READING, time="yesterday"),
    an_event("reading.recorded", READING, datacontenttype="text/xml"),
    an_event("reading.recorded", None, data_base64="e30="),
    an_event("reading.recorded", None),
    an_event("reading.recorded", "text"),
    an_event("reading.recorded", [READING]),
    an_event("reading.recorded.v2", READING),
    an_event("payment.made", READING),
    an_event("", READING),
    an_event("fault.responded", RESPONSE | {"fault": "a b"}),
    {"id": "e1"},
    {},
    [],
    "event",
    None,
]


@pytest.mark.parametrize("event", BAD_EVENTS, ids=lambda event: repr(event)[:50])
async def test_an_event_that_is_none_is_refused_and_leaves_nothing(untouched: Monitoring, event: Any) -> None:
    before = await untouched.stored()

    batched = await outcomes_of(untouched, event)
    alone = await untouched.send("POST", "/events", headers=STRUCTURED, raw=json.dumps(event).encode())

    assert batched == [("refused", "validation")]
    assert alone.status_code == 202
    assert alone.json()["outcomes"][0]["outcome"] == "refused"
    assert await untouched.stored() == before


@pytest.mark.parametrize("headers", [STRUCTURED, BATCH, {"ce-id": "1"}])
@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 40 + b"]" * 40])
async def test_what_cannot_be_read_is_malformed_as_a_whole(
    untouched: Monitoring, headers: dict[str, str], raw: bytes
) -> None:
    assert problem_of(await untouched.send("POST", "/events", headers=headers, raw=raw)) == (400, "malformed")


async def test_a_header_that_is_no_text_is_malformed(untouched: Monitoring) -> None:
    answer = await untouched.post("/events", READING, headers={"ce-id": "%ff"})

    assert problem_of(answer) == (400, "malformed")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/cloudevents+avro", "application/json"]
)
async def test_another_media_type_is_refused(untouched: Monitoring, media_type: str) -> None:
    answer = await untouched.post("/events", an_event("fault.opened", FAULT), headers={"Content-Type": media_type})

    assert problem_of(answer) == (415, "unsupported-media-type")
    assert "application/cloudevents+json" in answer.json()["supported"]


async def test_a_batch_is_a_list_of_up_to_a_thousand(monitoring: Monitoring) -> None:
    bare = {"specversion": "1.0"}

    assert await outcomes_of(monitoring) == []
    assert len(await outcomes_of(monitoring, *[bare] * 1000)) == 1000
    assert problem_of(await monitoring.post("/events", [bare] * 1001, headers=BATCH)) == (422, "validation")
    assert problem_of(await monitoring.post("/events", bare, headers=BATCH)) == (422, "validation")


async def test_a_batch_of_five_hundred_is_taken_in_whole_and_once(monitoring: Monitoring) -> None:
    events = [an_event("reading.recorded", READING, number) for number in range(500)]

    first = await outcomes_of(monitoring, *events)
    second = await outcomes_of(monitoring, *events)

    assert set(first) == {("accepted", None)}
    assert set(second) == {("duplicate", None)}
    assert len(await monitoring.events()) == 500


async def test_the_feed_is_read_where_events_are_sent(monitoring: Monitoring) -> None:
    await outcomes_of(monitoring, an_event("reading.recorded", READING))

    feed = await monitoring.get("/events", role="service")

    assert feed.headers["content-type"].startswith("application/cloudevents-batch+json")
    assert feed.json() == await monitoring.events()
