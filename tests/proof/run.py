"""
Many schedules by hand: ``python -m tests.proof.run --schedules 10000 --seed 1 --store sqlite``.

Prints how often each step really happened, and every schedule that was violated, shrunk.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.proof.parts import kept_engines
from tests.proof.schedules import Outcome, Schedule, Stage, play_all, quiet
from tests.shared.small import Valkey
from tests.stores import Files, Server, a_server_of_its_own

SERVICES = ("budget", "evaluation")
TOLD_EVERY = 100
MEMORY = Path("/dev/shm")  # Where a sync costs nothing: what is proven here is the order of things, not the disk.


@contextmanager
def a_stage(store: str) -> Iterator[Stage]:
    """A stage over a store of its own."""
    with kept_engines(), TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        valkey = Valkey(folder)
        valkey.start()
        try:
            if store == "sqlite":
                (folder / "templates").mkdir()
                files = Files(folder, folder / "templates")
                with closing(Stage({name: files.database(name) for name in SERVICES}, valkey.url, folder)) as stage:
                    yield stage
            else:
                with a_server_of_its_own() as handle:
                    server = Server(handle.get_uri())
                    with closing(
                        Stage({name: server.database(name) for name in SERVICES}, valkey.url, folder)
                    ) as stage:
                        yield stage
        finally:
            valkey.close()


def main() -> int:
    reader = argparse.ArgumentParser()
    reader.add_argument("--schedules", type=int, default=1_000)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    wanted = reader.parse_args()
    begun = time.monotonic()

    def tell(schedule: Schedule, outcome: Outcome) -> None:
        if outcome.violations:
            print(f"seed {schedule.seed}: {outcome.violations}", flush=True)
            print(f"  {' '.join(stage.shrink(schedule).steps)}", flush=True)
        if (done := schedule.seed - wanted.seed + 1) % TOLD_EVERY == 0:
            print(f"{done} schedules, {time.monotonic() - begun:.0f} s", flush=True)

    with quiet(), a_stage(wanted.store) as stage:
        happened, violated = play_all(stage, range(wanted.seed, wanted.seed + wanted.schedules), tell)
    for name, times in sorted(happened.items()):
        print(f"{times:8d}  {name}")
    seconds = time.monotonic() - begun
    print(f"{wanted.schedules} schedules over {wanted.store}, {len(violated)} violated, {seconds:.0f} s")
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main())
