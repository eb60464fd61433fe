"""The parts of pages that move: each a small Vue component that shows what it is given, as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

Row = Mapping[str, Any]


class Shown(Element):
    """A component that is given values; giving the same again sends nothing."""

    def give(self, **values: Any) -> None:
        """Show *values*."""
        changed = {name: value for name, value in values.items() if self._props.get(name) != value}
        if changed:
            self._props.update(changed)
            self.update()


class Projects(Shown, component="projects.js"):
    """All projects as rows, on a phone as cards; finds, filters and sorts in the browser."""

    def __init__(self, rows: Sequence[Row], words: Mapping[str, str], *, is_wall: bool = False) -> None:
        super().__init__()
        self._props["rows"] = list(rows)
        self._props["words"] = dict(words)
        self._props["wall"] = is_wall


class ScoreTable(Shown, component="score_table.js"):
    """The self-evaluation table. A row's button asks for its arithmetic."""

    def __init__(self, rows: Sequence[Row], words: Mapping[str, str]) -> None:
        super().__init__()
        self._props["rows"] = list(rows)
        self._props["words"] = dict(words)

    def on_open(self, handler: Any) -> None:
        """Call *handler* with the code of the row that was chosen."""

        async def chosen(event: GenericEventArguments) -> None:
            await handler(str(event.args))

        self.on("open", chosen)


class Gauge(Shown, component="gauge.js"):
    """The total against the full score, with grade and words for those who do not see it."""


class Faults(Shown, component="faults.js"):
    """Faults, the open ones with a clock that runs against the target."""


class Ledger(Shown, component="ledger.js"):
    """A plain table: columns with a label, rows with a text for each."""

    def __init__(self, columns: Sequence[Row], rows: Sequence[Row], caption: str, empty: str = "") -> None:
        super().__init__()
        self._props["columns"] = list(columns)
        self._props["rows"] = list(rows)
        self._props["caption"] = caption
        self._props["empty"] = empty


class Drop(ui.upload, component="drop.js"):
    """A place to drop a file on, or to choose one with; *on_upload* is called with it."""

    def __init__(
        self, label: str, hint: str, words: Mapping[str, str], *, kinds: str, bytes_max: int, on_upload: Any
    ) -> None:
        super().__init__(label=label, max_file_size=bytes_max, on_upload=on_upload)
        self._props |= {"hint": hint, "accept": kinds, "words": dict(words)}
