"""What monitoring does, against a real database."""

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, create_engine

from services.monitoring.handlers import faults as handlers
from services.monitoring.handlers import learn
from services.monitoring.handlers.intake import Fact, Sent, take_in
from services.monitoring.model import (
    Fault,
    FaultReport,
    FaultResolution,
    FaultResponse,
    FaultStep,
    Origin,
    Project,
)
from services.monitoring.store import Store, Table
from shared import idempotency, log, received
from shared.events.base import Envelope, EventData
from shared.problems import Invalid, Problem
from shared.subscription import Poison
from tests.monitoring.driver import declared

NOON = datetime(2018, 3, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(days=90)
WEB = Project(
    project="web",
    fiscal_year=2018,
    starts_on=date(2018, 1, 1),
    ends_on=date(2018, 12, 31),
    time_zone="Asia/Shanghai",
)


@contextmanager
def a_session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Table.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def a_store(session: Session) -> tuple[Store, list[EventData]]:
    published: list[EventData] = []
    store = Store(session, lambda data, time: published.append(data))  # type: ignore[arg-type, return-value]
    store.save_project(WEB)
    return store, published


def a_report(fault: str, fingerprint: str | None = None, at: datetime = NOON) -> FaultReport:
    return FaultReport(
        fault=fault,
        project="web",
        asset=None,
        severity="major",
        title="down",
        occurred_at=at,
        service_down=True,
        fingerprint=fingerprint,
    )


def a_resolution(at: datetime) -> FaultResolution:
    return FaultResolution(resolved_at=at, cause="power", remedy="restart", by="agent")


acts = st.tuples(
    st.sampled_from(["open", "resolve", "reopen"]),
    st.sampled_from(["F1", "F2"]),  # Few, so that they meet.
    st.sampled_from(["x", "x", None]),
)


def act(store: Store, at: datetime, kind: str, name: str, fingerprint: str | None) -> None:
    if kind == "open":
        handlers.open_fault(a_report(name, fingerprint, at), store, now=NOW, by="agent")
    elif (fault := store.fault(name)) is not None:
        if kind == "resolve":
            handlers.take_step(fault, a_resolution(at), store, now=NOW)
        else:
            handlers.reopen_fault(fault, "again", store, at=at, now=NOW, by="agent")


@settings(max_examples=100, deadline=None)
@given(st.lists(acts, min_size=10, max_size=25))
def test_whatever_happens_at_most_one_fault_is_open_by_a_fingerprint(sequence: list[Any]) -> None:
    with a_session() as session:
        store, published = a_store(session)

        for hour, each in enumerate(sequence):
            with suppress(Problem):
                act(store, NOON + timedelta(hours=hour), *each)

        faults = [fault for _, fault in store.faults(projects=None, status=None, after=0, limit=100)]
        is_open = Counter(fault.report.fingerprint for fault in faults if fault.status != "resolved")
        kinds = Counter(event.type for event in published)
        assert all(count == 1 for fingerprint, count in is_open.items() if fingerprint is not None)
        assert kinds["fault.opened"] == len(faults)
        assert kinds["fault.reopened"] == sum(len(fault.cycles) - 1 for fault in faults)
        assert kinds["fault.opened"] + kinds["fault.reopened"] - kinds["fault.resolved"] == is_open.total()


def a_fact(at: datetime, kind: str, name: str, fingerprint: str | None) -> Fact:
    match kind:
        case "open":
            return a_report(name, fingerprint, at)
        case "respond":
            step = FaultResponse(responded_at=at, responder="watch", by="agent")
            return FaultStep(fault=name, project=None, step=step)
        case _:
            return FaultStep(fault=name, project=None if fingerprint is None else "web", step=a_resolution(at))


facts = st.tuples(
    st.sampled_from(["open", "respond", "resolve"]),
    st.sampled_from(["F1", "F2", "F3"]),
    st.sampled_from(["x", "y", None]),
)


def taken_in(batches: list[list[Sent]], again: int) -> tuple[list[Any], list[Any], list[EventData], set[Origin]]:
    """What is told of *batches* and on record after them; before number *again* a fault is reopened if it may be."""
    with a_session() as session:
        _, published = a_store(session)
        told: list[Any] = []
        for number, batch in enumerate(batches):
            store = Store(session, lambda data, time: published.append(data))  # type: ignore[arg-type, return-value]
            if number == again and (fault := store.fault("F1")) is not None:
                with suppress(Problem):
                    handlers.reopen_fault(fault, "again", store, at=NOW, now=NOW, by="agent")
            outcomes = take_in(batch, store, may_see=lambda project: True, now=NOW, by="agent")
            told += [(each.outcome, each.problem and (each.problem.slug, each.problem.detail)) for each in outcomes]
        everything = Store(session)
        kept = [fault for _, fault in everything.faults(projects=None, status=None, after=0, limit=100)]
        origins = everything.taken_in((sent.source, sent.id) for batch in batches for sent in batch)
        return told, kept, published, origins


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, min_size=1, max_size=20), st.data())
def test_a_batch_does_what_its_events_would_one_by_one(given_facts: list[Any], data: Any) -> None:
    sent = [
        Sent(source="/agent", id=str(number % 15), fact=a_fact(NOON + timedelta(hours=number), *each))
        for number, each in enumerate(given_facts)
    ]
    cut = data.draw(st.integers(0, len(sent) - 1))

    together = taken_in([sent[:cut], sent[cut:]], 1)

    assert together == taken_in([[event] for event in sent], cut)


