"""Evaluation's knobs, beside those every service has."""

from pydantic import Field

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """Each field is read from ``SCOREBUS_<NAME>``."""

    coalesce_seconds: float = Field(default=0.05, ge=0, le=5)  # Changes to one project within it are one version.
    tick_seconds: float = Field(default=5.0, gt=0, le=3600)  # How often scores are moved by time alone.
    facts_kept: int = Field(default=5_000, ge=1)  # Projects whose facts stay in memory; others are folded again.
    streams_max: int = Field(default=4_000, ge=1)  # Open score streams; the newest beyond it are refused.
    stream_idle_seconds: float = Field(default=15, gt=0)  # Between comments that keep a silent stream open.
    stream_stall_seconds: float = Field(default=20, gt=0)  # A reader that takes nothing for so long is cut off.
