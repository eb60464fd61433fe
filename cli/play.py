"""``scorebus play``."""

import sys
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.client import Answer, Platform, connect
from cli.example import Event, Example, read_example
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.pace import SPEED_DEFAULT, Pace, Speed
from cli.performance import play_example, score_of, spoken_score
from cli.voice import print_json


def play(
    example: Annotated[
        str, typer.Argument(help="A folder with project.toml and events.toml, or a name in ./examples.")
    ],
    speed: Speed = SPEED_DEFAULT,
    data: Data = DATA_DEFAULT,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """
    Play an example against a running platform.

    Applies its project file, then posts its events in order of their time. Playing it again, or after an
    interruption, posts nothing twice.
    """
    pace, story = Pace.read(speed), read_example(example)
    with connect(data, url, token) as platform:
        fresh = _play_json(story, platform, pace) if as_json else _play_shown(story, platform, pace)
        score = score_of(platform, story.project_file.project)
    if as_json:
        print_json({"example": story.name, "events": len(story.events), "new": fresh, "score": score})
    else:
        print(f"Played {story.name}: {len(story.events)} events, {fresh} of them new.")
        print(f"{story.project_file.project}: {spoken_score(score)}.")


def event_line(event: Event, answer: Answer) -> str:
    """An event in one line."""
    again = "  (known)" if answer.is_replayed else ""
    return f"{event.at:%Y-%m-%d}  {event.call.service:<12}{event.title}{again}"


def event_facts(event: Event, answer: Answer) -> dict[str, Any]:
    """An event in parts."""
    return {
        "event": event.id,
        "at": event.at.isoformat(),
        "service": event.call.service,
        "status": answer.status,
        "replayed": answer.is_replayed,
    }


def _play_json(story: Example, platform: Platform, pace: Pace) -> int:
    return play_example(story, platform, pace, lambda event, answer: print_json(event_facts(event, answer)))


def _play_shown(story: Example, platform: Platform, pace: Pace) -> int:
    if not sys.stdout.isatty():
        return play_example(story, platform, pace, lambda event, answer: print(event_line(event, answer), flush=True))
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns) as bar:
        task = bar.add_task("", total=len(story.events))

        def advance(event: Event, answer: Answer) -> None:
            bar.update(task, advance=1, description=event_line(event, answer))

        return play_example(story, platform, pace, advance)
