"""The words that say how a value compares: 不超过, 以上, at least; and those that say that something must not be."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from shared.events.evaluation import Operator

# Words parted by spaces; within one word _ stands for a space.
_BEFORE: Final[dict[Operator, str]] = {
    "<=": """
        不超过 不得超过 不能超过 不可超过 不要超过 别超过 不超出 不超 不高于 不得高于 不能高于 不大于 不得大于 不多于
        不得多于 不长于 至多 最多 最高 最大 最长 最迟 最晚 上限 小于等于 小于或等于 低于等于 低于或等于 少于等于
        少于或等于 控制在 限制在 控制到 压到 降到 降至 降低到 减少到 压缩到 压缩至 ≤ ≦ ⩽ <= =<
        at_most no_more_than not_more_than not_exceeding not_exceed up_to within maximum max not_above not_over
        no_longer_than""",
    ">=": """
        不低于 不得低于 不能低于 别低于 不要低于 不少于 不得少于 不能少于 别少于 不小于 不得小于 不短于 不得短于
        大于等于 大于或等于 高于等于 高于或等于 至少 最少 最低 最小 最短 起码 达到 达 保持在 维持在 稳定在 提高到
        提升到 提升至 下限 超过或等于 ≥ ≧ ⩾ >=
        at_least no_less_than not_less_than no_fewer_than not_below minimum min reaching reaches reach""",
    "<": "少于 低于 小于 不足 不到 未达 短于 < below under less_than fewer_than lower_than",
    ">": "多于 高于 大于 超过 超出 长于 > over above more_than exceeding exceeds exceed higher_than",
    "=": "等于 恰好 正好 = equal_to equals exactly",
}
_AFTER: Final[dict[Operator, str]] = {
    "<=": "以内 之内 内 以下 及以下 或以下 之前 封顶 or_less or_fewer or_below at_most",
    ">=": "以上 及以上 或以上 打底 + or_more or_above and_above and_over at_least",
}
NEGATIONS: Final = """
    不出现 不出 不再 不发生 不会 不能 不得 不许 不准 不要 不被 不让 不 没有 没 无 未发生 未 零 杜绝 避免 防止 别再 别 勿
    never without zero no not"""


def either(words: Iterable[str]) -> str:
    """A pattern of any of *words*, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(_word(word.replace("_", " ")) for word in ordered)


def _word(word: str) -> str:
    escaped = re.escape(word)
    return rf"\b{escaped}\b" if word[0].isascii() and word[0].isalpha() else escaped


BEFORE: Final[Mapping[str, Operator]] = {
    sign.replace("_", " "): op for op, signs in _BEFORE.items() for sign in signs.split()
}
AFTER: Final[Mapping[str, Operator]] = {
    sign.replace("_", " "): op for op, signs in _AFTER.items() for sign in signs.split()
}
