"""The calls about faults."""

import asyncio
from typing import Any

import pytest

from tests.monitoring.driver import Monitoring, declared, problem_of

pytestmark = pytest.mark.anyio

FREE_TEXTS = {"title": "屏幕黑了", "responder": "张三", "cause": "断电", "remedy": "送电", "reason": "又断电"}


def a_body(**changes: Any) -> dict[str, Any]:
    body = {
        "fault": "F1",
        "project": "web",
        "severity": "major",
        "title": FREE_TEXTS["title"],
        "occurred_at": "2018-03-01T10:00:00+08:00",
        "service_down": True,
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


RESPONSE = {"responded_at": "2018-03-01T10:30:00+08:00", "responder": FREE_TEXTS["responder"]}
RESOLUTION = {
    "resolved_at": "2018-03-01T12:00:00+08:00",
    "cause": FREE_TEXTS["cause"],
    "remedy": FREE_TEXTS["remedy"],
}
REOPENING = {"reason": FREE_TEXTS["reason"], "occurred_at": "2018-03-01T13:00:00+08:00"}


async def test_a_fault_is_reported_responded_to_resolved_and_reopened(monitoring: Monitoring) -> None:
    opened = await monitoring.post("/faults", a_body(), role="agent")
    responded = await monitoring.post("/faults/F1/response", RESPONSE, role="agent")
    resolved = await monitoring.post("/faults/F1/resolution", RESOLUTION, role="agent")
    reopened = await monitoring.post("/faults/F1/reopening", REOPENING, role="agent")

    assert [answer.status_code for answer in (opened, responded, resolved, reopened)] == [201, 200, 200, 200]
    assert opened.headers["location"] == "/faults/F1"
    assert [answer.json()["status"] for answer in (opened, responded, resolved, reopened)] == [
        "open",
        "responded",
        "resolved",
        "open",
    ]
    found = (await monitoring.get("/faults/F1")).json()
    assert found == reopened.json()
    assert found["responded_at"] == "2018-03-01T02:30:00Z"
    assert found["resolved_at"] is None
    assert [cycle["reason"] for cycle in found["cycles"]] == [None, FREE_TEXTS["reason"]]


async def test_each_change_is_one_event_at_the_time_it_happened(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body())
    await monitoring.post("/faults/F1/response", RESPONSE)
    await monitoring.post("/faults/F1/resolution", RESOLUTION)
    await monitoring.post("/faults/F1/reopening", REOPENING)

    events = await monitoring.events()

    assert [(event["type"], event["time"]) for event in events] == [
        ("fault.opened.v1", "2018-03-01T10:00:00+08:00"),
        ("fault.responded.v1", RESPONSE["responded_at"]),
        ("fault.resolved.v1", RESOLUTION["resolved_at"]),
        ("fault.reopened.v1", REOPENING["occurred_at"]),
    ]
    assert {event["subject"] for event in events} == {"web"}
    assert events[0]["data"] == {
        "project": "web",
        "fault": "F1",
        "asset": None,
        "severity": "major",
        "occurred_at": "2018-03-01T10:00:00+08:00",
        "service_down": True,
    }


async def test_no_event_contains_what_people_wrote(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body(fingerprint="secret-print"))
    await monitoring.post("/faults/F1/response", RESPONSE)
    await monitoring.post("/faults/F1/resolution", RESOLUTION)
    await monitoring.post("/faults/F1/reopening", REOPENING)

    events = await monitoring.events()

    text = repr(events)
    assert len(events) == 4
    assert not [word for word in (*FREE_TEXTS.values(), "secret-print") if word in text]


async def test_everything_said_twice_happens_once(monitoring: Monitoring) -> None:
    for path, body in [("", a_body()), ("/F1/response", RESPONSE), ("/F1/resolution", RESOLUTION)]:
        first = await monitoring.post(f"/faults{path}", body)
        again = await monitoring.post(f"/faults{path}", body)

        assert again.status_code == 200
        assert again.json() == first.json()
    assert len(await monitoring.events()) == 3


async def test_the_same_key_gets_the_first_answer_again(monitoring: Monitoring) -> None:
    key = {"Idempotency-Key": '"k1"'}
    first = await monitoring.post("/faults", a_body(fault=None), headers=key)
    again = await monitoring.post("/faults", a_body(fault=None), headers=key)
    other = await monitoring.post("/faults", a_body(), headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert problem_of(other) == (422, "idempotency-key-reused")
    assert len(await monitoring.events()) == 1


async def test_a_fault_with_an_open_fingerprint_is_the_one_already_open(monitoring: Monitoring) -> None:
    first = await monitoring.post("/faults", a_body(fingerprint="x"))
    again = await monitoring.post("/faults", a_body(fault="F2", fingerprint="x", title="still"))
    elsewhere = await monitoring.post("/faults", a_body(fault="F3", fingerprint="x", project="grid"))

    assert (again.status_code, again.json()["fault"]) == (200, "F1")
    assert again.json() == first.json()
    assert elsewhere.status_code == 201
    assert problem_of(await monitoring.get("/faults/F2")) == (404, "not-found")


async def test_ten_reports_of_one_fingerprint_at_once_open_one_fault(monitoring: Monitoring) -> None:
    reports = [monitoring.post("/faults", a_body(fault=None, fingerprint="x")) for _ in range(10)]

    answers = await asyncio.gather(*reports)

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["fault"] for answer in answers}) == 1
    assert len(await monitoring.events()) == 1


