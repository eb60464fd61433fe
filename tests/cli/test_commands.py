"""Commands are known by name and summary, and loaded when they are called."""

import inspect
import subprocess
import sys
from typing import Any

import pytest
import typer

from cli.commands import COMMANDS, Place
from cli.main import run

HEAVY = ("argon2", "docker", "fastapi", "httpx", "pydantic", "rich", "sqlalchemy", "valkey")


def summary_of(found: Any) -> str:
    text = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found) or ""
    return " ".join(text.split("\n\n")[0].split())


@pytest.mark.parametrize("place", COMMANDS.values(), ids=COMMANDS)
def test_a_summary_is_the_first_sentence_of_its_command(place: Place) -> None:
    assert place.summary == summary_of(place.load())


def test_a_command_has_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(["user", "add", "-h"])

    assert end.value.code == 0
    assert "--password-stdin" in capsys.readouterr().out


def test_a_misspelt_command_is_told_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(["aplly"])

    assert end.value.code == 2
    assert "apply" in capsys.readouterr().err


def test_up_keeps_in_memory_nothing_that_only_others_need() -> None:
    code = f"import sys, cli.main, cli.up; print([name for name in {HEAVY} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
