"""One row at a time: what is found in it, and what is let pass."""

from typing import Any

import pytest

from tests.evaluation.auditing.tables import a_row, a_table, audited, found_in, verdict

CLEAN: list[tuple[str, Any, Any, Any, Any, dict[str, Any]]] = [
    ("met", "≥60组", "60组", 4, 4, {}),
    ("two decimals", "≥95%", "92%", 10, "9.68", {}),
    ("one decimal", "≥95%", "92%", 10, "9.7", {}),
    ("whole, half up", "≥95%", "92%", 10, 10, {}),
    ("whole, cut off", "≥95%", "92%", 10, 9, {}),
    ("trailing zeros", "≥100%", "95%", 10, "9.50", {}),
    ("rounded up, with a reason", "≥95%", "90%", 10, 10, {"deviation_reason_printed": "疫情影响"}),
    ("no sign, read by a transcriber", "8755", "8676", 15, "14.86", {"direction": ">="}),
    ("a fraction for per cent", "≥95%", "0.98", 10, 10, {}),
    ("one for 100 %", "100%", "1", 10, 10, {}),
    ("a number for JSON", 100, 100, 10, 10, {}),
    ("per cent of a bare number", "100", "100%", 10, 10, {}),
    ("a share of one", "1", "100%", 10, 10, {}),
    ("per cent of a count", "≥12次", "100%", 10, 10, {}),
    ("other words for the unit", "≥50个", "50", 8, 8, {}),
    ("money in other units", "≤90万元", "899740元", 8, 8, {}),
    ("money without a unit", "≤90万元", "90", 8, 8, {}),
    ("time in other units", "≤8小时", "30分钟", 4, 4, {}),
    ("things that cannot be compared", "≤8小时", "90元", 4, 2, {}),
    ("cost without a sign", "75元", "70元", 10, 10, {"level2": "成本指标"}),
    ("time without a sign", "2小时", "1小时", 4, 4, {}),
    ("none of what is bad", "0次", "0次", 4, 4, {}),
    ("nothing", "≤0次", "无", 4, 4, {}),
    ("more than the equal sign asks", "=2个", "3个", 4, 4, {}),
    ("inside", "90%-95%", "92%", 4, 4, {}),
    ("beyond", ">5次", "6次", 4, 4, {}),
    ("growth beyond 100 %", "≥110%", "120%", 4, 4, {"name": "收入增长率"}),
    ("completion beyond 100 %", "≥100%", "120%", 4, 4, {"name": "计划完成率"}),
    ("a bound for an actual", "≥90%", "95%以上", 4, 4, {}),
    ("words for words", "有效", "有效", 10, 10, {}),
    ("words well judged", "有效", "基本有效", 10, 8, {}),
    (
        "words for words, short of the band, with a reason",
        "有效",
        "有效",
        10,
        5,
        {"deviation_reason_printed": "群众反映"},
    ),
    ("per cent for words", "按时限完成", "100%", 20, 20, {}),
    ("in time", "2019年12月底前", "2019年12月20日", 5, 5, {}),
    ("in the month", "12月底前", "12月", 5, 5, {}),
    ("a month that is one", "12月", "12月20日", 5, 5, {}),
    ("months that are counted", "12月", "12个月", 5, 5, {"direction": ">="}),
    ("in time, in words", "2019年12月底前", "按时完成", 5, 5, {}),
    ("late, with points lost", "2019年6月底前", "2019年7月", 5, 3, {}),
    ("late, with a reason", "2019年6月底前", "2019年7月", 5, 5, {"deviation_reason_printed": "雨季"}),
    ("met, points lost for a reason", "≥10次", "30次", 10, 8, {"deviation_reason_printed": "目标设定偏低"}),
    ("a deduction that is named", "≥10次", "9次", 7, 5, {"deviation_reason_printed": "少一次,扣2分"}),
    ("a deduction without its points", "≥10次", "9次", 7, 5, {"deviation_reason_printed": "按规定扣分"}),
    ("a point a missing unit, with a reason", "≥10次", "6次", 10, 6, {"deviation_reason_printed": "人手不足"}),
    ("a row without points", "≥10次", "6次", 0, 0, {}),
    ("an illegible target", "?0次", "43次", 10, 10, {}),
    ("a range for an actual", "≥10次", "10-12次", 10, 10, {}),
    ("thousands without their unit", "≥5万人", "50000", 4, 4, {}),
    ("per cent of a limit", "≤5次", "100%", 4, 4, {}),
    ("words before the figure", "≥12次", "开展巡检12次", 10, 10, {}),
    ("words before per cent", "≥95%", "群众满意度达到96%", 10, 10, {}),
    ("yuan without a unit", "≤50万元", "480000", 10, 10, {}),
    ("a bound beyond the target", "≥95%", "≥96%", 10, 10, {}),
    ("a target that names itself", "满意度≥85%", "90%", 10, 10, {}),
    ("a rate that names itself", "完成率100%", "100%", 10, 10, {}),
    ("a share of last year's", "较上年增长5%", "3%", 10, 10, {}),
    ("two signs", "≥30,≤50", "45", 10, 10, {}),
    ("tenths", "满意度八成以上", "九成", 10, 10, {}),
    ("a year of months", "12个月", "1年", 10, 10, {}),
    ("the whole year", "12个月", "全年", 10, 10, {}),
    ("a clause beside it", "≥12次", "巡检12次,发现问题3个", 10, 10, {}),
    ("a longer unit", "1套", "购置1套设备", 10, 10, {}),
    ("an allowance is no cost", "75元", "80元", 10, 10, {"level2": "成本指标", "name": "人均补助标准"}),
    ("in time, next year", "次年3月底前", "次年2月", 5, 5, {}),
    ("an odd weight", "≥10次", "10次", "3.335", "3.33", {}),
]


