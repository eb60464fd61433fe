"""Tables as offices fill them in when they make no mistake: made at random, each kind of cell in its many spellings."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from services.evaluation.model import Target
from services.evaluation.rules.scoring import grade_of, is_met, reach, rounded, scoring_for
from tests.evaluation.auditing.tables import POLICIES

POLICY = POLICIES["mof-2020"]
PARTS = ("系统验收合格率", "网民满意度", "覆盖率", "政府采购率", "响应及时率")
COUNTED = ("电源系统组数", "机房维护次数", "培训", "检查场次", "设备采购")
ROWS_MAX = 10
AT_LEAST = ("≥{}", "≧ {}", ">={}", "不低于{}", "{}以上", "{}及以上", "＞＝{}")
AT_MOST = ("≤{}", "≦{}", "<={}", "不超过{}", "{}以内", "{}及以下", "控制在{}以内")
EQUAL = ("={}", "═{}", "等于{}")
COUNTS = ("次", "个", "组", "人次", "项", "")
MODES = ((2, ROUND_HALF_UP), (2, ROUND_DOWN), (1, ROUND_HALF_UP), (0, ROUND_HALF_UP), (0, ROUND_DOWN), (0, ROUND_UP))


@dataclass
class Made:
    """A clean table, and which of its rows are what."""

    raw: dict[str, Any]
    met: list[int]  # Rows with a target in figures that is met.
    missed: list[int]  # Rows that miss it by so much that no rounding hides it.

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.raw["indicators"]
        return rows

    def add_up(self) -> None:
        """Print the total and the grade that the scores now have."""
        total = sum(Decimal(str(row["score"])) for row in self.rows) + Decimal(str(self.raw["execution"]["score"]))
        self.raw |= {"total_printed": str(total), "grade_printed": grade_of(total, POLICY).zh}


@st.composite
def clean_tables(draw: st.DrawFn) -> Made:
    """A table without a fault, under mof-2020 and one way of rounding."""
    digits, mode = draw(st.sampled_from(MODES))
    execution_weight = draw(st.sampled_from((10, 20)))
    weights = _weights(draw, 100 - execution_weight)
    rows, met, missed = [], [], []
    for number, weight in enumerate(weights):
        row, share = draw(_rows(number, weight))
        score = min(rounded(weight * share, digits, mode), Decimal(weight))
        row |= {"weight": draw(st.sampled_from((weight, str(weight)))), "score": str(score)}
        if share < 1 and (mode == ROUND_UP or draw(st.booleans())):
            row["deviation_reason_printed"] = "受天气影响,进度推迟"
        if row.pop("is_figure"):
            (met if share == 1 else missed if share < Fraction(4, 5) else []).append(number)
        rows.append(row)
    made = Made({"year": 2022, "complete": True, "indicators": rows}, met, missed)
    made.raw |= _execution(draw, execution_weight, digits, mode)
    made.add_up()
    return made


def _weights(draw: st.DrawFn, full: int) -> list[int]:
    number = draw(st.integers(3, ROWS_MAX))
    cuts = sorted(draw(st.sets(st.integers(1, full // 5 - 1), min_size=number - 1, max_size=number - 1)))
    return [5 * (end - begin) for begin, end in zip([0, *cuts], [*cuts, full // 5], strict=True)]


@st.composite
def _rows(draw: st.DrawFn, number: int, weight: int) -> tuple[dict[str, Any], Fraction]:
    kind = draw(st.sampled_from(("figure", "figure", "figure", "words", "day")))
    row: dict[str, Any] = {
        "level1": "产出指标",
        "level2": "数量指标",
        "name": f"工作{number}",
        "deviation_reason_printed": None,
        "is_figure": kind == "figure",
    }
    if kind == "words":
        row |= {
            "target_printed": "效果明显",
            "actual_printed": draw(st.sampled_from(("效果明显", "达成预期指标", "100%"))),
        }
        return row, Fraction(1)
    if kind == "day":
        row |= {"target_printed": draw(st.sampled_from(("2022年12月底前", "12月底前", "2022-12-31前")))}
        row |= {"actual_printed": draw(st.sampled_from(("2022年12月20日", "12月15日", "按时完成", "2022/11/30")))}
        return row, Fraction(1)
    target, measured, words = draw(_figures())
    share = (
        Fraction(1)
        if is_met(measured, target, POLICY)
        else reach(measured, target, POLICY, scoring_for(POLICY, target, "output", ""), Decimal(weight))
    )
    return row | words | {"name": f"{number}. {words['name']}"}, share


@st.composite
def _figures(draw: st.DrawFn) -> tuple[Target, Fraction, dict[str, Any]]:
    is_percent = draw(st.booleans())
    value = draw(st.integers(40, 100) if is_percent else st.integers(5, 9_000))
    operator, spellings = draw(st.sampled_from(((">=", AT_LEAST), ("<=", AT_MOST), ("=", EQUAL))))
    percent_of = draw(st.integers(30, 100)) if operator != "<=" else draw(st.integers(60, 160))
    measured = value * percent_of // 100 if draw(st.booleans()) else value
    measured = min(measured, 100) if is_percent else measured
    unit = "%" if is_percent else draw(st.sampled_from(COUNTS))
    target = draw(st.sampled_from(spellings)).format(f"{value}{unit}")
    actual = _spelt(draw, measured, unit, as_share=operator != "<=")
    return (
        Target(op=operator, value=str(value)),
        Fraction(measured),
        {
            "name": draw(st.sampled_from(PARTS if is_percent else COUNTED)),
            "target_printed": target,
            "actual_printed": actual,
        },
    )


def _spelt(draw: st.DrawFn, measured: int, unit: str, *, as_share: bool) -> str:
    """A measured value; 0.64 beside ≤40% could be either, so nobody is blamed for it."""
    spellings = [f"{measured}{unit}", f"{measured} {unit}", f"已完成{measured}{unit}", f"{measured:,}{unit}"]
    if unit == "%":
        spellings += [f"{measured}％", f"{measured}.00%"] + ([str(Decimal(measured) / 100)] if as_share else [])
    return draw(st.sampled_from(spellings))


def _execution(draw: st.DrawFn, weight: int, digits: int, mode: str) -> dict[str, Any]:
    annual = draw(st.integers(10_000, 9_000_000))
    executed = annual if mode == ROUND_UP else annual * draw(st.integers(30, 100)) // 100
    rate = Fraction(executed, annual)
    percent = rounded(rate * 100, draw(st.sampled_from((0, 1, 2))))
    spellings = (f"{percent}%", str(percent) if percent > 1 else f"{percent}%", str(rounded(rate, 4)))
    score = rounded(weight * rate, digits, mode)
    return {
        "funds": {"unit": "元", "initial": None, "annual": f"{annual:,}", "executed": executed},
        "execution": {"rate_printed": draw(st.sampled_from(spellings)), "weight": weight, "score": str(score)},
    }
