"""``scorebus audit``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from httpx import QueryParams
from rich.console import Console
from rich.text import Text

from cli.client import Call, connect
from cli.errors import CommandError
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.voice import print_json

JSON_TYPE: Final = "application/json"
WORKBOOK_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP_MARK: Final = b"PK"  # Every workbook begins with it.
FILE_BYTES_MAX: Final = 2 * 1024 * 1024
STYLES: Final = {"error": "bold red", "doubt": "yellow"}
SEVERITIES: Final = {"zh": {"error": "错误", "doubt": "存疑"}, "en": {"error": "error", "doubt": "doubt"}}


class NotAudited(CommandError):
    """There is no audit: the file cannot be read as a table, or nobody answers."""

    exit_code = 2


class Language(StrEnum):
    """In which language findings are told."""

    BOTH = "both"
    CHINESE = "zh"
    ENGLISH = "en"

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages that messages are printed in."""
        return ("zh", "en") if self is Language.BOTH else (self.value,)


def audit(
    file: Annotated[Path, typer.Argument(help="A finished self-evaluation table: JSON, or xlsx in the common layout.")],
    policy: Annotated[
        str | None, typer.Option("--policy", help="The scoring policy to hold it to. Else the best-fitting one.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="The language of the findings.")] = Language.BOTH,
    data: Data = DATA_DEFAULT,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """
    Audit a finished self-evaluation table.

    Ends with 0 if nothing but doubts was found, with 1 if there are errors in it, and with 2 if it cannot be audited.
    """
    content = _read(file)
    query = "" if policy is None else f"?{QueryParams(policy=policy)}"
    call = Call(service="evaluation", method="POST", path=f"/audits{query}", role="viewer", content=content)
    try:
        with connect(data, url, token) as platform:
            found = platform.perform(call).body
    except CommandError as error:
        raise NotAudited(str(error)) from error
    if as_json:
        print_json(found)
    else:
        _print(file, found, lang)
    if any(finding["severity"] == "error" for finding in found["findings"]):
        raise typer.Exit(1)


def _read(file: Path) -> tuple[str, bytes]:
    """The media type and the bytes of *file*."""
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise NotAudited(f"cannot read {file}: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise NotAudited(f"{file} is too large: a table has at most {FILE_BYTES_MAX} bytes")
    return WORKBOOK_TYPE if content.startswith(ZIP_MARK) else JSON_TYPE, content


def _number_of(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _print(file: Path, found: dict[str, Any], language: Language) -> None:
    console = Console(highlight=False, soft_wrap=True)
    findings = found["findings"]
    errors = sum(finding["severity"] == "error" for finding in findings)
    doubts = len(findings) - errors
    heads = {
        "zh": f"{file}:按 {found['policy']} 核对,重算总分 {found['recomputed_total']},"
        f"错误 {errors} 处,存疑 {doubts} 处",
        "en": f"{file}: held to {found['policy']}, recomputed total {found['recomputed_total']}, "
        f"{_number_of(errors, 'error')}, {_number_of(doubts, 'doubt')}",
    }
    for code in language.codes:
        console.print(Text(heads[code], style="bold"))
    for finding in findings:
        console.print()
        console.print(_headline(finding, language))
        for code in language.codes:
            console.print(Text(f"    {finding['message'][code]}"))


def _headline(finding: dict[str, Any], language: Language) -> Text:
    severity = finding["severity"]
    words = " ".join(SEVERITIES[code][severity] for code in language.codes)
    places = {"zh": "全表", "en": "whole table"}
    if finding["row"] is not None:
        number = finding["row"] + 1
        places = {"zh": f"第{number}项指标", "en": f"indicator {number}"}
    place = " ".join(places[code] for code in language.codes)
    name = f" · {finding['name']}" if finding.get("name") else ""
    return Text.assemble((words, STYLES[severity]), f"  {place}{name} · {finding['code']}")
