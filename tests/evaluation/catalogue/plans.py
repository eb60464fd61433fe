"""Plans made of the catalogue."""

from typing import Any

from services.evaluation.rules.catalogue import Entry


def planned(entry: Entry) -> dict[str, Any]:
    """A plan that measures by *entry* alone, with a target where the catalogue has none."""
    unsaid = "2018-12-31" if entry.direction == "by" else "1"
    value: Any = unsaid if entry.target is None else entry.target.value
    indicator = {
        "code": entry.code,
        "dimension": entry.dimension,
        "aspect": entry.aspect,
        "name": entry.name,
        "unit": entry.unit,
        "target": {"op": entry.direction, "value": list(value) if isinstance(value, tuple) else value},
        "weight": "90",
        "measure": entry.measure,
        "with": dict(entry.arguments),
    }
    return {
        "title": "t",
        "fiscal_year": 2018,
        "from": "2018-01-01",
        "to": "2018-12-31",
        "policy": "mof-2020",
        "objective": "o",
        "execution": {"weight": "10"},
        "indicators": [indicator],
    }
