"""A log made by hand."""

import hashlib
import json


def a_log(length: int) -> list[bytes]:
    """Payments of one yuan, chained as a source chains them."""
    events, digest = [], "0" * 64
    for number in range(1, length + 1):
        event = {
            "source": "/budget",
            "type": "payment.made.v1",
            "sequence": f"{number:020d}",
            "prevhash": digest,
            "data": {"payment": f"p{number}", "amount": "1.00"},
        }
        events.append(json.dumps(event, separators=(",", ":")).encode())
        digest = hashlib.sha256(events[-1]).hexdigest()
    return events