def test_the_database_itself_refuses_a_second_open_fault_of_a_fingerprint() -> None:
    with a_session() as session:
        store, _ = a_store(session)
        handlers.open_fault(a_report("F1", "x"), store, now=NOW, by="agent")

        second = Fault(report=a_report("F2", "x"), recorded_at=NOW, cycles=store.fault("F1").cycles)  # type: ignore[union-attr]

        with pytest.raises(IntegrityError):
            store.save_fault(second)


def test_a_fault_is_read_back_as_it_was_kept() -> None:
    with a_session() as session:
        store, _ = a_store(session)
        fault, _ = handlers.open_fault(a_report("F1", "x"), store, now=NOW, by="agent")
        resolved = handlers.take_step(fault, a_resolution(NOON), store, now=NOW)
        reopened = handlers.reopen_fault(resolved, "again", store, at=NOON, now=NOW, by="agent")

        assert Store(session).fault("F1") == reopened


def test_an_event_refused_after_it_wrote_leaves_no_trace() -> None:
    def refuse(data: EventData, time: datetime) -> Envelope:
        raise Invalid.field("fault", "late", "refused after the fault was written")

    with a_session() as session:
        a_store(session)
        store = Store(session, refuse)
        sent = Sent(source="/agent", id="1", fact=a_report("F1"))

        [outcome] = take_in([sent], store, may_see=lambda project: True, now=NOW, by="agent")

        assert outcome.outcome == "refused"
        assert store.fault("F1") is None
        assert Store(session).fault("F1") is None
        assert store.taken_in([("/agent", "1")]) == set()


def test_a_project_declared_again_is_known_as_declared_last() -> None:
    with a_session() as session:
        learn(session, [declared("web"), declared("web", time_zone="Asia/Urumqi")])

        known = Store(session).project("web")

    assert known is not None
    assert known.time_zone == "Asia/Urumqi"


@pytest.mark.parametrize("time_zone", ["Asia/Atlantis", "../etc", ""])
def test_a_project_in_no_time_zone_is_never_applied(time_zone: str) -> None:
    with a_session() as session, pytest.raises(Poison):
        learn(session, [declared("web", time_zone=time_zone)])


def test_the_tables_share_no_name_with_those_of_the_mechanism() -> None:
    shared = itertools.chain.from_iterable(part.metadata.tables for part in (idempotency, log, received))

    assert not set(shared) & set(Table.metadata.tables)
    assert all(isinstance(table, sa.Table) for table in Table.metadata.tables.values())
