"""Sending what is buffered to monitoring's intake, as CloudEvents: each is taken once, however often it is sent."""

from collections.abc import Callable
from typing import Any, Final

import httpx

from cli.addresses import Addresses
from cli.agent.buffer import Buffer, Waiting
from cli.bearers import Bearers

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
MEDIA_TYPE: Final = "application/cloudevents-batch+json"
PASSING: Final = "-unknown"  # A problem of this ending: what is meant may still arrive, as the declared project.


class Sender:
    """Empties a buffer into a platform, as far as it goes."""

    def __init__(self, buffer: Buffer, addresses: Addresses, bearers: Bearers, tell: Callable[[str], None]) -> None:
        self._buffer = buffer
        self._url = addresses.of("monitoring") + "/events"
        self._bearers = bearers
        self._tell = tell
        self._trouble = ""  # Told once.
        self._http = httpx.Client(timeout=TIMEOUT, trust_env=not addresses.are_local)

    def close(self) -> None:
        self._http.close()

    def send(self) -> bool:
        """Send what waits; tells whether the platform answered. What it cannot take now waits on."""
        after = 0
        stuck: set[str] = set()
        while batch := self._buffer.waiting(after):
            after = batch[-1].number
            sending = [each for each in batch if each.asset not in stuck]
            try:
                outcomes = self._post(sending)
            except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
                self._waits(f"{type(error).__name__} {error}".strip())
                return False
            self._settle(sending, outcomes, stuck)
        if self._trouble:
            self._tell("the platform takes events again")
            self._trouble = ""
        return True

    def _post(self, sending: list[Waiting]) -> list[Any]:
        if not sending:
            return []
        headers = {"Authorization": f"Bearer {self._bearers.token('agent')}", "Content-Type": MEDIA_TYPE}
        answer = self._http.post(self._url, headers=headers, json=[dict(each.event) for each in sending])
        answer.raise_for_status()
        outcomes: list[Any] = answer.json()["outcomes"]
        if len(outcomes) != len(sending):
            raise ValueError("another number of outcomes than of events")
        return outcomes

    def _settle(self, sent: list[Waiting], outcomes: list[Any], stuck: set[str]) -> None:
        taken: list[int] = []
        refused: dict[int, Any] = {}
        for each, outcome in zip(sent, outcomes, strict=True):
            if each.asset in stuck:
                continue
            if outcome["outcome"] != "refused":
                taken.append(each.number)
            elif (
                str(outcome["problem"]["type"]).endswith(PASSING)
                and outcome["problem"]["status"] == httpx.codes.CONFLICT
            ):
                stuck.add(each.asset)
            else:
                refused[each.number] = outcome["problem"]
                self._tell(f"refused for good: {outcome['problem'].get('detail', outcome['problem']['type'])}")
        self._buffer.done(taken, refused)

    def _waits(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._tell(f"the platform takes nothing: {trouble}; {self._buffer.count()} events wait on disk")
            self._trouble = trouble
