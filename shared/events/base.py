"""The envelope every event travels in, and how its bytes are made, hashed and read."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

GENESIS_HASH: Final = "0" * 64  # The predecessor named by the very first event of a log.
SEQUENCE_DIGITS: Final = 20

ProjectId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="A project's id.")]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Yuan = Annotated[
    str,
    Meta(pattern=r"^[0-9]{1,13}\.[0-9]{2}$", description="Yuan (CNY) with two decimals.", examples=["60000.00"]),
]
Figure = Annotated[
    str,
    Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,12})?$", description="An exact decimal number.", examples=["99.95"]),
]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="A SHA-256 in lower-case hex.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """
    What an event says. Each subclass is one contract; changing one is a new version of its type.

    Carries no personal data: ids, kinds, counts, amounts and times only, because a log cannot be erased.
    """

    type: ClassVar[str]  # Past tense, without version: "payment.made".
    contract_version: ClassVar[int] = 1
    source: ClassVar[str]  # The publishing service.

    project: ProjectId

    @classmethod
    def versioned_type(cls) -> str:
        """The type as it stands in the envelope: ``payment.made.v1``."""
        return f"{cls.type}.v{cls.contract_version}"


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    CloudEvents 1.0, structured JSON, with the extensions of the log.

    ``time`` is when it happened and may be backdated by its author; ``recordedtime`` is when the log took it.
    ``prevhash`` is the SHA-256 of the preceding event's bytes, so that a log is a chain.
    """

    specversion: str
    id: str
    source: str  # "/budget"
    type: str
    time: Moment
    datacontenttype: str
    dataschema: str
    partitionkey: str
    sequence: str  # Twenty digits, so that text order is number order.
    epoch: str
    partition: int
    prevhash: str
    correlationid: str
    recordedtime: Moment
    subject: str | None = None  # The project; absent where there is none.
    causationid: str | None = None
    traceparent: str | None = None
    data: msgspec.Raw

    @property
    def seq(self) -> int:
        """The event's number in its partition, from 1 without gaps."""
        return int(self.sequence)


class Received(msgspec.Struct, frozen=True, gc=False):
    """An event as a consumer holds it: what it says of itself, its number, its hash, and the very bytes."""

    envelope: Envelope
    seq: int
    hash: str
    raw: bytes


class Undecodable(Exception):
    """An event that can never be read by this version: it is parked, not retried."""


_envelope_decoder = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()


def hash_of(raw: bytes) -> str:
    """The SHA-256 of an event's bytes as published, in lower-case hex."""
    return hashlib.sha256(raw).hexdigest()


def encode_data(data: EventData) -> msgspec.Raw:
    """The JSON of an event's data, ready for its envelope."""
    return msgspec.Raw(_encoder.encode(data))


def encode(envelope: Envelope) -> bytes:
    """The bytes to publish. They are never serialized again: relay, feed and consumers hand them on as they are."""
    return _encoder.encode(envelope)


def read(raw: bytes) -> Received:
    """
    Read an envelope, leaving its data for later.

    Raises:
        Undecodable: If *raw* is not an envelope.
    """
    try:
        envelope = _envelope_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(f"not an event envelope: {error}") from error
    sequence = envelope.sequence
    if len(sequence) != SEQUENCE_DIGITS or not sequence.isdecimal():
        raise Undecodable("the sequence is not twenty digits")
    return Received(envelope, int(sequence), hash_of(raw), raw)


class Contracts:
    """The events that can be read, by versioned type."""

    def __init__(self, *events: type[EventData]) -> None:
        self.by_type: Mapping[str, type[EventData]] = {event.versioned_type(): event for event in events}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            name: msgspec.json.Decoder(event) for name, event in self.by_type.items()
        }

    def decode(self, envelope: Envelope) -> EventData:
        """
        Read what an event says, checked against its contract.

        Raises:
            Undecodable: If the type is unknown or the data breaks its contract.
        """
        decoder = self._decoders.get(envelope.type)
        if decoder is None:
            raise Undecodable(f"unknown event type {envelope.type}")
        try:
            data: EventData = decoder.decode(envelope.data)
        except msgspec.DecodeError as error:
            raise Undecodable(f"{envelope.type}: {error}") from error
        return data

    def schema(self, versioned_type: str) -> dict[str, Any] | None:
        """The JSON Schema of one event's data, or None if the type is unknown."""
        event = self.by_type.get(versioned_type)
        return None if event is None else msgspec.json.schema(event)
