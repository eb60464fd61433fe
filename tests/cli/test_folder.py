import re
import socket
import stat
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.folder import SERVICES, Lock, make_folder, write_private
from cli.keys import ensure_keys
from cli.main import run
from cli.ports import ports_of, require_free
from tests.stories.platform import free_port_base


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")

    ensure_keys(folder)

    assert mode(folder.keys) == 0o700
    assert mode(folder.signing_key) == 0o600
    assert folder.signing_key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (folder.keys / "public.pem").read_text().startswith("-----BEGIN PUBLIC KEY-----")
    for service in SERVICES:
        assert mode(folder.keys / f"{service}.mac") == 0o600
        assert re.fullmatch("[0-9a-f]{64}", (folder.keys / f"{service}.mac").read_text())


def test_keys_once_made_are_kept(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    ensure_keys(folder)
    before = {path.name: path.read_text() for path in folder.keys.iterdir()}

    ensure_keys(folder)

    assert {path.name: path.read_text() for path in folder.keys.iterdir()} == before


def test_a_signing_key_that_is_none_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    folder.signing_key.write_text("not a key")

    with pytest.raises(CommandError, match="is not a private key"):
        ensure_keys(folder)


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_private(tmp_path / "a", "one")
    write_private(tmp_path / "a", "two")

    assert (tmp_path / "a").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_second_up_on_the_same_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_folder(tmp_path / "data")

    with Lock(folder), pytest.raises(SystemExit) as ended:
        run(["up", "--data", str(folder.path)])

    assert ended.value.code == 1
    assert "another `scorebus up` (process " in capsys.readouterr().err


def test_after_a_clean_end_the_lock_is_free_and_says_so(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")

    with Lock(folder) as first:
        assert not first.was_killed
    with Lock(folder) as second:
        assert not second.was_killed


def test_after_a_kill_the_next_one_knows(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    folder.lock.write_text("12345")  # What a killed `up` leaves; the system let go of its lock.

    with Lock(folder) as lock:
        assert lock.was_killed


def test_a_port_in_use_is_named_with_the_service_that_needs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = free_port_base()
    port = base + 2
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        with pytest.raises(SystemExit) as ended:
            run(["up", "--data", str(tmp_path / "data"), "--port-base", str(base)])

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert f"port {port}, which procurement needs, is in use" in said
    assert said.count("\n") == 1


def test_ports_that_are_free_are_let_pass() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    require_free({"budget": port}, patience_seconds=0)


def test_the_services_have_the_base_and_the_next_three_ports() -> None:
    assert ports_of(8000) == {"evaluation": 8000, "budget": 8001, "procurement": 8002, "monitoring": 8003}
