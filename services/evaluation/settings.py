"""Evaluation's knobs, beside those every service has."""

from pathlib import Path

from pydantic import Field
from sqlalchemy import make_url

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """Each field is read from ``SCOREBUS_<NAME>``."""

    coalesce_seconds: float = Field(default=0.05, ge=0, le=5)  # Changes to one project within it are one version.
    tick_seconds: float = Field(default=5.0, gt=0, le=3600)  # How often scores are moved by time alone.
    # Projects whose facts stay in memory, 5 KiB each and 600 bytes an event; others are folded again.
    facts_kept: int = Field(default=10_000, ge=1)
    streams_max: int = Field(default=4_000, ge=1)  # Open score streams; the newest beyond it are refused.
    stream_idle_seconds: float = Field(default=15, gt=0)  # Between comments that keep a silent stream open.
    stream_stall_seconds: float = Field(default=20, gt=0)  # A reader that takes nothing for so long is cut off.
    documents_dir: Path | None = None  # Of documents, by hash; without it beside a SQLite database, or none are kept.

    @property
    def documents(self) -> Path | None:
        """The folder of documents, if there is to be one."""
        url = make_url(self.database_url)
        if self.documents_dir is not None or not url.drivername.startswith("sqlite") or not url.database:
            return self.documents_dir
        return Path(url.database).parent / "documents"
