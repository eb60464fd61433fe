"""
Growth: what an event costs, and how soon it is scored, with ever more projects and an ever longer past.

Costs are of evaluation's processor: they hardly depend on who else is at work, and it is they that must stay flat.
"""

import random
import signal
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.speed.apply import prepared
from bench.speed.figures import Figure, NotSo, quantile, ratios
from bench.speed.stand import NO_LIMIT, SOURCES, Stand, a_stand, until
from bench.speed.workload import Workload

PROJECTS, PROJECTS_OF_PAST = (10, 1_000, 10_000), 1_000
PASTS, PAST_OF_PROJECTS = (10_000, 100_000, 1_000_000), 100_000
BATCH = 10_000  # Events of a run.
PORTION = 50_000  # Of the past at a time: the stream is bounded.
SINGLES = 30  # Events that come alone, to see how soon each is scored.
LOOKS = 200  # Scores that are asked for.
LOOK_SECONDS = 0.001
AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
FLAT = "<= 1.20"


@dataclass
class Grown:
    """What was measured at one size, run by run."""

    cost_us: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    scored_ms: list[float] = field(default_factory=list)
    asked_ms: list[float] = field(default_factory=list)


def measure(runs: int, scale: float = 1.0) -> list[Figure]:
    """Each number of projects with the same past, and each past with the same number of projects."""
    batch, past = round(BATCH * scale), round(PAST_OF_PROJECTS * scale)
    by_projects, figures = [], []
    for projects in PROJECTS:
        grown = _grown(runs, batch, max(1, round(projects * scale)), [past])[0]
        figures += _figures(f"growth, {projects:,} projects", grown)
        by_projects.append(grown)
    by_past = _grown(runs, batch, round(PROJECTS_OF_PAST * scale), [round(each * scale) for each in PASTS])
    for size, grown in zip(PASTS, by_past, strict=True):
        figures += _figures(f"growth, {size:,} past events", grown)
    return [*figures, *_flat("projects", by_projects), *_flat("past events", by_past)]


def _figures(path: str, grown: Grown) -> list[Figure]:
    return [
        Figure(path, "processor", "us an event", tuple(grown.cost_us)),
        Figure(path, "events", "a second", tuple(grown.rate)),
        Figure(path, "event on the stream to its score", "ms", tuple(grown.scored_ms)),
        Figure(path, "GET of a score, p50", "ms", tuple(grown.asked_ms)),
    ]


def _flat(axis: str, grown: list[Grown]) -> list[Figure]:
    least, most = grown[0], grown[-1]
    return [
        Figure(f"growth of {axis}", "cost, most to least", "ratio", ratios(most.cost_us, least.cost_us), FLAT),
        Figure(f"growth of {axis}", "time to a score, most to least", "ratio", ratios(most.scored_ms, least.scored_ms)),
    ]


def _grown(runs: int, batch: int, projects: int, pasts: list[int]) -> list[Grown]:
    events = pasts[-1] + len(pasts) * runs * (batch + 2 * SINGLES)  # Of two one is a payment, at least.
    with TemporaryDirectory() as folder, a_stand(Path(folder)) as stand:
        for service in (*SOURCES, "evaluation"):
            stand.set(service, **NO_LIMIT)
        work = prepared(stand, events, projects)
        feed = Feed(stand, work)
        return [_at(feed, past, runs, batch) for past in pasts]


def _at(feed: "Feed", past: int, runs: int, batch: int) -> Grown:
    while feed.taken < past:
        feed.give(min(PORTION, past - feed.taken))
        feed.settle()
    feed.settle_scores()
    grown = Grown()
    for _ in range(runs):
        seconds, cpu = feed.apply(batch)
        grown.cost_us.append(cpu / batch * 1e6)
        grown.rate.append(batch / seconds)
        feed.settle_scores()
        grown.scored_ms.append(statistics.median(feed.score_one() for _ in range(SINGLES)) * 1e3)
        grown.asked_ms.append(feed.ask() * 1e3)
    return grown


class Feed:
    """The workload, given to evaluation's streams bit by bit, in the order in which it was drawn."""

    def __init__(self, stand: Stand, work: Workload) -> None:
        self._stand = stand
        self._work = work
        self._left = {
            "budget": work.budget.events[work.begun :],
            "monitoring": work.monitoring.events[1:],  # The first was given to see whether the stream is heard.
        }
        self._share = len(self._left["budget"]) / sum(map(len, self._left.values()))
        self._chance = random.Random(1)
        self.taken = 0

    def give(self, events: int) -> None:
        """Put the next *events* on the streams."""
        of_budget = round(events * self._share)
        for source, number in (("budget", of_budget), ("monitoring", events - of_budget)):
            left = self._left[source]
            self._stand.fill_streams(source, left[:number])
            self._left[source] = left[number:]
        self.taken += events

    def settle(self) -> None:
        """Wait until all that was given is applied, and empty the streams."""
        until(self._is_level, "all that was given being applied")
        self._stand.empty_streams()

    def settle_scores(self) -> None:
        """Wait until nothing more is scored."""
        seen = -1
        while (now := self._stand.own_seq()) != seen:
            seen = now
            time.sleep(1.5)  # Longer than scoring rests between two rounds with this little to do.

    def apply(self, events: int) -> tuple[float, float]:
        """Seconds, and seconds of the processor, until the next *events* are applied."""
        stand = self._stand
        stand.signal("evaluation", signal.SIGSTOP)
        self.give(events)
        cpu, since = stand.cpu_seconds("evaluation"), time.monotonic()
        stand.signal("evaluation", signal.SIGCONT)
        until(self._is_level, "a batch being applied")
        return time.monotonic() - since, stand.cpu_seconds("evaluation") - cpu

    def score_one(self) -> float:
        """Seconds from a payment on the stream to its score on record."""
        payment, self._left["budget"] = self._left["budget"][:1], self._left["budget"][1:]
        self.taken += 1
        before, since = self._stand.own_seq(), time.perf_counter()
        sent = -AGAIN_SECONDS
        while self._stand.own_seq() == before:
            spent = time.perf_counter() - since
            if spent > PATIENCE_SECONDS:
                raise NotSo("a payment was not scored")
            if spent > sent + AGAIN_SECONDS:  # The sources are away: what is lost on the stream would stay lost.
                self._stand.fill_streams("budget", payment)
                sent = spent
            time.sleep(LOOK_SECONDS)
        return time.perf_counter() - since

    def ask(self) -> float:
        """The median of asking for scores, of projects drawn at random."""
        spent = []
        for name in self._chance.choices(self._work.projects, k=LOOKS):
            since = time.perf_counter()
            if not self._stand.score(name):
                raise NotSo(f"{name} has no score")
            spent.append(time.perf_counter() - since)
        return quantile(spent, 0.5)

    def _is_level(self) -> bool:
        work = self._work
        return self._stand.applied("budget") == len(work.budget.events) - len(self._left["budget"]) and (
            self._stand.applied("monitoring") == len(work.monitoring.events) - len(self._left["monitoring"])
        )