@pytest.mark.parametrize(
    ("kind", "target", "actual", "weight", "score", "others"), CLEAN, ids=[row[0] for row in CLEAN]
)
def test_nothing_is_found_where_something_usual_explains_it(
    kind: str, target: Any, actual: Any, weight: Any, score: Any, others: dict[str, Any]
) -> None:
    assert verdict(target, actual, weight, score, **others) == []


FAULTY: list[tuple[str, str, str, Any, Any, Any, Any, dict[str, Any]]] = [
    ("score-above-weight", "error", "above", "≥10次", "10次", 5, 6, {}),
    ("score-not-following", "error", "too much", "≥100%", "60%", 10, 9, {}),
    ("score-not-following", "error", "too little", "≥100%", "60%", 10, 4, {"direction": ">="}),
    (
        "score-not-following",
        "doubt",
        "too little, with a reason",
        "≥100%",
        "60%",
        10,
        5,
        {"deviation_reason_printed": "人手不足"},
    ),
    ("score-not-following", "doubt", "a point a missing unit", "≥10次", "6次", 20, 16, {}),
    ("score-not-following", "doubt", "nothing printed", "≥10次", "6次", 10, None, {}),
    ("score-not-following", "doubt", "nothing printed for words", "有效", "有效", 10, None, {}),
    ("score-not-following", "error", "outside a range", "90%-95%", "60%", 4, 1, {}),
    ("met-but-lost", "error", "met", "≥95%", "100%", 10, 7, {}),
    ("met-but-lost", "error", "met at most", "≤0.3%", "0.12%", 4, 2, {}),
    ("met-but-lost", "error", "in time", "2019年12月底前", "2019年12月20日", 5, 3, {}),
    ("met-but-lost", "doubt", "words for words", "有效", "有效", 10, 7, {}),
    ("missed-but-full", "error", "missed", "≥95%", "60%", 10, 10, {}),
    ("missed-but-full", "error", "more than allowed", "≤5%", "8%", 4, 4, {}),
    ("missed-but-full", "error", "too dear", "≤90万元", "120万元", 8, 8, {}),
    ("missed-but-full", "error", "outside", "90%-95%", "60%", 4, 4, {}),
    ("missed-but-full", "error", "something where nothing is allowed", "≤0次", "2次", 4, 4, {}),
    ("missed-but-full", "error", "not beyond", ">5次", "5次", 4, 4, {}),
    ("missed-but-full", "error", "part of a count", "≥12次", "60%", 10, 10, {}),
    ("missed-but-full", "doubt", "no sign", "100%", "60%", 10, 10, {}),
    ("missed-but-full", "doubt", "rounded up", "≥95%", "90%", 10, 10, {}),
    ("missed-but-full", "error", "late", "2019年6月底前", "2019年7月", 5, 5, {}),
    ("missed-but-full", "doubt", "words that deny", "完成验收", "未完成", 5, 5, {}),
    ("target-copied", "error", "with its sign", "≥95%", "≥ 95%", 10, 10, {}),
    ("target-copied", "error", "with its sign otherwise spelt", "≥95%", ">=95.00%", 10, 10, {}),
    ("target-copied", "doubt", "in words for its sign", "≥95%", "不低于95%", 10, 10, {}),
    ("target-copied", "doubt", "with its words", "不超过5次", "不超过5次", 10, 10, {}),
    ("target-copied", "doubt", "a day", "2019年12月底前", "2019年12月底前", 10, 10, {}),
    ("actual-missing", "error", "empty", "≥95%", None, 10, 10, {}),
    ("actual-missing", "error", "a dash", "≥95%", "—", 10, 10, {}),
    ("actual-missing", "error", "empty, of words", "有效", "", 10, 10, {}),
    ("actual-not-a-number", "error", "words", "≥95%", "已完成", 10, 10, {}),
    ("actual-not-a-number", "doubt", "words that say none", "小于5次", "无上访", 10, 10, {"actual_num": 0}),
    ("missed-but-full", "error", "a target that names itself", "满意度≥85%", "60%", 10, 10, {}),
    ("missed-but-full", "doubt", "a rate that names itself", "完成率100%", "60%", 10, 10, {}),
    ("missed-but-full", "error", "beyond two signs", "≥30,≤50", "80", 10, 10, {}),
    ("missed-but-full", "doubt", "half a year", "1年", "6个月", 10, 10, {}),
    ("missed-but-full", "error", "some where none is asked for", "0起", "2起", 10, 10, {}),
    ("missed-but-full", "doubt", "dearer than planned", "50万元", "60万元", 10, 10, {"level2": "成本指标"}),
    ("missed-but-full", "error", "next year", "年底前完成", "次年3月完成", 5, 5, {}),
    ("actual-not-a-number", "doubt", "two figures that count the same", "≥12次", "巡检5次,检查6次", 10, 10, {}),
    ("actual-not-a-number", "doubt", "words and another figure", "≥12次", "涉及3个乡镇", 10, 10, {}),
    ("actual-not-a-number", "doubt", "words and a difference", "≥12次", "还差3次", 10, 10, {}),
    ("missed-but-full", "error", "words before a low figure", "≥12次", "开展巡检6次", 10, 10, {}),
    ("missed-but-full", "error", "too dear, in yuan", "≤50万元", "600000", 10, 10, {}),
    ("missed-but-full", "error", "no reason", "≥95%", "60%", 10, 10, {"deviation_reason_printed": "无"}),
    ("met-but-lost", "error", "no deviation", "≥95%", "96%", 10, 7, {"deviation_reason_printed": "无偏差。"}),
    ("actual-not-a-number", "doubt", "words with a figure", "≥95%", "约95%左右", 10, 10, {}),
    ("percent-out-of-range", "error", "satisfied beyond all", "≥95%", "105%", 10, 10, {"name": "群众满意度"}),
    ("percent-out-of-range", "error", "without a sign", "95", "105", 10, 10, {"name": "验收合格率", "direction": ">="}),
    ("percent-out-of-range", "error", "less than none", "≤5%", "-1%", 10, 10, {"name": "投诉率"}),
    ("percent-out-of-range", "doubt", "some rate", "≥95%", "120%", 10, 10, {"name": "资源率"}),
    ("weight-missing", "error", "no weight", "≥95%", "98%", None, 10, {}),
]


