"""The event contracts: what is written can be read by a stranger, and what breaks a contract is not read at all."""

import hashlib
import json
import re
from datetime import UTC, datetime

import msgspec
import pytest

from shared.events import ALL, PUBLISHERS
from shared.events.base import Envelope, EventData, Undecodable, encode, encode_data, read
from shared.events.budget import PaymentMade

NOW = datetime(2018, 12, 12, 2, tzinfo=UTC)
PERSONAL = re.compile(
    r"(person|phone|responder|inspector|approved_by|rated_by|payee|title_of|reason|remark|cause_text)"
)


def an_envelope(data: EventData, **changes: object) -> bytes:
    fields = {
        "specversion": "1.0",
        "id": "e1",
        "source": f"/{data.source}",
        "type": data.versioned_type(),
        "subject": data.project,
        "time": NOW,
        "datacontenttype": "application/json",
        "dataschema": f"/schemas/{data.versioned_type()}",
        "partitionkey": data.project,
        "sequence": f"{1:020d}",
        "epoch": "x",
        "partition": 0,
        "prevhash": "0" * 64,
        "correlationid": "c",
        "recordedtime": NOW,
        "data": encode_data(data),
    }
    return encode(Envelope(**fields | changes))


PAYMENT = PaymentMade(project="p", payment="z", line="a", amount="60000.00", paid_on=NOW.date())


def test_an_event_is_structured_cloudevents_json() -> None:
    event = json.loads(an_envelope(PAYMENT))

    assert {"specversion", "id", "source", "type"} <= event.keys()
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in event)
    assert event["time"] == "2018-12-12T02:00:00Z"
    assert event["data"] == {
        "project": "p",
        "payment": "z",
        "line": "a",
        "amount": "60000.00",
        "paid_on": "2018-12-12",
        "contract": None,
    }


def test_the_hash_is_of_the_very_bytes() -> None:
    raw = an_envelope(PAYMENT)

    assert read(raw).hash == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"60000.00"', b'"60000.0"'),
        (b'"60000.00"', b'"-1.00"'),
        (b'"60000.00"', b"60000"),
        (b'"60000.00"', '"６0000.00"'.encode()),
        (b'"payment":"z"', b'"payment":"no spaces please"'),
        (b'"payment":"z"', b'"payment":null'),
        (b'"2018-12-12"', b'"2018-02-30"'),
        (b"payment.made.v1", b"payment.made.v9"),
    ],
)
def test_data_that_breaks_its_contract_is_not_read(old: bytes, new: bytes) -> None:
    raw = an_envelope(PAYMENT).replace(old, new)

    with pytest.raises(Undecodable):
        ALL.decode(read(raw).envelope)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":"00000000000000000001"', b'"sequence":"1"'),
        (b'"sequence":"00000000000000000001"', b'"sequence":"-0000000000000000001"'),
        (b'"time":"2018-12-12T02:00:00Z"', b'"time":"2018-12-12T02:00:00"'),
        (b'"prevhash":', b'"other":'),
        (
            b"{",
            b"[",
        ),
    ],
)
def test_what_is_no_envelope_is_not_read(old: bytes, new: bytes) -> None:
    with pytest.raises(Undecodable):
        read(an_envelope(PAYMENT).replace(old, new))


def test_a_member_that_a_later_version_adds_does_not_disturb() -> None:
    raw = an_envelope(PAYMENT).replace(b'"payment":"z"', b'"payment":"z","currency":"CNY"')

    assert ALL.decode(read(raw).envelope) == PAYMENT


@pytest.mark.parametrize("event", [event for events in PUBLISHERS.values() for event in events], ids=lambda e: e.type)
def test_every_event_says_what_it_is_and_carries_no_personal_data(event: type[EventData]) -> None:
    fields = {field.name for field in msgspec.structs.fields(event)}

    assert event.__doc__
    assert event.versioned_type() == f"{event.type}.v1"
    assert not [name for name in fields if PERSONAL.search(name)]


def test_each_publisher_publishes_only_its_own() -> None:
    assert all(event.source == publisher for publisher, events in PUBLISHERS.items() for event in events)
