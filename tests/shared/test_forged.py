"""What somebody else writes to the streams never reaches a score: evaluation itself, over a real Valkey."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.events.base import read
from shared.relay import mac_of, stream_name
from tests.evaluation.builders import declared, paid, received
from tests.evaluation.driver import KEY, Evaluation, Source, started
from tests.evaluation.test_stream import PLAN
from tests.shared.small import Valkey

Entry = dict[str, bytes]

STREAM = stream_name("budget", 0)
OTHER_KEY = b"\x01" * 32


def entry(raw: bytes, mac: bytes) -> Entry:
    return {"event": raw, "mac": mac}


def raised(raw: bytes) -> bytes:
    """The payment of 1 yuan, made one of 9 million."""
    assert b'"amount":"1.00"' in raw
    return raw.replace(b'"amount":"1.00"', b'"amount":"9000000.00"')


FORGERIES: dict[str, tuple[str, Callable[[bytes, bytes], Entry]]] = {
    "right place, signed with another key": ("mac", lambda raw, _: entry(raised(raw), mac_of(OTHER_KEY, raised(raw)))),
    "right place, the true event's mac": ("mac", lambda raw, mac: entry(raised(raw), mac)),
    "right place, no mac": ("mac", lambda raw, _: {"event": raised(raw)}),
    "right place, an empty mac": ("mac", lambda raw, _: entry(raised(raw), b"")),
    "the true bytes, a mac in capitals": ("mac", lambda raw, mac: entry(raw, mac.upper())),
    "one bit of the event flipped": ("mac", lambda raw, mac: entry(raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:], mac)),
    "one digit of the mac changed": (
        "mac",
        lambda raw, mac: entry(raw, mac[:-1] + (b"0" if mac[-1:] != b"0" else b"1")),
    ),
    "cut short": ("mac", lambda raw, mac: entry(raw[: len(raw) // 2], mac)),
    "no text at all": ("mac", lambda _, mac: entry(b"\xff\xfe\x00", mac)),
    "nothing": ("mac", lambda *_: {"other": b"field"}),
    "a letter in front": ("mac", lambda raw, mac: entry(b" " + raw, mac)),
    "signed nonsense": ("envelope", lambda *_: entry(b"{}", mac_of(KEY, b"{}"))),
}


def refused(reason: str) -> float:
    labels = {"consumer": "evaluation", "source": "budget", "reason": reason}
    return REGISTRY.get_sample_value("scorebus_events_refused_total", labels) or 0


def duplicates() -> float:
    labels = {"consumer": "evaluation", "source": "budget"}
    return REGISTRY.get_sample_value("scorebus_events_duplicate_total", labels) or 0


def pulls_failed() -> float:
    labels = {"consumer": "evaluation", "source": "budget"}
    return REGISTRY.get_sample_value("scorebus_pulls_failed_total", labels) or 0


async def until(condition: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"{what} did not come about") from None


class Attack:
    """Evaluation that hears budget's stream, and somebody who can write to it."""

    def __init__(self, evaluation: Evaluation, valkey: Valkey) -> None:
        self.evaluation = evaluation
        self.budget: Source = evaluation.sources["budget"]
        self._valkey = valkey

    async def begin(self) -> None:
        await self.evaluation.send("PUT", "/projects/p/plan", PLAN)
        await self.evaluation.happen(declared("9999999.00"), received("9999999.00"))
        await until(lambda: self.evaluation.service.bus.is_up, "the bus")
        await self._cut_off_feed()
        # What is sent before a subscriber reads is lost on it: it hears once an old entry comes as a duplicate.
        old = await self.true_entries()
        before = duplicates()

        def is_heard() -> bool:
            self.add(*old)
            return duplicates() > before

        await until(is_heard, "the stream being heard")

    async def _cut_off_feed(self) -> None:
        """From here on, what arrives has come over the stream: a pull that fails shows that none is under way."""
        subscription = self.evaluation.subscription("budget")
        subscription._feed.is_up = False
        before = pulls_failed()
        subscription.nudge()
        await until(lambda: pulls_failed() > before, "a pull that fails")

    async def true_entries(self) -> list[Entry]:
        rows = await self.budget.database.read(lambda session: self.budget.log.after(session, 0, 0, 1_000))
        return [entry(raw, mac_of(KEY, raw)) for _, raw in rows]

    def add(self, *entries: Entry) -> None:
        for fields in entries:
            self._valkey._client.xadd(STREAM, dict(fields))

    async def spends(self, payment: str, amount: str = "1.00") -> tuple[bytes, bytes]:
        """A payment that is on record at its source; what a relay would send."""
        [(raw, mac)] = await self.budget.record(paid(amount, payment=payment))
        return raw, mac

    async def score(self, spent: str) -> dict[str, Any]:
        return await self.evaluation.score(lambda score: score["execution"]["spent"] == spent)

    @property
    def seq(self) -> int:
        return int(self.evaluation.subscription("budget").mark.at.seq)


