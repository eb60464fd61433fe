"""An event as it stands in a feed, read by nothing but a JSON scanner."""

import sys
from datetime import datetime
from typing import Any, NamedTuple

import msgspec


class Envelope(msgspec.Struct, frozen=True):
    """What verification needs of an envelope; whatever else stands in it is hashed, not read."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    partitionkey: str
    sequence: str
    epoch: str
    partition: int
    prevhash: str
    recordedtime: datetime
    data: msgspec.Raw
    subject: str | None = None


class _Subject(msgspec.Struct, frozen=True):
    project: str


class Happening(NamedTuple):
    """An event as it is kept: small, its data still the bytes."""

    source: str
    seq: int
    type: str  # Without version.
    time: datetime
    recorded: datetime
    project: str
    raw: bytes

    def told(self) -> "Told":
        """The event with its data read."""
        return Told(self.source, self.seq, self.type, self.time, self.recorded, msgspec.json.decode(self.raw))


class Told(NamedTuple):
    """An event with what it says."""

    source: str
    seq: int
    type: str
    time: datetime
    recorded: datetime
    says: dict[str, Any]


_envelopes = msgspec.json.Decoder(Envelope)
_subjects = msgspec.json.Decoder(_Subject)


def envelope_of(raw: bytes) -> Envelope:
    """
    Read the envelope.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: If there is none.
    """
    return _envelopes.decode(raw)


def project_of(envelope: Envelope) -> str:
    """
    The project that the data speak of.

    Raises:
        msgspec.DecodeError: If they name none.
    """
    return _subjects.decode(envelope.data).project


def happening_of(envelope: Envelope) -> Happening:
    """The event to keep."""
    name, _, _ = envelope.type.rpartition(".v")
    return Happening(
        source=sys.intern(envelope.source.removeprefix("/")),
        seq=int(envelope.sequence),
        type=sys.intern(name),
        time=envelope.time,
        recorded=envelope.recordedtime,
        project=sys.intern(envelope.partitionkey),
        raw=bytes(envelope.data),
    )
