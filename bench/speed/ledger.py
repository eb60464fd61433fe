"""What a service has put on record, read from its database: the oracle of what was answered."""

import hashlib
from collections import Counter
from typing import Any

import msgspec

from bench.speed.figures import NotSo
from bench.speed.stand import Stand
from shared.events.base import GENESIS_HASH


def check_chain(stand: Stand, service: str) -> Counter[str]:
    """
    Walk a service's log from its beginning; how many events of each type it has.

    Raises:
        NotSo: If a number is missing or a hash is wrong.
    """
    types: Counter[str] = Counter()
    expected = GENESIS_HASH
    for number, (seq, raw) in enumerate(stand.rows(service, "SELECT seq, event FROM event_log ORDER BY seq"), 1):
        event = msgspec.json.decode(raw)
        if seq != number or event["prevhash"] != expected:
            raise NotSo(f"the log of {service} is broken at {number}")
        expected = hashlib.sha256(raw).hexdigest()
        types[event["type"]] += 1
    return types


def paid_of(stand: Stand) -> Counter[str]:
    """Fen that budget's log says each project has paid."""
    paid: Counter[str] = Counter()
    query = "SELECT event FROM event_log WHERE type = 'payment.made.v1'"
    for (raw,) in stand.rows("budget", query):
        event: Any = msgspec.json.decode(raw)
        yuan, fen = event["data"]["amount"].split(".")
        paid[event["subject"]] += int(yuan) * 100 + int(fen)
    return paid
