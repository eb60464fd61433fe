"""Payments and the budget, in yuan."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from cli.verify.events import Told
from cli.verify.recount.scene import Scene

Arguments = Mapping[str, str]


class Movement(NamedTuple):
    """Money that left, or came back by a reversal."""

    event: Told
    line: str
    contract: str | None
    amount: Fraction


def movements(scene: Scene) -> Iterator[Movement]:
    """Payments that count, and the reversals of these."""
    made = {event.says["payment"]: event for event in scene.counting("payment.made")}
    for event in scene.counting("payment.made", "payment.reversed"):
        payment = made.get(event.says["payment"])
        if payment is not None:
            sign = 1 if event.type == "payment.made" else -1
            said = payment.says
            yield Movement(event, said["line"], said.get("contract"), sign * Fraction(said["amount"]))


def spent(scene: Scene) -> Fraction:
    """Payments less reversals."""
    return sum((movement.amount for movement in movements(scene)), Fraction(0))


def received(scene: Scene) -> Fraction:
    """Money that arrived."""
    return sum((Fraction(event.says["amount"]) for event in scene.counting("funds.received")), Fraction(0))


def budget(scene: Scene) -> Fraction:
    """The whole budget: as first declared, or as the last adjustment on record has it that had happened."""
    amount = Fraction(0)
    for event in scene.known("project.declared"):
        amount = sum((Fraction(line["initial"]) for line in event.says["lines"]), Fraction(0))
        break
    for event in scene.happened("budget.adjusted"):
        amount = Fraction(event.says["amount"])
    return amount


def paid_amount(scene: Scene, arguments: Arguments) -> Fraction | None:
    """Payments less reversals, of one line or of all; nothing while nothing was paid."""
    found = [m.amount for m in movements(scene) if arguments.get("line") in (None, m.line)]
    return sum(found, Fraction(0)) if found else None


def execution_rate(scene: Scene, arguments: Arguments) -> Fraction:
    """The share of the adjusted budget that is spent; 0 from the start."""
    whole = budget(scene)
    return spent(scene) / whole if whole else Fraction(0)
