"""The import rules hold, and each of them can fail."""

import importlib.util
import shutil
import subprocess
import sys
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / ".importlinter"
ANATOMY = ("app", "api", "handlers", "store", "sources", "settings", "rules", "facts", "model")

DIRECTIONS = "contract:directions"
INDEPENDENCE = "contract:independence"
LAYERS = "contract:layers"
PURITY = "contract:purity"


def the_rules() -> ConfigParser:
    rules = ConfigParser()
    rules.read(RULES, encoding="utf-8")
    return rules


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def small_platform(tmp_path: Path) -> Path:
    """Two services of the usual anatomy, with nothing in them, under the rules of the real ones."""
    shutil.copy(RULES, tmp_path)
    for package in ("cli", "shared", "shared/events", "services", "services/one", "services/two"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    modules = [f"shared/{name}" for name in ("bus", "clock", "database", "money")]
    modules += [f"services/{service}/{name}" for service in ("one", "two") for name in ANATOMY]
    modules += ["services/one/letters"]  # A name of its own, outside the anatomy.
    for module in modules:
        (tmp_path / f"{module}.py").touch()
    return tmp_path


def test_the_import_rules_hold() -> None:
    outcome = lint(ROOT)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_forbidden_package_can_be_imported() -> None:
    rules = the_rules()
    forbidden = {name for section in rules.sections() for name in rules[section].get("forbidden_modules", "").split()}

    missing = {name for name in forbidden if importlib.util.find_spec(name) is None}

    assert forbidden
    assert not missing


def test_a_platform_that_keeps_the_rules_passes(small_platform: Path) -> None:
    for upper, lower in pairwise(("app", "api", "handlers", "store", "rules", "facts", "model")):
        (small_platform / f"services/one/{upper}.py").write_text(f"import services.one.{lower}\n")
    (small_platform / "services/two/rules.py").write_text("import shared.money, shared.events\n")

    outcome = lint(small_platform)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("rule", "imports"),
    [
        (DIRECTIONS, {"shared/money.py": "services.one.model"}),
        (DIRECTIONS, {"shared/bus.py": "cli"}),
        (DIRECTIONS, {"services/one/api.py": "cli"}),
        (DIRECTIONS, {"cli/__init__.py": "services.one.app"}),
        (INDEPENDENCE, {"services/one/handlers.py": "services.two.model"}),
        (LAYERS, {"services/one/api.py": "services.one.app"}),
        (LAYERS, {"services/one/handlers.py": "services.one.api"}),
        (LAYERS, {"services/one/store.py": "services.one.handlers"}),
        (LAYERS, {"services/one/store.py": "services.one.settings"}),
        (LAYERS, {"services/one/rules.py": "services.one.sources"}),
        (LAYERS, {"services/one/facts.py": "services.one.rules"}),
        (LAYERS, {"services/one/model.py": "services.one.facts"}),
        (LAYERS, {"services/one/store.py": "services.one.letters", "services/one/letters.py": "services.one.api"}),
        (PURITY, {"services/two/rules.py": "httpx"}),
        (PURITY, {"services/two/facts.py": "sqlmodel"}),
        (PURITY, {"services/two/model.py": "shared.clock"}),
        (PURITY, {"services/one/rules.py": "services.one.letters", "services/one/letters.py": "redis"}),
        (PURITY, {"shared/events/__init__.py": "structlog"}),
        (PURITY, {"shared/money.py": "shared.database"}),
    ],
)
def test_breaking_a_rule_is_noticed(small_platform: Path, rule: str, imports: dict[str, str]) -> None:
    for importer, imported in imports.items():
        (small_platform / importer).write_text(f"import {imported}\n")

    outcome = lint(small_platform)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert f"{the_rules()[f'importlinter:{rule}']['name']} BROKEN" in " ".join(outcome.stdout.split())
