import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from cli.folder import make_folder
from cli.keys import ensure_keys, renew_service_token
from cli.main import run
from shared.access import FixedKeys, Gatekeeper
from shared.problems import Unauthorized
from shared.roles import ROLES


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "data")
    ensure_keys(folder)
    return folder.path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run(words)
    assert ended.value.code == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run(words)
    said = capsys.readouterr()
    assert ended.value.code not in (0, None)
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


def test_a_token_is_printed_alone_and_verifies_with_the_public_key(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(
        capsys,
        "token",
        "--role",
        "finance",
        "--subject",
        "bank",
        "--project",
        "p-1",
        "--days",
        "2",
        "--data",
        str(data),
    )

    key = OKPKey.import_key((data / "keys" / "public.pem").read_text())
    decoded = jwt.decode(said.removesuffix("\n"), key, algorithms=["Ed25519"])
    assert said.count("\n") == 1
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.claims["sub"] == "bank"
    assert decoded.claims["projects"] == ["p-1"]
    assert set(decoded.claims["scope"].split()) == ROLES["finance"]
    assert decoded.claims["exp"] - decoded.claims["iat"] == 2 * 86_400


def test_a_token_without_project_is_for_all_and_the_services_take_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(capsys, "token", "--role", "viewer", "--subject", "me", "--data", str(data))

    caller = Gatekeeper(FixedKeys((data / "keys" / "public.pem").read_text())).check(said.strip())
    assert caller.projects is None
    assert caller.scopes == ROLES["viewer"]


def test_as_json_the_token_comes_with_what_it_is_good_for(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(printed(capsys, "token", "--role", "buyer", "--subject", "b", "--data", str(data), "--json"))

    assert said["scopes"] == sorted(ROLES["buyer"])
    assert said["projects"] == "*"
    assert datetime.fromisoformat(said["expires"]) > datetime.now(UTC)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--role", "king", "--subject", "x"), "there is no role king"),
        (("--role", "viewer", "--subject", " "), "--subject"),
        (("--role", "viewer", "--subject", "x", "--days", "0"), "--days"),
        (("--role", "viewer", "--subject", "x", "--days", "nan"), "--days"),
        (("--role", "viewer", "--subject", "x", "--project", "a b"), "--project a b"),
    ],
)
def test_a_wrong_wish_is_answered_in_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    said = refused(capsys, "token", *words, "--data", str(data))

    assert told in said
    assert said.count("\n") == 1


def test_without_a_platform_the_way_to_one_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "token", "--role", "viewer", "--subject", "x", "--data", str(tmp_path / "none"))

    assert "scorebus up" in said
    assert not (tmp_path / "none").exists()


def test_the_services_token_reads_feeds_and_nothing_else(data: Path) -> None:
    renew_service_token(make_folder(data))

    caller = Gatekeeper(FixedKeys((data / "keys" / "public.pem").read_text())).check(
        (data / "keys" / "service.token").read_text()
    )
    assert caller.subject == "service"
    assert caller.scopes == {"events:read"}


def test_another_platforms_token_is_not_taken(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = make_folder(tmp_path / "other")
    ensure_keys(other)

    said = printed(capsys, "token", "--role", "admin", "--subject", "x", "--data", str(other.path))

    with pytest.raises(Unauthorized):
        Gatekeeper(FixedKeys((data / "keys" / "public.pem").read_text())).check(said.strip())
