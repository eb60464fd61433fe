"""Complaints, surveys, ratings, and what else people say."""

from fractions import Fraction

from cli.verify.recount.money import Arguments
from cli.verify.recount.scene import Scene, latest, ratio


def complaint_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Complaints over services counted."""
    return ratio(
        sum(1 for _ in scene.counting("complaint.filed")),
        sum(event.says["count"] for event in scene.counting("service.counted")),
    )


def complaint_closure_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Complaints closed over complaints filed."""
    filed = [event.says["complaint"] for event in scene.counting("complaint.filed")]
    closed = {event.says["complaint"] for event in scene.counting("complaint.closed")}
    return ratio(sum(complaint in closed for complaint in filed), len(filed))


def satisfaction_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Satisfied over answered, of one survey or of all, whenever collected."""
    answers = [
        event.says
        for event in scene.happened("survey.answered")
        if arguments.get("survey") in (None, event.says["survey"])
    ]
    return ratio(sum(says["satisfied"] for says in answers), sum(says["answered"] for says in answers))


def rating(scene: Scene, arguments: Arguments) -> Fraction | None:
    """The percent of the latest rating of the indicator."""
    given = latest(event for event in scene.happened("rating.given") if event.says["code"] == arguments["code"])
    return None if given is None else Fraction(given.says["percent"])
