"""What is printed in cells, read as figures and days."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.rules.auditing.days import days_of
from services.evaluation.rules.auditing.figures import figure_of, is_empty, named_figure, normal

CELLS = [
    ("≧735人次", ">=", "735", ""),
    ("═100%", "=", "100", "percent"),
    (" ≥ 95 %", ">=", "95", "percent"),
    ("≥95%", ">=", "95", "percent"),
    ("不低于９５％", ">=", "95", "percent"),
    ("95%以上", ">=", "95", "percent"),
    ("95%(含)以上", ">=", "95", "percent"),
    ("15%及其以下", "<=", "15", "percent"),
    ("小于5次", "<", "5", ""),
    ("不超过8小时", "<=", "8", "hours"),
    ("控制在90万元以内", "<=", "90", "money"),
    ("30分钟内", "<=", "30", "hours"),
    ("30分钟以内", "<=", "30", "hours"),
    ("≥100百分比", ">=", "100", "percent"),
    ("百分之九十五", None, "95", "percent"),
    ("387,664.62元", None, "387664.62", "money"),
    ("8，755", None, "8755", ""),
    ("三次", None, "3", ""),
    ("十二个", None, "12", ""),
    ("已完成50个", None, "50", ""),
    ("全年共3次", None, "3", ""),
    ("100%(全部完成)", None, "100", "percent"),
    ("-5%", None, "-5", "percent"),
    ("5‰", None, "5", "percent"),
    ("无", None, "0", ""),
    ("九成", None, "90", "percent"),
    ("8成以上", ">=", "80", "percent"),
    ("2个季度", None, "2", "months"),
    ("全年", None, "12", "months"),
    ("?0次", None, None, None),
    ("≤30,≥50", None, None, None),
    ("≥30,≥50", None, None, None),
    ("有效", None, None, None),
    ("约50个", None, None, None),
    ("3项未完成", None, None, None),
    ("一流水平", None, None, None),
    ("慰问伤残军人50人;遗属50人", None, None, None),
    ("达成预期指标", None, None, None),
    ("0" * 65, None, None, None),
]


@pytest.mark.parametrize(("text", "operator", "number", "kind"), CELLS)
def test_a_cell_is_read_as_people_mean_it(text: str, operator: str | None, number: str | None, kind: str) -> None:
    figure = figure_of(text)

    if number is None:
        assert figure is None
    else:
        assert figure is not None
        assert (figure.op, figure.numbers, figure.kind) == (operator, (Fraction(number),), kind)


@pytest.mark.parametrize(
    ("text", "yuan"),
    [("6.47亿元", 647_000_000), ("90万元", 900_000), ("12元", 12), ("2.3万人", 23_000), ("5百万元", 5_000_000)],
)
def test_multipliers_count(text: str, yuan: int) -> None:
    figure = figure_of(text)

    assert figure is not None
    assert figure.numbers[0] * figure.factor == yuan


@pytest.mark.parametrize("text", ["90%-95%", "90~95%", "90至95%", "90—95%"])
def test_a_range_has_two_bounds(text: str) -> None:
    figure = figure_of(text)

    assert figure is not None
    assert (figure.op, figure.numbers, figure.kind) == ("between", (Fraction(90), Fraction(95)), "percent")


@pytest.mark.parametrize("text", ["95-90%", "3个-5小时"])
def test_what_is_no_range_is_not_read_as_one(text: str) -> None:
    assert figure_of(text) is None


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_a_number_is_read_however_its_thousands_are_marked(number: object) -> None:
    figure = figure_of(f"{number:,}")

    assert figure is not None
    assert figure.numbers == (Fraction(str(number)),)


@given(st.text(max_size=80))
def test_whatever_a_cell_holds_it_can_be_looked_at(text: str) -> None:
    figure_of(text)
    days_of(text, 2019)
    is_empty(text)
    assert not any(character.isspace() for character in normal(text))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019年12月底前", date(2019, 12, 1), date(2019, 12, 31)),
        ("２０１９年１２月底前", date(2019, 12, 1), date(2019, 12, 31)),
        ("12月20日", date(2019, 12, 20), date(2019, 12, 20)),
        ("2019-12-20", date(2019, 12, 20), date(2019, 12, 20)),
        ("2019/6/1前", date(2019, 6, 1), date(2019, 6, 1)),
        ("于2020年2月完成", date(2020, 2, 1), date(2020, 2, 29)),
        ("6月上旬", date(2019, 6, 1), date(2019, 6, 10)),
        ("6月下旬前", date(2019, 6, 21), date(2019, 6, 30)),
        ("年底前", date(2019, 1, 1), date(2019, 12, 31)),
        ("2018年底前完成", date(2018, 1, 1), date(2018, 12, 31)),
    ],
)
def test_a_day_is_read_as_the_days_that_it_may_mean(text: str, first: date, last: date) -> None:
    found = days_of(text, 2019)

    assert found is not None
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize("text", ["2019年13月", "2月31日", "2019.12", "按时完成", "12", "0000年底前", "年" * 65])
def test_what_is_no_day_is_not_read_as_one(text: str) -> None:
    assert days_of(text, 2019) is None


def test_without_any_year_days_still_have_an_order() -> None:
    earlier, later = days_of("6月底前", None), days_of("7月1日", None)

    assert earlier is not None
    assert later is not None
    assert earlier.last < later.first


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("满意度≥85%", "85"),
        ("满意度:不低于85%", "85"),
        ("完成率100%", "100"),
        ("较上年增长5%", None),
        ("率≥5%" * 20, None),
    ],
)
def test_a_target_may_name_what_it_is_of(text: str, number: str | None) -> None:
    figure = named_figure(text)

    assert (figure and figure.numbers) == (number and (Fraction(number),))
