"""The settings every service has, read once from the environment in ``app.py`` and passed inward."""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.tokens import AUDIENCE, ISSUER

PREFIX = "SCOREBUS_"
FILE_SUFFIX = "_FILE"


class UnknownSetting(Exception):
    """A variable that looks like ours and is none, or names no file: a typing error must not pass for a default."""


class CommonSettings(BaseSettings):
    """Each field is read from ``SCOREBUS_<NAME>``. Services add their own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"  # Address to listen on; the default keeps a laptop's services to itself.
    port: int = Field(ge=1, le=65_535)
    database_url: str  # sqlite:////path or postgresql://…, 14 or newer; a pooler in between must keep sessions
    redis_url: str  # The bus. It may be down; nothing but latency depends on it.
    keys_dir: Path  # public.pem, service.token and one <service>.mac per publisher.
    service_token: Path | None = None  # Where service.token is, if not in keys_dir.
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
        Read the environment. ``SCOREBUS_<NAME>_FILE`` names a file that holds the value, for what no list of processes
        and no `docker inspect` may show.

        Raises:
            UnknownSetting: If a variable with our prefix is not a setting, or its file cannot be read.
            pydantic.ValidationError: If one is missing or out of bounds.
        """
        fields = {PREFIX + name.upper(): name for name in cls.model_fields}
        files = {variable + FILE_SUFFIX: name for variable, name in fields.items()}
        given = [name for name in os.environ if name.startswith(PREFIX)]
        if unknown := sorted(name for name in given if name not in fields and name not in files):
            raise UnknownSetting(f"unknown settings: {', '.join(unknown)}")
        contents: dict[str, Any] = {files[name]: _content(name) for name in given if name in files}
        return cls(**contents)


def _content(variable: str) -> str:
    try:
        return Path(os.environ[variable]).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnknownSetting(f"cannot read the file that {variable} names: {error.strerror}") from error
