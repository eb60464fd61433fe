"""One project: the self-evaluation table, live, and what it rests on."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from nicegui import ui
from starlette.requests import Request

from services.console import downloads
from services.console.board import News, Standing
from services.console.components import Faults, Gauge, Ledger, ScoreTable
from services.console.desk.menu import tasks_of
from services.console.frame import (
    Scene,
    appearance_of,
    explain,
    framed,
    heading,
    scene_of,
    section,
)
from services.console.pages.arithmetic import show_arithmetic
from services.console.pages.chart import show_history
from services.console.parts import Parts
from services.console.sources import Refused
from services.console.words import Words

SIGNS: Final = {"met": "✓", "missed": "✗", "pending": "…"}
FAULT_SIGNS: Final = {"open": "!", "responded": "→", "resolved": "✓"}
TARGET_HOURS: Final = 8.0  # Of answering a fault, where the plan names no other.
POLL_SECONDS: Final = 20.0  # For what moves no score, as a fault that nobody answered yet.
FAULTS_SHOWN: Final = 50


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
            facts = ui.element("dl").classes("facts")
            _shortcuts(scene, standing)
    figures = _Figures(scene, facts)
    with section(words("project.form"), classes="whole"):
        picked = await _time_slider(scene, standing)
        _offer_papers(scene, standing, picked)
        table = ScoreTable([], words.section("form"))
    _opens_arithmetic(scene, standing, table, picked)
    await show_history(scene, standing)
    refreshes = [await _budget(scene, standing), await _contracts(scene, standing), await _faults(scene, standing)]
    _people(scene, standing, refreshes)

    async def show_score(score: dict[str, Any]) -> None:
        gauge.give(
            total=score["total"],
            full=score["full"],
            grade=score["grade"],
            label=words(
                "project.gauge", total=score["total"], full=score["full"], grade=words.of("grade", score["grade"])
            ),
        )
        figures.give(score)
        table.give(rows=form_rows(score, words), total=score["total"], full=score["full"])

    await show_score(standing.score)
    picked.then(show_score)

    async def refresh() -> None:
        if picked.day is None:
            await show_score(standing.score)
        for each in refreshes:
            await each()

    def moved(news: News) -> None:
        if news.project == standing.project:
            pending.activate()

    pending = ui.timer(0.05, refresh, active=False, once=False)
    _fire_once(pending, refresh)
    scene.on_news(moved)
    ui.timer(POLL_SECONDS, pending.activate)


def _fire_once(timer: ui.timer, work: Callable[[], Awaitable[None]]) -> None:
    async def fire() -> None:
        timer.deactivate()
        await work()

    timer.callback = fire


class _Picked:
    """The day that the slider stands on; None is now."""

    def __init__(self) -> None:
        self.day: date | None = None
        self._show: Callable[[dict[str, Any]], Awaitable[None]] | None = None
        self.on_change: Callable[[], None] = lambda: None

    def then(self, show: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._show = show

    async def show(self, score: dict[str, Any]) -> None:
        if self._show is not None:
            await self._show(score)


async def _time_slider(scene: Scene, standing: Standing) -> _Picked:
    """Lets the table be seen as of any day of the year."""
    words, picked = scene.words, _Picked()
    year = int(standing.line.get("fiscal_year", datetime.now(UTC).year))
    first, last = date(year, 1, 1), min(date(year, 12, 31), datetime.now(UTC).date())
    days = max((last - first).days, 0)
    with ui.element("div").classes("time"):
        ui.label(words("project.as_of")).classes("time-label")
        slider = ui.slider(min=0, max=days + 1, value=days + 1).classes("time-slider")
        slider.props["aria-label"] = words("project.as_of")
        shown = ui.label(words("project.now")).classes("time-shown")
        shown.props("role=status")

    async def pick() -> None:
        step = int(slider.value or 0)
        picked.day = None if step > days else first + timedelta(days=step)
        shown.set_text(words("project.now") if picked.day is None else words.day(picked.day))
        picked.on_change()
        if picked.day is None:
            await picked.show(standing.score)
            return
        try:
            score = await scene.get("evaluation", f"/projects/{standing.project}/score", as_of=picked.day.isoformat())
        except Refused as refused:
            ui.notify(explain(words, refused), type="warning")
            return
        await picked.show(score)

    slider.on("change", pick)
    return picked


def _offer_papers(scene: Scene, standing: Standing, picked: _Picked) -> None:
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


def _opens_arithmetic(scene: Scene, standing: Standing, table: ScoreTable, picked: _Picked) -> None:
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


def form_rows(score: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    """The rows of the self-evaluation table, execution first, each level named once."""
    execution = score["execution"]
    rows = [
        {
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
            "opens": False,
        }
    ]
    for _, firsts in groupby(score["details"], key=lambda detail: detail["dimension"]):
        of_first = list(firsts)
        for _, seconds in groupby(of_first, key=lambda detail: detail["aspect"]):
            of_second = list(seconds)
            for detail in of_second:
                row = _form_row(detail, words)
                row["firstSpan"] = len(of_first) if detail is of_first[0] else 0
                row["secondSpan"] = len(of_second) if detail is of_second[0] else 0
                rows.append(row)
    return rows


def _form_row(detail: dict[str, Any], words: Words) -> dict[str, Any]:
    unit = detail.get("unit") or ""
    measured = detail.get("measured")
    status = detail["status"]
    text = words.of("status", status)
    if detail.get("vacuous"):
        text = words("status.vacuous")
    elif detail.get("source") == "self_reported":
        text = f"{text} ({words('status.self_reported')})"
    return {
        "code": detail["code"],
        "first": words.of("dimension", detail["dimension"]),
        "second": words.of("aspect", detail["aspect"]),
        "name": detail["name"],
        "target": f"{detail['target']} {unit}".strip(),
        "measured": "–" if measured is None else f"{measured} {unit}".strip(),
        "status": status,
        "sign": SIGNS.get(status, ""),
        "statusText": text,
        "weight": detail["weight"],
        "score": detail["score"],
        "deviation": _deviation(detail.get("deviation")),
        "outlook": _outlook(detail.get("outlook"), words),
        "opens": True,
    }


def _deviation(deviation: Any) -> str:
    if isinstance(deviation, dict):
        return " · ".join(str(deviation[name]) for name in ("reason", "remedy") if deviation.get(name))
    return str(deviation or "")


def _outlook(outlook: dict[str, Any] | None, words: Words) -> str:
    """What is to be feared, in words; nothing while all is well."""
    if outlook is None or outlook["state"] == "on_track":
        return ""
    return str(outlook["reason"].get(words.language, ""))


SHORTCUTS: Final = (
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


async def _nothing() -> None:
    pass


async def _budget(scene: Scene, standing: Standing) -> Callable[[], Awaitable[None]]:
    """Budget lines: limit, paid, remaining."""
    words = scene.words
    if not scene.visitor.may("budget:read"):
        return _nothing
    columns: list[dict[str, Any]] = [
        {"key": "name", "label": words("budget.line")},
        {"key": "limit", "label": words("budget.limit"), "number": True},
        {"key": "paid", "label": words("budget.paid"), "number": True},
        {"key": "remaining", "label": words("budget.remaining"), "number": True},
        {"key": "rate", "label": words("budget.rate")},
    ]
    with section(words("budget.title"), classes="half"):
        table = Ledger(columns, [], words("budget.title"), words("budget.none"))

    async def refresh() -> None:
        try:
            found = await scene.get("budget", f"/projects/{standing.project}/budget")
        except Refused:
            return
        totals = found["totals"] | {"line": "", "name": words("budget.total")}
        table.give(rows=[_budget_row(line, words) for line in [*found["lines"], totals]])

    await refresh()
    return refresh


def _budget_row(line: dict[str, Any], words: Words) -> dict[str, Any]:
    rate = float(line["execution_rate"])
    limit = words.money(line["adjusted"])
    if line["initial"] != line["adjusted"]:
        limit += f" ({words('budget.initially', amount=words.money(line['initial']))})"
    return {
        "id": line["line"],
        "name": line["name"],
        "limit": limit,
        "paid": words.money(line["paid"]),
        "remaining": words.money(line["remaining"]),
        "rate": {"text": words.percent(rate), "bar": round(rate * 100, 1)},
        "tone": "" if line["line"] else "total",
    }


async def _contracts(scene: Scene, standing: Standing) -> Callable[[], Awaitable[None]]:
    """Contracts and how far they are accepted."""
    words = scene.words
    if not scene.visitor.may("procurement:read"):
        return _nothing
    columns: list[dict[str, Any]] = [
        {"key": "contract", "label": words("contract.contract")},
        {"key": "supplier", "label": words("contract.supplier")},
        {"key": "amount", "label": words("contract.amount"), "number": True},
        {"key": "term", "label": words("contract.term")},
        {"key": "accepted", "label": words("contract.acceptance")},
    ]
    with section(words("contract.title"), classes="half"):
        table = Ledger(columns, [], words("contract.title"), words("contract.none"))

    async def refresh() -> None:
        try:
            found = await scene.every("procurement", "/contracts", project=standing.project)
        except Refused:
            return
        table.give(rows=[contract_row(contract, words) for contract in found])

    await refresh()
    return refresh


def contract_row(contract: dict[str, Any], words: Words) -> dict[str, Any]:
    """A contract as a row."""
    acceptances = contract.get("acceptances") or []
    last = acceptances[-1] if acceptances else None
    if contract.get("terminated_on"):
        accepted = {"text": f"■ {words('contract.terminated', day=words.day(contract['terminated_on']))}"}
    elif last is None:
        accepted = {"text": f"… {words('contract.not_yet')}"}
    elif last["conclusion"] == "passed":
        accepted = {"text": f"✓ {words('contract.passed', day=words.day(last['accepted_on']))}", "tone": "good"}
    else:
        accepted = {"text": f"✗ {words('contract.failed', day=words.day(last['accepted_on']))}", "tone": "bad"}
    return {
        "id": contract["contract"],
        "contract": contract["contract"],
        "supplier": contract.get("supplier_name") or contract["supplier"],
        "amount": words.money(contract["amount"]),
        "term": f"{words.day(contract['starts_on'])} – {words.day(contract['ends_on'])}",
        "accepted": accepted,
    }


async def _faults(scene: Scene, standing: Standing) -> Callable[[], Awaitable[None]]:
    """Faults, with clocks that run while nobody has answered."""
    words = scene.words
    if not scene.visitor.may("monitoring:read"):
        return _nothing
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
        except Refused:
            return
        found.sort(key=lambda fault: (fault["status"] == "resolved", fault["occurred_at"]))
        running = [fault for fault in found if fault["status"] != "resolved"]
        done = [fault for fault in reversed(found) if fault["status"] == "resolved"]
        list_.give(rows=[_fault_row(fault, words) for fault in [*running, *done][:FAULTS_SHOWN]])

    await refresh()
    return refresh


def target_hours(score: dict[str, Any]) -> float:
    """The plan's bound on the response time, else eight hours."""
    for detail in score.get("details", ()):
        if detail.get("measure") == "response_hours" or (detail["aspect"] == "timeliness" and "时" in detail["unit"]):
            digits = "".join(sign for sign in detail["target"] if sign in "0123456789.")
            if digits:
                return float(digits)
    return TARGET_HOURS


