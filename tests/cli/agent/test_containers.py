"""What the lives of containers say about assets."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cli.agent.containers import LOOP_DEATHS, Assets, Change, Opened, Place, Resolved, Seen, Sign

PLACE = Place(project="p", asset="website")
START = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def seen(sign: Sign, seconds: float, container: str = "one", **facts: int | bool) -> Seen:
    return Seen(container=container, place=PLACE, sign=sign, at=at(seconds), **facts)  # type: ignore[arg-type]


def told(assets: Assets, *signs: Seen) -> list[Change]:
    return [change for sign in signs for change in (*assets.see(sign), *assets.look(sign.at))]


def test_a_container_that_stops_is_a_fault_and_one_that_runs_again_is_its_end() -> None:
    assets = Assets({})

    opened = told(assets, seen(Sign.STARTED, 0), seen(Sign.DIED, 60, exit_code=1), seen(Sign.STARTED, 70))
    early, late = assets.look(at(75)), assets.look(at(80))

    assert [(type(change), change.at) for change in opened] == [(Opened, at(60))]
    assert early == []
    assert [(type(change), change.at, change.fault) for change in late] == [(Resolved, at(70), opened[0].fault)]


def test_with_a_health_check_running_is_not_enough() -> None:
    assets = Assets({})
    told(assets, seen(Sign.STARTED, 0), seen(Sign.DIED, 60, exit_code=1))

    assert told(assets, seen(Sign.STARTED, 70, has_health_check=True)) == []
    assert assets.look(at(1_000)) == []
    assert [change.at for change in told(assets, seen(Sign.HEALTHY, 1_010))] == [at(1_010)]


def test_an_asset_is_down_only_when_its_last_container_is() -> None:
    assets = Assets({})

    changes = told(assets, seen(Sign.STARTED, 0), seen(Sign.STARTED, 0, "two"), seen(Sign.DIED, 60, exit_code=1))

    assert changes == []
    assert len(told(assets, seen(Sign.UNHEALTHY, 70, "two"))) == 1


def test_a_container_that_restarts_again_and_again_has_to_last() -> None:
    assets = Assets({})
    signs = [
        each
        for number in range(LOOP_DEATHS)
        for each in (seen(Sign.STARTED, 20 * number), seen(Sign.DIED, 20 * number + 15, exit_code=1))
    ]
    changes = told(assets, *signs, seen(Sign.STARTED, 60))

    assert (
        "again and again" in [change.title for change in changes if isinstance(change, Opened)][-1] or len(changes) == 1
    )
    assert assets.look(at(100)) == []
    assert len(assets.look(at(120))) == 1


def test_running_out_of_memory_is_named() -> None:
    changes = told(Assets({}), seen(Sign.STARTED, 0), seen(Sign.OOM, 5), seen(Sign.DIED, 5, exit_code=137))

    assert "memory" in next(change.title for change in changes if isinstance(change, Opened))


def test_a_fault_that_was_open_when_the_last_watch_ended_is_resolved_by_this_one() -> None:
    changes = told(Assets({PLACE: "fault-1"}), seen(Sign.HEALTHY, 5))

    assert [(type(change), change.fault) for change in changes] == [(Resolved, "fault-1")]


@given(st.lists(st.tuples(st.sampled_from(list(Sign)), st.sampled_from("abc"), st.floats(0, 200)), max_size=60))
def test_faults_of_an_asset_open_and_resolve_in_turn_whatever_happens(steps: list[tuple[Sign, str, float]]) -> None:
    assets, now, changes = Assets({}), 0.0, []

    for sign, container, pause in steps:
        now += pause
        changes += told(assets, seen(sign, now, container, exit_code=1))

    assert [type(change) for change in changes] == [Opened, Resolved] * (len(changes) // 2) + [Opened] * (
        len(changes) % 2
    )
    assert all(first.fault == second.fault for first, second in zip(changes[::2], changes[1::2], strict=False))
    assert all(first.at <= second.at for first, second in zip(changes[::2], changes[1::2], strict=False))


def test_what_an_engine_tells_of_the_past_again_changes_nothing() -> None:
    assets = Assets({})
    [opened] = told(assets, seen(Sign.STARTED, 0), seen(Sign.DIED, 60, exit_code=3))

    again = told(assets, seen(Sign.HEALTHY, 5), seen(Sign.STARTED, 0), seen(Sign.DIED, 60, exit_code=3))

    assert isinstance(opened, Opened)
    assert again == []
    assert assets.look(at(1_000)) == []


def test_deaths_that_are_told_twice_are_no_loop() -> None:
    assets = Assets({})

    changes = told(assets, seen(Sign.STARTED, 0), *[seen(Sign.DIED, 60, exit_code=3)] * LOOP_DEATHS)

    assert ["again and again" in change.title for change in changes if isinstance(change, Opened)] == [False]
    assert len(told(assets, seen(Sign.STARTED, 70), seen(Sign.HEALTHY, 71))) == 1
