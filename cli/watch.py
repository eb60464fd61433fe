"""``scorebus watch``."""

import sys
from collections.abc import Iterable
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
                _print_events(events)
            elif sys.stdout.isatty():
                _show_table(events, platform, project)
            else:
                _print_lines(events)
        except KeyboardInterrupt:
            return


def _print_events(events: Iterable[StreamEvent | Broken]) -> None:
    for event in events:
        match event:
            case Broken():
                print(f"scorebus: {event.reason}; connecting again", file=sys.stderr, flush=True)
            case StreamEvent():
                print_json({"event": event.kind, "id": event.id, "data": event.content})


def _print_lines(events: Iterable[StreamEvent | Broken]) -> None:
    for event in events:
        match event:
            case Broken():
                print(f"scorebus: {event.reason}; connecting again", file=sys.stderr, flush=True)
            case StreamEvent(kind="score"):
                print(spoken_change(event.content), flush=True)
            case StreamEvent(kind="snapshot"):
                for score in event.content["projects"]:
                    print(
                        f"{score['project']} v{score['version']}: {score['total']} {score['grade_label']}", flush=True
                    )
            case StreamEvent():
                print(f"{event.kind}: everything is read anew", flush=True)


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
            live.update(_screen(board, details, note), refresh=True)


def _take(event: StreamEvent, board: Scoreboard) -> None:
    if event.kind == "snapshot":
        board.snapshot(event.content["projects"])
    elif event.kind == "score":
        board.change(event.content)


def _details(
    platform: Platform, project: str, event: StreamEvent, before: RenderableType | None
) -> tuple[RenderableType | None, str]:
    call = Call(service="evaluation", method="GET", path=f"/projects/{project}/score", role="viewer")
    try:
        score: dict[str, Any] = platform.perform(call).body
    except Unanswered as error:  # The stream tells when it is back.
        return before, str(error)
    return details_table(score, frozenset(each["code"] for each in event.content.get("changed", []))), ""


def _screen(board: Scoreboard, details: RenderableType | None, note: str) -> RenderableType:
    parts: list[RenderableType] = [board.table()]
    if details is not None:
        parts.append(details)
    parts.append(Text(note or "Ctrl-C ends", style="dim"))
    return Group(*parts)
