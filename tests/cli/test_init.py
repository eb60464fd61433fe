"""`scorebus init`: a deployment's keys and passwords are made once, kept, and never weak."""

import os
import re
import shutil
import socket
import stat
from pathlib import Path

import pytest
import yaml
from joserfc.jwk import OKPKey

from cli import main
from cli.addresses import read_addresses
from cli.deployment import ENV, PORTS, WeakSecret, prepare, read_env
from cli.errors import CommandError
from cli.folder import DataFolder

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A deployment's folder as it comes."""
    for name in ("compose.yml", ".env.example"):
        shutil.copy(DEPLOY / name, tmp_path / name)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "keys").iterdir()}


def test_everything_that_compose_mounts_is_made(folder: Path) -> None:
    prepare(folder)

    wanted = yaml.safe_load((folder / "compose.yml").read_text())["secrets"]
    assert {secret["file"] for secret in wanted.values()} <= {f"keys/{name}" for name in contents(folder)}


def test_every_setting_of_compose_stands_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yml").read_text()))

    assert asked <= set(read_env(DEPLOY / ".env.example"))


def test_the_example_names_the_ports_that_the_command_knows() -> None:
    settings = read_env(DEPLOY / ".env.example")

    assert {name: int(settings[name]) for name, _ in PORTS.values()} == dict(PORTS.values())


def test_the_group_that_may_use_the_engine_is_found(folder: Path) -> None:
    example = folder / ".env.example"
    path = folder / "docker.sock"
    example.write_text(re.sub("^DOCKER_SOCKET=.*$", f"DOCKER_SOCKET={path}", example.read_text(), flags=re.MULTILINE))
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        os.chown(path, -1, 4321 if os.getuid() == 0 else -1)

        prepare(folder)

    assert read_env(folder / ENV)["DOCKER_GROUP"] == str(path.stat().st_gid)


def test_nothing_that_is_there_is_made_again(folder: Path) -> None:
    prepare(folder)
    before = contents(folder)

    assert prepare(folder) == []
    assert contents(folder) == before


def test_no_two_deployments_share_a_secret(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = shutil.copytree(folder, tmp_path_factory.mktemp("other") / "deploy")
    prepare(folder)
    prepare(other)

    assert not set(contents(folder).values()) & set(contents(other).values())


def test_the_keys_are_in_a_folder_of_their_owner_alone_and_readable_where_they_are_mounted(folder: Path) -> None:
    prepare(folder)

    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "keys").iterdir()} == {0o644}
    OKPKey.import_key((folder / "keys" / "signing.pem").read_text())


@pytest.mark.parametrize("weak", ["postgres", "changeme", "", "a" * 64, "correct horse battery staple and so on"])
@pytest.mark.parametrize("name", ["budget.postgres", "monitoring.redis", "evaluation.mac"])
def test_a_secret_that_can_be_guessed_is_refused(folder: Path, name: str, weak: str) -> None:
    prepare(folder)
    (folder / "keys" / name).write_text(weak)

    with pytest.raises(WeakSecret, match=re.escape(name)):
        prepare(folder)


def test_a_folder_without_a_composition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"compose\.yml"):
        prepare(tmp_path)


def test_other_commands_find_the_deployment_by_its_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ENV).write_text("SCOREBUS_PORT_BUDGET=9001\n# SCOREBUS_PORT_EVALUATION=1\n")
    prepare(folder)

    with pytest.raises(SystemExit) as ended:
        main.run(["token", "--role", "viewer", "--subject", "li", "--data", str(folder)])

    assert ended.value.code == 0
    assert capsys.readouterr().out.count(".") == 2
    found = read_addresses(DataFolder(folder))
    assert (found.of("budget"), found.of("evaluation")) == ("http://127.0.0.1:9001", "http://127.0.0.1:8000")


def test_the_command_says_what_it_made_and_no_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.run(["init", str(folder)])

    said = capsys.readouterr().out
    assert "keys/redis.acl" in said
    assert not any(content.strip() in said for content in contents(folder).values())
