"""
Becomes another program that is told to stop when its parent dies: ``python launch.py PARENT PROGRAM ARGUMENT…``.

Without this, `scorebus up` killed by SIGKILL would leave its services behind, holding ports and databases. Only Linux
can say this (``PR_SET_PDEATHSIG``), and only the child itself, before it becomes the program; a hook between fork and
exec of the parent would run Python where it may deadlock. Nothing but the standard library: it runs with ``-I -S``.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # It died before we could ask.
        sys.exit(0)
    os.execv(program[0], program)  # noqa: S606  # No shell is the point.


if __name__ == "__main__":
    main()
