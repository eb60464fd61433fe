"""One partition of one log: gapless, each event naming the hash of the very bytes before it."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from cli.verify.events import Envelope, Happening, envelope_of, happening_of, project_of
from cli.verify.findings import Findings

GENESIS: Final = "0" * 64  # The predecessor that the first event names.
_SEQUENCE = re.compile(r"[0-9]{20}")
_TYPE = re.compile(r"[a-z]+(\.[a-z_]+)+\.v1")

Take = Callable[[Happening], None]


class Chain:
    """
    Checks a partition while it is read, page by page, and hands each event on.

    Holds the last hash, the ids, and what was expected of places not reached yet; never the events themselves.
    """

    def __init__(self, source: str, partition: int, findings: Findings, take: Take) -> None:
        self.source = source
        self.partition = partition
        self.seq = 0
        self.hash = GENESIS
        self.events = 0
        self.bytes = 0
        self.epochs: list[str] = []
        self._findings = findings
        self._take = take
        self._ids: set[str] = set()
        self._recorded: datetime | None = None
        self._expected: dict[int, list[tuple[str, str]]] = {}

    def where(self, seq: int) -> str:
        """The place of an event as findings name it."""
        return f"{self.source} {self.partition} {seq}"

    def expect(self, code: str, seq: int, digest: str) -> None:
        """Let the event numbered *seq* have the hash *digest*, else that is found as *code*."""
        if seq == self.seq:
            self._compare(code, seq, digest, self.hash)
        elif seq < self.seq:
            self._findings.add(code, self.where(seq), expected=f"{seq} {digest}", found=f"{self.seq} {self.hash}")
        else:
            self._expected.setdefault(seq, []).append((code, digest))

    def unmet(self) -> None:
        """Nothing more comes: what is still expected is not there."""
        for seq, expectations in sorted(self._expected.items()):
            for code, digest in expectations:
                found = f"the feed ends at {self.seq}"
                self._findings.add(code, self.where(seq), expected=digest, found=found)
        self._expected.clear()

    def page(self, body: bytes) -> bool:
        """
        Take a page; False if the feed has nothing that follows.

        Raises:
            msgspec.DecodeError: If the page is no array of JSON values.
        """
        before = self.seq
        for raw in msgspec.json.decode(body, type=list[msgspec.Raw]):
            self._event(bytes(raw))
        return self.seq > before

    def _event(self, raw: bytes) -> None:
        digest = hashlib.sha256(raw).hexdigest()
        self.events += 1
        self.bytes += len(raw)
        try:
            envelope = envelope_of(raw)
            project = project_of(envelope)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._findings.add("event-unreadable", self.where(self.seq + 1), expected="an event", found=error)
            self._move(self.seq + 1, digest)
            return
        seq = int(envelope.sequence) if _SEQUENCE.fullmatch(envelope.sequence) else None
        self._link(envelope, seq)
        self._members(envelope, project)
        self._move(self.seq + 1 if seq is None else seq, digest)
        if _TYPE.fullmatch(envelope.type) and seq is not None:
            self._take(happening_of(envelope))
        else:
            self._findings.unverified("event-type-unknown", self.where(self.seq), found=envelope.type)

    def _link(self, envelope: Envelope, seq: int | None) -> None:
        if seq != self.seq + 1:
            expected = f"{self.seq + 1:020d}"
            self._findings.add("sequence-gap", self.where(self.seq + 1), expected=expected, found=envelope.sequence)
        elif envelope.prevhash != self.hash:
            # The successor says what the event's bytes were when it was written.
            self._findings.add("hash-mismatch", self.where(self.seq), expected=envelope.prevhash, found=self.hash)

    def _move(self, seq: int, digest: str) -> None:
        self.seq, self.hash = seq, digest
        for code, expected in self._expected.pop(seq, ()):
            self._compare(code, seq, expected, digest)

    def _compare(self, code: str, seq: int, expected: str, found: str) -> None:
        if expected != found:
            self._findings.add(code, self.where(seq), expected=expected, found=found)

    def _members(self, envelope: Envelope, project: str) -> None:
        where = self.where(self.seq + 1)
        for name, expected, found in (
            ("specversion", "1.0", envelope.specversion),
            ("source", f"/{self.source}", envelope.source),
            ("partition", self.partition, envelope.partition),
            ("subject", project, envelope.subject),
            ("partitionkey", project, envelope.partitionkey),
        ):
            if expected != found:
                self._findings.add("member-wrong", f"{where} {name}", expected=expected, found=found)
        if envelope.id in self._ids:
            self._findings.add("id-twice", where, expected="an id of its own", found=envelope.id)
        self._ids.add(envelope.id)
        self._epoch(envelope.epoch, where)
        if self._recorded is not None and envelope.recordedtime < self._recorded:
            found_time, before = envelope.recordedtime.isoformat(), self._recorded.isoformat()
            self._findings.doubt("recorded-earlier", where, expected=f"not before {before}", found=found_time)
        self._recorded = envelope.recordedtime

    def _epoch(self, epoch: str, where: str) -> None:
        if self.epochs and self.epochs[-1] == epoch:
            return
        if epoch in self.epochs:
            self._findings.add("epoch-again", where, expected=self.epochs[-1], found=epoch)
        self.epochs.append(epoch)
