"""Score over time, with the events that moved it: as a line, and as a list for those who do not see lines."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from nicegui import ui

from services.console.board import News, Standing
from services.console.components import Ledger
from services.console.frame import Scene, section
from services.console.sources import Refused

CAUSES_NAMED: Final = 3  # At one point.
LABELLED_FROM: Final = 1.0  # Points that a score has to move for its cause to be written beside the line.
EDGE: Final = 0.05  # Of the time shown.
LISTED_MAX: Final = 200
AGAIN_SECONDS: Final = 3.0  # A course is computed from all facts: a page asks for it no oftener.


async def show_history(scene: Scene, standing: Standing) -> None:
    """The chart and the list, kept in step."""
    words = scene.words
    points = await _points(scene, standing)
    with section(words("history.title"), classes="whole"):
        chart = ui.echart(_options(points, standing, scene), renderer="svg").classes("chart")
        chart.props["role"] = "img"
        chart.props["aria-label"] = _summary(standing, scene)
        with ui.element("details").classes("moves"):
            with ui.element("summary"):
                ui.label(words("history.list"))
            table = Ledger(
                _columns(scene), _rows(points, scene), words("history.list"), words("arithmetic.no_evidence")
            )

    async def draw() -> None:
        later.deactivate()
        points = await _points(scene, standing)
        chart.options.update(_options(points, standing, scene))
        chart.props["aria-label"] = _summary(standing, scene)
        chart.update()
        table.give(rows=_rows(points, scene))

    def moved(news: News) -> None:
        if news.project == standing.project and news.move is not None:
            later.activate()

    later = ui.timer(AGAIN_SECONDS, draw, active=False, immediate=False)
    scene.on_news(moved)


def _summary(standing: Standing, scene: Scene) -> str:
    first = f"{next(iter(standing.trend), 0.0):.2f}"
    return scene.words("history.text", first=first, last=standing.score["total"])


async def _points(scene: Scene, standing: Standing) -> list[dict[str, Any]]:
    """The course of the score: each moment with its total, by how much it moved, and why."""
    try:
        found = await scene.every("evaluation", f"/projects/{standing.project}/history", by="happening")
    except Refused:
        return []
    before, points = Decimal(0), []
    for point in found:
        total = Decimal(point["total"])
        points.append(
            {"at": point["as_of"], "total": total, "moved": total - before, "causes": _causes(scene, point["causes"])}
        )
        before = total
    return points


def _causes(scene: Scene, causes: list[dict[str, Any]]) -> str:
    kinds = list(dict.fromkeys(str(cause["type"]).partition(".v")[0] for cause in causes))
    named = [scene.words.of("event", kind.replace(".", "_")) for kind in kinds[:CAUSES_NAMED]]
    return scene.words("history.and").join(named)


def _signed(moved: Decimal) -> str:
    return f"+{moved}" if moved > 0 else f"−{-moved}" if moved < 0 else "0"


def _columns(scene: Scene) -> list[dict[str, Any]]:
    words = scene.words
    return [
        {"key": "at", "label": words("arithmetic.time")},
        {"key": "causes", "label": words("arithmetic.event")},
        {"key": "moved", "label": words("history.moved"), "number": True},
        {"key": "total", "label": words("history.total"), "number": True},
    ]


def _rows(points: list[dict[str, Any]], scene: Scene) -> list[dict[str, Any]]:
    return [
        {
            "at": scene.words.moment(point["at"]),
            "causes": point["causes"] or scene.words("history.clock"),
            "moved": {"text": _signed(point["moved"]), "tone": "bad" if point["moved"] < 0 else ""},
            "total": str(point["total"]),
        }
        for point in reversed([point for point in points if point["moved"]][-LISTED_MAX:])
    ]


def _drawn(point: dict[str, Any], scene: Scene, align: str) -> dict[str, Any]:
    told = f"{scene.words.moment(point['at'])}\n{point['causes']}\n{_signed(point['moved'])} = {point['total']}"
    return {
        "value": [point["at"], float(point["total"])],
        "name": point["causes"],
        "label": {"show": abs(point["moved"]) >= LABELLED_FROM, "align": align},
        "tooltip": {"formatter": told},
    }


def _aligned(points: list[dict[str, Any]]) -> list[str]:
    """Near the ends a label stands on the inner side of its point, so that it is not cut."""
    days = [datetime.fromisoformat(point["at"]).timestamp() for point in points]
    first, span = min(days, default=0.0), max(days, default=0.0) - min(days, default=0.0) or 1.0
    shares = [(day - first) / span for day in days]
    return ["left" if share < EDGE else "right" if share > 1 - EDGE else "center" for share in shares]


def _options(points: list[dict[str, Any]], standing: Standing, scene: Scene) -> dict[str, Any]:
    line = {
        "type": "line",
        "step": "end",
        "name": scene.words("history.total"),
        "data": [_drawn(point, scene, align) for point, align in zip(points, _aligned(points), strict=True)],
        "symbol": "circle",
        "symbolSize": 7,
        "color": "#2b7fd0",
        "lineStyle": {"width": 2.5},
        "areaStyle": {"opacity": 0.08},
        "label": {"formatter": "{b}", "fontSize": 11, "color": "#7c8894", "position": "top", "minMargin": 8},
        "labelLayout": {"hideOverlap": True},
    }
    quiet = {"axisLabel": {"color": "#7c8894"}, "splitLine": {"lineStyle": {"color": "#7c889440"}}}
    return {
        "animation": False,
        "grid": {"left": 44, "right": 24, "top": 34, "bottom": 30},
        # Rich text is drawn, never read as HTML.
        "tooltip": {"trigger": "item", "renderMode": "richText"},
        "xAxis": {"type": "time", **quiet, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "min": 0, "max": float(standing.score["full"]), **quiet},
        "series": [line],
    }
