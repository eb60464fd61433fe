"""Evaluation's tables, beside those that every service has."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.columns import Moment


class Table(SQLModel, registry=registry()):
    """Evaluation's own tables, apart from those of any other service in the same process."""


class ScoreFields(SQLModel):
    """The latest version of a project's score; the earlier ones are in the log."""

    project: str = Field(primary_key=True, max_length=64)
    version: int
    title: str
    unit: str = Field(index=True)
    fiscal_year: int
    total: str
    grade: str
    is_final: bool
    rule: str  # What it was scored under: changes with the plan and with the policy's data.
    period_ends_at: datetime = Field(sa_type=Moment, index=True)  # After it, time alone moves nothing.
    document: bytes  # The score as JSON, as of this version.


class ScoreRow(ScoreFields, Table, table=True):
    """The scores that are shown."""

    __tablename__ = "score"


class RebuiltScoreRow(ScoreFields, Table, table=True):
    """The scores of a rebuild, until they are swapped with those that are shown."""

    __tablename__ = "rebuilt_score"


class NarrativeRow(Table, table=True):
    """What only people know of a project, in their words, by section and language."""

    __tablename__ = "narrative"
    project: str = Field(primary_key=True, max_length=64)
    language: str = Field(primary_key=True, max_length=2)
    section: str = Field(primary_key=True, max_length=20)
    words: str
    written_by: str
    written_at: datetime = Field(sa_type=Moment)


class ClosureRow(Table, table=True):
    """The closure of a project's year: proposed by one person, confirmed by another; then the form is sealed."""

    __tablename__ = "closure"
    project: str = Field(primary_key=True, max_length=64)
    layout: str = Field(max_length=64)
    language: str = Field(max_length=2)
    proposed_by: str
    proposed_at: datetime = Field(sa_type=Moment)
    sealed_by: str | None = None
    sealed_at: datetime | None = Field(default=None, sa_type=Moment)
    version: int | None = None
    document: bytes | None = None  # The score as JSON, as of the sealing.


class SealedPaperRow(Table, table=True):
    """A sealed form, byte for byte."""

    __tablename__ = "sealed_paper"
    project: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True, max_length=8)
    sha256: str = Field(max_length=64)
    content: bytes


class DocumentRow(Table, table=True):
    """A document of a project; its bytes are in the vault, under their hash."""

    __tablename__ = "document"
    __table_args__ = (sa.UniqueConstraint("project", "sha256"),)
    number: int | None = Field(default=None, primary_key=True)
    project: str = Field(max_length=64)
    sha256: str = Field(max_length=64)
    name: str = Field(max_length=200)
    kind: str = Field(max_length=16)
    media_type: str = Field(max_length=100)
    size: int = Field(sa_type=sa.BigInteger)
    added_by: str
    added_at: datetime = Field(sa_type=Moment)


class DocumentLinkRow(Table, table=True):
    """What a document backs: something that a project's events tell of, or an indicator of its plan."""

    __tablename__ = "document_link"
    project: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True, max_length=16)
    subject: str = Field(primary_key=True, max_length=64)
    linked_by: str
    linked_at: datetime = Field(sa_type=Moment)


class RebuildRow(Table, table=True):
    """A rebuild: who asked for it and why, and what came of it."""

    __tablename__ = "rebuild"
    number: int | None = Field(default=None, primary_key=True)
    rebuild: str = Field(unique=True, max_length=64)
    reason: str
    requested_by: str
    started_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    projects: int | None = None
    live_digest: str | None = None
    rebuilt_digest: str | None = None
    seq: int | None = Field(default=None, sa_type=sa.BigInteger)  # Of the own log at the swap.
    epoch: str | None = None


class RatingRow(Table, table=True):
    """What a rating's event leaves out: who rated, and why."""

    __tablename__ = "rating"
    rating: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    level: str
    percent: str
    reason: str
    rated_by: str
    given_by: str
    occurred_at: datetime = Field(sa_type=Moment)


class RestatementRow(Table, table=True):
    """A version that another plan or policy made of the same facts: the score before it and the score after."""

    __tablename__ = "restatement"
    project: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    before: bytes
    after: bytes


class MeasurementRow(Table, table=True):
    """What a measurement's event leaves out: who reported it, why, and what the papers are called."""

    __tablename__ = "measurement"
    measurement: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    value: str
    reason: str
    evidence: list[dict[str, str]] = Field(sa_type=sa.JSON)
    reported_by: str
    occurred_at: datetime = Field(sa_type=Moment)


class DeviationRow(Table, table=True):
    """The words of an explanation: its event leaves them out."""

    __tablename__ = "deviation"
    deviation: str = Field(primary_key=True, max_length=64)
    project: str = Field(index=True, max_length=64)
    code: str
    reason: str
    remedy: str
    cause: str | None = Field(default=None, max_length=16)
    explained_by: str
    occurred_at: datetime = Field(sa_type=Moment)
