"""The calls about complaints, surveys and service counts."""

from typing import Any

import pytest

from tests.monitoring.driver import Monitoring, declared, problem_of

pytestmark = pytest.mark.anyio

SUBJECT, OUTCOME = "张三 13800138000 投诉网页打不开", "已电话答复张三"
COMPLAINT = {
    "project": "web",
    "channel": "hotline",
    "subject": SUBJECT,
    "received_at": "2018-03-01T10:00:00+08:00",
}
CLOSURE = {"closed_at": "2018-03-02T10:00:00+08:00", "outcome": OUTCOME, "satisfied": True}
ANSWERS = {"project": "web", "answered": 200, "satisfied": 190, "collected_on": "2018-12-01"}
COUNT = {"project": "web", "count": 1234, "kind": "consultation", "from": "2018-01-01", "to": "2018-03-31"}


async def test_a_complaint_is_filed_and_closed(monitoring: Monitoring) -> None:
    filed = await monitoring.post("/complaints", COMPLAINT, role="feedback")
    place = filed.headers["location"]
    closed = await monitoring.post(f"{place}/closure", CLOSURE, role="feedback")
    again = await monitoring.post(f"{place}/closure", CLOSURE, role="feedback")

    events = await monitoring.events()

    assert (filed.status_code, closed.status_code, again.status_code) == (201, 200, 200)
    assert (filed.json()["status"], closed.json()["status"]) == ("open", "closed")
    assert (await monitoring.get(place)).json() == closed.json() == again.json()
    assert [(event["type"], event["time"]) for event in events] == [
        ("complaint.filed.v1", COMPLAINT["received_at"]),
        ("complaint.closed.v1", CLOSURE["closed_at"]),
    ]
    assert events[1]["data"]["satisfied"] is True


async def test_no_event_contains_the_words_of_a_citizen(monitoring: Monitoring) -> None:
    filed = await monitoring.post("/complaints", COMPLAINT)
    await monitoring.post(f"{filed.headers['location']}/closure", CLOSURE)

    text = repr(await monitoring.events())

    assert not [word for word in (SUBJECT, OUTCOME, "张三", "13800138000") if word in text]


async def test_a_complaint_is_not_closed_twice_nor_before_it_came_in_nor_ahead(monitoring: Monitoring) -> None:
    place = (await monitoring.post("/complaints", COMPLAINT)).headers["location"] + "/closure"

    early = await monitoring.post(place, CLOSURE | {"closed_at": "2018-02-28T10:00:00+08:00"})
    ahead = await monitoring.post(place, CLOSURE | {"closed_at": "2018-07-01T10:00:00+08:00"})
    await monitoring.post(place, CLOSURE)
    otherwise = await monitoring.post(place, CLOSURE | {"satisfied": False})

    assert problem_of(early) == problem_of(ahead) == (422, "validation")
    assert problem_of(otherwise) == (409, "already-closed")
    assert len(await monitoring.events()) == 2


async def test_a_foreign_or_missing_complaint_is_not_found(monitoring: Monitoring) -> None:
    place = (await monitoring.post("/complaints", COMPLAINT)).headers["location"]

    answers = [
        await monitoring.post(f"{place}/closure", CLOSURE, projects=["grid"]),
        await monitoring.post("/complaints/none/closure", CLOSURE),
        await monitoring.get(place, projects=["grid"]),
        await monitoring.post("/complaints", COMPLAINT, projects=["grid"]),
    ]

    assert {problem_of(answer) for answer in answers} == {(404, "not-found")}


