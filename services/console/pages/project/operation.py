"""How a project runs: its faults with running clocks, and what those who use it say."""

from datetime import UTC, datetime
from typing import Any, Final

from nicegui import ui

from services.console.board import Standing
from services.console.components import Faults, Ledger
from services.console.frame import Refresh, Scene, section
from services.console.pages.project.table import form_row
from services.console.sources import Refused
from services.console.words import Words

FAULT_SIGNS: Final = {"open": "!", "responded": "→", "resolved": "✓"}
TARGET_HOURS: Final = 8.0  # Of answering a fault, where the plan names no other.
FAULTS_SHOWN: Final = 50
PEOPLE: Final = ("满意", "satisf", "投诉", "complaint")


async def show_faults(scene: Scene, standing: Standing) -> Refresh | None:
    """Faults, with clocks that run while nobody has answered; None where the visitor may not see them."""
    words = scene.words
    if not scene.visitor.may("monitoring:read"):
        return None
    with section(words("fault.title"), classes="whole"):
        list_ = Faults()
        list_.give(
            rows=[],
            words=words.section("faults"),
            target=target_hours(standing.score),
            now=datetime.now(UTC).timestamp() * 1_000,
        )

    async def refresh() -> None:
        try:
            found = await scene.every("monitoring", "/faults", project=standing.project)
            assets = await scene.every("monitoring", "/assets", project=standing.project)
        except Refused:
            return
        found.sort(key=lambda fault: (fault["status"] == "resolved", fault["occurred_at"]))
        running = [fault for fault in found if fault["status"] != "resolved"]
        done = [fault for fault in reversed(found) if fault["status"] == "resolved"]
        names = {asset["asset"]: asset["name"] for asset in assets}
        list_.give(rows=[_fault_row(fault, names, words) for fault in [*running, *done][:FAULTS_SHOWN]])

    await refresh()
    return refresh


def target_hours(score: dict[str, Any]) -> float:
    """The plan's bound on the response time, else eight hours."""
    for detail in score.get("details", ()):
        if detail["aspect"] == "timeliness" and "时" in detail["unit"]:
            digits = "".join(sign for sign in detail["target"] if sign in "0123456789.")
            if digits:
                return float(digits)
    return TARGET_HOURS


def _fault_row(fault: dict[str, Any], names: dict[str, str], words: Words) -> dict[str, Any]:
    occurred = _instant(fault["occurred_at"])
    ended = fault.get("resolved_at") or fault.get("responded_at")
    took = ""
    if ended:
        hours = (_instant(ended) - occurred).total_seconds() / 3_600
        took = words("fault.repaired" if fault.get("resolved_at") else "fault.answered", hours=f"{hours:.1f}")
    asset = fault.get("asset")
    facts = (names.get(asset, asset) if asset else None, words.of("severity", fault["severity"]))
    return {
        "fault": fault["fault"],
        "title": fault["title"],
        "facts": " · ".join(filter(None, (*facts, words.moment(fault["occurred_at"])))),
        "from": occurred.timestamp() * 1_000 if fault["status"] == "open" else None,
        "took": took,
        "status": fault["status"],
        "sign": FAULT_SIGNS.get(fault["status"], ""),
        "statusText": words.of("fault_status", fault["status"]),
    }


def _instant(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def show_people(scene: Scene, standing: Standing) -> Refresh:
    """What citizens say: the indicators of satisfaction and complaints, and the counts behind them."""
    words = scene.words
    columns: list[dict[str, Any]] = [
        {"key": "name", "label": words("form.third")},
        {"key": "target", "label": words("form.target")},
        {"key": "measured", "label": words("form.measured")},
        {"key": "status", "label": words("form.status")},
    ]
    with section(words("people.title"), classes="whole"):
        counts = ui.element("dl").classes("facts")
        table = Ledger(columns, [], words("people.title"), words("people.none"))
    with counts:
        shown = {name: _count(words(f"people.{name}")) for name in ("answers", "complaints")}
    counts.set_visibility(scene.visitor.may("monitoring:read"))

    async def refresh() -> None:
        table.give(rows=_people_rows(standing.score, words))
        if scene.visitor.may("monitoring:read"):
            try:
                answers = await scene.every("monitoring", "/surveys", project=standing.project)
                complaints = await scene.every("monitoring", "/complaints", project=standing.project)
            except Refused:
                return
            shown["answers"].set_text(_answers_text(answers, words))
            shown["complaints"].set_text(_complaints_text(complaints, words))

    ui.timer(0.01, refresh, once=True)
    return refresh


def _count(name: str) -> ui.label:
    with ui.element("div"):
        with ui.element("dt"):
            ui.label(name)
        with ui.element("dd"):
            return ui.label("–")


def _answers_text(answers: list[dict[str, Any]], words: Words) -> str:
    answered = sum(each["answered"] for each in answers)
    satisfied = sum(each["satisfied"] for each in answers)
    return words("people.answers_text", answered=f"{answered:,}", satisfied=f"{satisfied:,}") if answered else "–"


def _complaints_text(complaints: list[dict[str, Any]], words: Words) -> str:
    still_open = sum(each["status"] == "open" for each in complaints)
    return words("people.complaints_text", all=len(complaints), open=still_open)


def _people_rows(score: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    rows = []
    for detail in score["details"]:
        named = detail["name"].lower()
        if detail["dimension"] == "satisfaction" or any(word in named for word in PEOPLE):
            row = form_row(detail, words)
            tone = {"met": "good", "missed": "bad"}.get(row["status"], "")
            status = {"text": f"{row['sign']} {row['statusText']}", "tone": tone}
            rows.append({name: row[name] for name in ("name", "target", "measured")} | {"status": status})
    return rows