def attacked(scenario: Callable[[Attack], Any], folder: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch, redis_url=valkey.url) as evaluation:
            attack = Attack(evaluation, valkey)
            await attack.begin()
            await scenario(attack)

    asyncio.run(run())


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_or_altered_event_is_refused_counted_and_alarmed_and_the_true_one_counts(
    tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reason, forge = FORGERIES[name]

    async def scenario(attack: Attack) -> None:
        raw, mac = await attack.spends("z1")
        before = refused(reason)
        seq = attack.seq

        with capture_logs() as logs:
            attack.add(forge(raw, mac))
            await until(lambda: refused(reason) == before + 1, "the refusal")

        assert attack.seq == seq
        assert [(log["event"], log["source"], log["reason"]) for log in logs if log.get("alarm")] == [
            ("entry_refused", "budget", reason)
        ]
        attack.add(entry(raw, mac))
        score = await attack.score("1.00")
        assert Decimal(score["execution"]["spent"]) == 1
        assert attack.evaluation.subscription("budget").mark.at.hash == read(raw).hash

    attacked(scenario, tmp_path, valkey, monkeypatch)


def test_old_entries_added_again_count_once(tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(attack: Attack) -> None:
        raw, mac = await attack.spends("z1")
        attack.add(entry(raw, mac))
        version = (await attack.score("1.00"))["version"]
        before = duplicates()

        attack.add(*[entry(raw, mac)] * 5, *await attack.true_entries())
        await until(lambda: duplicates() >= before + 8, "the duplicates")

        raw, mac = await attack.spends("z2")
        attack.add(entry(raw, mac))
        score = await attack.score("2.00")
        assert score["version"] == version + 1

    attacked(scenario, tmp_path, valkey, monkeypatch)


def test_an_event_of_another_source_on_this_stream_is_refused(
    tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(attack: Attack) -> None:
        raw, _ = await attack.spends("z1")
        foreign = raw.replace(b'"source":"/budget"', b'"source":"/monitoring"')
        before = refused("envelope")

        attack.add(entry(foreign, mac_of(KEY, foreign)))
        await until(lambda: refused("envelope") == before + 1, "the refusal")

        attack.add(entry(raw, mac_of(KEY, raw)))
        await attack.score("1.00")

    attacked(scenario, tmp_path, valkey, monkeypatch)


def test_even_a_holder_of_the_key_changes_no_history(
    tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(attack: Attack) -> None:
        raw, mac = await attack.spends("z1")
        attack.add(entry(raw, mac))
        await attack.score("1.00")
        before = refused("history")

        attack.add(entry(raised(raw), mac_of(KEY, raised(raw))))
        await until(lambda: refused("history") == before + 1, "the refusal")

        raw, mac = await attack.spends("z2")
        attack.add(entry(raw, mac))
        await attack.score("2.00")

    attacked(scenario, tmp_path, valkey, monkeypatch)
