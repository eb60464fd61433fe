"""Targets read from what people write."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.evaluation import catalogue, policies
from services.evaluation.rules import read_plan
from services.evaluation.rules.catalogue import Entry, numerals, stating, targets, units
from services.evaluation.rules.catalogue.words import normalised
from tests.evaluation.catalogue.plans import planned

CATALOGUE = catalogue.read()
BY_CODE = {entry.code: entry for entry in CATALOGUE.entries}
TARGETS = [entry for entry in CATALOGUE.entries if entry.direction not in ("level", "by", "between")]


def stated_for(code: str, text: str) -> tuple[str, object] | None:
    """The target that *text* gives the indicator, by whichever way it was said."""
    candidates = CATALOGUE.matcher.match(text, len(CATALOGUE.entries))
    target = next((each.target for each in candidates if each.entry.code == code), None)
    return None if target is None else (target.op, target.value)


def read(text: str, entry: Entry) -> tuple[str, object] | None:
    stated, _ = stating.parse(normalised(text))
    target = targets.target_for(entry, stated)
    return None if target is None else (target.op, target.value)


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ("投诉少于5%", "<", "5"),
        ("投诉低于5%", "<", "5"),
        ("投诉率小于百分之五", "<", "5"),
        ("投诉率不到5%", "<", "5"),
        ("投诉率不超过5%", "<=", "5"),
        ("投诉率控制在5%以内", "<=", "5"),
        ("投诉率5%以下", "<=", "5"),
        ("投诉率≤5%", "<=", "5"),
        ("投诉率<=5%", "<=", "5"),
        ("投诉率≤５％", "<=", "5"),
        ("投诉率＜５％", "<", "5"),
        ("投诉率<5%", "<", "5"),
        ("投诉率最多千分之三", "<=", "0.3"),
        ("投诉率最高不超过5%", "<=", "5"),
        ("投诉率为5%", "<=", "5"),
        ("投诉率保持在5%以内", "<=", "5"),
        ("投诉率维持在5%以下", "<=", "5"),
        ("投诉率低于5%以下", "<", "5"),
        ("投诉率⩽5%", "<=", "5"),
        ("投诉率等于5%", "=", "5"),
        ("投诉率=0", "=", "0"),
        ("投诉率超过5%", ">", "5"),
        ("投诉率在1%至5%之间", "between", ("1", "5")),
        ("零投诉", "=", "0"),
        ("没有投诉", "=", "0"),
        ("不发生投诉", "=", "0"),
        ("complaints at most 5%", "<=", "5"),
        ("less than 5 percent complaints", "<", "5"),
        ("no complaints", "=", "0"),
    ],
)
def test_the_words_decide_on_the_sign(text: str, op: str, value: object) -> None:
    assert stated_for("complaint-rate", text) == (op, value)


@pytest.mark.parametrize(
    ("code", "text", "op", "value"),
    [
        ("netizen-satisfaction", "网民满意率达到80%", ">=", "80"),
        ("netizen-satisfaction", "网民满意度不低于百分之九十五", ">=", "95"),
        ("netizen-satisfaction", "网民九成以上满意", ">=", "90"),
        ("netizen-satisfaction", "网民满意率80%", ">=", "80"),
        ("netizen-satisfaction", "网民满意率90%+", ">=", "90"),
        ("netizen-satisfaction", "网民百分百满意", ">=", "100"),
        ("fault-response-hours", "故障30分钟内响应", "<=", "0.5"),
        ("fault-response-hours", "故障响应时间半小时以内", "<=", "0.5"),
        ("fault-response-hours", "故障一个半小时内响应", "<=", "1.5"),
        ("fault-response-hours", "故障两天内响应", "<=", "48"),
        ("fault-response-hours", "faults answered within two hours", "<=", "2"),
        ("fault-response-hours", "故障8小时响应", "<=", "8"),
        ("broadband-months", "宽带服务一年", "=", "12"),
        ("broadband-months", "宽带服务十二个月", "=", "12"),
        ("broadband-months", "宽带服务期限不少于2个季度", ">=", "6"),
        ("broadband-cost", "宽带费用不超过60000元", "<=", "6"),
        ("broadband-cost", "宽带费用不超过六万元", "<=", "6"),
        ("broadband-cost", "宽带费用不超过6万", "<=", "6"),
        ("broadband-cost", "宽带费用不超过六万", "<=", "6"),
        ("unit-cost", "单位运维成本控制在两万以内", "<=", "20000"),
        ("bandwidth", "出口带宽500M以上", ">=", "500"),
        ("disaster-storage", "灾备存储空间达到81920G", ">=", "80"),
        ("attacks-succeeded", "网站被攻击次数为0", "=", "0"),
        ("broadband-cost", "宽带费用60,000元以内", "<=", "6"),
        ("broadband-cost", "宽带费用0.5亿元以内", "<=", "5000"),
        ("ups-batteries", "电池不少于六十组", ">=", "60"),
        ("disaster-storage", "灾备存储空间不少于81920GB", ">=", "80"),
        ("bandwidth", "出口带宽不低于1Gbps", ">=", "1000"),
        ("room-inspections", "机房巡检一次", ">=", "1"),
        ("room-inspections", "每月巡检机房一次", ">=", "12"),
        ("room-inspections", "每季度至少巡检机房2次", ">=", "8"),
        ("room-temperature", "机房温度18-27℃", "between", ("18", "27")),
        ("room-temperature", "机房温度18度到27度", "between", ("18", "27")),
        ("backup-count", "数据一周备份一次", ">=", "52"),
        ("vulnerability-fix-days", "高危漏洞一周内修复", "<=", "7"),
        ("visits", "网站日均访问量1万次以上", ">=", "365"),
        ("visits", "网站访问量不少于120万次", ">=", "120"),
        ("fault-response-hours", "故障响应时间(分钟)≤30", "<=", "0.5"),
        ("room-incidents", "机房漏水事件0起", "=", "0"),
        ("fault-response-hours", "故障响应时间30分钟到1小时", "between", ("0.5", "1")),
        ("visits", "网站访问量不少于2500000次", ">=", "250"),
        ("major-security-incidents", "零重大安全事故", "=", "0"),
        ("major-security-incidents", "杜绝重大安全事件", "=", "0"),
        ("major-security-incidents", "重大安全事件0次", "=", "0"),
        ("website-availability", "网站不出故障", ">=", "100"),
        ("website-fault-rate", "网站不出故障", "=", "0"),
        ("website-unreachable-share", "别让网站老打不开", "=", "0"),
        ("website-stable", "网站稳步运行", "level", "稳步运行"),
        ("finish-by", "项目2018年12月10日前完成", "by", "2018-12-10"),
        ("accept-by", "验收于2018-12-10前完成", "by", "2018-12-10"),
        ("launch-by", "系统2024年2月底前上线", "by", "2024-02-29"),
        ("finish-by", "项目2018年底完工", "by", "2018-12-31"),
    ],
)
def test_numbers_and_units_are_told_in_the_unit_of_the_indicator(code: str, text: str, op: str, value: object) -> None:
    assert stated_for(code, text) == (op, value)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("room-inspections", "机房巡检次数"),
        ("complaint-rate", "投诉情况"),
        ("complaint-rate", "投诉少于5次"),
        ("complaint-count", "投诉少于5%"),
        ("ipv6-support", "网站支持IPv6"),
        ("hotline-connect", "12345热线接通"),
        ("classified-protection-rate", "三级等保测评"),
        ("room-duty", "7×24小时值守"),
        ("first-time-resolution", "一次性解决"),
        ("netizen-satisfaction", "网民十分满意"),
        ("project-completion", "项目2018年12月10日前完成"),
        ("room-temperature", "机房温度保持凉爽"),
        ("website-stable", "网站可用率99%"),
        ("website-response-seconds", "网页打开时间365天"),
        ("finish-by", "项目12月10日前完成"),
        ("finish-by", "项目2018年13月40日前完成"),
        ("finish-by", "项目30天内完成"),
        ("visits", "网站访问量万次以上"),
    ],
)
def test_what_is_no_target_for_the_indicator_is_none(code: str, text: str) -> None:
    assert stated_for(code, text) is None


YEARS_OF_USE = next(entry for entry in TARGETS if entry.code == "long-term-use")


@settings(deadline=None)
@example(691900, YEARS_OF_USE)  # No year 1900 is in it.
@given(st.integers(min_value=0, max_value=99_999_999), st.sampled_from(TARGETS))
def test_a_number_in_the_indicators_own_unit_is_read_as_it_stands(number: int, entry: Entry) -> None:
    text = f"不超过{number}{entry.unit}"

    assert read(text, entry) == ("<=", str(number))


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(CATALOGUE.entries))
def test_whatever_is_written_is_read_or_left(text: str, entry: Entry) -> None:
    found = read(text, entry)

    assert found is None or found[0] in ("=", ">=", "<=", ">", "<", "between", "by")


@settings(deadline=None)
@given(
    st.integers(min_value=0, max_value=10**15 - 1),
    st.integers(min_value=0, max_value=999_999),
    st.sampled_from(sorted(units.KIND_OF)),
    st.sampled_from(["", "每天", "不超过", "少于"]),
    st.sampled_from(TARGETS),
)
def test_whatever_is_read_can_be_a_target_of_a_plan(
    number: int, decimals: int, unit: str, sign: str, entry: Entry
) -> None:
    found = read(f"{sign}{number}.{decimals:06}{unit}", entry)

    if found is not None:
        raw = planned(entry)
        raw["indicators"][0]["target"] = {"op": found[0], "value": found[1]}
        assert read_plan(raw, project="p", policies=policies.read_all())


DIGITS = "零一二三四五六七八九"


def in_chinese(number: int) -> str:
    """A number below ten thousand as it is spelt."""
    spelt, gap = "", False
    for place, sign in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            spelt += ("零" if gap and spelt else "") + DIGITS[digit] + sign
        gap = not digit
    return spelt or "零"


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=9_999))
def test_chinese_numerals_are_read(number: int) -> None:
    assert numerals.value_of(in_chinese(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十二", "12"),
        ("两", "2"),
        ("一百二十", "120"),
        ("三万五千", "35000"),
        ("一亿零五", "100000005"),
        ("二〇一八", "2018"),
        ("九十九点九五", "99.95"),
        ("1,200.5", "1200.5"),
        ("半", "0.5"),
    ],
)
def test_numerals_are_read(text: str, value: str) -> None:
    assert numerals.value_of(text) == Decimal(value)


def test_a_sign_for_ten_thousand_alone_is_no_number() -> None:
    assert numerals.value_of("万") is None


@pytest.mark.parametrize(
    ("value", "unit", "to", "found"),
    [
        ("30", "分钟", "小时", "0.5"),
        ("10", "分钟", "小时", "0.166667"),
        ("60000", "元", "万元", "6"),
        ("1", "年", "月", "12"),
        ("5", None, "%", "5"),
        ("0", "次", "%", "0"),
        ("5", "次", "%", None),
        ("5", "天", "月", None),
        ("30", "分", "分钟", "30"),
        ("70", "分", "分", "70"),
    ],
)
def test_units_of_a_kind_are_converted(value: str, unit: str | None, to: str, found: str | None) -> None:
    assert units.converted(Decimal(value), unit, to) == (None if found is None else Decimal(found))
