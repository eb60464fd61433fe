"""The alert rules of a deployment speak of figures that the operator's page describes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"


def test_every_figure_of_a_rule_is_one_to_watch() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]]

    asked = {name for rule in rules for name in re.findall(r"\bscorebus_[a-z_]+", rule["expr"])}

    assert len(asked) > 5
    assert not [name for name in asked if f"`{name}" not in page]
    assert all("·" in rule["annotations"]["summary"] for rule in rules)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong_with_them() -> None:
    done = subprocess.run(
        ["promtool", "check", "config", str(FOLDER / "prometheus.yml")], capture_output=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
