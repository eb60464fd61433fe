"""Reading a platform from outside, with an auditor's token: feeds page by page, lists, and single answers."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

from cli.client import Call, Platform, Refused
from cli.errors import CommandError
from cli.verify.chain import Chain, Take
from cli.verify.findings import Findings
from cli.verify.tips import Tip

PAGE: Final = 1_000  # Events or items an answer.
ROLE: Final = "auditor"
CLOCK_MARGIN: Final = timedelta(seconds=1)  # A `Date` header counts whole seconds.


class Reader:
    """The answers of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.calls = 0
        self.answered_at: datetime | None = None  # By the clock of whoever answered last, to the second.

    def respond(self, service: str, path: str, **query: object) -> httpx.Response:
        """
        The answer to a GET.

        Raises:
            CommandError: If there is none for good.
        """
        words = f"?{urlencode(query)}" if query else ""
        self.calls += 1
        response = self._platform.respond(Call(service=service, method="GET", path=path + words, role=ROLE))
        self.answered_at = _moment(response.headers.get("date"))
        return response

    def get(self, service: str, path: str, **query: object) -> Any:
        """
        The JSON of an answer.

        Raises:
            CommandError: If there is none, or it is not JSON.
        """
        response = self.respond(service, path, **query)
        try:
            return msgspec.json.decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CommandError(f"{service} answered GET {path} with something that is not JSON: {error}") from error

    def find(self, service: str, path: str, **query: object) -> Any:
        """As `get`; None where there is no such thing."""
        try:
            return self.get(service, path, **query)
        except Refused as refusal:
            if refusal.status == httpx.codes.NOT_FOUND:
                return None
            raise

    def readiness(self, service: str) -> dict[str, str]:
        """What a service says of its parts; nothing where it does not say. Asked once: not ready is an answer."""
        try:
            answer = self._platform.http.get(self._platform.addresses.of(service) + "/readyz").json()
        except (httpx.HTTPError, ValueError):
            return {}
        checks = answer.get("checks") if isinstance(answer, dict) else None
        return {str(name): str(state) for name, state in checks.items()} if isinstance(checks, dict) else {}

    def items(self, service: str, path: str) -> Iterator[dict[str, Any]]:
        """
        Every item of a list, page by page.

        Raises:
            CommandError: If a page cannot be read.
        """
        cursor: dict[str, object] = {}
        while True:
            page = self.get(service, path, limit=PAGE, **cursor)
            try:
                yield from page["items"]
                following = page["next"]
            except (TypeError, KeyError) as error:
                raise CommandError(f"{service} answered GET {path} with something that is no page") from error
            if following is None:
                return
            cursor = {"cursor": following}


def segment(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")


class Feeds:
    """The feeds of the sources, read on whenever asked."""

    def __init__(self, reader: Reader, sources: Iterable[str], findings: Findings, take: Take) -> None:
        self._reader = reader
        self._findings = findings
        self._take = take
        self._chains: dict[str, list[Chain]] = {source: [] for source in sources}
        self._epochs: dict[str, str] = {}

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that are read."""
        return tuple(self._chains)

    @property
    def chains(self) -> list[Chain]:
        """Every partition that is read."""
        return [chain for chains in self._chains.values() for chain in chains]

    def open(self, tips: Iterable[Tip]) -> datetime:
        """
        Learn which partitions there are, let *tips* hold, and read everything.

        Returns:
            A moment before the reading began by every clock concerned: this one, and each service's.

        Raises:
            CommandError: If a feed cannot be read.
        """
        moments = [datetime.now(UTC)]
        for source, chains in self._chains.items():
            chains += [Chain(source, end["partition"], self._findings, self._take) for end in self._head(source)]
            if self._reader.answered_at is not None:
                moments.append(self._reader.answered_at)
        for tip in tips:
            self._remember(tip)
        self.catch_up()
        return min(moments) - CLOCK_MARGIN

    def catch_up(self, *sources: str) -> None:
        """
        Read on to where the logs of *sources*, or of all, end now, and hold that against what their heads say.

        Raises:
            CommandError: If a feed cannot be read.
        """
        for source in sources or self._chains:
            ends = {end["partition"]: end for end in self._head(source)}
            for chain in self._chains[source]:
                end = ends.get(chain.partition)
                if end is None:
                    self._findings.add("head-mismatch", chain.where(chain.seq), expected=chain.hash, found=None)
                    continue
                chain.expect("head-mismatch", end["seq"], end["hash"])
                self._read(chain, end["seq"])
                chain.unmet()
                if self._epochs[source] in chain.epochs[:-1]:
                    where = f"{source} {chain.partition} epoch"
                    self._findings.add("epoch-again", where, expected=chain.epochs[-1], found=self._epochs[source])

    def mark(self) -> tuple[int, ...]:
        """How far every feed is read."""
        return tuple(chain.seq for chain in self.chains)

    def tips(self) -> list[Tip]:
        """Where the logs ended when they were read last."""
        return [
            Tip(
                source=chain.source,
                partition=chain.partition,
                epoch=self._epochs[chain.source],
                seq=chain.seq,
                hash=chain.hash,
            )
            for chain in self.chains
        ]

    def _head(self, source: str) -> list[dict[str, Any]]:
        """The ends of a source's partitions."""
        answer = self._reader.get(source, "/events/head")
        try:
            self._epochs[source] = str(answer["epoch"])
            return [
                {"partition": int(end["partition"]), "seq": int(end["seq"]), "hash": str(end["hash"])}
                for end in answer["partitions"]
            ]
        except (TypeError, KeyError, ValueError) as error:
            raise CommandError(f"{source} answered GET /events/head with something that is no head") from error

    def _read(self, chain: Chain, until: int) -> None:
        while chain.seq < until:
            page = self._reader.respond(
                chain.source, "/events", partition=chain.partition, after=chain.seq, limit=PAGE
            ).content
            try:
                if not chain.page(page):
                    return  # Fewer than the head says: the chain tells.
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise CommandError(f"{chain.source} answered GET /events with something that is no feed") from error

    def _remember(self, tip: Tip) -> None:
        for chain in self._chains.get(tip.source, ()):
            if chain.partition == tip.partition:
                chain.expect("tip-mismatch", tip.seq, tip.hash)
                return
        if tip.source in self._chains:
            where = f"{tip.source} {tip.partition} {tip.seq}"
            self._findings.add("tip-mismatch", where, expected=tip.hash, found="there is no such partition")


def _moment(header: str | None) -> datetime | None:
    try:
        found = None if header is None else parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
