"""POST /audits, used from outside."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.evaluation import workbooks
from tests.evaluation.auditing.books import a_book, with_cell
from tests.evaluation.auditing.tables import CASES, a_row, a_table
from tests.evaluation.driver import Evaluation, started

JSON = "application/json"


def play(scenario: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch) as evaluation:
            await scenario(evaluation)

    asyncio.run(run())


async def send(
    evaluation: Evaluation, content: bytes, media_type: str = JSON, *, path: str = "/audits", role: str = "viewer"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {evaluation.token(role)}", "Content-Type": media_type}
    return await evaluation.client.post(path, content=content, headers=headers)


def test_a_table_is_audited_and_nothing_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        content = (CASES / "03.json").read_bytes()

        answer = await send(evaluation, content)
        named = await send(evaluation, content, path="/audits?policy=mof-2020")

        assert answer.status_code == 200
        assert answer.json()["policy"] == "mof-2020"
        assert [finding["code"] for finding in answer.json()["findings"]][-1] == "sum-mismatch"
        assert named.json() == answer.json()
        service = evaluation.service
        assert await service.database.read(lambda session: service.log.after(session, 0, 0, 10)) == []

    play(scenario, tmp_path, monkeypatch)


def test_a_workbook_is_audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        clean = await send(evaluation, a_book(), workbooks.MEDIA_TYPE)
        faulty = await send(evaluation, a_book(with_cell((16, 6), "72%")), workbooks.MEDIA_TYPE)

        assert (clean.json()["findings"], clean.json()["recomputed_total"]) == ([], "99.21")
        [finding] = faulty.json()["findings"]
        assert (finding["code"], finding["row"], finding["name"]) == ("missed-but-full", 5, "网民满意率")

    play(scenario, tmp_path, monkeypatch)


def test_what_is_no_table_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        table = json.dumps(a_table(a_row("≥1", "1", 5, 5))).encode()

        async def refused(content: bytes, media_type: str = JSON, **others: Any) -> tuple[int, str, str]:
            answer = await send(evaluation, content, media_type, **others)
            problem = answer.json()
            return answer.status_code, problem["type"], problem.get("errors", [{}])[0].get("code", "")

        assert await refused(b"{") == (400, "/problems/malformed", "")
        assert await refused(table, "text/csv") == (415, "/problems/unsupported-media-type", "")
        assert await refused(b"[]") == (422, "/problems/validation", "type")
        assert await refused(table, path="/audits?policy=none") == (422, "/problems/validation", "unknown_policy")
        assert await refused(b"PK", workbooks.MEDIA_TYPE) == (422, "/problems/validation", "workbook")
        assert await refused(a_book([["a"]], (), {}), workbooks.MEDIA_TYPE) == (422, "/problems/validation", "layout")
        assert await refused(table, role="agent") == (403, "/problems/forbidden", "")

    play(scenario, tmp_path, monkeypatch)


def test_only_a_workbook_may_be_larger_than_other_bodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        large, too_large = bytes(300 * 1024), bytes(workbooks.FILE_BYTES_MAX + 1)

        assert (await send(evaluation, large)).status_code == 413
        assert (await send(evaluation, large, workbooks.MEDIA_TYPE)).status_code == 422
        assert (await send(evaluation, too_large, workbooks.MEDIA_TYPE)).status_code == 413
        elsewhere = await send(evaluation, large, workbooks.MEDIA_TYPE, path="/projects/p/ratings", role="admin")
        assert elsewhere.status_code == 413

    play(scenario, tmp_path, monkeypatch)