async def test_one_id_reported_at_once_by_several_is_one_fault(monitoring: Monitoring) -> None:
    reports = [monitoring.post("/faults", a_body()) for _ in range(5)]

    answers = await asyncio.gather(*reports, monitoring.post("/faults", a_body(fault="F2")))

    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201] * 2
    assert sorted(event["data"]["fault"] for event in await monitoring.events()) == ["F1", "F2"]


async def test_a_fingerprint_is_free_again_once_its_fault_is_resolved(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body(fingerprint="x"))
    await monitoring.post("/faults/F1/resolution", RESOLUTION)

    second = await monitoring.post("/faults", a_body(fault="F2", fingerprint="x"))
    reopened = await monitoring.post("/faults/F1/reopening", REOPENING)

    assert second.status_code == 201
    assert problem_of(reopened) == (409, "fingerprint-open")
    assert reopened.json()["open_fault"] == "F2"


async def test_an_id_taken_by_another_fault_is_refused(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body())

    assert problem_of(await monitoring.post("/faults", a_body(severity="minor"))) == (409, "already-exists")


async def test_a_project_not_heard_of_yet_is_to_be_tried_again(monitoring: Monitoring) -> None:
    early = await monitoring.post("/faults", a_body(project="new"))
    await monitoring.learn(declared("new"))
    later = await monitoring.post("/faults", a_body(project="new"))

    assert problem_of(early) == (409, "project-unknown")
    assert early.headers["retry-after"] == "1"
    assert later.status_code == 201


async def test_an_asset_is_known_in_its_own_project_only(monitoring: Monitoring) -> None:
    await monitoring.put("/assets/site", {"project": "web", "name": "site", "kind": "website"})

    assert (await monitoring.post("/faults", a_body(asset="site"))).status_code == 201
    for body in (a_body(fault="F2", asset="none"), a_body(fault="F3", asset="site", project="grid")):
        assert problem_of(await monitoring.post("/faults", body)) == (422, "unknown-asset")


async def test_a_foreign_project_is_not_there(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body())
    foreign = {"role": "admin", "projects": ["grid"]}

    answers = [
        await monitoring.post("/faults", a_body(fault="F2"), **foreign),
        await monitoring.post("/faults/F1/response", RESPONSE, **foreign),
        await monitoring.post("/faults/F1/resolution", RESOLUTION, **foreign),
        await monitoring.post("/faults/F1/reopening", REOPENING, **foreign),
        await monitoring.get("/faults/F1", **foreign),
        await monitoring.get("/faults?project=web", **foreign),
    ]

    assert {problem_of(answer) for answer in answers} == {(404, "not-found")}
    assert (await monitoring.get("/faults", **foreign)).json() == {"items": [], "next": None}
    assert len(await monitoring.events()) == 1


async def test_a_fault_that_is_not_there_is_not_found(untouched: Monitoring) -> None:
    assert problem_of(await untouched.post("/faults/none/response", RESPONSE)) == (404, "not-found")
    assert problem_of(await untouched.get("/faults/none")) == (404, "not-found")


@pytest.mark.parametrize("role", ["viewer", "finance", "feedback", "inspector"])
async def test_who_may_not_write_faults_is_refused(untouched: Monitoring, role: str) -> None:
    assert problem_of(await untouched.post("/faults", a_body(), role=role)) == (403, "forbidden")


