"""A program for tests of the nursery: notes who and how it is, and ends with a code of its own when it is told to."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

CODE: Final = 3


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(CODE))
    place, files = Path(sys.argv[1]), list(Path("/proc/self/fd").iterdir())
    note = {
        "parent": os.getppid(),
        "session": os.getsid(0),
        "line": Path("/proc/self/cmdline").read_text().rstrip("\0").split("\0"),
        "environment": dict(os.environ),
        "files": sorted(int(file.name) for file in files if file.exists()),
        "is_from_nursery": "shared.nursery" in sys.modules["__main__"].__spec__.name,  # type: ignore[union-attr]
    }
    print("hello from", *sys.argv[1:], flush=True)  # noqa: T201
    draft = place / "draft"
    draft.write_text(json.dumps(note))
    draft.rename(place / f"running-{os.getpid()}")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
