"""Published tables, and the policies they are audited under."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.evaluation import policies
from services.evaluation.rules import audit, audit_document, read_table

CASES = Path(__file__).parents[1] / "cases"
POLICIES = policies.read_all()


def case(name: str) -> dict[str, Any]:
    """A published table as it was transcribed."""
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def audited(raw: Mapping[str, Any], policy: str | None = None) -> dict[str, Any]:
    """The answer for *raw*."""
    table = read_table(raw)
    return audit_document(audit(table, POLICIES, policy), table)


def found_in(raw: Mapping[str, Any], policy: str | None = None) -> list[tuple[str, str, int | None]]:
    """Code, severity and row of each finding."""
    return [(each["code"], each["severity"], each["row"]) for each in audited(raw, policy)["findings"]]


def a_row(target: Any, actual: Any, weight: Any, score: Any, **others: Any) -> dict[str, Any]:
    """A row with a name of its own."""
    row = {
        "level1": "产出指标",
        "level2": "数量指标",
        "name": f"指标 {target} {actual}",
        "target_printed": target,
        "actual_printed": actual,
        "weight": weight,
        "score": score,
        "deviation_reason_printed": None,
    }
    return row | others


def a_table(*rows: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Part of a table: nothing is said of its sum."""
    return {"complete": False, "indicators": list(rows)} | others


def verdict(target: Any, actual: Any, weight: Any, score: Any, **others: Any) -> list[tuple[str, str]]:
    """Code and severity of each finding in a table of one row."""
    return [found[:2] for found in found_in(a_table(a_row(target, actual, weight, score, **others)))]
