"""What `watch` shows: the latest of each project, or every indicator of one, as tables."""

from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

GRADES: Final = {"excellent": "优 excellent", "good": "良 good", "fair": "中 fair", "poor": "差 poor"}
STATUS: Final = {"met": "[green]met[/]", "missed": "[red]missed[/]", "pending": "[yellow]pending[/]"}


CHANGES_SHOWN: Final = 4  # The first version moves every indicator.


@dataclass(slots=True, kw_only=True)
class Row:
    """A project as last seen."""

    version: int
    total: str
    grade: str
    is_final: bool
    changed: str = ""
    cause: str = ""


class Scoreboard:
    """The scores as the stream tells them."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def snapshot(self, scores: list[dict[str, Any]]) -> None:
        """Take everything anew."""
        self.rows = {
            score["project"]: Row(
                version=score["version"],
                total=score["total"],
                grade=score["grade"],
                is_final=score["final"],
                changed=f"{score['indicators_met']} of {score['indicators']} met",
            )
            for score in scores
        }

    def change(self, change: dict[str, Any]) -> None:
        """Take one project's new version."""
        self.rows[change["project"]] = Row(
            version=change["version"],
            total=change["total"],
            grade=change["grade"],
            is_final=change["final"],
            changed=spoken_changes(change),
            cause=spoken_cause(change),
        )

    def table(self) -> Table:
        """A row a project."""
        table = Table("project", "version", "total", "grade", "final", "changed", "cause", title="Scores")
        for project, row in sorted(self.rows.items()):
            table.add_row(
                escape(project),
                str(row.version),
                f"[bold]{escape(row.total)}[/]",
                escape(spoken_grade(row.grade)),
                "yes" if row.is_final else "no",
                escape(row.changed),
                escape(row.cause),
            )
        return table


def spoken_grade(grade: str) -> str:
    """A grade in both languages."""
    return GRADES.get(grade, grade)


def spoken_changes(change: dict[str, Any]) -> str:
    """The indicators that moved: code, measured value, score."""
    changed = change.get("changed", [])
    shown = [
        f"{each['code']} {'–' if each['measured'] is None else each['measured']} → {each['score']}"
        for each in changed[:CHANGES_SHOWN]
    ]
    more = len(changed) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def spoken_cause(change: dict[str, Any]) -> str:
    """What moved it."""
    cause = change.get("cause")
    return "time" if not cause else f"{cause['type']} ({cause['source']})"


def spoken_change(change: dict[str, Any]) -> str:
    """A change in one line."""
    final = " final" if change["final"] else ""
    changes = spoken_changes(change)
    return (
        f"{change['project']} v{change['version']}: {change['total']} {spoken_grade(change['grade'])}{final}, "
        f"by {spoken_cause(change)}" + (f": {changes}" if changes else "")
    )


def details_table(score: dict[str, Any], moved: frozenset[str]) -> RenderableType:
    """Every indicator of one project; those that just moved stand out."""
    execution = score["execution"]
    state = "final" if score["final"] else f"not final: {', '.join(score['reasons'])}"
    head = Text(
        f"{score['project']}  version {score['version']}  {score['total']} of {score['full']}  "
        f"{spoken_grade(score['grade'])}  {state}\n"
        f"execution {execution['spent']} of {execution['budget']} = {execution['rate']}, "
        f"{execution['score']} of {execution['weight']} points"
    )
    table = Table("code", "indicator", "target", "measured", "status", "score", "of")
    for row in score["details"]:
        table.add_row(
            escape(row["code"]),
            escape(row["name"]),
            escape(f"{row['target']} {row.get('unit') or ''}".strip()),
            escape("–" if row["measured"] is None else str(row["measured"])),
            STATUS.get(row["status"], escape(row["status"])),
            escape(row["score"]),
            escape(row["weight"]),
            style="bold" if row["code"] in moved else "",
        )
    return Group(head, table)
