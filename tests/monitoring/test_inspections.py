"""Inspections, what they find, and that it is put right."""

from typing import Any

import pytest

from tests.monitoring.driver import Monitoring, problem_of

pytestmark = pytest.mark.anyio

INSPECTION: dict[str, Any] = {
    "project": "web",
    "inspected_on": "2018-05-10",
    "findings": [
        {"text": "机房温度记录缺页", "severity": "minor"},
        {"text": "应急照明不亮", "severity": "major"},
    ],
}
RECTIFICATION = {"closed_on": "2018-05-20", "remedy": "补记并更换灯具"}


async def test_an_inspection_is_published_as_a_count_of_findings(monitoring: Monitoring) -> None:
    answer = await monitoring.post("/inspections", INSPECTION, role="inspector")

    made = answer.json()
    [event] = await monitoring.events()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/inspections/{made['inspection']}"
    assert made["status"] == "open"
    assert event["type"] == "inspection.recorded.v1"
    assert event["time"].startswith("2018-05-10T00:00:00+08:00")
    assert event["data"] == {
        "project": "web",
        "inspection": made["inspection"],
        "inspected_on": "2018-05-10",
        "findings": 2,
    }
    assert "灯" not in str(event)


async def test_rectification_puts_every_finding_right_once(monitoring: Monitoring) -> None:
    made = (await monitoring.post("/inspections", INSPECTION)).json()
    path = f"/inspections/{made['inspection']}/rectification"

    first = await monitoring.post(path, RECTIFICATION)
    again = await monitoring.post(path, RECTIFICATION)
    other = await monitoring.post(path, RECTIFICATION | {"remedy": "别的"})

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json() == made | RECTIFICATION | {"status": "rectified"}
    assert problem_of(other) == (409, "already-rectified")
    events = await monitoring.events()
    assert [event["type"] for event in events] == ["inspection.recorded.v1", "rectification.closed.v1"]
    assert events[1]["data"]["findings"] == 2
    assert (await monitoring.get(f"/inspections/{made['inspection']}")).json() == first.json()


async def test_a_clear_inspection_has_nothing_to_rectify(monitoring: Monitoring) -> None:
    made = (await monitoring.post("/inspections", INSPECTION | {"findings": []})).json()

    answer = await monitoring.post(f"/inspections/{made['inspection']}/rectification", RECTIFICATION)

    assert made["status"] == "clear"
    assert problem_of(answer) == (409, "nothing-to-rectify")


async def test_an_id_names_one_inspection(monitoring: Monitoring) -> None:
    named = INSPECTION | {"inspection": "i-1"}

    first = await monitoring.post("/inspections", named)
    again = await monitoring.post("/inspections", named)
    other = await monitoring.post("/inspections", named | {"inspected_on": "2018-05-11"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert problem_of(other) == (409, "already-exists")
    assert len(await monitoring.events()) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inspected_on": "2018-06-02"}, "inspected_on"),
        ({"findings": [{"text": "t", "severity": "grave"}]}, "findings.0.severity"),
        ({"findings": [{"text": "", "severity": "minor"}]}, "findings.0.text"),
        ({"findings": [{"text": "t", "severity": "minor"}] * 201}, "findings"),
        ({"findings": None}, "findings"),
    ],
)
async def test_a_bad_inspection_is_refused_at_its_field(
    monitoring: Monitoring, changes: dict[str, Any], field: str
) -> None:
    answer = await monitoring.post("/inspections", INSPECTION | changes)

    assert problem_of(answer) == (422, "validation")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await monitoring.events() == []


@pytest.mark.parametrize("closed_on", ["2018-05-09", "2018-06-02"])
async def test_findings_are_put_right_after_they_are_found_and_not_tomorrow(
    monitoring: Monitoring, closed_on: str
) -> None:
    made = (await monitoring.post("/inspections", INSPECTION)).json()

    answer = await monitoring.post(
        f"/inspections/{made['inspection']}/rectification", RECTIFICATION | {"closed_on": closed_on}
    )

    assert problem_of(answer) == (422, "validation")
    assert [error["field"] for error in answer.json()["errors"]] == ["closed_on"]


async def test_foreign_unknown_and_forbidden_are_told_apart(monitoring: Monitoring) -> None:
    made = (await monitoring.post("/inspections", INSPECTION)).json()
    path = f"/inspections/{made['inspection']}"

    assert problem_of(await monitoring.post("/inspections", INSPECTION, projects=["grid"])) == (404, "not-found")
    unknown = await monitoring.post("/inspections", INSPECTION | {"project": "new"})
    assert problem_of(unknown) == (409, "project-unknown")
    assert problem_of(await monitoring.post("/inspections", INSPECTION, role="agent")) == (403, "forbidden")
    assert problem_of(await monitoring.get(path, projects=["grid"])) == (404, "not-found")
    closing = await monitoring.post(f"{path}/rectification", RECTIFICATION, projects=["grid"])
    assert problem_of(closing) == (404, "not-found")


async def test_inspections_are_listed_in_pages_of_what_one_may_see(monitoring: Monitoring) -> None:
    for project in ("web", "grid", "web"):
        await monitoring.post("/inspections", INSPECTION | {"project": project})

    first = (await monitoring.get("/inspections?limit=2")).json()
    second = (await monitoring.get(f"/inspections?limit=2&cursor={first['next']}")).json()
    own = (await monitoring.get("/inspections", projects=["grid"])).json()
    asked = (await monitoring.get("/inspections?project=web")).json()

    assert [item["project"] for item in first["items"]] == ["web", "grid"]
    assert ([item["project"] for item in second["items"]], second["next"]) == (["web"], None)
    assert [item["project"] for item in own["items"]] == ["grid"]
    assert [item["project"] for item in asked["items"]] == ["web", "web"]
