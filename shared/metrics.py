"""What is counted, one line each: the name, what it means, and what to do when it moves."""

from prometheus_client import Counter, Gauge, Histogram

events_appended = Counter("scorebus_events_appended", "Events a service took on record", ["source"])
events_relayed = Counter("scorebus_events_relayed", "Events copied to the stream; repeats count", ["source"])
events_applied = Counter("scorebus_events_applied", "Events applied with their watermark", ["consumer", "source"])
# Normal after a reconnect; steady growth means that a relay rewinds again and again.
events_duplicate = Counter("scorebus_events_duplicate", "Events dropped as already applied", ["consumer", "source"])
# Never normal: somebody else writes to the stream, or keys differ. reason: mac, envelope, hash.
events_refused = Counter("scorebus_events_refused", "Stream entries refused", ["consumer", "source", "reason"])
# Scores that such an event could touch are not final until an operator replays or dismisses it.
events_parked = Counter("scorebus_events_parked", "Events that could not be applied", ["consumer", "source"])
parked_open = Gauge("scorebus_parked_events", "Events parked and not dismissed", ["consumer", "source"])
events_pulled = Counter("scorebus_events_pulled", "Events fetched from a source's feed", ["consumer", "source"])
pulls_failed = Counter("scorebus_pulls_failed", "Feed requests that got no answer", ["consumer", "source"])
# Heartbeats that named events which had not arrived: the stream lost its tail, or is slow.
heartbeats_ahead = Counter("scorebus_heartbeats_ahead", "Heartbeats ahead of the watermark", ["consumer", "source"])
watermark_sequence = Gauge("scorebus_watermark_sequence", "Number applied up to", ["consumer", "source", "partition"])
source_head_sequence = Gauge("scorebus_source_head_sequence", "Head last heard of", ["consumer", "source", "partition"])
# 1 is an alarm: the source's history is not the one we applied.
source_diverged = Gauge(
    "scorebus_source_diverged", "Whether a source has diverged", ["consumer", "source", "partition"]
)
epochs_begun = Counter("scorebus_epochs_begun", "Epochs begun after a restore", ["source", "evidence"])
# A consumer knows events that the log does not have: the database is an older copy.
askers_ahead = Counter("scorebus_feed_askers_ahead", "Feed requests from beyond the log's end", ["source"])
# reason: the error's class; ConnectionError while Redis is away, others want somebody to look.
relay_failures = Counter("scorebus_relay_failures", "Rounds of the relay that Redis refused", ["source", "reason"])
requests = Counter("scorebus_http_requests", "Requests answered", ["method", "status"])
request_seconds = Histogram(
    "scorebus_http_request_duration_seconds",
    "Time to the answer's first byte",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
