"""The calls about assets, readings and maintenance windows."""

import json
from typing import Any

import pytest

from tests.monitoring.driver import Monitoring, problem_of

pytestmark = pytest.mark.anyio

SITE = {"project": "web", "name": "portal", "kind": "website", "url": "https://www.example.cn/a?b=c"}
READING = {
    "project": "web",
    "metric": "uptime",
    "value": "99.950",
    "unit": "%",
    "measured_at": "2018-03-01T10:00:00+08:00",
}
WINDOW = {
    "project": "web",
    "from": "2018-07-01T00:00:00+08:00",
    "to": "2018-07-01T06:00:00+08:00",
    "reason": "机房搬迁",
}


async def test_an_asset_is_new_once_and_described_anew_after(monitoring: Monitoring) -> None:
    first = await monitoring.put("/assets/site", SITE, role="agent")
    second = await monitoring.put("/assets/site", {"project": "web", "name": "new name", "kind": "other"})
    listed = (await monitoring.get("/assets")).json()

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {"asset": "site"} | SITE
    assert listed["items"] == [{"asset": "site", "project": "web", "name": "new name", "kind": "other", "url": None}]
    assert await monitoring.events() == []


async def test_an_asset_stays_with_its_project(monitoring: Monitoring) -> None:
    await monitoring.put("/assets/site", SITE)

    moved = await monitoring.put("/assets/site", SITE | {"project": "grid"})

    assert problem_of(moved) == (409, "already-exists")
    assert "web" not in moved.text


async def test_assets_are_listed_in_pages_by_project(monitoring: Monitoring) -> None:
    for name in ("c", "a", "b"):
        await monitoring.put(f"/assets/{name}", SITE)
    await monitoring.put("/assets/z", SITE | {"project": "grid"})

    first = (await monitoring.get("/assets?project=web&limit=2")).json()
    second = (await monitoring.get(f"/assets?project=web&limit=2&cursor={first['next']}")).json()
    own = (await monitoring.get("/assets", projects=["grid"])).json()

    assert [asset["asset"] for asset in first["items"] + second["items"]] == ["c", "a", "b"]
    assert [asset["asset"] for asset in own["items"]] == ["z"]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "ftp://example.cn/"},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
        {"url": "https://user:secret@example.cn/"},
        {"url": "https://example.cn:99999/"},
        {"url": "https://example.cn/a b"},
        {"url": "https://example.cn/" + "x" * 2000},
        {"kind": "dog"},
        {"name": ""},
    ],
    ids=lambda changes: repr(changes)[:40],
)
async def test_a_bad_asset_is_refused_and_leaves_nothing(untouched: Monitoring, changes: dict[str, Any]) -> None:
    before = await untouched.stored()

    answer = await untouched.put("/assets/site", SITE | changes)

    assert problem_of(answer) == (422, "validation")
    assert "secret" not in answer.text
    assert await untouched.stored() == before


async def test_one_reading_is_one_event(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/readings", READING, role="agent")

    [event] = await monitoring.events()

    assert answer.status_code == 201
    assert answer.json()["value"] == "99.950"
    assert event["data"]["reading"] == answer.json()["reading"]
    assert (event["type"], event["time"]) == ("reading.recorded.v1", READING["measured_at"])
    assert event["data"]["value"] == "99.950"
    assert (await monitoring.get(answer.headers["location"])).json() == answer.json()


@pytest.mark.parametrize(
    ("value", "kept"), [(5, "5"), ("-0.000000000001", "-0.000000000001"), (2.5, "2.5"), (1e3, "1000.0")]
)
async def test_an_exact_number_is_kept_in_its_digits(monitoring: Monitoring, value: Any, kept: str) -> None:
    answer = await monitoring.post("/readings", READING | {"value": value})

    assert answer.json()["value"] == kept


async def test_a_list_of_readings_is_one_event_each_in_order(monitoring: Monitoring) -> None:
    readings = [READING | {"value": str(number)} for number in range(1000)]

    answer = await monitoring.post("/readings", readings)

    events = await monitoring.events()
    items = answer.json()["items"]
    assert answer.status_code == 201
    assert [item["value"] for item in items] == [reading["value"] for reading in readings]
    assert [event["data"]["reading"] for event in events] == [item["reading"] for item in items]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "NaN"}, "1.value"),
        ({"value": "1" * 13}, "1.value"),
        ({"value": True}, "1.value"),
        ({"metric": "up time"}, "1.metric"),
        ({"unit": "x" * 33}, "1.unit"),
        ({"unit": ""}, "1.unit"),
        ({"asset": "none"}, "1.asset"),
        ({"measured_at": "2019-01-01T00:00:00Z"}, "1.measured_at"),
        ({"colour": "red"}, "1.colour"),
    ],
)
async def test_one_bad_reading_refuses_its_list_by_its_place(
    untouched: Monitoring, changes: dict[str, Any], field: str
) -> None:
    before = await untouched.stored()

    answer = await untouched.post("/readings", [READING, READING | changes])

    status, _ = problem_of(answer)
    assert status == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await untouched.stored() == before