def _fault_row(fault: dict[str, Any], words: Words) -> dict[str, Any]:
    occurred = _instant(fault["occurred_at"])
    ended = fault.get("resolved_at") or fault.get("responded_at")
    took = ""
    if ended:
        hours = (_instant(ended) - occurred).total_seconds() / 3_600
        took = words("fault.repaired" if fault.get("resolved_at") else "fault.answered", hours=f"{hours:.1f}")
    return {
        "fault": fault["fault"],
        "title": fault["title"],
        "place": fault.get("asset") or "–",
        "severityText": words.of("severity", fault["severity"]),
        "occurred": words.moment(fault["occurred_at"]),
        "from": occurred.timestamp() * 1_000 if fault["status"] == "open" else None,
        "took": took,
        "status": fault["status"],
        "sign": FAULT_SIGNS.get(fault["status"], ""),
        "statusText": words.of("fault_status", fault["status"]),
    }


def _instant(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


PEOPLE: Final = ("满意", "satisf", "投诉", "complaint")


def _people(scene: Scene, standing: Standing, refreshes: list[Callable[[], Awaitable[None]]]) -> None:
    """What citizens say: the indicators of satisfaction and complaints."""
    words = scene.words
    columns: list[dict[str, Any]] = [
        {"key": "name", "label": words("form.third")},
        {"key": "target", "label": words("form.target")},
        {"key": "measured", "label": words("form.measured")},
        {"key": "status", "label": words("form.status")},
    ]
    with section(words("people.title"), classes="whole"):
        table = Ledger(columns, [], words("people.title"), words("people.none"))

    async def refresh() -> None:
        rows = []
        for detail in standing.score["details"]:
            named = detail["name"].lower()
            if detail["dimension"] == "satisfaction" or any(word in named for word in PEOPLE):
                row = _form_row(detail, words)
                tone = {"met": "good", "missed": "bad"}.get(row["status"], "")
                rows.append(
                    {
                        "id": row["code"],
                        "name": row["name"],
                        "target": row["target"],
                        "measured": row["measured"],
                        "status": {"text": f"{row['sign']} {row['statusText']}", "tone": tone},
                    }
                )
        table.give(rows=rows)

    refreshes.append(refresh)
    ui.timer(0.01, refresh, once=True)
