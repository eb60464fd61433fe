"""Which column of a published table holds what, told by the words of its heading."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from services.evaluation.rules.auditing.figures import normal

Kinds = Sequence[tuple[str, re.Pattern[str]]]

# Columns that stand beside, with words of others in their headings: 上年完成值 is no actual, 得分系数 no score.
ASIDE: Final = re.compile(
    r"上年|去年|上一年|历史|依据|来源|佐证|规则|细则|系数|完成率|完成比例|偏离|偏差[率度]|公式|是否|(?:评分|计分|扣分|赋分)(?:标准|说明|办法|方法)"
)
# The first that fits names the column: 未完成原因 is a reason, 指标分值 a weight, 计划完成值 a target.
COLUMNS: Final[Kinds] = (
    ("reason", re.compile(r"偏差|原因|改进措施|扣分|备注")),
    ("dimension", re.compile(r"一级指标")),
    ("aspect", re.compile(r"二级指标")),
    ("sign", re.compile(r"指标性质|指标方向|指标符号|运算符|计算符号|比较符")),
    ("unit", re.compile(r"(?:度量|计量|指标)单位|^单位$")),
    ("name", re.compile(r"三级指标|指标名称|具体指标|指标内容|四级指标")),
    ("weight", re.compile(r"分值|权重|权值|满分|标准分|应得分")),
    ("score", re.compile(r"得分|自评分|评分")),
    ("adjusted", re.compile(r"调整后?(?:的)?(?:年度)?(?:绩效)?(?:指标|目标)")),
    ("target", re.compile(r"(?:计划|预期|应|目标)完成[值数量]")),
    ("actual", re.compile(r"实际|完成指标|完成[值数]|完成情况|完成结果")),
    ("target", re.compile(r"指标值|目标值|计划值|预期值|年度指标|年初目标")),
)
# What may be meant where none of the above is found in any column.
LOOSELY: Final[Kinds] = (
    ("actual", re.compile(r"完成|实绩|达成")),
    ("target", re.compile(r"目标|计划|预期|标准值")),
    ("name", re.compile(r"绩效指标|评价指标|考核指标|自评指标|^指标$")),
)
NEEDED: Final = frozenset({"name", "target", "actual", "score"})
FUNDS: Final[Kinds] = (
    ("score", re.compile(r"得分|评分")),  # 得分(20分*执行率) is no rate.
    ("rate", re.compile(r"执行率|支出进度|支付率|使用率")),
    ("initial", re.compile(r"年初预算|年初数|年初批复|年初安排")),
    ("annual", re.compile(r"全年预算|调整后?预算|调整数|预算数|预算安排")),
    ("executed", re.compile(r"执行数|支出数|实际支出|决算")),
    ("weight", re.compile(r"分值|权重")),
)
FUNDS_LOOSELY: Final[Kinds] = (
    ("executed", re.compile(r"执行金额|支出金额|支付金额|使用金额|实际执行|实际使用|实际支付|支出额|已支付")),
    ("annual", re.compile(r"预算(?!执行)|批复金额|安排金额|下达金额")),
)
FUNDS_NEEDED: Final = frozenset({"annual", "executed"})


def columns_of(cells: Iterable[tuple[int, str]], kinds: Kinds, loosely: Kinds = ()) -> dict[str, int]:
    """
    Where each kind of column begins.

    Args:
        cells: Columns and texts of a row of headings.
        kinds: What a heading may name; the first column that fits is the one.
        loosely: Wider words for kinds that no heading names, asked of the headings that are left over.
    """
    found: dict[str, int] = {}
    left: list[tuple[int, str]] = []
    for column, text in ((column, normal(text)) for column, text in cells):
        kind = None if ASIDE.search(text) else _kind(text, kinds)
        if kind is not None:
            found.setdefault(kind, column)
        elif not ASIDE.search(text):
            left.append((column, text))
    for column, text in left:
        kind = _kind(text, [(name, pattern) for name, pattern in loosely if name not in found])
        if kind is not None:
            found[kind] = column
    return found


def _kind(text: str, kinds: Kinds) -> str | None:
    return next((name for name, pattern in kinds if pattern.search(text)), None)
