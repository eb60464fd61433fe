"""The console's knobs, read once from the environment in ``app.py`` and passed inward."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is read from ``SCOREBUS_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="SCOREBUS_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"  # Address to listen on; the default keeps it to this machine.
    port: int = Field(ge=1, le=65_535)
    evaluation_url: str
    budget_url: str
    procurement_url: str
    monitoring_url: str
    users_file: Path  # Who may log in; `scorebus user` writes it, and it is read anew when it changes.
    signing_key: Path  # Signs the tokens of those who logged in, as `scorebus token` does.
    wall_screen: bool = False  # Whether /wall shows the overview to anybody who can reach the port.
    secure_cookies: bool = False  # Set it where HTTPS ends in front of the console.
    session_hours: float = Field(default=10.0, gt=0, le=72)  # A working day; after it, log in again.
    idle_minutes: float = Field(default=120.0, gt=0)  # Without a page open for so long, likewise.
    reconnect_seconds: float = Field(default=60.0, gt=0, le=600)  # What a page missed is kept for so long.
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    time_zone: str = "Asia/Shanghai"  # In which moments are shown.
    stop_seconds: int = Field(default=3, ge=1, le=9)  # For requests under way.
