"""The payment path: whatever happens at a write or a sync, what was answered 2xx is on record, once."""

from pathlib import Path

import pytest

from tests.crash import tracing
from tests.crash.office import POSTS, Office

pytestmark = pytest.mark.skipif(tracing.why_not() is not None, reason=tracing.why_not() or "")


@pytest.fixture(scope="module")
def office(folder: Path) -> Office:
    return Office(folder)


@pytest.fixture(scope="module")
def calls(office: Office) -> int:
    """How many writing calls the busiest thread makes on the database while the payments are posted."""
    office.put_back()
    end = tracing.run(office.pay, office.path, None)
    assert [line.split()[1] for line in end.answers] == ["201"] * POSTS, end.told
    office.examine(end.answers)
    return max(tracing.calls(end.traced).values())


def test_the_payment_path_writes_and_syncs(calls: int) -> None:
    assert calls > 2 * POSTS


def test_a_process_may_be_killed_at_every_write_and_sync(office: Office, calls: int) -> None:
    killed = []
    for number in tracing.some_of(calls):
        office.put_back()
        end = tracing.run(office.pay, office.path, f"signal=KILL:when={number}")
        killed.append(end.killed)
        office.examine(end.answers)

    assert sum(killed) > len(killed) * 3 // 4  # It really died; not every run makes the very last calls.


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_the_disk_may_fail_at_every_write_and_sync(office: Office, calls: int, error: str) -> None:
    refused = 0
    for number in tracing.some_of(calls, first=1 + (error == "EIO")):
        office.put_back()
        end = tracing.run(office.pay, office.path, f"error={error}:when={number}")
        answers = [line.split()[1:] for line in end.answers]
        refused += any(status == "503" for status, _ in answers)
        assert all(status == "201" or (status, of) == ("503", "/problems/unavailable") for status, of in answers), end
        if end.exit_code == 0:  # It could be opened, and found back by itself.
            assert [status for status, _ in answers].count("201") == POSTS, end
        office.examine(end.answers)

    assert refused > 0


@pytest.mark.parametrize("number", [1, 9, 20])
def test_a_disk_that_stays_full_refuses_and_loses_nothing(office: Office, number: int) -> None:
    office.put_back()

    end = tracing.run(office.pay, office.path, f"error=ENOSPC:when={number}+")

    assert any(line.split()[1] == "503" for line in end.answers) or end.exit_code == 1, end
    office.examine(end.answers)