async def test_a_bad_reading_alone_is_named_without_a_place(untouched: Monitoring) -> None:
    answer = await untouched.post("/readings", READING | {"value": "x", "unit": ""})

    assert [error["field"] for error in answer.json()["errors"]] == ["value", "unit"]


@pytest.mark.parametrize("body", [[], [READING] * 1001, "x", 5, None, [[READING]]], ids=lambda body: repr(body)[:20])
async def test_what_is_no_list_of_readings_is_refused(untouched: Monitoring, body: Any) -> None:
    answer = await untouched.post("/readings", None, raw=json.dumps(body).encode())

    assert problem_of(answer) == (422, "validation")
    assert await untouched.events() == []


async def test_a_list_with_a_foreign_project_is_refused_whole(monitoring: Monitoring) -> None:
    readings = [READING, READING | {"project": "grid"}]

    assert problem_of(await monitoring.post("/readings", readings, projects=["web"])) == (404, "not-found")
    assert problem_of(await monitoring.post("/readings", [READING, READING | {"project": "no"}])) == (
        409,
        "project-unknown",
    )
    assert await monitoring.events() == []


async def test_a_window_may_lie_ahead_and_is_an_event_at_its_start(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/maintenance-windows", WINDOW, role="agent")

    [event] = await monitoring.events()

    assert answer.status_code == 201
    assert (answer.json()["from"], answer.json()["to"]) == ("2018-06-30T16:00:00Z", "2018-06-30T22:00:00Z")
    assert (event["type"], event["time"]) == ("maintenance.scheduled.v1", WINDOW["from"])
    assert event["data"] == {
        "project": "web",
        "window": answer.json()["window"],
        "asset": None,
        "starts_at": WINDOW["from"],
        "ends_at": WINDOW["to"],
    }
    assert WINDOW["reason"] not in repr(event)
    assert (await monitoring.get(answer.headers["location"])).json() == answer.json()


@pytest.mark.parametrize(
    "changes",
    [
        {"to": WINDOW["from"]},
        {"to": "2019-07-03T00:00:00+08:00"},
        {"asset": "none"},
        {"from": "2018-07-01"},
        {"reason": ""},
        {"starts_at": WINDOW["from"]},
    ],
    ids=repr,
)
async def test_a_bad_window_is_refused_and_leaves_nothing(untouched: Monitoring, changes: dict[str, Any]) -> None:
    before = await untouched.stored()

    answer = await untouched.post("/maintenance-windows", WINDOW | changes)

    status, _ = problem_of(answer)
    assert status == 422
    assert await untouched.stored() == before


@pytest.mark.parametrize(
    ("path", "body"), [("/readings", READING), ("/maintenance-windows", WINDOW), ("/assets/site", SITE)]
)
async def test_foreign_unknown_and_forbidden_are_told_apart(
    monitoring: Monitoring, path: str, body: dict[str, Any]
) -> None:
    method = "PUT" if path.startswith("/assets") else "POST"

    foreign = await monitoring.send(method, path, body, projects=["grid"])
    unknown = await monitoring.send(method, path, body | {"project": "new"})
    forbidden = await monitoring.send(method, path, body, role="feedback")

    assert problem_of(foreign) == (404, "not-found")
    assert problem_of(unknown) == (409, "project-unknown")
    assert problem_of(forbidden) == (403, "forbidden")


async def test_what_belongs_to_others_is_not_shown(monitoring: Monitoring) -> None:
    reading = await monitoring.post("/readings", READING)
    window = await monitoring.post("/maintenance-windows", WINDOW)

    for made in (reading, window):
        assert problem_of(await monitoring.get(made.headers["location"], projects=["grid"])) == (404, "not-found")


@pytest.mark.parametrize("path", ["/availability?project=web", "/ping/x", "/webhooks/alertmanager"])
async def test_what_is_not_built_yet_is_not_there(untouched: Monitoring, path: str) -> None:
    assert problem_of(await untouched.get(path)) == (404, "not-found")
