"""``scorebus``: how it is called and how it ends."""

import os
import sys
from collections.abc import Sequence

from cli.commands import make_app
from cli.errors import CommandError

app = make_app()


def run(words: Sequence[str] | None = None) -> None:
    """The console script: a failure is one line on stderr and an exit code that is not zero."""
    try:
        app(words)
    except CommandError as error:
        print(f"scorebus: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # Whoever read our output has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    run()