async def test_answers_to_a_survey_happen_as_their_day_begins_in_the_zone(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/surveys/annual/answers", ANSWERS, role="feedback")

    [event] = await monitoring.events()

    assert answer.status_code == 201
    assert (event["type"], event["time"]) == ("survey.answered.v1", "2018-12-01T00:00:00+08:00")
    assert event["data"] == {"survey": "annual", "answer": answer.json()["answer"]} | ANSWERS
    assert (await monitoring.get(answer.headers["location"])).json() == answer.json()


async def test_a_day_begins_when_the_zone_of_the_project_says(monitoring: Monitoring) -> None:
    await monitoring.learn(declared("kashgar", time_zone="Asia/Urumqi"))

    await monitoring.post("/surveys/annual/answers", ANSWERS | {"project": "kashgar"})

    assert (await monitoring.events())[0]["time"] == "2018-12-01T00:00:00+06:00"


async def test_a_service_count_happens_on_its_last_day(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/service-counts", COUNT, role="feedback")

    [event] = await monitoring.events()

    assert answer.status_code == 201
    assert (event["type"], event["time"]) == ("service.counted.v1", "2018-03-31T00:00:00+08:00")
    assert event["data"] == {
        "project": "web",
        "service_count": answer.json()["service_count"],
        "count": 1234,
        "kind": "consultation",
        "starts_on": "2018-01-01",
        "ends_on": "2018-03-31",
    }
    assert (await monitoring.get(answer.headers["location"])).json() == answer.json()


BAD = [
    ("/complaints", COMPLAINT, {"channel": "by phone"}),
    ("/complaints", COMPLAINT, {"subject": ""}),
    ("/complaints", COMPLAINT, {"subject": "x" * 2001}),
    ("/complaints", COMPLAINT, {"received_at": "2018-06-02T00:00:00Z"}),
    ("/surveys/s/answers", ANSWERS, {"satisfied": 201}),
    ("/surveys/s/answers", ANSWERS, {"answered": 0, "satisfied": 0}),
    ("/surveys/s/answers", ANSWERS, {"satisfied": -1}),
    ("/surveys/s/answers", ANSWERS, {"satisfied": "190"}),
    ("/surveys/s/answers", ANSWERS, {"collected_on": "2018-02-30"}),
    ("/service-counts", COUNT, {"to": "2017-12-31"}),
    ("/service-counts", COUNT, {"count": -1}),
    ("/service-counts", COUNT, {"count": 10**12 + 1}),
    ("/service-counts", COUNT, {"kind": "free text"}),
]


@pytest.mark.parametrize(("path", "body", "changes"), BAD, ids=lambda value: repr(value)[:30])
async def test_bad_feedback_is_refused_and_leaves_nothing(
    untouched: Monitoring, path: str, body: dict[str, Any], changes: dict[str, Any]
) -> None:
    before = await untouched.stored()

    answer = await untouched.post(path, body | changes)

    assert problem_of(answer) == (422, "validation")
    assert await untouched.stored() == before


async def test_what_can_be_no_survey_is_not_found(untouched: Monitoring) -> None:
    before = await untouched.stored()

    answer = await untouched.post("/surveys/a%20b/answers", ANSWERS)

    assert problem_of(answer) == (404, "not-found")
    assert await untouched.stored() == before


@pytest.mark.parametrize(
    ("path", "body"), [("/complaints", COMPLAINT), ("/surveys/s/answers", ANSWERS), ("/service-counts", COUNT)]
)
async def test_foreign_unknown_and_forbidden_are_told_apart(
    monitoring: Monitoring, path: str, body: dict[str, Any]
) -> None:
    assert problem_of(await monitoring.post(path, body, projects=["grid"])) == (404, "not-found")
    assert problem_of(await monitoring.post(path, body | {"project": "new"})) == (409, "project-unknown")
    assert problem_of(await monitoring.post(path, body, role="agent")) == (403, "forbidden")


@pytest.mark.parametrize(
    ("path", "body"), [("/complaints", COMPLAINT), ("/surveys/s/answers", ANSWERS), ("/service-counts", COUNT)]
)
async def test_the_same_key_counts_once(monitoring: Monitoring, path: str, body: dict[str, Any]) -> None:
    first = await monitoring.post(path, body, headers={"Idempotency-Key": "k"})
    again = await monitoring.post(path, body, headers={"Idempotency-Key": "k"})

    assert first.json() == again.json()
    assert len(await monitoring.events()) == 1


async def test_complaints_and_answers_are_listed_page_by_page_to_who_may_see_them(monitoring: Monitoring) -> None:
    places = [(await monitoring.post("/complaints", COMPLAINT)).headers["location"] for _ in range(3)]
    await monitoring.post(f"{places[1]}/closure", CLOSURE)
    await monitoring.post("/surveys/a/answers", ANSWERS)
    await monitoring.post("/surveys/b/answers", ANSWERS)

    first = (await monitoring.get("/complaints?project=web&limit=2")).json()
    rest = (await monitoring.get(f"/complaints?project=web&limit=2&cursor={first['next']}")).json()
    closed = (await monitoring.get("/complaints?status=closed")).json()["items"]
    surveys = (await monitoring.get("/surveys?project=web")).json()

    assert [f"/complaints/{each['complaint']}" for each in [*first["items"], *rest["items"]]] == places
    assert rest["next"] is None
    assert [f"/complaints/{each['complaint']}" for each in closed] == [places[1]]
    assert [each["survey"] for each in surveys["items"]] == ["a", "b"]
    for path in ("/complaints", "/surveys"):
        assert (await monitoring.get(path, projects=["grid"])).json()["items"] == []
        assert problem_of(await monitoring.get(f"{path}?project=web", projects=["grid"])) == (404, "not-found")
