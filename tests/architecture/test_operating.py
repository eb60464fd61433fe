"""The operator's page knows every alarm and every metric that the program has, and none besides."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from shared import metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text()
CALL = re.compile(r"log\.(?:info|warning|error)\(\s*\"(\w+)\"[^)]*?alarm=True", re.DOTALL)


def alarms() -> set[str]:
    code = (path.read_text() for folder in ("shared", "services", "cli") for path in (ROOT / folder).rglob("*.py"))
    return {name for text in code for name in CALL.findall(text)}


def described(heading: str) -> set[str]:
    """The names in the first column of the table under *heading*."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)", row)}


def test_every_alarm_is_described_and_every_described_one_exists() -> None:
    found = alarms()

    assert len(found) > 10
    assert described("Alarms") == found


def test_every_metric_is_described_and_every_described_one_exists() -> None:
    names = {
        metric.describe()[0].name + ("_total" if metric.describe()[0].type == "counter" else "")
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
    }

    assert described("Metrics to watch") - {"scorebus_score_streams"} == names
