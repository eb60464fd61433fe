"""Forms over HTTP: every kind of paper, at any day, in both languages; and the words that people write for them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from services.evaluation.papers import print as printing
from services.evaluation.papers.print import FontsMissing
from tests.evaluation.builders import declared, paid, received
from tests.evaluation.driver import Evaluation
from tests.evaluation.test_api import play, with_rating

RARE = "𠀀𪚥𫠝𫝀𬺰𰀀喀什"  # Signs of the extensions B to G: names of people and places have them.


async def prepare(evaluation: Evaluation) -> None:
    await evaluation.send("PUT", "/projects/p/plan", with_rating())
    await evaluation.happen(declared("1000.00"), received("1000.00"), paid("250.00"))
    await evaluation.score(lambda score: score["execution"]["spent"] == "250.00")


def has_fonts() -> bool:
    try:
        printing.font()
    except FontsMissing:
        return False
    return True


def test_a_form_says_the_same_on_every_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        score = await evaluation.get("/projects/p/score")

        form = await evaluation.get("/projects/p/form.json")
        book = await evaluation.send("GET", "/projects/p/form.xlsx")
        text = await evaluation.send("GET", "/projects/p/form.docx")

        assert form["total"] == score["total"]
        assert [row["score"] for row in form["indicators"]] == [row["score"] for row in score["details"]]
        cells = [cell.value for row in openpyxl.load_workbook(io.BytesIO(book.content)).active for cell in row]
        words = {cell.text for table in docx.Document(io.BytesIO(text.content)).tables for cell in table._cells}
        for line in form["indicators"]:
            assert {line["level3"], line["target"], line["measured"]} <= {str(cell) for cell in cells} & words
        assert "attachment" in book.headers["content-disposition"]

    play(scenario, tmp_path, monkeypatch)


def test_a_form_that_is_not_final_says_so_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        form = await evaluation.get("/projects/p/form.json?as_of=2018-07-01")
        english = await evaluation.get("/projects/p/form.json?as_of=2018-07-01&lang=en")

        assert form["mark"].startswith("未定稿：评价期尚未结束")
        assert english["mark"].startswith("Not final: the window is still open")
        assert [line.split()[0] for line in form["foot"][3:-1]] == ["budget", "monitoring", "procurement", "evaluation"]

    play(scenario, tmp_path, monkeypatch)


def test_a_form_is_printed_across_or_upright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        shapes = {}
        for orientation in ("landscape", "portrait"):
            query = f"orientation={orientation}"
            text = await evaluation.send("GET", f"/projects/p/form.docx?{query}")
            book = await evaluation.send("GET", f"/projects/p/form.xlsx?{query}")
            section = docx.Document(io.BytesIO(text.content)).sections[0]
            sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
            shapes[orientation] = (
                round(section.page_width.mm),
                round(section.page_height.mm),
                sheet.page_setup.orientation,
            )
        wrong = await evaluation.send("GET", "/projects/p/form.xlsx?orientation=askew")

        assert shapes == {"landscape": (297, 210, "landscape"), "portrait": (210, 297, "portrait")}
        assert wrong.status_code == 422

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize("layout", ["mof-2020", "hubei", "xinjiang"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_layout_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, language: str) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        query = f"layout={layout}&lang={language}"

        book = await evaluation.send("GET", f"/projects/p/form.xlsx?{query}")
        page = await evaluation.send("GET", f"/projects/p/form.pdf?{query}")

        assert zipfile.is_zipfile(io.BytesIO(book.content))
        if has_fonts():
            assert page.content.startswith(b"%PDF-1.")
        else:
            assert (page.status_code, "fonts-noto-cjk" in page.json()["detail"]) == (503, True)

    play(scenario, tmp_path, monkeypatch)


def test_names_with_rare_signs_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await evaluation.send("PUT", "/projects/p/plan", with_rating() | {"title": RARE, "objective": RARE})
        when, project = declared("1000.00")
        await evaluation.happen((when, type(project)(**{**fields(project), "name": RARE})))

        form = await evaluation.get("/projects/p/form.json")
        book = await evaluation.send("GET", "/projects/p/form.xlsx")
        text = await evaluation.send("GET", "/projects/p/form.docx")

        assert form["name"] == RARE
        cells = [cell.value for row in openpyxl.load_workbook(io.BytesIO(book.content)).active for cell in row]
        words = [cell.text for table in docx.Document(io.BytesIO(text.content)).tables for cell in table._cells]
        assert RARE in cells
        assert RARE in words
        if has_fonts():
            assert (await evaluation.send("GET", "/projects/p/form.pdf")).status_code == 200

    play(scenario, tmp_path, monkeypatch)


def fields(data: Any) -> dict[str, Any]:
    return {name: getattr(data, name) for name in data.__struct_fields__}


def test_without_a_chinese_font_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answer = await evaluation.send("GET", "/projects/p/form.pdf")

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/fonts-missing")
        assert "fonts-noto-cjk" in answer.json()["detail"]

    printing.font.cache_clear()
    monkeypatch.setattr(printing, "FAMILIES", ())
    play(scenario, tmp_path, monkeypatch)
    printing.font.cache_clear()


def test_what_people_write_stands_on_the_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        before = await evaluation.get("/projects/p/form.json")

        answer = await evaluation.send("PUT", "/projects/p/narrative", {"texts": {"achieved": "全年正常运行。"}})

        assert answer.status_code == 200, answer.text
        assert before["objective"]["achieved"] == "（尚未填写）"
        assert (await evaluation.get("/projects/p/form.json"))["objective"]["achieved"] == "全年正常运行。"
        assert (await evaluation.get("/projects/p/narrative"))["texts"] == {"achieved": "全年正常运行。"}
        viewer = await evaluation.send("PUT", "/projects/p/narrative", {"texts": {}}, role="auditor")
        assert viewer.status_code == 403

    play(scenario, tmp_path, monkeypatch)


def test_what_people_write_of_an_indicator_stands_where_a_layout_has_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(evaluation: Evaluation, **notes: dict[str, str]) -> Any:
        return await evaluation.send("PUT", "/projects/p/narrative", {"indicators": notes})

    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        [code, *_] = [row["code"] for row in (await evaluation.get("/projects/p/form.json"))["indicators"]]

        await write(evaluation, **{code: {"basis": "合同约定", "previous": "11个月"}})
        answer = await write(evaluation, **{code: {"previous": ""}})
        unknown = await write(evaluation, **{"9.9.9": {"basis": "x"}})

        assert answer.json()["indicators"] == {code: {"basis": "合同约定"}}
        narrative = await evaluation.get("/projects/p/narrative")
        assert (narrative["texts"], narrative["indicators"]) == ({}, {code: {"basis": "合同约定"}})
        row = (await evaluation.get("/projects/p/form.json?layout=xinjiang"))["indicators"][0]
        assert (row["basis"], row["previous"]) == ("合同约定", "")
        assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/unknown-indicator")

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/projects/nobody/form.json", 404),
        ("/projects/p/form.odt", 404),
        ("/projects/p/form.json?layout=unknown", 422),
        ("/projects/p/form.json?as_of=yesterday", 422),
        ("/projects/p/form.json?lang=fr", 422),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answer = await evaluation.send("GET", path)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")

    play(scenario, tmp_path, monkeypatch)


def test_money_is_shown_by_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        money = (await evaluation.get("/projects/p/form.json"))["money"]

        assert [line["label"] for line in money] == ["年度资金总额", "其中：本年财政拨款", "上年结转资金", "其他资金"]
        assert (money[0]["initial"], money[0]["annual"], money[0]["executed"]) == ("0.1", "0.1", "0.025")
        assert (money[0]["rate"], money[0]["score"]) == ("25.00%", "2.50")

    play(scenario, tmp_path, monkeypatch)
