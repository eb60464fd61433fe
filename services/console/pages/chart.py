"""Score over time, with the events that moved it."""

from typing import Any, Final

from nicegui import ui

from services.console.board import News, Standing
from services.console.pages.frame import Scene, section

POINTS_MAX: Final = 400


def show_history(scene: Scene, standing: Standing) -> None:
    """The chart, kept in step."""
    words = scene.words
    with section(words("history.title"), classes="whole"):
        chart = ui.echart(_options(standing, scene), renderer="svg").classes("chart")
        chart.props["aria-label"] = words("history.title")
        chart.props["role"] = "img"

    def moved(news: News) -> None:
        if news.project == standing.project:
            chart.options.update(_options(standing, scene))
            chart.update()

    scene.on_news(moved)


def _options(standing: Standing, scene: Scene) -> dict[str, Any]:
    words = scene.words
    moves = list(standing.moves)[-POINTS_MAX:]
    points = [
        {
            "value": [move["seen"].isoformat(), float(move["total"])],
            "name": words.of("event", str(move.get("cause", {}).get("type", "")).partition(".v")[0].replace(".", "_")),
        }
        for move in moves
    ]
    return {
        "animation": False,
        "grid": {"left": 48, "right": 24, "top": 20, "bottom": 32},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},  # Rich text is drawn, never read as HTML.
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "scale": True, "name": words("history.points")},
        "series": [
            {
                "type": "line",
                "step": "end",
                "name": words("history.total"),
                "data": points,
                "symbolSize": 6,
                "lineStyle": {"color": "#0b5cad", "width": 2},
                "itemStyle": {"color": "#0b5cad"},
            }
        ],
    }
