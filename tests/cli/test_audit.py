"""`scorebus audit` against a service that answers what it is told to."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from tests.cli.fake_platform import FakePlatform, Handler, a_fake_platform

TABLE = Path(__file__).parents[1] / "evaluation" / "cases" / "03.json"
ERROR: dict[str, Any] = {
    "code": "sum-mismatch",
    "severity": "error",
    "row": None,
    "name": None,
    "field": "total_printed",
    "printed": "94",
    "expected": "93",
    "message": {"zh": "总分为94,各项得分之和为93", "en": "the total is printed as 94; the scores sum to 93"},
}
DOUBT = ERROR | {"code": "met-but-lost", "severity": "doubt", "row": 2, "name": "[bold]满意度"}


def audit(
    platform: FakePlatform, findings: list[dict[str, Any]], *words: str, file: Path = TABLE, status: int = 200
) -> int:
    """The exit code of the command when the service answers *findings*."""

    def answer(handler: Handler) -> bool:
        if status != 200:
            return handler.problem(status, "validation")
        found = {"policy": "mof-2020", "recomputed_total": "98.86", "findings": findings}
        handler.answer(200, found, {})
        return True

    platform.trouble_for_all = lambda: [answer]
    with pytest.raises(SystemExit) as ended:
        run(["audit", str(file), "--url", platform.url, "--token", "t", *words])
    return int(ended.value.code or 0)


def test_the_exit_code_tells_errors_from_doubts(capsys: pytest.CaptureFixture[str]) -> None:
    with a_fake_platform() as platform:
        assert audit(platform, []) == 0
        platform.troubles.clear()
        assert audit(platform, [DOUBT]) == 0
        platform.troubles.clear()
        assert audit(platform, [DOUBT, ERROR]) == 1


def test_findings_are_told_in_both_languages_or_in_one(capsys: pytest.CaptureFixture[str]) -> None:
    with a_fake_platform() as platform:
        audit(platform, [DOUBT, ERROR])
        both = capsys.readouterr().out
        platform.troubles.clear()
        audit(platform, [DOUBT, ERROR], "--lang", "zh")
        chinese = capsys.readouterr().out

    assert "存疑 doubt  第3项指标 indicator 3 · [bold]满意度 · met-but-lost" in both
    assert "the total is printed as 94; the scores sum to 93" in both
    assert "1 error, 1 doubt" in both
    assert "错误  全表 · sum-mismatch" in chinese
    assert "the total" not in chinese


def test_as_json_the_answer_is_printed_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    with a_fake_platform() as platform:
        audit(platform, [ERROR], "--json", "--policy", "mof-2020")

        assert json.loads(capsys.readouterr().out)["findings"] == [ERROR]
        [request] = platform.requests
        assert (request.path, request.body["case_id"]) == ("/audits?policy=mof-2020", "03")


def test_what_cannot_be_audited_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (2 * 1024 * 1024 + 1))

    with a_fake_platform() as platform:
        assert audit(platform, [], status=422) == 2
        assert audit(platform, [], file=tmp_path / "nothing.xlsx") == 2
        assert audit(platform, [], file=large) == 2

    said = capsys.readouterr().err
    assert "refused POST /audits: 422 validation" in said
    assert "cannot read" in said
    assert "too large" in said
