"""The self-evaluation table (自评表) as rows: execution first, each level named once."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any, Final

from services.console.words import Words

SIGNS: Final = {"met": "✓", "missed": "✗", "pending": "…"}
MONEY_UNITS: Final = frozenset({"元", "万元"})
HUNDREDTH: Final = Decimal("0.01")
LEVELS: Final = ((80, "achieved"), (60, "partly"), (0, "missed"))  # Of ratings, by their percent; see interfaces.


def form_rows(score: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    """The rows of *score*."""
    rows = [_execution_row(score, words)]
    for _, firsts in groupby(score["details"], key=lambda detail: detail["dimension"]):
        of_first = list(firsts)
        for _, seconds in groupby(of_first, key=lambda detail: detail["aspect"]):
            of_second = list(seconds)
            for detail in of_second:
                row = form_row(detail, words)
                row["firstSpan"] = len(of_first) if detail is of_first[0] else 0
                row["secondSpan"] = len(of_second) if detail is of_second[0] else 0
                rows.append(row)
    return rows


def _execution_row(score: dict[str, Any], words: Words) -> dict[str, Any]:
    execution = score["execution"]
    return {
        "code": "execution",
        "first": words("form.execution"),
        "firstSpan": 1,
        "second": words("form.execution_rate"),
        "secondSpan": 1,
        "name": words("form.execution_name"),
        "target": "100 %",
        "measured": words.percent(execution["rate"]),
        "status": "met" if float(execution["rate"]) >= 1 else "pending",
        "sign": "",
        "statusText": "",
        "weight": execution["weight"],
        "score": execution["score"],
        "deviation": _deviation(score.get("execution_deviation")),
        "outlook": _outlook(score.get("execution_outlook"), words),
    }


def form_row(detail: dict[str, Any], words: Words) -> dict[str, Any]:
    """One indicator."""
    status = detail["status"]
    text = words.of("status", status)
    if detail.get("vacuous"):
        text = words("status.vacuous")
    elif detail.get("source") == "self_reported":
        text = words("status.by_hand", status=text)
    return {
        "code": detail["code"],
        "first": words.of("dimension", detail["dimension"]),
        "second": words.of("aspect", detail["aspect"]),
        "name": detail["name"],
        "target": f"{detail['target']} {detail.get('unit') or ''}".strip(),
        "measured": measured_text(detail, words),
        "exact": str(detail.get("measured") or ""),
        "status": status,
        "sign": SIGNS.get(status, ""),
        "statusText": text,
        "weight": detail["weight"],
        "score": detail["score"],
        "deviation": _deviation(detail.get("deviation")),
        "outlook": _outlook(detail.get("outlook"), words),
    }


def measured_text(detail: dict[str, Any], words: Words) -> str:
    """The measured value as people write it: a rating by its level, a number with two decimals where that is true."""
    measured, unit = detail.get("measured"), detail.get("unit") or ""
    if measured is None:
        return "–"
    try:
        value = Decimal(measured)
    except ArithmeticError:
        return words.day(measured)  # Of a target by a day.
    if detail["source"] == "rating":
        level = next(name for floor, name in LEVELS if value >= floor)
        return f"{words.of('rating', level)} ({measured} %)"
    return f"{measured if unit in MONEY_UNITS else _short(value, detail['target'])} {unit}".strip()


def _short(value: Decimal, target: str) -> str:
    rounded = value.quantize(HUNDREDTH, ROUND_HALF_UP)
    is_telling = rounded and f"{rounded.normalize():f}" not in target  # 79.999 against 80 must not read 80.
    return f"{(rounded if is_telling else value).normalize():f}"


def _deviation(deviation: Any) -> str:
    if isinstance(deviation, dict):
        return " · ".join(str(deviation[name]) for name in ("reason", "remedy") if deviation.get(name))
    return str(deviation or "")


def _outlook(outlook: dict[str, Any] | None, words: Words) -> str:
    """What is to be feared, in words; nothing while all is well."""
    if outlook is None or outlook["state"] == "on_track":
        return ""
    return str(outlook["reason"].get(words.language, ""))
