"""All projects at a glance."""

from typing import Any, Final

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.board import Board, News, Standing
from services.console.components import Projects
from services.console.frame import Scene, appearance_of, framed, heading, scene_of
from services.console.parts import Parts, visitor_of
from services.console.words import Words

SIGNS: Final = {"excellent": "●", "good": "◕", "fair": "◑", "poor": "○"}  # Grades also without colour.


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/")
    async def overview(request: Request) -> Response | None:
        if not visitor_of(request).may("scores:read"):
            return RedirectResponse("/desk", status_code=303)
        scene = scene_of(request, parts)
        with framed(scene, scene.words("overview.title"), appearance_of(request)):
            heading(scene.words("overview.title"), 1)
            show_board(scene)
        return None


def show_board(scene: Scene, *, is_wall: bool = False) -> None:
    """The table of projects, kept in step with the board."""
    table = Projects(rows_of(scene), scene.words.section("board"), is_wall=is_wall).classes("whole")

    def moved(_: News) -> None:
        table.give(rows=rows_of(scene))

    scene.on_news(moved)


def rows_of(scene: Scene) -> list[dict[str, Any]]:
    """The rows that the visitor may see."""
    board: Board = scene.parts.board
    standings = [board.standings[project] for project in scene.sees()]
    return [_row(standing, scene.words) for standing in standings if standing.score and standing.line]


def _row(standing: Standing, words: Words) -> dict[str, Any]:
    score, line = standing.score, standing.line
    spent = float(score["execution"]["rate"])
    elapsed = float(score["elapsed"])
    spent_text, elapsed_text = words.percent(spent), words.percent(elapsed)
    return {
        "project": standing.project,
        "href": f"/projects/{standing.project}",
        "title": standing.title,
        "unit": line["unit"],
        "year": line["fiscal_year"],
        "total": score["total"],
        "totalValue": float(score["total"]),
        "grade": score["grade"],
        "gradeText": words.of("grade", score["grade"]),
        "sign": SIGNS.get(score["grade"], "○"),
        "spent": round(min(spent, 1) * 100, 2),
        "spentText": spent_text,
        "elapsed": round(elapsed * 100, 2),
        "elapsedText": elapsed_text,
        "paceText": words("board.pace", spent=spent_text, elapsed=elapsed_text),
        "trend": list(standing.trend),
        "trendText": words("board.trend_text", first=f"{next(iter(standing.trend), 0.0):.2f}", last=score["total"]),
        "atRisk": standing.at_risk,
        "moved": words.clock(standing.moved_at),
        "movedAt": standing.moved_at.timestamp() if standing.moved_at else 0.0,
    }
