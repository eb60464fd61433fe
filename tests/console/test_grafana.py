"""The dashboard asks for figures that there are."""

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
WHERE = ("shared.metrics", "services.console.board", "services.evaluation.gauges", "services.evaluation.stream")
ENDINGS = ("_total", "_bucket", "_count", "_sum")


def test_every_figure_of_the_dashboard_is_one_that_a_service_shows() -> None:
    for module in WHERE:
        importlib.import_module(module)
    known = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}

    asked = set(re.findall(r"\bscorebus_[a-z_]+", (GRAFANA / "scorebus.json").read_text(encoding="utf-8")))

    assert len(asked) > 10
    assert {re.sub(f"({'|'.join(ENDINGS[1:])})$", "", name) for name in asked} <= known


def test_no_two_panels_share_a_number_or_a_place() -> None:
    dashboard = json.loads((GRAFANA / "scorebus.json").read_text(encoding="utf-8"))
    places = [
        (x, y)
        for panel in dashboard["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) == 23


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong() -> None:
    for module in WHERE:
        importlib.import_module(module)

    config = subprocess.run(
        ["promtool", "check", "config", str(GRAFANA / "prometheus.yml")], capture_output=True, timeout=60, check=False
    )
    figures = subprocess.run(
        ["promtool", "check", "metrics"], input=generate_latest(), capture_output=True, timeout=60, check=False
    )

    assert config.returncode == 0, config.stderr.decode()
    assert figures.returncode == 0, figures.stdout.decode() + figures.stderr.decode()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_can_read_every_question_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads((GRAFANA / "scorebus.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [
        {"record": f"asked:{number}", "expr": re.sub(r"\$\w+", "any", expression)}
        for number, expression in enumerate(asked)
    ]
    path = tmp_path / "rules.json"  # JSON is YAML, too.
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")

    found = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, timeout=60, check=False)

    assert len(asked) > 10
    assert found.returncode == 0, found.stdout.decode() + found.stderr.decode()
