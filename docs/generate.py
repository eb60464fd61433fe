"""
Writes the pages that follow from the code: ``make fix`` writes them, ``make check`` finds a stale one.

    python docs/generate.py            write every generated page
    python docs/generate.py --check    fail if one is stale
"""  # noqa: INP001  # Pages live here, no package; the generator belongs beside what it writes.

import ast
import inspect
import re
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pypinyin import lazy_pinyin

from services.evaluation import catalogue
from services.evaluation.rules.measures import MEASURES, Measure
from shared import events
from shared.events import base

ROOT: Final = Path(__file__).parents[1]
SERVICES: Final = ROOT / "services"

Struct = type[msgspec.Struct]

SHAPES: Final = {
    "id": "1 to 64 characters of `A-Za-z0-9._-`",
    "project id": "the same; names a project",
    "yuan": 'text: CNY with exactly two decimals, as `"60000.00"`',
    "figure": 'text: an exact decimal number, as `"99.95"`',
    "SHA-256": "text: 64 lower-case hex digits",
    "moment": "text: RFC 3339 with an offset, as `2018-12-12T10:00:00+08:00`",
    "date": "text: `YYYY-MM-DD`, a day in the project's time zone",
}
NAMED: Final[list[tuple[Any, str]]] = [
    (base.Id, "id"),
    (base.ProjectId, "project id"),
    (base.Yuan, "yuan"),
    (base.Figure, "figure"),
    (base.Moment, "moment"),
    (base.Sha256, "SHA-256"),
    (date, "date"),
    (str, "text"),
    (int, "whole number"),
    (bool, "`true` or `false`"),
    (type(None), "null"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the docstring of a service says it publishes and consumes, and the sources it names in CONSUMES."""

    service: str
    sections: Mapping[str, str]  # "Owns", "Publishes", "Consumes", "Never"
    sources: tuple[str, ...]

    def types(self, section: str) -> list[str]:
        """The event types named in a section, in order."""
        return re.findall(r"\b[a-z]+\.[a-z]+\b", self.sections.get(section, ""))

    def consumes(self, event: type[base.EventData]) -> bool:
        """Whether the service reads *event*: the card names it, or names no event of that source alone."""
        if event.source not in self.sources:
            return False
        published = {each.type for each in events.PUBLISHERS[event.source]}
        named = published & set(self.types("Consumes"))
        return event.type in named if named else True


def cards(services: Path = SERVICES) -> list[Card]:
    """The cards of all services, read without importing them."""
    return [_card(path) for path in sorted(services.glob("*/__init__.py"))]


def _card(path: Path) -> Card:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    text = ast.get_docstring(tree) or ""
    said = re.findall(r"^(\w+): (.+(?:\n(?!\w+: ).+)*)", text, re.MULTILINE)
    sections = {name: " ".join(words.split()) for name, words in said}
    consumes = [node for node in tree.body if ast.unparse(node).startswith("CONSUMES")]
    sources = [source for node in consumes for source in ast.literal_eval(ast.unparse(node).partition("=")[2].strip())]
    return Card(service=path.parent.name, sections=sections, sources=tuple(sources))


def events_page() -> str:
    """docs/events.md: every event, from its contract."""
    return "\n".join(_events_lines()) + "\n"


def _events_lines() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "<!-- Generated from shared/events by docs/generate.py: change the contracts, then `make fix`. -->"
    yield ""
    yield "What each service publishes. An event is one CloudEvents 1.0 envelope in JSON; the tables below show its"
    yield "`data`. The JSON Schema of a type is served under `/schemas/{type}`. A contract once published is never"
    yield "changed: another shape is another version. How events travel: [architecture.md](architecture.md)."
    yield ""
    yield from _table(("Shape", "Is"), SHAPES.items())
    yield ""
    yield from _table(("Event", "Published by", "Consumed by"), _overview())
    for publisher, published in events.PUBLISHERS.items():
        module = sys.modules[published[0].__module__]
        yield from ("", f"## {publisher}", "", _prose(module))
        for event in published:
            yield from ("", f"### {event.versioned_type()}", "", _prose(event), "")
            yield from _fields(event)
        for part in _parts(published):
            yield from ("", f"### {part.__name__}", "", _prose(part), "")
            yield from _fields(part)


def _overview() -> Iterator[tuple[str, str, str]]:
    services = cards()
    for name, event in events.ALL.by_type.items():
        readers = ", ".join(card.service for card in services if card.consumes(event))
        yield f"[{name}](#{name.replace('.', '')})", event.source, readers or "–"


def _prose(thing: object) -> str:
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _fields(struct: Struct) -> Iterator[str]:
    said = _comments(struct)
    rows = (
        (f"`{field.encode_name}`", shape(field.type), "yes" if field.required else "no", _said(field, said))
        for field in msgspec.structs.fields(struct)
    )
    yield from _table(("Field", "Shape", "Required", "Meaning"), rows)


def _said(field: Any, comments: Mapping[str, str]) -> str:
    if field.type == base.ProjectId:
        return "The project it belongs to."
    return comments.get(field.name, "")


def _comments(struct: Struct) -> dict[str, str]:
    """The comment at the end of each field's line, by the field's name."""
    source = inspect.getsource(struct)
    lines = source.splitlines()
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        node.target.id: comment.strip()
        for node in body.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if (comment := lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset or 0 :].partition("#")[2])
    }


def _parts(published: tuple[type[base.EventData], ...]) -> list[Struct]:
    """The structs inside events, each once, in the order of their first use."""
    return list(dict.fromkeys(part for event in published for part in _inside(event)))


def _inside(struct: Struct) -> Iterator[Struct]:
    for field in msgspec.structs.fields(struct):
        for part in _structs(field.type):
            yield part
            yield from _inside(part)


def _structs(kind: Any) -> Iterator[Struct]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in get_args(kind):
        yield from _structs(argument)


def shape(kind: Any) -> str:
    """
    A field's type in words.

    Raises:
        LookupError: If there are no words for it yet.
    """
    for known, name in NAMED:
        if kind == known:
            return name
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return _composed(get_origin(kind), get_args(kind))


def _composed(origin: Any, arguments: tuple[Any, ...]) -> str:
    if origin is Annotated:
        return shape(arguments[0]) + _bounds(arguments[1:])
    if origin is Literal:
        return _either([f"`{value}`" for value in arguments])
    inner = [shape(each) for each in arguments if each is not ...]
    if origin in (Union, types.UnionType):
        return _either(inner)
    if origin is tuple:
        return f"list of {inner[0]}" if ... in arguments else f"[{', '.join(inner)}]"
    if origin is dict:
        return f"object of {inner[1]}"
    raise LookupError(f"docs/generate.py has no words for {origin} of {inner}")


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _bounds(metas: tuple[Any, ...]) -> str:
    ends = [(sign, end) for meta in metas for sign, end in (("≥", meta.ge), ("≤", meta.le)) if end is not None]
    return "".join(f", {sign} {end:,}" for sign, end in ends)


def _table(head: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def spellings() -> str:
    """The catalogue's pinyin.toml: how each Chinese name and synonym is spelt, a syllable a word."""
    phrases = [phrase for entry in catalogue.read_all() for phrase in (entry.name, *entry.synonyms)]
    rows = [f'"{phrase}" = "{" ".join(lazy_pinyin(phrase))}"' for phrase in phrases]
    head = (
        "# Generated from the names and synonyms of the indicators by docs/generate.py: change those, then `make fix`."
    )
    return "\n".join([head, "", *rows]) + "\n"


def indicators_page() -> str:
    """docs/indicators.md: what indicators can be measured by, from the measures' own words."""
    return "\n".join(_indicators_lines()) + "\n"


def _indicators_lines() -> Iterator[str]:
    yield "# What indicators are measured by"
    yield ""
    yield "<!-- Generated from the measures of evaluation by docs/generate.py: change them, then `make fix`. -->"
    yield ""
    yield "An indicator of a plan names a measure in `measure` and its arguments in `with`. Each is a pure function of"
    yield "what happened in the project's window up to a moment. *Pending* is a measure without anything to measure:"
    yield "it scores 0.00 for the time being. *Vacuously met* is one that had nothing to count in the whole window: it"
    yield "earns its full weight and says why."
    yield ""
    yield from _table(("Measure", "Arguments", "Measures"), map(_measure_row, MEASURES.values()))
    for measure in MEASURES.values():
        yield from ("", f"## {measure.name}", "")
        yield from _measure_lines(measure)


def _measure_row(measure: Measure) -> tuple[str, str, str]:
    said = (inspect.getdoc(measure.find) or "").split("\n\n")[0]
    return f"[{measure.name}](#{measure.name})", _arguments(measure), " ".join(said.split())


def _measure_lines(measure: Measure) -> Iterator[str]:
    *words, labelled = (inspect.getdoc(measure.find) or "").split("\n\n")
    for paragraph in words:
        yield from (" ".join(paragraph.split()), "")
    points = re.findall(r"^(\w+): (.+(?:\n(?!\w+: ).+)*)", labelled, re.MULTILINE)
    rows = [("Arguments", _arguments(measure))] if measure.needed | measure.optional else []
    rows += [(label, " ".join(text.split())) for label, text in points]
    yield from _table(("", ""), rows)


def _arguments(measure: Measure) -> str:
    names = [f"`{name}`" for name in sorted(measure.needed)]
    names += [f"`{name}` (optional)" for name in sorted(measure.optional)]
    if measure.statistics:
        names.append(f"statistics: {', '.join(f'`{name}`' for name in sorted(measure.statistics))}")
    return "; ".join(names) or "–"


PAGES: Final = {
    ROOT / "docs" / "events.md": events_page,
    SERVICES / "evaluation" / "catalogue" / "pinyin.toml": spellings,
    ROOT / "docs" / "indicators.md": indicators_page,
}


def stale() -> list[Path]:
    """The generated pages that differ from what would be written now."""
    return [path for path, page in PAGES.items() if not path.is_file() or path.read_text(encoding="utf-8") != page()]


def main() -> None:
    """Write the pages, or with --check fail if one is stale."""
    old = stale()
    names = ", ".join(str(path.relative_to(ROOT)) for path in old)
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale: {names}; run make fix" if old else 0)
    for path in old:
        path.write_text(PAGES[path](), encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201  # A command prints.


if __name__ == "__main__":
    main()
