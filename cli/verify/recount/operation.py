"""Readings, inspections, plain counts of events, and what was reported by hand."""

from fractions import Fraction

from cli.verify.recount.money import Arguments
from cli.verify.recount.scene import Scene, latest, ratio


def reading(scene: Scene, arguments: Arguments) -> Fraction | None:
    """The last, least, greatest or mean reading of a metric, of one asset or of all."""
    found = [
        event
        for event in scene.counting("reading.recorded")
        if event.says["metric"] == arguments["metric"] and arguments.get("asset") in (None, event.says.get("asset"))
    ]
    if not found:
        return None
    values = [Fraction(event.says["value"]) for event in found]
    match arguments.get("statistic", "last"):
        case "last":
            return values[found.index(max(found, key=lambda event: (event.time, event.seq)))]
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "mean":
            return sum(values, Fraction(0)) / len(values)
        case other:
            raise ValueError(f"no statistic {other}")


def event_count(scene: Scene, arguments: Arguments) -> Fraction | None:
    """How many events of a type, all or those whose members are as ``member=value,member=value`` says."""
    wanted = [condition.split("=", 1) for condition in arguments.get("where", "").split(",") if condition]
    found = sum(
        all(_text(event.says.get(member)) == value for member, value in wanted)
        for event in scene.counting(arguments["type"])
    )
    return Fraction(found) if found else None


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def inspections(scene: Scene, arguments: Arguments) -> Fraction | None:
    """How many inspections were held."""
    held = sum(1 for _ in scene.counting("inspection.recorded"))
    return Fraction(held) if held else None


def rectification_rate(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Findings put right over findings."""
    closed = {event.says["inspection"] for event in scene.counting("rectification.closed")}
    held = [event.says for event in scene.counting("inspection.recorded")]
    right = sum(says["findings"] for says in held if says["inspection"] in closed)
    return ratio(right, sum(says["findings"] for says in held))


def reported(scene: Scene, arguments: Arguments) -> Fraction | None:
    """The latest measurement of the indicator that was reported by hand."""
    last = latest(e for e in scene.happened("measurement.reported") if e.says["code"] == arguments["code"])
    return None if last is None else Fraction(last.says["value"])
