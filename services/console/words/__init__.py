"""What people read, in Chinese and English: texts, amounts, dates. Nothing on a page is written anywhere else."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
TAGS: Final[Mapping[Language, str]] = {"zh": "zh-CN", "en": "en-US"}
MYRIAD: Final = Decimal(10_000)
NUMBER: Final = re.compile(r"(-?)(\d+)((?:\.\d+)?)")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def texts(language: Language) -> Mapping[str, str]:
    """Every text of *language* by its name, as ``overview.title``."""
    found = tomllib.loads((Path(__file__).with_name(f"{language}.toml")).read_text(encoding="utf-8"))
    return {f"{section}.{name}": text for section, entries in found.items() for name, text in entries.items()}


def preferred(accepted: str) -> Language:
    """The language that an ``Accept-Language`` header likes best; Chinese where it names neither."""
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return "zh"


class Words:
    """Speaks one language. Called with the name of a text it gives the text; names in braces are filled in."""

    def __init__(self, language: Language, time_zone: str = "Asia/Shanghai") -> None:
        self.language = language
        self.tag = TAGS[language]
        self._zone = ZoneInfo(time_zone)
        self._texts = texts(language)

    def __call__(self, name: str, **figures: Any) -> str:
        text = self._texts[name]
        return text.format(**figures) if figures else text

    def has(self, name: str) -> bool:
        """Whether there is a text of that name."""
        return name in self._texts

    def of(self, section: str, name: str | None) -> str:
        """The text of a word out of a service's answer, or the word itself where it is not one we know."""
        return self._texts.get(f"{section}.{name}", "" if name is None else str(name))

    def section(self, section: str) -> dict[str, str]:
        """All texts of a section, by the rest of their names."""
        head = f"{section}."
        return {name.removeprefix(head): text for name, text in self._texts.items() if name.startswith(head)}

    def money(self, yuan: str | Decimal | None) -> str:
        """An amount of yuan, exact: from ten thousand on in 万元 where Chinese is spoken."""
        try:
            amount = Decimal(str(yuan))
        except InvalidOperation:
            return "" if yuan is None else str(yuan)
        if self.language == "en":
            return f"{'−' if amount < 0 else ''}¥{abs(amount):,.2f}"
        if abs(amount) >= MYRIAD:
            return f"{_plain(amount / MYRIAD)} 万元"
        return f"{amount:,.2f} 元"

    def amounts(self, yuan: Sequence[str | Decimal]) -> list[str]:
        """Amounts that stand in one table: in one unit and with as many digits each, so that they can be compared."""
        amounts = [Decimal(str(each)) for each in yuan]
        if self.language == "en" or not any(abs(amount) >= MYRIAD for amount in amounts):
            return [self.money(amount) for amount in amounts]
        digits = max((len(_plain(amount / MYRIAD).partition(".")[2]) for amount in amounts), default=0)
        return [f"{amount / MYRIAD:,.{max(digits, 2)}f} 万元".replace("-", "−") for amount in amounts]

    def number(self, text: str) -> str:
        """A number in plain digits, its thousands set apart; a text that is none, as it is."""
        written = NUMBER.fullmatch(text)
        if written is None:
            return text
        sign, whole, rest = written.groups()
        return f"{sign and '−'}{int(whole):,}{rest}"

    def percent(self, ratio: str | float | None) -> str:
        """A share of one as per cent, with one decimal."""
        return "–" if ratio is None else f"{Decimal(str(ratio)) * 100:.1f} %"

    def day(self, value: str | date | None) -> str:
        """A date."""
        if not value:
            return "–"
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"

    def moment(self, value: str | datetime | None) -> str:
        """A moment, to the minute, in the console's time zone."""
        if not value:
            return "–"
        local = self._local(value)
        return f"{self.day(local.date())} {local:%H:%M}"

    def clock(self, value: datetime | None) -> str:
        """A moment of today by its time, another by its day."""
        if value is None:
            return "–"
        local = self._local(value)
        today = datetime.now(self._zone).date()
        return f"{local:%H:%M:%S}" if local.date() == today else self.day(local.date())

    def _local(self, value: str | datetime) -> datetime:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(self._zone)


def _plain(amount: Decimal) -> str:
    text = f"{amount:,.6f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
