"""The bus: how far every consumer is behind every source, and who is well."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

from nicegui import ui
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from services.console.components import Ledger
from services.console.frame import Scene, appearance_of, framed, heading, scene_of, section
from services.console.pages.parked import Parked
from services.console.pages.verifying import Verification
from services.console.parts import Parts
from services.console.sources import SERVICES, Refused
from services.console.words import Words

EACH_SECONDS: Final = 3.0
COUNTED: Final = {
    "scorebus_events_duplicate": "duplicate",
    "scorebus_events_refused": "refused",
    "scorebus_parked_events": "parked",
    "scorebus_events_pulled": "pulled",
    "scorebus_pulls_failed": "failed_pulls",
}
PLACED: Final = {
    "scorebus_watermark_sequence": "watermark",
    "scorebus_source_diverged": "diverged",
}


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/bus", response_timeout=20)
    async def bus(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        if not scene.visitor.may("events:read"):
            with framed(scene, words("problem.forbidden"), appearance_of(request)):
                heading(words("problem.forbidden"), 1)
            return
        with framed(scene, words("bus.title"), appearance_of(request)):
            heading(words("bus.title"), 1)
            await _Bus(scene).open()


class _Bus:
    """Two tables that are looked at anew every few seconds while the page is open."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def open(self) -> None:
        """Show them."""
        words = self._scene.words
        with section(words("bus.links"), classes="whole"):
            self._links = Ledger(_link_columns(words), [], words("bus.links"), words("bus.none"))
        with section(words("bus.sources"), classes="whole"):
            self._sources = Ledger(_source_columns(words), [], words("bus.sources"), words("bus.none"))
        with section(words("bus.console"), classes="whole"):
            self._own = ui.label()
        await Parked(self._scene).show()
        Verification(self._scene)
        await self._look()
        ui.timer(EACH_SECONDS, self._look, immediate=False)

    async def _look(self) -> None:
        scene, words, board = self._scene, self._scene.words, self._scene.parts.board
        if scene.visitor.is_over:
            return
        heads = dict(await asyncio.gather(*(self._head(service) for service in SERVICES)))
        states = await asyncio.gather(*(self._state(service) for service in SERVICES))
        self._sources.give(
            rows=[
                _source_row(service, heads[service], *state, words)
                for service, state in zip(SERVICES, states, strict=True)
            ]
        )
        links: list[dict[str, Any]] = []
        for service in SERVICES:
            links += _links_of(await self._metrics(service), heads, words)
        self._links.give(rows=links)
        since = words.clock(board.since)
        state = words("bus.connected" if board.is_connected else "bus.disconnected", since=since)
        self._own.set_text(f"{state} {words('bus.breaks', count=board.breaks)}")

    async def _head(self, service: str) -> tuple[str, dict[str, Any] | None]:
        try:
            return service, await self._scene.get(service, "/events/head")
        except Refused:
            return service, None

    async def _state(self, service: str) -> tuple[bool, list[str]]:
        try:
            status, text = await self._scene.parts.platform.text(service, "/readyz")
            checks = json.loads(text).get("checks", {})
        except (Refused, ValueError, AttributeError):
            return False, []
        return status == 200, [name for name, state in checks.items() if state != "ok"]  # noqa: PLR2004

    async def _metrics(self, service: str) -> str:
        try:
            return (await self._scene.parts.platform.text(service, "/metrics"))[1]
        except Refused:
            return ""


def _link_columns(words: Words) -> list[dict[str, Any]]:
    names = ("link", "head", "watermark", "lag", "state", "duplicate", "pulled", "failed_pulls", "refused", "parked")
    numbers = {"head", "watermark", "lag", "duplicate", "pulled", "failed_pulls", "refused", "parked"}
    return [{"key": name, "label": words(f"bus.{name}"), "number": name in numbers} for name in names]


def _source_columns(words: Words) -> list[dict[str, Any]]:
    return [
        {"key": "source", "label": words("bus.source")},
        {"key": "state", "label": words("bus.state")},
        {"key": "head", "label": words("bus.head"), "number": True},
        {"key": "hash", "label": words("arithmetic.hash"), "code": True},
        {"key": "epoch", "label": words("bus.epoch"), "code": True},
    ]


def _source_row(
    service: str, head: dict[str, Any] | None, is_ready: bool, wrong: list[str], words: Words
) -> dict[str, Any]:
    partition = head["partitions"][0] if head and head["partitions"] else {}
    text = words("bus.ready") if is_ready else words("bus.unready", wrong=", ".join(wrong) or words("bus.silent"))
    return {
        "id": service,
        "source": words.of("service", service),
        "state": {"text": f"{'✓' if is_ready else '✗'} {text}", "tone": "good" if is_ready else "bad"},
        "head": str(partition.get("seq", "–")),
        "hash": str(partition.get("hash", "–")),
        "epoch": str(head["epoch"]) if head else "–",
    }


def _links_of(metrics: str, heads: dict[str, Any], words: Words) -> Iterator[dict[str, Any]]:
    """A row for each consumer and source that *metrics* tell of."""
    links: dict[tuple[str, str], dict[str, int]] = {}
    for family in text_string_to_metric_families(metrics):
        name = PLACED.get(family.name) or COUNTED.get(family.name)
        for sample in family.samples if name else ():
            if not sample.name.endswith("_created"):
                link = links.setdefault((sample.labels["consumer"], sample.labels["source"]), {})
                link[name or ""] = link.get(name or "", 0) + int(sample.value)
    for (consumer, source), figures in sorted(links.items()):
        yield _link_row(consumer, source, figures, heads.get(source), words)


def _link_row(
    consumer: str, source: str, figures: dict[str, int], head: dict[str, Any] | None, words: Words
) -> dict[str, Any]:
    seq = sum(int(partition["seq"]) for partition in head["partitions"]) if head else None
    watermark = figures.get("watermark", 0)
    lag = None if seq is None else max(0, seq - watermark)
    state, tone = ("✓ " + words("bus.level"), "good") if lag == 0 else ("→ " + words("bus.behind"), "")
    if figures.get("diverged"):
        state, tone = "✗ " + words("bus.diverged"), "bad"
    return {
        "id": f"{source}-{consumer}",
        "link": f"{words.of('service', source)} → {words.of('service', consumer)}",
        "head": "–" if seq is None else str(seq),
        "watermark": str(watermark),
        "lag": "–" if lag is None else str(lag),
        "state": {"text": state, "tone": tone},
    } | {name: str(figures.get(name, 0)) for name in COUNTED.values()}