@pytest.mark.parametrize(
    ("code", "severity", "kind", "target", "actual", "weight", "score", "others"),
    FAULTY,
    ids=[f"{row[0]} {row[2]}" for row in FAULTY],
)
def test_what_does_not_hold_is_found_and_nothing_beside_it(
    code: str, severity: str, kind: str, target: Any, actual: Any, weight: Any, score: Any, others: dict[str, Any]
) -> None:
    assert verdict(target, actual, weight, score, **others) == [(code, severity)]


def test_a_named_deduction_must_be_the_one_that_was_made() -> None:
    found = verdict("≥10次", "9次", 20, 11, deviation_reason_printed="少一次,扣2分")

    assert found == [("score-not-following", "doubt")]


def test_whole_points_among_decimals_are_no_rounding() -> None:
    fine = a_row("≥100%", "91.3%", 10, "9.13")

    assert found_in(a_table(fine, a_row("≥100%", "97%", 10, 9))) == [("score-not-following", "doubt", 1)]
    assert found_in(a_table(fine, a_row("≥100%", "97%", 10, 10))) == [("missed-but-full", "doubt", 1)]
    assert found_in(a_table(fine, a_row("≥100%", "91%", 10, 10))) == [("missed-but-full", "error", 1)]
    assert found_in(a_table(fine, a_row("≥100%", "100%", "9.5", 9))) == [("met-but-lost", "error", 1)]


def test_numbers_that_a_transcriber_read_stand_in_for_what_is_not_printed() -> None:
    row = a_row(None, None, 10, 10, target_num=100, actual_num=60, direction=">=")

    [finding] = audited(a_table(row))["findings"]

    assert (finding["code"], finding["printed"], finding["expected"]) == ("missed-but-full", "10", "6")
    assert finding["message"]["en"].startswith("the target is missed (target 100, actual 60)")


def test_a_figure_beside_words_is_not_judged_when_the_transcriber_says_words() -> None:
    assert verdict("100%", "60%", 10, 10, direction="qualitative") == []
