"""The walk-through of the README, typed in as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.platform import ROOT, Platform, a_platform, eventually

pytestmark = pytest.mark.story

PROJECT = "library-2026"


def typed_in(platform: Platform, script: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines of the README against *platform*, whose ports and data folder differ."""
    ports = {str(8000 + offset): str(platform.base + offset) for offset in range(4)}
    script = re.sub(r"localhost:(80\d\d)", lambda match: f"127.0.0.1:{ports[match.group(1)]}", script)
    script = script.replace(".venv/bin/scorebus", f"{sys.executable} -m cli.main")
    script = script.replace('--subject "$1"', f'--subject "$1" --data {platform.data}')
    script = script.replace("curl ", "curl --silent --show-error --max-time 20 ")
    return subprocess.run(
        ["bash", "-euo", "pipefail"], input=script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_walk_through_of_the_readme_is_true(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    walk = readme.split("## A payment moves a score")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", walk, re.DOTALL)
    assert len(blocks) == 3
    helpers = "\n".join(blocks[0].split("\n\n")[:1])
    blocks[1] = "\n".join(line for line in blocks[1].splitlines() if "curl -N" not in line)

    with a_platform(tmp_path / "data") as platform:
        declared = typed_in(platform, blocks[0])
        posted = typed_in(platform, f"{helpers}\n{blocks[1]}")
        eventually(
            lambda: platform.get("evaluation", f"/projects/{PROJECT}/score")["total"] == "97.50",
            "the score it promises",
        )
        shown = typed_in(platform, f"{helpers}\n{blocks[2]}")

        assert declared.returncode == posted.returncode == shown.returncode == 0, declared.stderr + posted.stderr
        assert '"status":"paid"' in posted.stdout
        assert '"type":"payment.made"' in shown.stdout
