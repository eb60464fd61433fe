"""``scorebus watch``."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli.client import Call, Platform, Unanswered, connect
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.scoreboard import Scoreboard, details_table, spoken_change
from cli.stream import Broken, ScoreStream, StreamEvent
from cli.voice import print_json


def watch(
    project: Annotated[str | None, typer.Argument(help="One project, with all its indicators. Else every one.")] = None,
    data: Data = DATA_DEFAULT,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """
    Show live scores in the terminal.

    Ctrl-C ends. Connections that break are made again, and no change is missed.
    """
    with connect(data, url, token) as platform:
        events = ScoreStream(platform, [] if project is None else [project]).events()
        try:
            if as_json:
                print_events(events)
            elif sys.stdout.isatty():
                _show_table(events, platform, project)
            else:
                print_lines(events)
        except KeyboardInterrupt:
            return


def print_events(events: Iterable[StreamEvent | Broken]) -> None:
    """Every event as a JSON object a line."""
    for event in _unbroken(events):
        print_json({"event": event.kind, "id": event.id, "data": event.content})


def print_lines(events: Iterable[StreamEvent | Broken]) -> None:
    """Every event in words, a line each."""
    for event in _unbroken(events):
        match event.kind:
            case "score":
                print(spoken_change(event.content), flush=True)
            case "snapshot":
                scores = event.content["projects"]
                lines = [
                    f"{each['project']} v{each['version']}: {each['total']} {each['grade_label']}" for each in scores
                ]
                print("\n".join(lines) or "nothing is scored yet", flush=True)
            case _:
                print(f"{event.kind}: everything is read anew", flush=True)


def _unbroken(events: Iterable[StreamEvent | Broken]) -> Iterator[StreamEvent]:
    """The events alone; of a break, however long, one line on stderr."""
    is_broken = False
    for event in events:
        match event:
            case Broken():
                if not is_broken:
                    print(f"scorebus: {event.reason}; connecting again", file=sys.stderr, flush=True)
                is_broken = True
            case StreamEvent():
                is_broken = False
                yield event


def _show_table(events: Iterable[StreamEvent | Broken], platform: Platform, project: str | None) -> None:
    board = Scoreboard()
    note = ""
    details: RenderableType | None = None
    with Live(Text("connecting …"), console=Console(), auto_refresh=False, screen=False) as live:
        for event in events:
            match event:
                case Broken():
                    note = f"{event.reason}; connecting again"
                case StreamEvent():
                    note = ""
                    _take(event, board)
                    if project is not None:
                        details, note = _details(platform, project, event, details)
            live.update(Group(details or board.table(), Text(note or "Ctrl-C ends", style="dim")), refresh=True)


def _take(event: StreamEvent, board: Scoreboard) -> None:
    if event.kind == "snapshot":
        board.snapshot(event.content["projects"])
    elif event.kind == "score":
        board.change(event.content)


def _details(
    platform: Platform, project: str, event: StreamEvent, before: RenderableType | None
) -> tuple[RenderableType | None, str]:
    """The project's indicators after *event*, and what moved them."""
    call = Call(service="evaluation", method="GET", path=f"/projects/{project}/score", role="viewer")
    try:
        score: dict[str, Any] = platform.perform(call).body
    except Unanswered as error:  # The stream tells when it is back.
        return before, str(error)
    moved = frozenset(each["code"] for each in event.content.get("changed", []))
    return details_table(score, moved), spoken_change(event.content) if event.kind == "score" else ""
