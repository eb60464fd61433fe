"""Settings come from the environment alone, and a typing error stops the start."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import CommonSettings, UnknownSetting
from tests.support import NOBODY, Issuer

NEEDED = {"PORT": "8001", "DATABASE_URL": "sqlite:///x.db", "REDIS_URL": f"redis://{NOBODY}", "KEYS_DIR": "keys"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Exactly the settings that are needed."""
    for name in list(os.environ):
        if name.startswith("SCOREBUS_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"SCOREBUS_{name}", value)
    return monkeypatch


def test_what_is_needed_suffices() -> None:
    settings = CommonSettings.read()

    assert (settings.port, settings.keys_dir) == (8001, Path("keys"))
    assert (settings.host, settings.time_zone) == ("127.0.0.1", "Asia/Shanghai")
    assert (settings.requests_per_second, settings.requests_burst) == (200, 400)
    assert settings.body_bytes_max == 256 * 1024


def test_a_variable_that_looks_like_ours_and_is_none_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SCOREBUS_REQESTS_BURST", "1")

    with pytest.raises(UnknownSetting, match="SCOREBUS_REQESTS_BURST"):
        CommonSettings.read()


@pytest.mark.parametrize("name", NEEDED)
def test_nothing_that_is_needed_may_be_missing(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(f"SCOREBUS_{name}")

    with pytest.raises(ValidationError, match=name.lower()):
        CommonSettings.read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("LOG_LEVEL", "loud"),
        ("REQUESTS_PER_SECOND", "0"),
        ("REQUESTS_BURST", "0"),
        ("BODY_BYTES_MAX", "1"),
        ("POLL_SECONDS", "0"),
        ("POLL_SECONDS", "61"),
        ("STOP_SECONDS", "10"),
    ],
)
def test_a_value_out_of_bounds_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"SCOREBUS_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        CommonSettings.read()


def test_a_value_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://budget:secret@postgres/budget\n")
    environment.delenv("SCOREBUS_DATABASE_URL")
    environment.setenv("SCOREBUS_DATABASE_URL_FILE", str(tmp_path / "url"))

    assert CommonSettings.read().database_url == "postgresql://budget:secret@postgres/budget"


def test_a_file_that_is_not_there_stops_the_start(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SCOREBUS_REDIS_URL_FILE", str(tmp_path / "nothing"))

    with pytest.raises(UnknownSetting, match="SCOREBUS_REDIS_URL_FILE"):
        CommonSettings.read()


def test_settings_do_not_change() -> None:
    settings = CommonSettings.read()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, None),
        ({"SCOREBUS_COLOUR": "red"}, "SCOREBUS_COLOUR"),
        ({"SCOREBUS_PROCUREMENT_URL": None}, "SCOREBUS_PROCUREMENT_URL"),
        ({"SCOREBUS_KEYS_DIR": "nowhere"}, "budget.mac"),
    ],
    ids=["as it should be", "unknown", "no source", "no keys"],
)
def test_the_service_itself_starts_with_the_right_settings_and_with_no_others(
    tmp_path: Path, environment: pytest.MonkeyPatch, changes: dict[str, str | None], complaint: str | None
) -> None:
    environment.setenv("SCOREBUS_KEYS_DIR", str(Issuer(tmp_path / "keys").folder))
    environment.setenv("SCOREBUS_PROCUREMENT_URL", f"http://{NOBODY}")
    for name, value in changes.items():
        environment.delenv(name) if value is None else environment.setenv(name, value)
    environment.delitem(sys.modules, "services.budget.app", raising=False)

    try:
        importlib.import_module("services.budget.app")
    except (UnknownSetting, ValueError, SystemExit) as stopped:
        said = str(stopped)
    else:
        said = "started"

    assert (complaint or "started") in said
