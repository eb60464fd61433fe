"""The decisions of monitoring."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring.model import (
    Asset,
    Closure,
    Complaint,
    Fault,
    FaultReport,
    FaultResolution,
    FaultResponse,
)
from services.monitoring.rules import faults as rules
from services.monitoring.rules.feedback import AlreadyClosed, check_survey, close
from services.monitoring.rules.places import UnknownAsset, check_asset, check_describing
from services.monitoring.rules.times import check_not_ahead, check_span, check_window
from shared.problems import AlreadyExists, Invalid, Problem

NOON = datetime(2018, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_report(**changes: Any) -> FaultReport:
    report = FaultReport(
        fault="F1",
        project="web",
        asset=None,
        severity="major",
        title="down",
        occurred_at=NOON,
        service_down=True,
        fingerprint=None,
    )
    return replace(report, **changes)


def a_fault(**changes: Any) -> Fault:
    return rules.open_fault(a_report(**changes), now=NOON, by="agent")


def a_response(at: datetime = NOON + HOUR, responder: str = "Zhang") -> FaultResponse:
    return FaultResponse(responded_at=at, responder=responder, by="agent")


def a_resolution(at: datetime = NOON + 2 * HOUR, cause: str = "power") -> FaultResolution:
    return FaultResolution(resolved_at=at, cause=cause, remedy="restart", by="agent")


def a_resolved_fault(**changes: Any) -> Fault:
    return rules.resolve(rules.respond(a_fault(**changes), a_response()), a_resolution())


def a_reopened_fault() -> Fault:
    return rules.reopen(a_resolved_fault(), "again", None, at=NOON + 3 * HOUR, by="agent")


def code_of(refusal: pytest.ExceptionInfo[Invalid]) -> str:
    return str(refusal.value.facts["errors"][0]["code"])


def test_a_fault_goes_from_open_to_responded_to_resolved() -> None:
    fault = a_fault()
    responded = rules.respond(fault, a_response())
    resolved = rules.resolve(responded, a_resolution())

    assert [fault.status, responded.status, resolved.status] == ["open", "responded", "resolved"]


def test_a_fault_may_be_resolved_without_a_response() -> None:
    resolved = rules.resolve(a_fault(), a_resolution())

    assert resolved.status == "resolved"
    assert resolved.first_response is None


def test_another_response_is_refused() -> None:
    responded = rules.respond(a_fault(), a_response())

    with pytest.raises(rules.AlreadyResponded):
        rules.respond(responded, a_response(responder="Li"))


def test_a_response_before_the_fault_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.respond(a_fault(), a_response(at=NOON - HOUR))

    assert code_of(refusal) == "before_occurrence"


def test_a_resolved_fault_takes_no_new_response() -> None:
    with pytest.raises(rules.FaultResolved):
        rules.respond(rules.resolve(a_fault(), a_resolution()), a_response())


def test_a_resolved_fault_takes_its_own_response_again() -> None:
    resolved = a_resolved_fault()

    assert rules.respond(resolved, a_response()) is resolved


def test_who_passes_a_response_on_makes_no_other_response_of_it() -> None:
    responded = rules.respond(a_fault(), a_response())

    assert rules.respond(responded, replace(a_response(), by="another agent")) is responded


def test_another_resolution_is_refused() -> None:
    with pytest.raises(rules.AlreadyResolved):
        rules.resolve(a_resolved_fault(), a_resolution(cause="mice"))


@pytest.mark.parametrize(("at", "code"), [(NOON - HOUR, "before_occurrence"), (NOON, "before_response")])
def test_a_resolution_before_the_fault_or_its_response_is_refused(at: datetime, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.resolve(rules.respond(a_fault(), a_response()), a_resolution(at=at))

    assert code_of(refusal) == code


def test_a_reopened_fault_is_open_and_keeps_its_first_response() -> None:
    reopened = a_reopened_fault()

    assert reopened.status == "open"
    assert reopened.first_response == a_response()


def test_a_reopened_fault_is_responded_to_and_resolved_once_more() -> None:
    later = rules.respond(a_reopened_fault(), a_response(at=NOON + 4 * HOUR))
    resolved = rules.resolve(later, a_resolution(at=NOON + 5 * HOUR))

    assert [later.status, resolved.status] == ["responded", "resolved"]
    assert resolved.first_response == a_response()


def test_what_was_said_before_a_reopening_may_be_said_again() -> None:
    reopened = a_reopened_fault()

    assert rules.respond(reopened, a_response()) is reopened
    assert rules.resolve(reopened, a_resolution()) is reopened


def test_a_response_between_repair_and_reopening_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.respond(a_reopened_fault(), a_response(at=NOON + 2 * HOUR, responder="Li"))

    assert code_of(refusal) == "before_reopening"


@pytest.mark.parametrize("fault", [a_fault(), rules.respond(a_fault(), a_response()), a_reopened_fault()])
def test_only_a_resolved_fault_is_reopened(fault: Fault) -> None:
    with pytest.raises(rules.FaultOpen):
        rules.reopen(fault, "again", None, at=NOON + 9 * HOUR, by="agent")


def test_a_fault_is_not_reopened_before_it_was_resolved() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.reopen(a_resolved_fault(), "again", None, at=NOON + HOUR, by="agent")

    assert code_of(refusal) == "before_resolution"


def test_a_fault_is_not_reopened_beside_another_of_its_fingerprint() -> None:
    twin = a_fault(fault="F2", fingerprint="x")

    with pytest.raises(rules.FingerprintOpen) as refusal:
        rules.reopen(a_resolved_fault(fingerprint="x"), "again", twin, at=NOON + 3 * HOUR, by="agent")

    assert refusal.value.facts == {"fault": "F1", "open_fault": "F2"}


def test_a_report_of_a_new_fault_is_of_none_that_is_there() -> None:
    assert rules.already_there(a_report(), None, None) is None


def test_the_same_report_again_is_of_the_fault_on_record_even_when_its_twin_is_open() -> None:
    resolved, twin = a_resolved_fault(fingerprint="x"), a_fault(fault="F2", fingerprint="x")

    assert rules.already_there(a_report(fingerprint="x"), resolved, twin) is resolved


def test_another_report_by_an_open_fingerprint_is_of_the_open_fault() -> None:
    twin = a_fault(fingerprint="x")

    assert rules.already_there(a_report(fault="F2", title="still down", fingerprint="x"), None, twin) is twin


def test_an_id_taken_by_another_report_is_refused() -> None:
    with pytest.raises(AlreadyExists):
        rules.already_there(a_report(title="something else"), a_fault(), None)


def test_five_minutes_ahead_pass_and_more_do_not() -> None:
    check_not_ahead("occurred_at", NOON + timedelta(minutes=5), NOON)

    with pytest.raises(Invalid) as refusal:
        check_not_ahead("occurred_at", NOON + timedelta(minutes=5, microseconds=1), NOON)

    assert code_of(refusal) == "in_future"


def an_asset(**changes: Any) -> Asset:
    return replace(Asset(asset="A", project="web", name="site", kind="website", url=None), **changes)


@pytest.mark.parametrize("asset", [None, an_asset(project="grid")])
def test_an_asset_of_no_or_another_project_is_unknown(asset: Asset | None) -> None:
    with pytest.raises(UnknownAsset) as refusal:
        check_asset(asset, "A", "web")

    assert "grid" not in str(refusal.value.document())


def test_an_asset_does_not_change_its_project() -> None:
    check_describing(an_asset(name="new"), an_asset())

    with pytest.raises(AlreadyExists):
        check_describing(an_asset(project="grid"), an_asset())


def test_a_maintenance_window_lasts_up_to_366_days() -> None:
    check_window(NOON, NOON + timedelta(days=366))


@pytest.mark.parametrize("length", [timedelta(0), -HOUR, timedelta(days=366, seconds=1)])
def test_a_maintenance_window_without_or_of_too_much_length_is_refused(length: timedelta) -> None:
    with pytest.raises(Invalid):
        check_window(NOON, NOON + length)


def a_complaint() -> Complaint:
    return Complaint(complaint="C", project="web", channel="hotline", subject="slow", received_at=NOON)


def a_closure(at: datetime = NOON + HOUR, outcome: str = "explained") -> Closure:
    return Closure(closed_at=at, outcome=outcome, satisfied=True, by="desk")


def test_a_complaint_is_closed_once() -> None:
    closed = close(a_complaint(), a_closure())

    assert closed.closure == a_closure()
    assert close(closed, a_closure()) is closed
    with pytest.raises(AlreadyClosed):
        close(closed, a_closure(outcome="ignored"))


def test_a_complaint_is_not_closed_before_it_came_in() -> None:
    with pytest.raises(Invalid):
        close(a_complaint(), a_closure(at=NOON - HOUR))


def test_nobody_is_satisfied_who_did_not_answer() -> None:
    check_survey(3, 3)

    with pytest.raises(Invalid):
        check_survey(3, 4)


def test_a_count_of_one_day_passes_and_one_of_less_does_not() -> None:
    check_span(date(2018, 3, 1), date(2018, 3, 1))

    with pytest.raises(Invalid):
        check_span(date(2018, 3, 2), date(2018, 3, 1))


hours = st.integers(0, 12).map(lambda count: NOON + count * HOUR)
steps = st.lists(
    st.one_of(
        st.builds(a_response, hours, st.sampled_from("ab")),
        st.builds(a_resolution, hours, st.sampled_from("ab")),
        hours,  # A reopening.
    ),
    max_size=12,
)


def after(fault: Fault, step: FaultResponse | FaultResolution | datetime) -> Fault:
    try:
        if isinstance(step, datetime):
            return rules.reopen(fault, "again", None, at=step, by="agent")
        return rules.take_step(fault, step, NOON + 24 * HOUR)
    except Problem:
        return fault


@given(steps)
def test_the_times_of_a_fault_never_run_backwards(steps: list[FaultResponse | FaultResolution | datetime]) -> None:
    fault = a_fault()

    for step in steps:
        fault = after(fault, step)

    times = []
    for cycle in fault.cycles:
        times.append(cycle.opened_at)
        times += [cycle.response.responded_at] if cycle.response else []
        times += [cycle.resolution.resolved_at] if cycle.resolution else []
    assert times == sorted(times)
    assert all(cycle.resolution is not None for cycle in fault.cycles[:-1])


@given(steps, st.data())
def test_a_step_on_record_changes_nothing_whenever_it_comes_again(
    steps: list[FaultResponse | FaultResolution | datetime], data: st.DataObject
) -> None:
    fault, taken = a_fault(), []
    for step in steps:
        before, fault = fault, after(fault, step)
        if fault is not before and not isinstance(step, datetime):
            taken.append(step)

    if taken:
        assert rules.take_step(fault, data.draw(st.sampled_from(taken)), NOON + 24 * HOUR) is fault
