"""Behind a score: its arithmetic step by step, and the events it rests on, down to their hashes."""

from datetime import date
from typing import Any, Final

from nicegui import ui

from services.console.components import Ledger
from services.console.frame import Scene, explain, heading
from services.console.sources import Refused
from services.console.words import Words

EVIDENCE_SHOWN: Final = 200


async def show_arithmetic(scene: Scene, project: str, code: str, day: date | None) -> None:
    """A dialog with how the score of indicator *code* came about, as of *day* or now."""
    words = scene.words
    try:
        found = await scene.get(
            "evaluation",
            f"/projects/{project}/indicators/{code}",
            as_of=None if day is None else day.isoformat(),
            limit=EVIDENCE_SHOWN,
        )
    except Refused as refused:
        ui.notify(explain(words, refused), type="warning")
        return
    with scene.client, ui.dialog() as dialog, ui.element("div").classes("sheet"):
        is_execution = code == "execution" and "dimension" not in found
        name = words("form.execution_name") if is_execution else f"{found['code']} {found['name']}"
        dialog.props["aria-label"] = name
        with ui.element("div").classes("sheet-head"):
            heading(name)
            ui.button(words("frame.close"), on_click=dialog.close).props("flat no-caps")
        _steps(found, words)
        heading(words("arithmetic.evidence"), 3)
        Ledger(
            _columns(words),
            [_row(item, words) for item in found["evidence"]["items"]],
            words("arithmetic.evidence"),
            words("arithmetic.no_evidence"),
        )
        if found["evidence"].get("next"):
            ui.label(words("arithmetic.more", count=EVIDENCE_SHOWN)).classes("quiet")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _steps(found: dict[str, Any], words: Words) -> None:
    with ui.element("ol").classes("steps"):
        for step in found["steps"]:
            with ui.element("li"):
                ui.label(str(step.get(words.language) or step.get("en", "")))
                if step.get("value") is not None:
                    ui.label(words.number(str(step["value"]))).classes("step-value")


def _columns(words: Words) -> list[dict[str, Any]]:
    return [
        {"key": "time", "label": words("arithmetic.time")},
        {"key": "type", "label": words("arithmetic.event")},
        {"key": "contribution", "label": words("arithmetic.contribution"), "number": True},
        {"key": "place", "label": words("arithmetic.place")},
        {"key": "hash", "label": words("arithmetic.hash"), "code": True},
    ]


def _row(item: dict[str, Any], words: Words) -> dict[str, Any]:
    kind = str(item["type"]).rpartition(".v")[0] or item["type"]
    return {
        "id": f"{item['source']}-{item['sequence']}",
        "time": words.moment(item["time"]),
        "type": {"text": words.of("event", kind.replace(".", "_")), "title": item["type"]},
        "contribution": words.number(str(item["contribution"])),
        "place": f"{words.of('service', item['source'])} #{item['sequence']}",
        "hash": {"text": item["hash"], "title": item["id"]},
    }
