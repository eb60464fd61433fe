"""One project: the self-evaluation table, live, and what it rests on."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from nicegui import ui
from starlette.requests import Request

from services.console.board import News, Standing
from services.console.components import Gauge, ScoreTable
from services.console.desk.menu import tasks_of
from services.console.frame import Scene, appearance_of, framed, heading, scene_of, section
from services.console.pages.project.arithmetic import show_arithmetic
from services.console.pages.project.as_of import Picked, offer_papers, time_slider
from services.console.pages.project.history import show_history
from services.console.pages.project.money import show_budget, show_contracts
from services.console.pages.project.operation import show_faults, show_people
from services.console.pages.project.table import form_rows
from services.console.parts import Parts

POLL_SECONDS: Final = 20.0  # For what moves no score, as a fault that nobody answered yet.
SHORTCUTS: Final = (
    "declare",
    "payment",
    "request",
    "contract",
    "acceptance",
    "fault",
    "answer",
    "resolve",
    "rating",
    "deviation",
    "plan",
)


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/projects/{project}", response_timeout=20)
    async def show(request: Request, project: str) -> None:
        scene = scene_of(request, parts)
        standing = parts.board.standings.get(project) if project in scene.sees() else None
        if standing is None or not standing.score:
            with framed(scene, scene.words("project.unknown"), appearance_of(request)):
                heading(scene.words("project.unknown"), 1)
                ui.label(scene.words("project.unknown_text")).classes("quiet")
            return
        with framed(scene, standing.title, appearance_of(request)):
            await _show(scene, standing)


async def _show(scene: Scene, standing: Standing) -> None:
    words, line = scene.words, standing.line
    with ui.element("div").classes("project-head"):
        gauge = Gauge()
        with ui.element("div").classes("project-title"):
            heading(standing.title, 1)
            ui.label(f"{line.get('unit', '')} · {line.get('fiscal_year', '')} · {standing.project}").classes("quiet")
            figures = _Figures(scene, ui.element("dl").classes("facts"))
            _shortcuts(scene, standing)
    with section(words("project.form"), classes="whole"):
        picked = time_slider(scene, standing)
        offer_papers(scene, standing, picked)
        table = ScoreTable([], words.section("form"))
    _opens_arithmetic(scene, standing, table, picked)
    await show_history(scene, standing)
    parts = [await part(scene, standing) for part in (show_budget, show_contracts, show_faults)]
    refreshes = [*(part for part in parts if part is not None), show_people(scene, standing)]

    async def show_score(score: dict[str, Any]) -> None:
        total, full, grade = score["total"], score["full"], score["grade"]
        label = words("project.gauge", total=total, full=full, grade=words.of("grade", grade))
        gauge.give(total=total, full=full, grade=grade, label=label)
        figures.give(score)
        table.give(rows=form_rows(score, words), total=total, full=full)

    async def refresh() -> None:
        if picked.day is None:
            await show_score(standing.score)
        for each in refreshes:
            await each()

    await show_score(standing.score)
    picked.then(show_score)
    _keep_in_step(scene, standing, refresh)


def _keep_in_step(scene: Scene, standing: Standing, refresh: Callable[[], Awaitable[None]]) -> None:
    async def fire() -> None:
        pending.deactivate()
        await refresh()

    def moved(news: News) -> None:
        if news.project == standing.project:
            pending.activate()

    pending = ui.timer(0.05, fire, active=False)
    scene.on_news(moved)
    ui.timer(POLL_SECONDS, pending.activate)


def _opens_arithmetic(scene: Scene, standing: Standing, table: ScoreTable, picked: Picked) -> None:
    async def open_arithmetic(code: str) -> None:
        await show_arithmetic(scene, standing.project, code, picked.day)

    table.on_open(open_arithmetic)


class _Figures:
    """Execution, grade and finality, beside the gauge."""

    NAMES: Final = ("grade", "execution", "received", "surplus", "met", "state")

    def __init__(self, scene: Scene, place: ui.element) -> None:
        self._words = scene.words
        self._labels = {}
        with place:
            for name in self.NAMES:
                with ui.element("div"):
                    with ui.element("dt"):
                        ui.label(scene.words(f"project.{name}"))
                    with ui.element("dd"):
                        self._labels[name] = ui.label()

    def give(self, score: dict[str, Any]) -> None:
        """Show the figures of *score*."""
        words, execution = self._words, score["execution"]
        reasons = "、" if words.language == "zh" else ", "
        state = reasons.join(words.of("reason", reason) for reason in score["reasons"])
        texts = {
            "grade": words.of("grade", score["grade"]),
            "execution": f"{words.percent(execution['rate'])} · {words.money(execution['spent'])}"
            f" / {words.money(execution['budget'])}",
            "received": words.money(execution["received"]),
            "surplus": words.money(execution["surplus"]),
            "met": f"{score['indicators_met']} / {score['indicators']}",
            "state": words("project.final") if score["final"] else words("project.provisional", reasons=state),
        }
        for name, text in texts.items():
            if self._labels[name].text != text:
                self._labels[name].set_text(text)


def _shortcuts(scene: Scene, standing: Standing) -> None:
    """What the visitor may do about this project."""
    allowed = {task.name for task in tasks_of(scene)}
    with ui.element("nav").classes("shortcuts") as nav:
        nav.props["aria-label"] = scene.words("desk.tasks")
        for name in SHORTCUTS:
            if name in allowed:
                link = ui.element("a").classes("choice")
                link.props["href"] = f"/desk/{name}?project={standing.project}"
                with link:
                    ui.label(scene.words(f"task.{name}"))
