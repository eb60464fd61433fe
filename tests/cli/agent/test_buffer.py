"""What an agent has seen outlives it, in order, until the platform has taken it."""

from pathlib import Path

import pytest

from cli.agent import buffer
from cli.agent.buffer import Buffer
from cli.errors import CommandError


def test_what_was_kept_is_there_for_the_next_agent(tmp_path: Path) -> None:
    first = Buffer(tmp_path / "agent" / "b.db")
    first.add([("a", {"id": "1"}), ("a", {"id": "2"})], opened={("p", "a"): "fault"}, cursor="12.5")
    first.close()

    second = Buffer(tmp_path / "agent" / "b.db")

    assert [each.event["id"] for each in second.waiting()] == ["1", "2"]
    assert (second.open_faults(), second.cursor()) == ({("p", "a"): "fault"}, "12.5")


def test_what_was_taken_is_forgotten_and_what_was_refused_is_set_aside(tmp_path: Path) -> None:
    kept = Buffer(tmp_path / "b.db")
    kept.add([("a", {"id": str(number)}) for number in range(3)], opened={("p", "a"): "f"}, cursor=None)
    kept.add([], opened={("p", "a"): None}, cursor=None)

    kept.done([1], {2: {"type": "/problems/validation"}})

    assert [each.number for each in kept.waiting()] == [3]
    assert kept.refused() == [{"type": "/problems/validation"}]
    assert kept.open_faults() == {}


def test_two_agents_do_not_share_a_buffer(tmp_path: Path) -> None:
    first = Buffer(tmp_path / "b.db")

    with pytest.raises(CommandError, match="another agent"):
        Buffer(tmp_path / "b.db")
    first.close()


def test_a_full_buffer_stops_the_agent_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer, "WAITING_MAX", 2)
    kept = Buffer(tmp_path / "b.db")
    kept.add([("a", {"id": "1"}), ("a", {"id": "2"})], opened={}, cursor="1")

    with pytest.raises(CommandError, match="the buffer holds"):
        kept.add([("a", {"id": "3"})], opened={}, cursor="2")

    assert (kept.count(), kept.cursor()) == (2, "1")
