"""Monitoring's tables. What citizens and technicians wrote stands here and nowhere else, so that it can be erased."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.columns import Counter, Moment


class Table(SQLModel, registry=registry()):
    """Monitoring's own tables, apart from those of any other service in the same process."""


class ProjectRow(Table, table=True):
    """Learned from budget's events."""

    __tablename__ = "known_project"
    project: str = Field(primary_key=True, max_length=64)
    fiscal_year: int
    starts_on: date
    ends_on: date
    time_zone: str


class AssetRow(Table, table=True):
    __tablename__ = "asset"
    number: int | None = Field(
        default=None, primary_key=True, sa_type=Counter
    )  # Order of arrival, for pages; so in every table below.
    asset: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    name: str
    kind: str
    url: str | None = None


class FaultRow(Table, table=True):
    __tablename__ = "fault"
    # The promise of one open fault a fingerprint is the database's too: two writers could not break it.
    __table_args__ = (sa.UniqueConstraint("project", "open_fingerprint"),)
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    fault: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    asset: str | None = Field(default=None, max_length=64)
    severity: str
    title: str
    occurred_at: datetime = Field(sa_type=Moment)
    service_down: bool
    fingerprint: str | None = Field(default=None, max_length=255)
    open_fingerprint: str | None = Field(default=None, max_length=255)  # None once resolved.
    status: str  # Of the last cycle.
    recorded_at: datetime = Field(sa_type=Moment)


class FaultCycleRow(Table, table=True):
    __tablename__ = "fault_cycle"
    fault: str = Field(primary_key=True, max_length=64)
    place: int = Field(primary_key=True)  # From 0: the cycle that the report began.
    opened_at: datetime = Field(sa_type=Moment)
    reason: str | None = None
    opened_by: str
    responded_at: datetime | None = Field(default=None, sa_type=Moment)
    responder: str | None = None
    responded_by: str | None = None
    resolved_at: datetime | None = Field(default=None, sa_type=Moment)
    cause: str | None = None
    remedy: str | None = None
    resolved_by: str | None = None


class ReadingRow(Table, table=True):
    __tablename__ = "reading"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    reading: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    asset: str | None = Field(default=None, max_length=64)
    metric: str
    value: str  # Plain digits: SQLite has no exact decimals.
    unit: str
    measured_at: datetime = Field(sa_type=Moment)
    recorded_by: str


class WindowRow(Table, table=True):
    __tablename__ = "maintenance_window"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    window: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    asset: str | None = Field(default=None, max_length=64)
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment)
    reason: str
    scheduled_by: str


class ComplaintRow(Table, table=True):
    __tablename__ = "complaint"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    complaint: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    channel: str
    subject: str
    received_at: datetime = Field(sa_type=Moment)
    filed_by: str
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    outcome: str | None = None
    satisfied: bool | None = None
    closed_by: str | None = None


class SurveyRow(Table, table=True):
    __tablename__ = "survey_answers"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    answer: str = Field(unique=True, max_length=64)
    survey: str
    project: str = Field(index=True, max_length=64)
    answered: int = Field(sa_type=sa.BigInteger)
    satisfied: int = Field(sa_type=sa.BigInteger)
    collected_on: date
    recorded_by: str


class ServiceCountRow(Table, table=True):
    __tablename__ = "service_count"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    service_count: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    count: int = Field(sa_type=sa.BigInteger)
    kind: str
    starts_on: date
    ends_on: date
    recorded_by: str


class InspectionRow(Table, table=True):
    __tablename__ = "inspection"
    number: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    inspection: str = Field(unique=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    inspected_on: date
    findings: list[dict[str, str]] = Field(sa_type=sa.JSON)
    recorded_by: str
    closed_on: date | None = None
    remedy: str | None = None
    closed_by: str | None = None


class IntakeRow(Table, table=True):
    """
    Foreign events that were taken in, by what makes a CloudEvent the same one.

    The project belongs to the key: a token for one project must not be able to use up another project's ids.
    """

    __tablename__ = "intake"
    source: str = Field(primary_key=True, max_length=500)
    id: str = Field(primary_key=True, max_length=255)
    project: str = Field(primary_key=True, max_length=64)
    recorded_at: datetime = Field(sa_type=Moment)
