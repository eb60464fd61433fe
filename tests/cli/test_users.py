"""``scorebus user``, and the users of the demo."""

import io
from pathlib import Path

import pytest

from cli.folder import DataFolder, make_folder
from cli.main import run
from cli.users import ensure_demo
from shared.users import matches, read_users

PASSWORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return make_folder(tmp_path / "data")


def a_command(folder: DataFolder, monkeypatch: pytest.MonkeyPatch, *words: str, password: str = PASSWORD) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    with pytest.raises(SystemExit) as ended:
        run(["user", *words, "--data", str(folder.path)])
    return int(ended.value.code or 0)


def test_a_user_who_is_added_may_log_in_and_one_who_is_removed_may_not(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("li", "--role", "finance", "--role", "viewer", "--project", "web", "--password-stdin")
    assert a_command(folder, monkeypatch, "add", *words) == 0
    user = read_users(folder.users)["li"]
    assert (user.roles, user.projects) == (("finance", "viewer"), ("web",))
    assert matches(user, PASSWORD)

    assert a_command(folder, monkeypatch, "list") == 0
    assert "finance, viewer" in capsys.readouterr().out
    assert a_command(folder, monkeypatch, "remove", "li") == 0

    assert read_users(folder.users) == {}


@pytest.mark.parametrize(
    "words",
    [
        ("add", "li", "--role", "king", "--password-stdin"),
        ("add", "li", "--role", "viewer", "--project", "not an id", "--password-stdin"),
        ("remove", "nobody"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert a_command(folder, monkeypatch, *words) == 1
    assert not folder.users.exists()


def test_a_short_password_is_refused(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("add", "li", "--role", "viewer", "--password-stdin")

    assert a_command(folder, monkeypatch, *words, password="short") == 1


def test_the_demo_has_a_password_of_its_own_in_each_folder(folder: DataFolder, tmp_path: Path) -> None:
    first, second = ensure_demo(folder), ensure_demo(make_folder(tmp_path / "other"))

    assert first is not None
    assert second is not None
    assert first != second
    assert ensure_demo(folder) == first
    assert matches(read_users(folder.users)["demo"], first)
    assert {"finance", "approver", "cashier"} < set(read_users(folder.users))


def test_the_demo_does_not_come_back_once_it_was_removed(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_demo(folder)
    a_command(folder, monkeypatch, "remove", "demo")

    assert ensure_demo(folder) is None
    assert "demo" not in read_users(folder.users)
