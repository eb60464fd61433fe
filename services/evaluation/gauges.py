"""Scores as gauges for Prometheus: bounded, because every series costs each scrape and the monitoring's memory."""

from typing import Final

import msgspec
from prometheus_client import Counter, Gauge
from sqlmodel import Session

from services.evaluation import store
from shared.database import Database
from shared.events.evaluation import ScoreUpdated

PROJECTS_MAX: Final = 500  # Of which gauges are kept; a county has some two hundred.
INDICATORS_MAX: Final = 5_000

project_score = Gauge("scorebus_project_score", "Total of a project, in points", ["project"])
indicator_score = Gauge("scorebus_indicator_score", "Score of an indicator, in points", ["project", "code"])
# Projects or indicators beyond the limits above: they are scored as the others, but not shown as gauges.
gauges_left_out = Counter("scorebus_score_gauges_left_out", "Changes of scores that have no gauge")


class Gauges:
    """Keeps the gauges in step with the scores."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._projects: set[str] = set()
        self._indicators: set[tuple[str, str]] = set()

    async def open(self) -> None:
        """Begin with the latest version of every score."""
        for project, total, scores in await self._database.read(_latest):
            self._show(project, total, scores)

    async def show(self, update: ScoreUpdated) -> None:
        """Show a new version; after a new plan, without the indicators that it no longer has."""
        if update.cause is not None and update.cause.type == "plan.adopted":
            await self._forget_indicators(update.project)
        self._show(update.project, update.total, {each.code: each.score for each in update.changed})

    async def _forget_indicators(self, project: str) -> None:
        row = await self._database.read(lambda session: store.score(session, project))
        codes = set() if row is None else set(_scores(row.document))
        for gone in {(name, code) for name, code in self._indicators if name == project and code not in codes}:
            self._indicators.discard(gone)
            indicator_score.remove(*gone)

    def _show(self, project: str, total: str, scores: dict[str, str]) -> None:
        if project not in self._projects:
            if len(self._projects) >= PROJECTS_MAX:
                gauges_left_out.inc()
                return
            self._projects.add(project)
        project_score.labels(project).set(float(total))
        for code, score in scores.items():
            if (project, code) not in self._indicators:
                if len(self._indicators) >= INDICATORS_MAX:
                    gauges_left_out.inc()
                    continue
                self._indicators.add((project, code))
            indicator_score.labels(project, code).set(float(score))


def _latest(session: Session) -> list[tuple[str, str, dict[str, str]]]:
    rows = store.scores(session, projects=None, limit=PROJECTS_MAX + 1)
    return [(row.project, row.total, _scores(row.document)) for row in rows]


def _scores(document: bytes) -> dict[str, str]:
    return {detail["code"]: detail["score"] for detail in msgspec.json.decode(document)["details"]}
