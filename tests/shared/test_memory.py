"""What a process does about its memory after its start."""

import subprocess
import sys

from shared.spare import OPTIONAL

SETTLED = """
import gc
from shared.memory import THRESHOLDS, settle
kept = [[] for _ in range(1_000)]
settle()
print(gc.get_threshold() == THRESHOLDS, gc.get_freeze_count() > 1_000, gc.isenabled())
"""


def test_a_service_imports_nothing_for_command_lines_and_development() -> None:
    code = (
        "import sys, shared.serving, services.console.app; print(*(name for name in sys.modules if sys.modules[name]))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = set(found.stdout.split())
    assert "nicegui" in loaded
    assert not loaded & set(OPTIONAL)


def test_what_the_start_made_is_never_looked_at_again_and_the_rest_rarely() -> None:
    found = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["True", "True", "True"]
