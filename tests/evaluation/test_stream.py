"""I7: a subscriber sees strictly increasing versions, each naming its predecessor, unless told `reset`."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.builders import declared, paid, received
from tests.evaluation.driver import Evaluation, Stream, started

pytestmark = pytest.mark.usefixtures("either_store")

PLAN = {
    "title": "t",
    "fiscal_year": 2018,
    "from": "2018-01-01",
    "to": "2018-12-31",
    "policy": "mof-2020",
    "objective": "o",
    "execution": {"weight": "10"},
    "indicators": [
        {
            "code": "1.1",
            "dimension": "output",
            "aspect": "cost",
            "name": "n",
            "unit": "元",
            "target": {"op": ">=", "value": "1000"},
            "weight": "90",
            "measure": "paid_amount",
        }
    ],
}


def play(scenario: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch, coalesce_seconds="0", **settings) as evaluation:
            assert (await evaluation.send("PUT", "/projects/p/plan", PLAN)).status_code == 201
            await evaluation.happen(declared("1000.00"), received("1000.00"))
            await evaluation.score(lambda score: score["execution"]["received"] == "1000.00")
            await scenario(evaluation)

    asyncio.run(run())


async def pay(evaluation: Evaluation, number: int) -> None:
    """One payment of one yuan, and the score that follows."""
    await evaluation.happen(paid("1.00", payment=f"z{number}"))
    await evaluation.score(lambda score: score["execution"]["spent"] == f"{number}.00")


def test_a_subscriber_cut_off_ten_times_sees_every_version_once_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        stream = Stream(evaluation)
        last_id, event, data = await stream.next()
        assert event == "snapshot"
        first = data["projects"][0]["version"]
        seen: list[tuple[int, int]] = []
        number = 0
        for cut in range(10):
            for _ in range(1 + cut % 3):
                number += 1
                await pay(evaluation, number)
                if cut % 2:  # Every other time the news is left unread when the line is cut.
                    last_id, event, data = await stream.next()
                    seen.append((data["previous"], data["version"]))
            await stream.cut()
            number += 1
            await pay(evaluation, number)
            stream = Stream(evaluation, last_id=last_id)

        last = (await evaluation.score())["version"]
        while not seen or seen[-1][1] < last:
            last_id, event, data = await stream.next()
            assert event == "score"
            seen.append((data["previous"], data["version"]))
        await stream.cut()

        assert seen == [(version - 1, version) for version in range(first + 1, last + 1)]
        assert last - first == number

    play(scenario, tmp_path, monkeypatch)


def test_an_id_of_another_log_gets_a_reset_and_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for last_id in ("someone-else:3", "nonsense", "0:99999999999999999999999999", ":"):
            stream = Stream(evaluation, last_id=last_id)

            events = [(await stream.next())[1] for _ in range(2)]
            await stream.cut()

            assert events == ["reset", "snapshot"]

    play(scenario, tmp_path, monkeypatch)


def test_who_was_told_to_begin_anew_and_lost_the_line_is_given_the_snapshot_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        first = Stream(evaluation, last_id="someone-else:3")
        last_id, event, _ = await first.next()
        await first.cut()

        again = Stream(evaluation, last_id=last_id)
        events = [(await again.next())[1] for _ in range(2)]
        await again.cut()

        assert [event, *events] == ["reset", "reset", "snapshot"]

    play(scenario, tmp_path, monkeypatch)


def test_an_id_outlives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []

    async def before(evaluation: Evaluation) -> None:
        stream = Stream(evaluation)
        kept.append((await stream.next())[0])
        await pay(evaluation, 1)
        await stream.cut()

    play(before, tmp_path, monkeypatch)

    async def after() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            stream = Stream(evaluation, last_id=kept[0])
            _, event, data = await stream.next()
            await stream.cut()

            assert (event, data["changed"][0]["measured"]) == ("score", "1")

    asyncio.run(after())


def test_only_the_projects_asked_for_and_allowed_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for name in ("q", "r"):
            assert (await evaluation.send("PUT", f"/projects/{name}/plan", PLAN)).status_code == 201
            await evaluation.score(project=name)

        asked = Stream(evaluation, "project=q&project=p")
        allowed = Stream(evaluation, role="viewer", projects=["r"])
        foreign = Stream(evaluation, "project=q", role="viewer", projects=["r"])
        snapshots = [(await stream.next())[2]["projects"] for stream in (asked, allowed)]
        await pay(evaluation, 1)
        _, _, change = await asked.next()
        await foreign.ended.wait()

        assert [[score["project"] for score in snapshot] for snapshot in snapshots] == [["p", "q"], ["r"]]
        assert change["project"] == "p"
        assert foreign.status == 404
        await asked.cut()
        await allowed.cut()

    play(scenario, tmp_path, monkeypatch)


def test_a_reader_that_takes_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        stream = Stream(evaluation)
        await stream.next()
        stream.takes.clear()

        await pay(evaluation, 1)

        async with asyncio.timeout(20):
            await stream.ended.wait()

    play(scenario, tmp_path, monkeypatch, stream_stall_seconds="0.2")


def test_the_newest_stream_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        first = Stream(evaluation)
        await first.next()

        second = Stream(evaluation)
        await second.ended.wait()

        assert (second.status, first.ended.is_set()) == (503, False)
        await first.cut()

    play(scenario, tmp_path, monkeypatch, streams_max="1")


def test_the_end_of_the_service_ends_its_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streams: list[Stream] = []

    async def run() -> None:
        async with started(tmp_path, monkeypatch) as evaluation:
            streams.append(Stream(evaluation))
            await streams[0].next()
        async with asyncio.timeout(10):
            await streams[0].ended.wait()

    asyncio.run(run())


def test_a_reader_far_behind_the_ring_reads_on_from_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.evaluation.stream.RING_FRAMES", 2)
    monkeypatch.setattr("services.evaluation.stream.PAGE_FRAMES", 3)

    async def scenario(evaluation: Evaluation) -> None:
        stream = Stream(evaluation)
        last_id, _, _ = await stream.next()
        await stream.cut()
        for number in range(1, 11):
            await pay(evaluation, number)

        stream = Stream(evaluation, last_id=last_id)
        spent = [(await stream.next())[2]["changed"][0]["measured"] for _ in range(10)]
        await stream.cut()

        assert spent == [str(number) for number in range(1, 11)]

    play(scenario, tmp_path, monkeypatch)
