"""Logs are one JSON object a line, and what may not be printed is not."""

import io
import json
import logging
import sys

import pytest
import structlog

from shared.logging import SECRET_KEYS, configure


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch):
    """A function that gives the lines written so far."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)  # pytest has its own handlers.
    before = structlog.get_config()
    configure("budget", "info")
    structlog.configure(cache_logger_on_first_use=False)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_a_line_names_event_level_time_and_service_and_has_the_facts_as_keys(lines) -> None:
    structlog.get_logger().warning("score_updated", project="web", points="9.21")

    [line] = lines()
    assert {name: line[name] for name in ("event", "level", "service", "project", "points")} == {
        "event": "score_updated",
        "level": "warning",
        "service": "budget",
        "project": "web",
        "points": "9.21",
    }
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_what_a_newspaper_may_not_print_is_not_written(lines, key: str) -> None:
    structlog.get_logger().error("happened", **{key: "canary"})

    [line] = lines()
    assert line[key] == "***"


def test_what_is_bound_at_the_door_is_redacted_too(lines) -> None:
    with structlog.contextvars.bound_contextvars(token="canary", correlation_id="c1"):
        structlog.get_logger().info("happened")

    [line] = lines()
    assert (line["token"], line["correlation_id"]) == ("***", "c1")


def test_lines_below_the_level_are_not_written(lines) -> None:
    structlog.get_logger().debug("happened")

    assert lines() == []


def test_a_line_end_in_a_value_makes_no_second_line(lines) -> None:
    structlog.get_logger().info("happened", path='/x\n{"event": "forged"}')

    assert [line["event"] for line in lines()] == ["happened"]


def test_a_log_that_cannot_be_written_costs_its_lines_and_nothing_else(lines, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            raise OSError(27, "File too large")

    monkeypatch.setattr(sys, "stdout", Full())
    configure("budget", "info")
    structlog.configure(cache_logger_on_first_use=False)

    structlog.get_logger().error("commit_failed")
