"""Playing an example: its project file first, then its events at an even pace, each of them once."""

import time
from collections.abc import Callable
from typing import Any, Final

from cli.client import Answer, Call, Platform
from cli.example import Event, Example
from cli.pace import Pace

SETTLE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.2

Progress = Callable[[Event, Answer], None]


def play_example(example: Example, platform: Platform, pace: Pace, progress: Progress) -> int:
    """
    Play *example*; returns how many events were new.

    May be interrupted anywhere and started again from the beginning: calls carry keys that stay the same, so what was
    done is answered from memory, at once, and the pace is that of what is left.

    Raises:
        CommandError: If the platform refuses a call or does not answer for too long.
    """
    for call in example.project_file.calls():
        platform.perform(call)
    answers: dict[str, Answer] = {}
    step, due, fresh = pace.seconds / max(len(example.events), 1), time.monotonic(), 0
    for event in example.events:
        answer = platform.perform(event.call_after(answers))
        answers[event.id] = answer
        progress(event, answer)
        if answer.is_replayed:
            due = time.monotonic()
            continue
        fresh += 1
        due += step
        platform.rest(due - time.monotonic())
    return fresh


def score_of(platform: Platform, project: str) -> dict[str, Any]:
    """The score of *project*, once all that was posted has reached it: final, or unchanged for the settling time."""
    call = Call(service="evaluation", method="GET", path=f"/projects/{project}/score", role="viewer")
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        score: dict[str, Any] = platform.perform(call).body
        if score.get("final") or time.monotonic() >= deadline:
            return score
        platform.rest(LOOK_SECONDS)


def spoken_score(score: dict[str, Any]) -> str:
    """A score in one line."""
    execution = score["execution"]
    reasons = "" if score["final"] else f", not final: {', '.join(score['reasons'])}"
    return (
        f"{score['total']} of {score['full']} {score['grade_label']}, {score['indicators_met']} of "
        f"{score['indicators']} indicators met, {execution['spent']} of {execution['budget']} yuan spent{reasons}"
    )
