"""The archived events, read again: each by its own hash, each where it belongs."""

import hashlib

import msgspec

from cli.verify.archived.bundle import Bundle, Damaged
from cli.verify.archived.manifest import Manifest, Tip
from cli.verify.events import Envelope, envelope_of, happening_of, project_of
from cli.verify.findings import Findings
from cli.verify.history import SOURCES, History


class Line(msgspec.Struct, frozen=True):
    """An event as a line of the archive; ``event`` is its very bytes."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str
    parked: bool
    event: msgspec.Raw


class Retelling:
    """Takes the events of an archive up into the books; `take_all` is the whole of it."""

    def __init__(self, bundle: Bundle, manifest: Manifest, findings: Findings, history: History) -> None:
        self._bundle = bundle
        self._manifest = manifest
        self._findings = findings
        self._history = history
        self._tips: dict[tuple[str, int], Tip] = {(tip.source, tip.partition): tip for tip in manifest.tips}
        self._last: dict[tuple[str, int], tuple[int, str]] = {}  # Number and hash, by source and partition.
        self._ids: set[str] = set()
        self._decoder = msgspec.json.Decoder(Line)
        self.events = 0

    def take_all(self) -> None:
        """Take every event of every source."""
        for source in SOURCES:
            name, count = f"events/{source}.ndjson", 0
            if name not in self._bundle.names:
                continue
            try:
                for count, raw in enumerate(self._bundle.lines(name), 1):
                    self._take(source, count, raw)
            except Damaged:
                continue  # Told with the member.
            self.events += count
            told = self._manifest.events.get(source, 0)
            if told != count:
                self._findings.add("events-missing", name, expected=f"{told} events", found=f"{count} events")

    def _take(self, source: str, number: int, raw: bytes) -> None:
        where = f"events/{source}.ndjson line {number}"
        try:
            line = self._decoder.decode(raw)
            envelope = envelope_of(line.event)
            project = project_of(envelope)
            seq = int(envelope.sequence)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            self._findings.add("event-unreadable", where, expected="an event", found=error)
            return
        where = f"{source} {envelope.partition} {seq}"
        self._members(line, envelope, project, source, where)
        self._place(line, envelope, where)
        if line.parked:
            self._findings.doubt("event-parked", where, expected="counted", found="set aside when it was archived")
        else:
            self._history.take(happening_of(envelope))

    def _members(self, line: Line, envelope: Envelope, project: str, source: str, where: str) -> None:
        digest = hashlib.sha256(line.event).hexdigest()
        if digest != line.hash:
            self._findings.add("hash-mismatch", where, expected=line.hash, found=digest)
        for name, expected, found in (
            ("source", f"/{source}", envelope.source),
            ("source", source, line.source),
            ("partition", line.partition, envelope.partition),
            ("epoch", line.epoch, envelope.epoch),
            ("sequence", line.seq, int(envelope.sequence)),
            ("project", self._manifest.project, project),
            ("partitionkey", self._manifest.project, envelope.partitionkey),
        ):
            if expected != found:
                self._findings.add("member-wrong", f"{where} {name}", expected=expected, found=found)
        if envelope.id in self._ids:
            self._findings.add("id-twice", where, expected="an id of its own", found=envelope.id)
        self._ids.add(envelope.id)

    def _place(self, line: Line, envelope: Envelope, where: str) -> None:
        """In its log: behind the one before it, and not behind the end that the archive names."""
        log = line.source, line.partition
        seq, digest = self._last.get(log, (0, ""))
        if line.seq <= seq:
            self._findings.add("event-out-of-order", where, expected=f"a number above {seq}", found=line.seq)
        elif line.seq == seq + 1 and seq and envelope.prevhash != digest:
            self._findings.add("hash-mismatch", where, expected=envelope.prevhash, found=digest)
        self._last[log] = line.seq, line.hash
        tip = self._tips.get(log)
        if tip is None or line.seq > tip.seq or (line.seq == tip.seq and line.hash != tip.hash):
            end = "no end of this log" if tip is None else f"{tip.seq} {tip.hash}"
            self._findings.add("tip-mismatch", where, expected=end, found=f"{line.seq} {line.hash}")
