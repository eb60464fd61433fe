"""The report and the monitoring form: what they say is what the score says, at any day, whatever people wrote."""

import io
import re
import zipfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.evaluation.model import Plan, Score
from services.evaluation.rules import evaluate
from services.evaluation.rules.forms.grid import draw
from services.evaluation.rules.forms.layout import Language
from services.evaluation.rules.forms.monitoring import TICK, draw_monitoring, monitor
from services.evaluation.rules.reports.contracts import CONTRACTS_MAX
from services.evaluation.rules.reports.model import Chart, Heading, Paragraph, Report, Table
from services.evaluation.rules.reports.report import Material, scale, write
from services.evaluation.rules.showing import points_text
from tests.cli.verify.histories import moments_of, plans, zones_and_histories
from tests.evaluation.builders import (
    NEXT_YEAR,
    Happening,
    a_plan,
    adjusted,
    an_indicator,
    answered,
    at,
    declared,
    explained,
    facts_of,
    inspected,
    opened,
    paid,
    rated,
    resolved,
    responded,
    signed,
    terminated,
)
from tests.evaluation.driver import Evaluation
from tests.evaluation.forms.made import LAYOUTS, POLICIES, WORDS, Made, projects
from tests.evaluation.forms.test_calls import RARE, has_fonts, prepare
from tests.evaluation.test_api import play

SECTIONS = ("overview", "funds", "organisation", "results", "other", "work")
needs_fonts = pytest.mark.skipif(not has_fonts(), reason="no font with Chinese signs")


def report_of(made: Made, language: Language = "zh", **narrative: str) -> Report:
    def score_at(moment: Any) -> Score:
        return evaluate(made.facts, made.plan, POLICIES[made.plan.policy], as_of=moment)

    return write(
        Material(
            score=made.score,
            plan=made.plan,
            facts=made.facts,
            score_at=score_at,
            version=7,
            explanations=dict.fromkeys(made.score.explained, WORDS),
            narrative=narrative,
            language=language,
        )
    )


def sentences(report: Report) -> str:
    return "\n".join(block.text for block in report.blocks if isinstance(block, Paragraph))


def table(report: Report, *head: str) -> tuple[tuple[str, ...], ...]:
    [found] = [block for block in report.blocks if isinstance(block, Table) and block.head[: len(head)] == head]
    return found.rows


@given(projects())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_sentence_contradicts_a_figure(made: Made) -> None:
    report, score = report_of(made), made.score

    text = sentences(report)
    states = [row.status for row in score.rows]
    told = re.search("绩效自评总分(.+?)分.*达到指标值的(.+?)项，未达到的(.+?)项，尚无数据的(.+?)项", text)

    assert told is not None
    counts = [str(states.count(state)) for state in ("met", "missed", "pending")]
    assert told.groups() == (points_text(score.total), *counts)
    rows = table(report, "指标", "指标值")
    assert [row[4] for row in rows[1:]] == [points_text(row.score) for row in score.rows]
    assert ("全部指标均达到指标值" in text) == (set(states) == {"met"})
    lines = table(report, "科目") if "科目" in str(report.blocks) else ()
    if lines:
        *parts, whole = ([Fraction(cell) for cell in row[1:3]] for row in lines)
        assert [sum(column) for column in zip(*parts, strict=True)] == whole
        assert whole[1] == Fraction(score.execution.spent, 1_000_000)


