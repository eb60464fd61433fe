"""The tree depends on no machine and no address: it can be cloned anywhere and installed from any registry."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SELF_MADE = {"__pycache__", "build", "data", "dist"}

# Put together here, so that this file does not contain what it looks for.
REGISTRIES = [f"{name}.org" for name in ("pypi", "pythonhosted", "npmjs", "yarnpkg", "deb.debian", "conda.anaconda")]
REGISTRY = re.compile("|".join(re.escape(host) for host in REGISTRIES), re.IGNORECASE)
MACHINE_FOLDERS = r"work|root|farm|home/[a-z]+|Users/[a-z]+"
MACHINE_PATH = re.compile(rf"(?<![\w.)}}\]-])/(?:{MACHINE_FOLDERS})/")
FOREIGN_LOCKS = {
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
}

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)(.*)$", re.MULTILINE)


def files() -> list[Path]:
    """What is or could be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
        return [path for path in paths if path.is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made(path.relative_to(ROOT))]


def _is_made(path: Path) -> bool:
    folders = path.parts[:-1]
    return any(name in SELF_MADE or (name.startswith(".") and name != ".ci") or "egg-info" in name for name in folders)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in files():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def pins(lock: str) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall((ROOT / lock).read_text(encoding="utf-8"))}


def test_no_file_names_a_package_registry() -> None:
    assert not lines_with(REGISTRY)


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert not lines_with(MACHINE_PATH)


def test_the_needles_would_be_found() -> None:
    assert REGISTRY.search(f"https://files.{REGISTRIES[1]}/packages")
    assert MACHINE_PATH.search("cd /" + "work/main")
    assert MACHINE_PATH.search("open('/" + "root/key')")
    assert not MACHINE_PATH.search("art/" + "work/frame.svg")


def test_there_is_no_lock_of_another_kind() -> None:
    assert not [path.name for path in files() if path.name in FOREIGN_LOCKS]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_of_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    entries = [entry for entry in re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE) if not entry.startswith("#")]

    assert entries
    assert all(PIN.match(entry) and "--hash=sha256:" in entry for entry in entries if entry)
    assert "://" not in text


def test_the_locks_agree() -> None:
    runtime, tools = pins("requirements.lock"), pins("requirements-dev.lock")

    assert {name: tools[name] for name in tools.keys() & runtime.keys()} == {
        name: runtime[name] for name in tools.keys() & runtime.keys()
    }


@pytest.mark.parametrize(("lock", "group"), [("requirements.lock", None), ("requirements-dev.lock", "dev")])
def test_a_lock_pins_what_the_project_asks_for(lock: str, group: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    pinned = pins(lock)

    requirements = [Requirement(each) for each in asked]

    assert [str(each) for each in requirements if each.specifier.contains(pinned[canonicalize_name(each.name)])] == [
        str(each) for each in requirements
    ], "run make lock"
