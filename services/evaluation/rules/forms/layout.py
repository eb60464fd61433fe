"""What a layout of the statutory form says, and the words printed on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Language = Literal["zh", "en"]
Column = Literal[
    "level1",
    "level2",
    "level3",
    "basis",
    "previous",
    "target",
    "measured",
    "completion",
    "rule",
    "weight",
    "score",
    "evidence",
    "deviation",
]
MoneyRow = Literal["total", "fiscal", "carry_over", "other"]
MoneyColumn = Literal["initial", "annual", "executed", "weight", "rate", "score"]
Closing = Literal["causes", "remedies"]
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    A layout (表样): which columns and rows a form has, and where that was read.

    Attributes:
        closing: Rows below the total that gather what is said of missed targets, where no column does.
        widths: Of columns that are not as wide as usual, in Latin signs.
        words: What this layout prints in place of the usual words, by language and name.
    """

    name: str
    source: str
    certainty: str
    title: Mapping[str, str]
    columns: tuple[Column, ...]
    money_rows: tuple[MoneyRow, ...]
    money_columns: tuple[MoneyColumn, ...]
    closing: tuple[Closing, ...]
    widths: Mapping[str, int]
    words: Mapping[str, Mapping[str, str]]

    def word(self, name: str, language: Language) -> str:
        """What this layout prints for *name*."""
        return self.words.get(language, {}).get(name) or word(name, language)


def read_layout(data: Mapping[str, Any]) -> Layout:
    """
    Read a layout from its data.

    Raises:
        ValueError, KeyError: If it lacks a part or names a column that does not exist: it stops the start.
    """
    layout = Layout(
        name=data["name"],
        source=data["source"],
        certainty=data["certainty"],
        title=data["title"],
        columns=tuple(data["columns"]),
        money_rows=tuple(data["money_rows"]),
        money_columns=tuple(data.get("money_columns", get_args(MoneyColumn))),
        closing=tuple(data.get("closing", ())),
        widths=data.get("widths", {}),
        words=data.get("words", {}),
    )
    named: list[tuple[Any, tuple[str, ...]]] = [
        (Column, layout.columns),
        (MoneyRow, layout.money_rows),
        (MoneyColumn, layout.money_columns),
        (Closing, layout.closing),
        (Column, tuple(layout.widths)),
    ]
    unknown = {name for kind, names in named for name in names if name not in get_args(kind)}
    unknown |= {name for words in layout.words.values() for name in words if name not in WORDS}
    if unknown:
        raise ValueError(f"layout {layout.name} names unknown columns, rows or words: {sorted(unknown)}")
    return layout


WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "project": {"zh": "项目名称", "en": "Project"},
    "department": {"zh": "主管部门", "en": "Department in charge"},
    "unit": {"zh": "实施单位", "en": "Implementing unit"},
    "year": {"zh": "（{year}年度）", "en": "({year})"},
    "money": {"zh": "项目资金（万元）", "en": "Funds (10,000 yuan)"},
    "initial": {"zh": "年初预算数", "en": "Initial budget"},
    "annual": {"zh": "全年预算数（A）", "en": "Annual budget (A)"},
    "executed": {"zh": "全年执行数（B）", "en": "Spent (B)"},
    "rate": {"zh": "执行率（B/A）", "en": "Execution (B/A)"},
    "total": {"zh": "年度资金总额", "en": "All funds"},
    "fiscal": {"zh": "其中：本年财政拨款", "en": "of which fiscal"},
    "carry_over": {"zh": "上年结转资金", "en": "carried over"},
    "other": {"zh": "其他资金", "en": "other"},
    "objective": {"zh": "年度总体目标", "en": "Objective of the year"},
    "expected": {"zh": "预期目标", "en": "Expected"},
    "achieved": {"zh": "实际完成情况", "en": "Achieved"},
    "group": {"zh": "绩效指标", "en": "Indicators"},
    "level1": {"zh": "一级指标", "en": "First level"},
    "level2": {"zh": "二级指标", "en": "Second level"},
    "level3": {"zh": "三级指标", "en": "Third level"},
    "basis": {"zh": "指标值设置依据", "en": "Basis of the target"},
    "previous": {"zh": "上年完成值", "en": "Year before"},
    "target": {"zh": "年度指标值", "en": "Target"},
    "measured": {"zh": "实际完成值", "en": "Measured"},
    "completion": {"zh": "完成率", "en": "Completion"},
    "rule": {"zh": "指标赋分规则", "en": "Scoring rule"},
    "weight": {"zh": "分值", "en": "Weight"},
    "score": {"zh": "得分", "en": "Score"},
    "evidence": {"zh": "佐证资料", "en": "Evidence"},
    "deviation": {"zh": "偏差原因分析及改进措施", "en": "Deviation: reason and remedy"},
    "execution": {"zh": "预算执行率", "en": "Budget execution"},
    "causes": {"zh": "偏差大或目标未完成原因分析", "en": "Why targets are missed"},
    "remedies": {"zh": "改进措施及结果应用方案", "en": "Remedies"},
    "sum": {"zh": "总分", "en": "Total"},
    "grade": {"zh": "评价等级", "en": "Grade"},
    "missing": {"zh": "（尚未填写）", "en": "(not written yet)"},
    "nothing": {"zh": "尚无数据", "en": "nothing yet"},
    "vacuous": {"zh": "未发生，视为达成", "en": "did not occur, counts as met"},
    "achieved_level": {"zh": "达成", "en": "achieved"},
    "partly_level": {"zh": "部分达成", "en": "partly achieved"},
    "missed_level": {"zh": "未达成", "en": "missed"},
    "provisional": {"zh": "未定稿", "en": "Not final"},
    "output": {"zh": "产出指标", "en": "Output"},
    "benefit": {"zh": "效益指标", "en": "Benefit"},
    "satisfaction_dimension": {"zh": "满意度指标", "en": "Satisfaction"},
    "cost_dimension": {"zh": "成本指标", "en": "Cost"},
    "quantity": {"zh": "数量指标", "en": "Quantity"},
    "quality": {"zh": "质量指标", "en": "Quality"},
    "timeliness": {"zh": "时效指标", "en": "Timeliness"},
    "cost": {"zh": "成本指标", "en": "Cost"},
    "economic": {"zh": "经济效益指标", "en": "Economic"},
    "social": {"zh": "社会效益指标", "en": "Social"},
    "ecological": {"zh": "生态效益指标", "en": "Ecological"},
    "sustainable": {"zh": "可持续影响指标", "en": "Sustainable"},
    "satisfaction": {"zh": "服务对象满意度指标", "en": "Satisfaction of users"},
    "period-open": {"zh": "评价期尚未结束", "en": "the window is still open"},
    "pending": {"zh": "有指标尚无数据", "en": "some indicators have nothing to measure yet"},
    "parked-events": {"zh": "有事件待处理", "en": "events are parked"},
    "diverged": {"zh": "数据来源的记录不一致", "en": "a source's history is in doubt"},
    "preparer": {"zh": "填报人", "en": "Prepared by"},
    "reviewer": {"zh": "审核人", "en": "Reviewed by"},
    "head": {"zh": "单位负责人", "en": "Head of the unit"},
    "date": {"zh": "日期", "en": "Date"},
    "as_of": {"zh": "截至", "en": "As of"},
    "version": {"zh": "版本", "en": "Version"},
    "policy": {"zh": "评分办法", "en": "Scoring policy"},
    "tips": {"zh": "事件链末端（来源、分区、序号、哈希）", "en": "Tips of the logs (source, partition, number, hash)"},
    "verify": {
        "zh": "核验方法：运行 scorebus verify --against 并给出以上各行",
        "en": "To verify: scorebus verify --against, with the lines above",
    },
}


def word(name: str, language: Language) -> str:
    """What is printed for *name*."""
    return WORDS[name][language]


def labelled(label: str, text: str, language: Language) -> str:
    """A label and what it says, with the colon of the language."""
    return f"{label}{'：' if language == 'zh' else ': '}{text}"


def printable(text: str) -> str:
    """*text* without signs that no paper can hold: control signs and halves of signs."""
    return _UNPRINTABLE.sub("�", text)