async def test_an_agent_writes_and_does_not_read(untouched: Monitoring) -> None:
    assert problem_of(await untouched.get("/faults", role="agent")) == (403, "forbidden")


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "catastrophic"},
        {"occurred_at": "2018-03-01T10:00:00"},
        {"occurred_at": "2018-03-01"},
        {"occurred_at": 1519869600},
        {"occurred_at": "2018-06-01T12:06:00+08:00"},  # More than five minutes ahead.
        {"title": ""},
        {"title": "x" * 201},
        {"title": "a\x00b"},
        {"service_down": "yes"},
        {"fingerprint": "x" * 256},
        {"fingerprint": ""},
        {"fingerprint": "a\nb"},
        {"fault": "with space"},
        {"project": "../web"},
        {"asset": "none"},
        {"colour": "red"},
    ],
    ids=repr,
)
async def test_a_bad_report_is_refused_and_leaves_nothing(untouched: Monitoring, changes: dict[str, Any]) -> None:
    before = await untouched.stored()

    answer = await untouched.post("/faults", a_body(**changes), headers={"Idempotency-Key": "k"})

    status, _ = problem_of(answer)
    assert status == 422
    assert answer.json()["errors"][0]["field"] == next(iter(changes))
    assert await untouched.stored() == before


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'{"a": 1, "a": 2}', b"[" * 40 + b"]" * 40, b'{"a": NaN}'])
async def test_a_malformed_body_is_refused(untouched: Monitoring, raw: bytes) -> None:
    assert problem_of(await untouched.post("/faults", None, raw=raw)) == (400, "malformed")


async def test_steps_out_of_order_are_refused_and_leave_nothing(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body())
    early = {"responded_at": "2018-03-01T09:59:59+08:00", "responder": "x"}
    ahead = {"responded_at": "2018-06-01T12:05:01+08:00", "responder": "x"}

    assert problem_of(await monitoring.post("/faults/F1/response", early)) == (422, "validation")
    assert problem_of(await monitoring.post("/faults/F1/response", ahead)) == (422, "validation")
    assert problem_of(await monitoring.post("/faults/F1/reopening", REOPENING)) == (409, "fault-open")
    await monitoring.post("/faults/F1/response", RESPONSE)
    assert problem_of(await monitoring.post("/faults/F1/response", RESPONSE | {"responder": "Li"})) == (
        409,
        "already-responded",
    )
    between = RESOLUTION | {"resolved_at": "2018-03-01T10:15:00+08:00"}
    assert problem_of(await monitoring.post("/faults/F1/resolution", between)) == (422, "validation")
    await monitoring.post("/faults/F1/resolution", RESOLUTION)
    assert problem_of(await monitoring.post("/faults/F1/resolution", RESOLUTION | {"cause": "mice"})) == (
        409,
        "already-resolved",
    )
    other = RESPONSE | {"responder": "Li"}
    assert problem_of(await monitoring.post("/faults/F1/response", other)) == (409, "fault-resolved")
    back = REOPENING | {"occurred_at": "2018-03-01T11:00:00+08:00"}
    assert problem_of(await monitoring.post("/faults/F1/reopening", back)) == (422, "validation")
    assert len(await monitoring.events()) == 3


async def test_a_reopening_happens_now_unless_it_says_when(monitoring: Monitoring) -> None:
    await monitoring.post("/faults", a_body())
    await monitoring.post("/faults/F1/resolution", RESOLUTION)

    await monitoring.post("/faults/F1/reopening", {"reason": "again"})

    assert (await monitoring.events())[-1]["time"] == "2018-06-01T04:00:00Z"


async def test_faults_are_listed_in_pages_by_project_and_status(monitoring: Monitoring) -> None:
    for number in range(5):
        await monitoring.post("/faults", a_body(fault=f"W{number}"))
    await monitoring.post("/faults", a_body(fault="G", project="grid"))
    await monitoring.post("/faults/W1/resolution", RESOLUTION)

    first = (await monitoring.get("/faults?project=web&limit=3")).json()
    second = (await monitoring.get(f"/faults?project=web&limit=3&cursor={first['next']}")).json()
    resolved = (await monitoring.get("/faults?status=resolved")).json()
    own = (await monitoring.get("/faults", projects=["grid"])).json()

    assert [fault["fault"] for fault in first["items"]] == ["W0", "W1", "W2"]
    assert [fault["fault"] for fault in second["items"]] == ["W3", "W4"]
    assert second["next"] is None
    assert [fault["fault"] for fault in resolved["items"]] == ["W1"]
    assert [fault["fault"] for fault in own["items"]] == ["G"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=!", "status=lost", "project=a%20b"])
async def test_a_bad_query_is_refused(untouched: Monitoring, query: str) -> None:
    assert problem_of(await untouched.get(f"/faults?{query}")) == (422, "validation")
