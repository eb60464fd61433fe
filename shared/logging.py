"""Logs: one JSON object a line on stdout, the event in the past tense, the facts as keys, no citizen's data."""

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import structlog

# Never written, whatever passes them: what a newspaper may not print.
SECRET_KEYS: Final = frozenset(
    {"authorization", "cookie", "token", "password", "secret", "key", "phone", "name", "payee", "idempotency_key"}
)


def _redact(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in entry.keys() & SECRET_KEYS:
        entry[key] = "***"
    return entry


class Lenient:
    """A stream that may refuse: a full disk under the log costs lines, never a request or the thread that writes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def configure(service: str, level: str) -> None:
    """Set up the logs of a process; *service* stands in every line, of whichever thread."""

    def name_service(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["service"] = service
        return entry

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_service,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, Lenient(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
