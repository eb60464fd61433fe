"""Playing against a platform that fails as networks and processes do."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from cli.bearers import GivenBearer
from cli.client import Interrupted, Platform, Refused, Unanswered
from cli.errors import CommandError
from cli.example import Example, read_example
from cli.folder import make_folder
from cli.main import run
from cli.pace import Pace
from cli.performance import play_example
from cli.playing import plan_playing
from cli.voice import SilentVoice
from tests.cli.fake_platform import (
    FakePlatform,
    Trouble,
    a_fake_platform,
    never,
    not_yet,
    reset_after,
    reset_before,
    too_many,
    unavailable,
)
from tests.cli.test_files import EVENT, an_example

KASHGAR = Path(__file__).resolve().parents[2] / "examples" / "kashgar-2018"
INSTANT = Pace(0.0)


def a_client(fake: FakePlatform, *, patience_seconds: float = 60, stopping: threading.Event | None = None) -> Platform:
    return Platform(
        fake.addresses,
        GivenBearer("t"),
        patience_seconds=patience_seconds,
        pause_seconds=0.001,
        stopping=stopping,
    )


def play(example: Example, platform: Platform) -> int:
    with platform:
        return play_example(example, platform, INSTANT, lambda event, answer: None)


def keys_done(fake: FakePlatform) -> list[str | None]:
    return [request.key for request in fake.done if request.method == "POST"]


@pytest.mark.parametrize("troubles", [[unavailable], [not_yet], [too_many], [reset_before], [reset_after]])
def test_each_event_is_done_once_whatever_fails_first(troubles: list[Trouble]) -> None:
    example = read_example(str(KASHGAR))
    with a_fake_platform() as fake:
        fake.trouble_for_all = lambda: list(troubles)

        play(example, a_client(fake))

        done = keys_done(fake)
    assert done == [event.call.key for event in example.events]


def test_an_event_survives_many_failures_in_a_row(tmp_path: Path) -> None:
    example = read_example(an_example(tmp_path, EVENT))
    with a_fake_platform() as fake:
        fake.troubles["POST /payments"] = [unavailable, reset_before, not_yet, reset_after, too_many, unavailable]

        play(example, a_client(fake))

        attempts = [request for request in fake.requests if request.path == "/payments"]
    assert len(attempts) == 7
    assert {request.key for request in attempts} == {f"{tmp_path.name}/first"}
    assert all(request.body == attempts[0].body for request in attempts)
    assert len(keys_done(fake)) == 1


def test_playing_again_does_nothing_again() -> None:
    example = read_example(str(KASHGAR))
    with a_fake_platform() as fake:
        first = play(example, a_client(fake))
        second = play(example, a_client(fake))

        assert (first, second) == (len(example.events), 0)
        assert set(Counter(keys_done(fake)).values()) == {1}


def test_an_interrupted_play_goes_on_where_it_was() -> None:
    example = read_example(str(KASHGAR))
    stopping = threading.Event()
    with a_fake_platform() as fake:
        with a_client(fake, stopping=stopping) as platform, pytest.raises(Interrupted):
            play_example(
                example,
                platform,
                INSTANT,
                lambda event, answer: stopping.set() if event == example.events[20] else None,
            )
        assert len(keys_done(fake)) == 21

        assert play(example, a_client(fake)) == len(example.events) - 21
        assert keys_done(fake) == [event.call.key for event in example.events]


def test_a_path_is_completed_from_an_earlier_answer() -> None:
    with a_fake_platform() as fake:
        play(read_example(str(KASHGAR)), a_client(fake))

        made = [f"/complaints/{fake.answers[key]['complaint']}/closure" for key in _complaints(fake)]
        closed = [request.path for request in fake.done if request.path.endswith("/closure")]
    assert sorted(closed) == sorted(made)


def _complaints(fake: FakePlatform) -> list[str]:
    return [str(request.key) for request in fake.done if request.path == "/complaints"]


def test_a_refusal_that_will_stay_ends_the_play_at_once(tmp_path: Path) -> None:
    with a_fake_platform() as fake:
        fake.troubles["POST /payments"] = [never, never]

        with pytest.raises(Refused, match="budget refused POST /payments: 409 line-exceeded: it is line-exceeded"):
            play(read_example(an_example(tmp_path, EVENT)), a_client(fake))

        assert len([request for request in fake.requests if request.path == "/payments"]) == 1


def test_patience_ends(tmp_path: Path) -> None:
    with a_fake_platform() as fake:
        fake.troubles["POST /payments"] = [unavailable] * 1_000

        with pytest.raises(Unanswered, match="503 unavailable"):
            play(read_example(an_example(tmp_path, EVENT)), a_client(fake, patience_seconds=0))


def test_a_wrong_speed_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["play", an_example(tmp_path, EVENT), "--speed", "never", "--data", str(tmp_path)])

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.err.startswith("scorebus: --speed never")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "nan", "inf"])
def test_a_speed_is_instant_or_seconds(text: str) -> None:
    with pytest.raises(CommandError, match="--speed"):
        Pace.read(text)


def test_speeds_are_read() -> None:
    assert (Pace.read("instant").seconds, Pace.read("60").seconds, Pace.read("0.5").seconds) == (0, 60, 0.5)


def test_an_example_is_played_into_a_new_folder_only(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    folder.database("budget").touch()

    assert plan_playing(folder, read_example(str(KASHGAR)), INSTANT, SilentVoice()) is None


def test_a_play_that_did_not_end_is_taken_up_and_one_that_did_is_not(tmp_path: Path) -> None:
    folder, example = make_folder(tmp_path / "data"), read_example(str(KASHGAR))

    first = plan_playing(folder, example, INSTANT, SilentVoice())
    folder.database("budget").touch()
    second = plan_playing(folder, example, INSTANT, SilentVoice())
    folder.played.write_text("{}")
    third = plan_playing(folder, example, INSTANT, SilentVoice())

    assert first is not None
    assert second is not None
    assert third is None