@given(plans(sorted(POLICIES)), zones_and_histories(), st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_plan_asks_for_every_paper_can_be_had_at_any_moment(
    plan: Plan, zone_and_story: tuple[str, list[Happening]], data: st.DataObject
) -> None:
    zone, story = zone_and_story
    made = Made(plan, story, as_of=data.draw(moments_of(plan, zone)))
    figures = {points_text(made.score.total), *(points_text(row.score) for row in made.score.rows)}

    for language in get_args(Language):
        report = report_of(made, language)
        form = monitor(language, score=made.score, plan=plan, facts=made.facts, version=1, explanations={})

        for layout in LAYOUTS:
            assert figures <= {cell.text for cell in draw(made.form(layout, language)).cells}
        assert points_text(made.score.total) in sentences(report)
        assert {line.progress for line in form.rows} <= {cell.text for cell in draw_monitoring(form).cells}


@given(projects())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_months_add_up_to_the_year(made: Made) -> None:
    report = report_of(made)
    if made.score.execution.spent == made.score.execution.received == 0:
        return

    rows = table(report, "月份")

    assert sum(Fraction(row[2]) for row in rows) == Fraction(made.score.execution.spent, 1_000_000)
    assert Fraction(rows[-1][3]) == Fraction(made.score.execution.spent, 1_000_000)


def test_each_contract_stands_with_its_acceptance_and_what_was_paid_of_it() -> None:
    story = [
        declared("500.00"),
        signed("c", "300.00"),
        inspected("1", "02-01 00:00", "c", has_passed=False),
        inspected("1", "03-01 00:00", "c"),
        signed("d", "100.00", method="single_source"),
        paid("250.00", "04-01 00:00", "z1", contract="c"),
        paid("50.00", "05-01 00:00", "z2"),
    ]

    report = report_of(Made(a_plan(an_indicator()), story))

    assert table(report, "合同编号") == (
        ("c", "询价", "2018-01-01", "0.03", "2018-03-01合格（共2次）", "0.025"),
        ("d", "单一来源", "2018-01-01", "0.01", "尚未验收", "0"),
        ("合计", "", "", "0.04", "", "0.025"),
    )


def test_of_very_many_contracts_the_largest_are_named_and_all_are_counted() -> None:
    story = [signed(f"c{number:02}", f"{number + 1}.00") for number in range(CONTRACTS_MAX + 2)]

    rows = table(report_of(Made(a_plan(an_indicator()), [declared("9999.00"), *story])), "合同编号")

    assert (rows[0][0], len(rows)) == ("c02", CONTRACTS_MAX + 2)
    assert [(row[0], row[3]) for row in rows[-2:]] == [("其余2份", "0.0003"), ("合计", "0.0903")]


def test_a_budget_is_called_adjusted_only_if_it_was() -> None:
    plan = a_plan(an_indicator())

    stories = [declared("500.00")], [declared("500.00"), adjusted("600.00", "05-01 00:00")]
    plain, changed = (sentences(report_of(Made(plan, story))) for story in stories)

    assert ("年内未作调整" in plain, "调整后" in plain) == (True, False)
    assert ("年内未作调整" in changed, "调整后全年预算0.06万元" in changed) == (False, True)


THREE = [signed("c"), signed("d"), signed("e"), terminated("06-01 00:00", "c"), terminated("07-01 00:00", "d")]


@pytest.mark.parametrize(
    ("story", "zh", "en"),
    [
        (
            [],
            "截至2019-06-01，尚未收到本项目的预算申报信息。",
            "As of 2019-06-01 the project's budget has not been declared.",
        ),
        (
            [paid("600.00", "06-01 00:00")],
            "预算尚未申报。截至2019-06-01，到位资金0万元，实际支出0.06万元。",
            "The budget has not been declared. As of 2019-06-01, 0 had arrived and 0.06 was spent (10,000 yuan).",
        ),
        ([declared(), *THREE], "其中2份合同已终止。", "2 of the contracts were terminated."),
        (
            [declared(), answered(10, 7, survey="a"), answered(20, 20, survey="b")],
            "满意度调查收到答卷30份，其中满意27份，满意率90%。",
            "30 answers to surveys came in, 27 of them satisfied: 90%.",
        ),
        (
            [declared(), explained("12-30 00:00", "execution")],
            f"预算执行率：原因：{WORDS['reason']}。改进措施：{WORDS['remedy']}",
            f"Budget execution: Reason: {WORDS['reason']}. Remedy: {WORDS['remedy']}",
        ),
    ],
)
def test_what_happened_is_said_in_a_sentence(story: list[Any], zh: str, en: str) -> None:
    made = Made(a_plan(), story)

    texts = {language: sentences(report_of(made, language)).splitlines() for language in ("zh", "en")}

    assert zh in texts["zh"]
    assert en in texts["en"]


@pytest.mark.parametrize(("language", "told"), [("zh", "未发生"), ("en", "did not occur")])
def test_what_did_not_occur_is_no_figure(language: Language, told: str) -> None:
    made = Made(a_plan(an_indicator("response_hours", "<=", "8", unit="小时")), [declared()])

    head = ("指标", "指标值") if language == "zh" else ("Indicator", "Target")
    [_, row] = table(report_of(made, language), *head)

    assert row[1:3] == ("≤8小时", told)


def test_more_than_the_budget_of_a_day_is_said_to_be_more() -> None:
    story = [declared("100.00"), adjusted("200.00", "05-01 00:00"), paid("150.00", "04-01 00:00")]
    plan = a_plan(an_indicator())

    before = Made(plan, story, as_of=at("04-15 00:00"))
    after = Made(plan, story, as_of=at("05-15 00:00"))

    assert "实际支出超过全年预算。" in sentences(report_of(before)).splitlines()
    assert "More was spent than the budget." in sentences(report_of(before, "en")).splitlines()
    assert "实际支出超过全年预算。" not in sentences(report_of(after)).splitlines()


def test_before_its_first_day_a_project_has_neither_course_nor_lines_to_show() -> None:
    made = Made(a_plan(), [], as_of=at("01-01 00:00").replace(year=2017))

    blocks = report_of(made).blocks

    assert [block for block in blocks if isinstance(block, Chart)] == []
    assert [block.head[0] for block in blocks if isinstance(block, Table)] == ["指标"]
    assert "截至2017-01-01，没有资金到位，也没有支出。" in sentences(report_of(made))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_nobody_wrote_is_marked_and_what_somebody_wrote_stands_as_written(language: Language) -> None:
    made = Made(a_plan(), [declared("1000.00"), paid("250.00")])
    written = f"第一段 {{}} {{name}} %s {RARE}\n=1+1"

    report = report_of(made, language, funds=written)

    missing = [block for block in report.blocks if isinstance(block, Paragraph) and block.tone == "missing"]
    texts = [block.text for block in report.blocks if isinstance(block, Paragraph) and block.tone == "written"]
    assert texts == written.split("\n")
    assert len(missing) >= len(SECTIONS) - 1
    assert len([block for block in report.blocks if isinstance(block, Heading) and block.level == 1]) == len(SECTIONS)


@given(st.floats(min_value=0, max_value=1e9))
def test_an_axis_holds_the_most_and_is_not_empty(most: float) -> None:
    top = scale(most)

    assert most <= top
    assert top <= max(1.0, 6 * most)


@pytest.mark.parametrize(("most", "top"), [(0, 1), (0.009, 1), (0.3, 0.3), (87, 100), (100, 100), (101, 120)])
def test_an_axis_ends_at_a_round_figure(most: float, top: float) -> None:
    assert scale(most) == pytest.approx(top)


def test_a_value_at_its_pace_is_expected_at_the_end() -> None:
    plan = a_plan(an_indicator("paid_amount", ">=", "1000", unit="元"))
    facts = facts_of(declared("1000.00"), paid("250.00"), plan=plan)
    score = evaluate(facts, plan, POLICIES["mof-2020"], as_of=at("07-02 12:00"))

    form = monitor("zh", score=score, plan=plan, facts=facts, version=1, explanations={})

    [row] = form.rows
    assert (row.progress, row.expected, row.likelihood) == ("250元", "500元", "possible")
    assert form.money == ("0.1", "0.1", "0.025", "25.00%", "0.05")
    assert form.span == "1—7月"


@given(projects())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_when_the_year_is_over_nothing_is_only_possible(made: Made) -> None:
    form = monitor("zh", score=made.score, plan=made.plan, facts=made.facts, version=1, explanations={})

    for line, row in zip(form.rows, made.score.rows, strict=True):
        assert line.likelihood == ("certain" if row.status == "met" else "impossible")
        assert line.expected == line.progress
    grid = draw_monitoring(form)
    taken = [
        (row, column)
        for cell in grid.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    ]
    assert sorted(taken) == [(row, column) for row in range(grid.rows) for column in range(grid.width)]


@pytest.mark.parametrize(
    ("language", "likelihoods"),
    [("zh", ("确定能", "有可能", "完全不可能")), ("en", ("Certain", "Possible", "Impossible"))],
)
def test_a_target_is_called_lost_as_soon_as_it_is_and_safe_only_when_it_is(
    language: Language, likelihoods: tuple[str, ...]
) -> None:
    lost = an_indicator("availability", ">=", "99.7", code="1")
    rating = an_indicator("rating", "level", "稳步运行", unit="", code="2")  # It may be given anew, and worse.
    safe = an_indicator("accepted_quantity", ">=", "1", code="3", unit="台", arguments={"item": "i"})
    plan = a_plan(lost, rating, safe)
    down = [opened("01-10 00:00"), responded("01-10 01:00"), resolved("01-12 00:00")]
    story = [declared(), *down, rated("90", "03-01 00:00", "2"), signed(), inspected("1", "02-01 00:00")]
    facts = facts_of(*story, plan=plan)
    score = evaluate(facts, plan, POLICIES["mof-2020"], as_of=at("07-02 12:00"))

    form = monitor(language, score=score, plan=plan, facts=facts, version=1, explanations={})

    grid = draw_monitoring(form)
    names = {cell.column: cell.text for cell in grid.cells if cell.text in likelihoods}
    ticked = [cell for cell in grid.cells if cell.text == TICK]
    assert [names[cell.column] for cell in sorted(ticked, key=lambda cell: cell.row)] == [
        likelihoods[2],
        likelihoods[1],
        likelihoods[0],
    ]


@needs_fonts
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_report_is_handed_out_at_any_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        score = await evaluation.get("/projects/p/score")
        body = {"language": lang, "texts": {"work": f"<b>&{RARE}</b>"}}
        assert (await evaluation.send("PUT", "/projects/p/narrative", body)).status_code == 200

        text = await evaluation.send("GET", f"/projects/p/report.docx?lang={lang}")
        again = await evaluation.send("GET", f"/projects/p/report.docx?lang={lang}&as_of={NEXT_YEAR.isoformat()[:10]}")
        page = await evaluation.send("GET", f"/projects/p/report.pdf?lang={lang}")
        before = await evaluation.send("GET", f"/projects/p/report.pdf?lang={lang}&as_of=2018-01-01")
        no_kind = await evaluation.send("GET", "/projects/p/report.xlsx")

        words = "\n".join(each.text for each in docx.Document(io.BytesIO(text.content)).paragraphs)
        assert score["total"] in words
        assert f"<b>&{RARE}</b>" in words
        assert "report" in text.headers["content-disposition"]
        assert zipfile.is_zipfile(io.BytesIO(again.content))
        assert page.content.startswith(b"%PDF")
        assert before.content.startswith(b"%PDF")
        assert no_kind.status_code == 404

    play(scenario, tmp_path, monkeypatch)


def test_a_monitoring_form_is_handed_out_for_any_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        form = await evaluation.get("/projects/p/monitoring-form.json?month=2018-07")
        book = await evaluation.send("GET", "/projects/p/monitoring-form.xlsx?month=2018-07")
        text = await evaluation.send("GET", "/projects/p/monitoring-form.docx?month=2018-07&lang=en")
        twice = await evaluation.send("GET", "/projects/p/monitoring-form.json?month=2018-07&as_of=2018-07-01")
        no_month = await evaluation.send("GET", "/projects/p/monitoring-form.json?month=2018-13")

        assert form["span"] == "1—7月"
        cells = {str(cell.value) for row in openpyxl.load_workbook(io.BytesIO(book.content)).active for cell in row}
        assert {form["money"]["spent"], *(line["progress"] for line in form["indicators"])} <= cells
        assert zipfile.is_zipfile(io.BytesIO(text.content))
        assert (twice.status_code, no_month.status_code) == (422, 422)

    play(scenario, tmp_path, monkeypatch)


def test_the_cause_that_somebody_named_is_ticked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        code = (await evaluation.get("/projects/p/score"))["details"][0]["code"]
        body = WORDS | {"cause": "staff"}

        told = await evaluation.send("POST", f"/projects/p/indicators/{code}/deviation", body)
        wrong = await evaluation.send("POST", f"/projects/p/indicators/{code}/deviation", WORDS | {"cause": "weather"})

        assert (told.status_code, told.json()["cause"], wrong.status_code) == (201, "staff", 422)
        form = await evaluation.get("/projects/p/monitoring-form.json")
        assert form["indicators"][0]["cause"] == "staff"
        assert WORDS["reason"] in form["indicators"][0]["reason"]
        assert {line["cause"] for line in form["indicators"][1:]} <= {""}

    play(scenario, tmp_path, monkeypatch)


def test_what_is_spent_is_never_expected_above_the_budget() -> None:
    plan = a_plan()
    facts = facts_of(declared("1000.00"), paid("900.00", "01-05 00:00"), plan=plan)
    score = evaluate(facts, plan, POLICIES["mof-2020"], as_of=at("02-01 00:00"))

    form = monitor("zh", score=score, plan=plan, facts=facts, version=1, explanations={})

    assert Decimal(form.money[4]) == Decimal("0.1")
