"""The score stream against a server that breaks it off."""

import contextlib
import json
import threading
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any

import pytest

from cli.bearers import GivenBearer
from cli.client import Platform
from cli.errors import CommandError
from cli.scoreboard import Scoreboard, spoken_change
from cli.stream import Broken, ScoreStream, StreamEvent
from cli.watch import print_events, print_lines
from tests.cli.fake_platform import FakePlatform, Handler, Trouble, a_fake_platform, unavailable

STREAM = "GET /scores/stream"


def score(number: int) -> dict[str, Any]:
    return {
        "project": "p",
        "version": number,
        "previous": number - 1,
        "total": f"{number}.00",
        "grade": "good",
        "final": False,
        "as_of": "2026-01-01T00:00:00Z",
        "changed": [{"code": "1.1.1", "measured": None, "score": "0.00", "status": "pending"}],
        "cause": {"source": "budget", "type": "payment.made", "id": "e"},
    }


def frame(kind: str, name: str, content: Any) -> str:
    head = f"id: {name}\n" if name else ""
    return f"{head}event: {kind}\ndata: {json.dumps(content)}\n\n"


def stream(*frames: str) -> Trouble:
    """Sends the frames and ends the connection."""

    def send(handler: Handler) -> bool:
        handler.server.platform.last_ids.append(handler.headers.get("last-event-id"))
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(("retry: 1\n\n" + "".join(frames)).encode())
        handler.close_connection = True
        return True

    return send


def broken_off(*frames: str) -> Trouble:
    """Sends the frames and dies in the middle of the next one."""
    whole = stream(*frames, "id: e:99\nevent: score\nda")

    def send(handler: Handler) -> bool:
        whole(handler)
        return handler.reset()

    return send


@contextlib.contextmanager
def a_stream(
    fake: FakePlatform, *projects: str, stopping: threading.Event | None = None
) -> Iterator[Generator[StreamEvent | Broken, None, None]]:
    with Platform(fake.addresses, GivenBearer("t")) as platform:
        events = ScoreStream(platform, projects, stopping).events()
        with contextlib.closing(events):
            yield events


def events(fake: FakePlatform, count: int) -> list[StreamEvent]:
    with a_stream(fake) as found:
        return list(islice((event for event in found if isinstance(event, StreamEvent)), count))


SNAPSHOT = frame("snapshot", "e:1", {"projects": []})


def test_after_a_break_it_resumes_after_the_last_event_it_had() -> None:
    with a_fake_platform() as fake:
        fake.troubles[STREAM] = [
            stream(SNAPSHOT, frame("score", "e:2", score(2))),
            unavailable,
            stream(),
            stream(":\n\n", frame("score", "e:3", score(3)), ":\n\n"),
            stream(frame("score", "e:4", score(4))),
        ]

        found = events(fake, 4)

        assert [event.id for event in found] == ["e:1", "e:2", "e:3", "e:4"]
        assert [event.content.get("version") for event in found] == [None, 2, 3, 4]
        assert fake.last_ids == [None, "e:2", "e:2", "e:3"]


def test_a_reset_and_its_snapshot_are_handed_on() -> None:
    with a_fake_platform() as fake:
        fake.troubles[STREAM] = [
            stream(SNAPSHOT),
            stream(frame("reset", "", {"reason": "another log"}), frame("snapshot", "f:7", {"projects": []})),
            stream(frame("score", "f:8", score(8))),
        ]

        found = events(fake, 4)

        assert [event.kind for event in found] == ["snapshot", "reset", "snapshot", "score"]
        assert fake.last_ids == [None, "e:1", "f:7"]


def test_half_an_event_is_none() -> None:
    with a_fake_platform() as fake:
        fake.troubles[STREAM] = [broken_off(SNAPSHOT), stream(frame("score", "e:2", score(2)))]

        found = events(fake, 2)

        assert [event.id for event in found] in (["e:1", "e:2"], ["e:2"])  # A reset may swallow what came before it.
        assert "e:99" not in fake.last_ids


def test_the_projects_asked_for_are_named() -> None:
    with a_fake_platform() as fake:
        fake.troubles["GET /scores/stream?project=a&project=b"] = [stream(SNAPSHOT)]

        with a_stream(fake, "a", "b") as found:
            assert isinstance(next(found), StreamEvent)


def test_a_refusal_ends_it_with_the_reason() -> None:
    with a_fake_platform() as fake:
        fake.troubles[STREAM] = [lambda handler: handler.problem(403, "forbidden")]

        with a_stream(fake) as found, pytest.raises(CommandError, match="refused the score stream: 403 forbidden"):
            next(found)


def test_an_answer_that_is_no_stream_ends_it() -> None:
    with (
        a_fake_platform() as fake,
        a_stream(fake) as found,
        pytest.raises(CommandError, match="is no score stream"),
    ):
        next(found)


def test_it_ends_when_told_to() -> None:
    stopping = threading.Event()
    with a_fake_platform() as fake:
        fake.troubles[STREAM] = [stream(SNAPSHOT)]
        with a_stream(fake, stopping=stopping) as found:
            assert isinstance(next(found), StreamEvent)
            assert isinstance(next(found), Broken)

            stopping.set()

            assert list(found) == []


def test_the_board_shows_the_latest_of_each_project() -> None:
    board = Scoreboard()
    whole = {
        "project": "p",
        "version": 1,
        "total": "1.00",
        "grade": "poor",
        "final": False,
        "indicators": 2,
        "indicators_met": 1,
    }

    board.snapshot([whole, whole | {"project": "q"}])
    board.change(score(2))

    assert (board.rows["p"].version, board.rows["p"].total) == (2, "2.00")
    assert board.rows["p"].cause == "payment.made (budget)"
    assert board.rows["q"].changed == "1 of 2 met"


def test_as_json_there_is_a_line_an_event_and_a_break_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_events(
        [
            StreamEvent("snapshot", "e:1", {"projects": []}),
            Broken("gone"),
            Broken("still gone"),
            StreamEvent("score", "e:2", score(2)),
            Broken("gone"),
        ]
    )

    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["e:1", "e:2"]
    assert said.err.splitlines() == ["scorebus: gone; connecting again"] * 2


def test_without_a_terminal_there_is_a_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines([StreamEvent("snapshot", "e:1", {"projects": []}), StreamEvent("score", "e:2", score(2))])

    assert capsys.readouterr().out.splitlines() == ["nothing is scored yet", spoken_change(score(2))]


def test_many_changes_at_once_are_counted() -> None:
    many = score(2) | {"changed": score(2)["changed"] * 6}

    assert spoken_change(many).endswith("and 2 more")


def test_a_change_is_told_in_one_line() -> None:
    assert spoken_change(score(2)) == "p v2: 2.00 良 good, by payment.made (budget): 1.1.1 – → 0.00"
