"""The day that one looks at: a slider through the year, and the papers as of that day."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from services.console import downloads
from services.console.board import Standing
from services.console.frame import Scene, explain
from services.console.sources import Refused


class Picked:
    """The day that the slider stands on; None is now."""

    def __init__(self) -> None:
        self.day: date | None = None
        self._show: Callable[[dict[str, Any]], Awaitable[None]] | None = None
        self.on_change: Callable[[], None] = lambda: None

    def then(self, show: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Show each score that is picked with *show*."""
        self._show = show

    async def show(self, score: dict[str, Any]) -> None:
        """Show *score*."""
        if self._show is not None:
            await self._show(score)


def time_slider(scene: Scene, standing: Standing) -> Picked:
    """Lets the table be seen as of any day of the year."""
    words, picked = scene.words, Picked()
    year = int(standing.line.get("fiscal_year", datetime.now(UTC).year))
    first, last = date(year, 1, 1), min(date(year, 12, 31), datetime.now(UTC).date())
    days = max((last - first).days, 0)

    def day_of(step: int) -> date | None:
        return None if step > days else first + timedelta(days=step)

    def text_of(day: date | None) -> str:
        return words("project.now") if day is None else words.day(day)

    with ui.element("div").classes("time"):
        ui.label(words("project.as_of")).classes("time-label")
        slider = ui.slider(min=0, max=days + 1, value=days + 1).classes("time-slider")
        slider.props["aria-label"] = words("project.as_of")
        shown = ui.label(text_of(None)).classes("time-shown")
        shown.props("role=status")

    def slid(event: GenericEventArguments) -> None:
        """While it moves only the day is told; the score is fetched where it comes to rest."""
        shown.set_text(text_of(day_of(int(event.args or 0))))

    async def pick() -> None:
        picked.day = day_of(int(slider.value or 0))
        shown.set_text(text_of(picked.day))
        picked.on_change()
        if picked.day is None:
            await picked.show(standing.score)
            return
        wanted = picked.day
        try:
            score = await scene.get("evaluation", f"/projects/{standing.project}/score", as_of=wanted.isoformat())
        except Refused as refused:
            ui.notify(explain(words, refused), type="warning")
            return
        if picked.day == wanted:  # Or the slider moved on while it was fetched.
            await picked.show(score)

    slider.on("update:model-value", slid, throttle=0.1)
    slider.on("change", pick)
    return picked


def offer_papers(scene: Scene, standing: Standing, picked: Picked) -> None:
    """Links to the forms and the report, as of the day that the slider stands on."""
    words = scene.words
    if not scene.visitor.may(downloads.SCOPE):
        return
    links: list[tuple[ui.element, str]] = []
    with ui.element("nav").classes("papers") as nav:
        nav.props["aria-label"] = words("papers.title")
        for name, call, kinds in downloads.PAPERS:
            with ui.element("span"):
                ui.label(words(f"papers.{name}")).classes("quiet")
                for kind in kinds:
                    links.append((ui.element("a").classes("choice"), f"{call}.{kind}"))
                    with links[-1][0]:
                        ui.label(downloads.PROGRAMS[kind])

    def point() -> None:
        day = "" if picked.day is None else f"&as_of={picked.day.isoformat()}"
        for link, paper in links:
            link.props["href"] = f"/papers/{standing.project}/{paper}?lang={words.language}{day}"
            link.update()

    picked.on_change = point
    point()
