"""The pages say what is so: generated ones are fresh, links lead somewhere, commands exist."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from shared.events import PUBLISHERS

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FIRST_SCREEN_LINES = 40

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def the_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module  # Dataclasses look their module up.
    spec.loader.exec_module(module)
    return module


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_generated_pages_are_fresh() -> None:
    stale = [relative(path) for path in the_generator().stale()]

    assert not stale, "run make fix"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        place, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / place) if place else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)

    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert named <= targets


def test_the_first_screen_of_the_readme_fits_a_screen() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    headings = [number for number, line in enumerate(lines) if line.startswith("#")]

    first, second = headings[:2]

    assert first == 0
    assert second <= FIRST_SCREEN_LINES


def test_no_two_decisions_have_one_number() -> None:
    numbers = [path.name[:4] for path in DECISIONS]

    assert all(number.isdecimal() for number in numbers)
    assert len(set(numbers)) == len(DECISIONS)


@pytest.mark.parametrize("decision", DECISIONS, ids=relative)
def test_a_decision_says_status_context_decision_and_consequences(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")

    assert text.startswith(f"# {decision.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]
    assert re.search(r"^## Status\n\n(Accepted|Superseded by|Withdrawn)", text, re.MULTILINE)


def test_every_service_has_a_card() -> None:
    services = {path.parent.name for path in (ROOT / "services").glob("*/app.py")}

    cards = {card.service: set(card.sections) for card in the_generator().cards()}

    assert services <= set(cards)
    assert all({"Owns", "Publishes", "Consumes", "Never"} <= cards[service] for service in services)


def test_the_card_of_a_service_names_what_it_really_publishes() -> None:
    for card in the_generator().cards():
        published = [event.type for event in PUBLISHERS.get(card.service, ())]

        assert set(card.types("Publishes")) == set(published), card.service


def test_the_card_of_a_service_consumes_events_that_somebody_else_publishes() -> None:
    sources = {event.type: event.source for events in PUBLISHERS.values() for event in events}

    for card in the_generator().cards():
        named = card.types("Consumes")

        assert {sources.get(name) for name in named} <= set(card.sources), card.service
        assert set(card.sources) <= set(PUBLISHERS) - {card.service}, card.service
