"""The forms of many projects in one zip."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from services.evaluation.api import bundles
from tests.evaluation.driver import Evaluation
from tests.evaluation.forms.test_calls import prepare
from tests.evaluation.test_api import play, with_rating


def test_every_form_one_may_see_is_in_the_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "PROJECTS_AT_ONCE", 2)

    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        for name in ("a", "b", "c", "q"):
            assert (
                await evaluation.send("PUT", f"/projects/{name}/plan", with_rating() | {"project": name})
            ).is_success

        everything = await evaluation.send("GET", "/forms.zip")
        own = await evaluation.send("GET", "/forms.zip?kind=docx&as_of=2018-07-01", projects=["p", "a"])
        none = await evaluation.send("GET", "/forms.zip?year=1999")
        wrong = await evaluation.send("GET", "/forms.zip?layout=none")

        with zipfile.ZipFile(io.BytesIO(everything.content)) as archive:
            assert archive.namelist() == ["a.xlsx", "b.xlsx", "c.xlsx", "p.xlsx", "q.xlsx"]
            assert archive.testzip() is None
            book = openpyxl.load_workbook(io.BytesIO(archive.read("p.xlsx")))
            assert "0.025" in {str(cell.value) for row in book.worksheets[0] for cell in row}
        with zipfile.ZipFile(io.BytesIO(own.content)) as archive:
            assert archive.namelist() == ["a.docx", "p.docx"]
        assert zipfile.ZipFile(io.BytesIO(none.content)).namelist() == []
        assert wrong.status_code == 422

    play(scenario, tmp_path, monkeypatch)
