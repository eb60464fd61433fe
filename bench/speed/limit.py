"""The limit of it all: redis-py that reads a full stream by XREAD and decodes with msgspec."""

import time

import msgspec
import redis

from shared.events import ALL
from shared.events.base import Envelope

BATCH = 500


def measure(url: str, streams: list[str]) -> tuple[int, float, float]:
    """Read *streams* from their beginning: events, seconds, and seconds of the processor."""
    envelopes = msgspec.json.Decoder(Envelope)
    contracts = {each.versioned_type(): msgspec.json.Decoder(each) for each in ALL.by_type.values()}
    places: dict[bytes | str, bytes | str] = dict.fromkeys(streams, "0")
    server = redis.Redis.from_url(url, protocol=2)
    events, since, cpu = 0, time.monotonic(), time.process_time()
    while found := server.xread(places, count=BATCH):
        for stream, entries in found:
            for _, fields in entries:
                envelope = envelopes.decode(fields[b"event"])
                contracts[envelope.type].decode(envelope.data)
            events += len(entries)
            places[stream.decode()] = entries[-1][0]
    spent = time.process_time() - cpu
    server.close()
    return events, time.monotonic() - since, spent
