"""How fast an example is played."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from cli.errors import CommandError

INSTANT: Final = "instant"
SPEED_DEFAULT: Final = "60"

Speed = Annotated[str, typer.Option("--speed", help="Seconds that the whole example takes, or `instant`.")]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the whole example takes, in seconds; 0 is as fast as it goes."""

    seconds: float

    @classmethod
    def read(cls, text: str) -> "Pace":
        """
        Read ``--speed``.

        Raises:
            CommandError: If it is neither `instant` nor a number of seconds.
        """
        if text == INSTANT:
            return cls(0.0)
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            raise CommandError(f"--speed {text}: say `{INSTANT}`, or the seconds that the whole example shall take")
        return cls(seconds)
