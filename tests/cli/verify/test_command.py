"""The command: what it prints, in which words, and what it exits with."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.client import Platform
from cli.main import app
from cli.verify import command
from cli.verify.wording import CHECKED, FINDINGS
from tests.cli.verify.built import Built, connected
from tests.cli.verify.test_verifying import a_platform

SOURCES = Path(command.__file__).parent


def run(monkeypatch: pytest.MonkeyPatch, built: Built, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""

    @contextmanager
    def connect(*_: Any) -> Iterator[Platform]:
        with connected(built) as platform:
            yield platform

    monkeypatch.setattr(command, "connect", connect)
    result = CliRunner().invoke(app, ["verify", "--patience", "0", *words])
    return result.exit_code, result.stdout, result.stderr


def forged() -> Built:
    built = a_platform()
    built.feeds["budget"][1] = built.feeds["budget"][1].replace(b'"correlationid":"c"', b'"correlationid":"d"')
    return built


def test_a_true_platform_exits_0_and_says_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run(monkeypatch, a_platform())

    assert (code, err) == (0, "")
    assert "全部属实 · all true" in out
    assert "2 指标 indicators" in out.replace("\n", " ")


def test_a_difference_exits_1_and_is_told_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(monkeypatch, forged())

    assert code == 1
    said = " ".join(out.split())
    assert "budget 0 2: 不符 difference, 事件内容与后一事件所记哈希不符" in said
    assert "发现不符 · not all true" in said


def test_json_carries_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(monkeypatch, forged(), "--json")

    verdict = json.loads(out)
    assert (code, verdict["outcome"], verdict["counts"]["difference"]) == (1, "difference", 1)
    [finding] = verdict["findings"]
    assert (finding["code"], finding["where"], set(finding["message"])) == ("hash-mismatch", "budget 0 2", {"zh", "en"})
    assert sum(source["events"] for source in verdict["sources"]) == 12
    assert all(source["bytes"] > 0 for source in verdict["sources"])


def test_tips_are_printed_alone_if_all_is_true_and_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, out, _ = run(monkeypatch, a_platform(), "--tips")
    note = tmp_path / "note"
    note.write_text(out)

    assert (code, len(out.splitlines())) == (0, 4)
    assert run(monkeypatch, a_platform(), "--against", str(note))[0] == 0
    assert run(monkeypatch, forged(), "--tips")[0] == 1


@pytest.mark.parametrize(
    "words", [("--source", "nobody"), ("--against", "no such file"), ("--source", "budget", "--against", "")]
)
def test_what_cannot_be_done_exits_2_with_one_line(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    code, out, err = run(monkeypatch, a_platform(), *words)

    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_a_tip_of_another_log_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    tip = run(monkeypatch, a_platform(), "--tips")[1].splitlines()[0]

    assert run(monkeypatch, a_platform(), "--source", "monitoring", "--against", tip)[0] == 2


def test_a_service_that_does_not_answer_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    built = a_platform()

    def serve(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"type": "/problems/unavailable", "detail": "down"})

    monkeypatch.setattr(built, "serve", serve)

    assert run(monkeypatch, built)[0] == 2


@pytest.mark.parametrize("body", [b"[{]", b'{"a":1}', b"[1,", b"\xff"])
def test_a_feed_that_is_none_exits_2(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    built = a_platform()
    monkeypatch.setattr(built, "_page", lambda service, after: body)

    assert run(monkeypatch, built)[0] == 2


def test_an_absent_witness_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    code, out, _ = run(monkeypatch, a_platform(), "--hledger")

    assert (code, "hledger 未安装" in out) == (0, True)


def test_the_journal_is_written_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "payments.journal"

    assert run(monkeypatch, a_platform(), "--journal", str(path))[0] == 0
    assert path.read_text().count(" payment ") == 2
    assert run(monkeypatch, a_platform(), "--journal", str(tmp_path / "no" / "where"))[0] == 2


def test_every_finding_has_its_words() -> None:
    said = "".join(path.read_text() for path in SOURCES.rglob("*.py") if path.name != "wording.py")

    used = set(re.findall(r'(?:add|doubt|unverified|expect)\(\s*"([a-z-]+)"', said))
    assert used == FINDINGS.keys()
    assert all(words.zh and words.en for words in (*FINDINGS.values(), *CHECKED.values()))
