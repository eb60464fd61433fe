"""Score over time, with the events that moved it."""

from typing import Any, Final

from nicegui import ui

from services.console.board import News, Standing
from services.console.frame import Scene, section
from services.console.sources import Refused

LABELS_MAX: Final = 3  # Causes named at one point.
AGAIN_SECONDS: Final = 3.0  # A course is computed from all facts: a page asks for it no oftener.


async def show_history(scene: Scene, standing: Standing) -> None:
    """The chart, kept in step."""
    words = scene.words
    with section(words("history.title"), classes="whole"):
        chart = ui.echart(_options(await _points(scene, standing), scene), renderer="svg").classes("chart")
        chart.props["aria-label"] = words("history.text", first=_first(standing), last=standing.score["total"])
        chart.props["role"] = "img"

    async def draw() -> None:
        later.deactivate()
        chart.options.update(_options(await _points(scene, standing), scene))
        chart.update()

    def moved(news: News) -> None:
        if news.project == standing.project and news.move is not None:
            later.activate()

    later = ui.timer(AGAIN_SECONDS, draw, active=False, immediate=False)
    scene.on_news(moved)


def _first(standing: Standing) -> str:
    return f"{next(iter(standing.trend), 0.0):.2f}"


async def _points(scene: Scene, standing: Standing) -> list[dict[str, Any]]:
    try:
        found = await scene.every("evaluation", f"/projects/{standing.project}/history", by="happening")
    except Refused:
        return []
    return [{"value": [point["as_of"], float(point["total"])], "name": _causes(scene, point)} for point in found]


def _causes(scene: Scene, point: dict[str, Any]) -> str:
    kinds = list(dict.fromkeys(str(cause["type"]).partition(".v")[0] for cause in point["causes"]))
    named = [scene.words.of("event", kind.replace(".", "_")) for kind in kinds[:LABELS_MAX]]
    return scene.words("history.and").join(named)


def _options(points: list[dict[str, Any]], scene: Scene) -> dict[str, Any]:
    words = scene.words
    line = {
        "type": "line",
        "step": "end",
        "name": words("history.total"),
        "data": points,
        "symbol": "circle",
        "symbolSize": 7,
        "color": "#2b7fd0",
        "lineStyle": {"width": 2.5},
        "areaStyle": {"opacity": 0.08},
        "label": {"show": True, "formatter": "{b}", "fontSize": 10, "color": "#7c8894", "position": "top"},
        "labelLayout": {"hideOverlap": True},
    }
    quiet = {"axisLabel": {"color": "#7c8894"}, "splitLine": {"lineStyle": {"color": "#7c889440"}}}
    return {
        "animation": False,
        "grid": {"left": 44, "right": 28, "top": 34, "bottom": 30},
        # Rich text is drawn, never read as HTML.
        "tooltip": {"trigger": "item", "renderMode": "richText", "formatter": "{b}\n{c}"},
        "xAxis": {"type": "time", **quiet, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "min": 0, "max": "dataMax", **quiet},
        "series": [line],
    }
