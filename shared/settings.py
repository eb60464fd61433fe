"""The settings every service has, read once from the environment in ``app.py`` and passed inward."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.access import AUDIENCE, ISSUER

PREFIX = "SCOREBUS_"


class UnknownSetting(Exception):
    """A variable that looks like ours and is none: a typing error must not pass for a default."""


class CommonSettings(BaseSettings):
    """Each field is read from ``SCOREBUS_<NAME>``. Services add their own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"  # Address to listen on; the default keeps a laptop's services to itself.
    port: int = Field(ge=1, le=65_535)
    database_url: str  # sqlite:////path or postgresql://…, 14 or newer; a pooler in between must keep sessions
    redis_url: str  # The bus. It may be down; nothing but latency depends on it.
    keys_dir: Path  # public.pem, service.token and one <service>.mac per publisher.
    jwks_url: str | None = None  # An OpenID Connect issuer's keys, instead of public.pem.
    issuer: str = ISSUER  # The `iss` a token must have.
    audience: str = AUDIENCE  # The `aud` a token must have.
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    time_zone: str = "Asia/Shanghai"  # Of projects that name none: draws the borders of days and years.
    requests_per_second: float = Field(default=200, gt=0)  # Of one token.
    requests_burst: int = Field(default=400, ge=1)  # Of one token, at once.
    body_bytes_max: int = Field(default=256 * 1024, ge=1024)  # Above any honest request, below any trouble.
    poll_seconds: float = Field(default=2.0, gt=0, le=60)  # Bound on noticing that a stream lost its tail.
    stop_seconds: int = Field(default=5, ge=1, le=9)  # For requests under way; the process is gone within 10 s.
    budget_url: str | None = None  # Where budget's feed is, for services that consume it.
    procurement_url: str | None = None
    monitoring_url: str | None = None

    @classmethod
    def read(cls) -> Self:
        """
        Read the environment.

        Raises:
            UnknownSetting: If a variable with our prefix is not a setting.
            pydantic.ValidationError: If one is missing or out of bounds.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise UnknownSetting(f"unknown settings: {', '.join(unknown)}")
        return cls()
