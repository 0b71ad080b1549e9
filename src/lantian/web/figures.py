"""How numbers, levels and times are printed on a page: exactly as published, with unit, and with their definition on
hover.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from markupsafe import Markup

from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.standards.rounding import half_even

SHANGHAI = TIMEZONE
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MISSING = "–"


def digits(item: str, value: float | str | Decimal | None) -> str:
    """Print a value with the decimals in which its item is published (GB/T 8170 half-even).

    Args:
        item: name in `standards.codes.ITEMS`.
        value: None prints an en dash.

    Raises:
        KeyError: unknown item.
    """
    if value is None:
        return _MISSING
    return f"{half_even(value, ITEMS[item].decimals):f}"


def figure(item: str, value: float | str | Decimal | None, language: str = "zh", note: str = "") -> Markup:
    """A published figure as HTML: tabular digits, the unit small and grey, definition on hover.

    Args:
        item: name in `standards.codes.ITEMS`.
        value: None shows an en dash and the word "missing" on hover.
        language: of the definition.
        note: what else the hover says: edition, coverage, time.
    """
    meaning = ITEMS[item]
    name = f"{meaning.symbol} {meaning.zh if language == 'zh' else meaning.en}"
    if value is None:
        absent = "缺测" if language == "zh" else "missing"
        return Markup('<span class="figure missing" title="{} · {}">{}</span>').format(name, absent, _MISSING)
    title = " · ".join(part for part in (name, note) if part)
    unit = Markup('<span class="unit">{}</span>').format(meaning.printed_unit) if meaning.printed_unit else ""
    return Markup('<span class="figure" title="{}">{}{}</span>').format(title, digits(item, value), unit)


def level(index: int | None, language: str = "zh", word: bool = True) -> Markup:
    """An AQI with its level as HTML: the standard's colour, the number, and the word; colour is never the only sign.

    Args:
        index: AQI or IAQI; None shows "no level".
        language: of the word.
        word: False leaves the word to the hover, for narrow table cells.
    """
    found = aqi.level_of(index)
    if found is None:
        title = "无数据" if language == "zh" else "no data"
        return Markup('<span class="level none" title="{}">{}</span>').format(title, _MISSING)
    name = found.zh if language == "zh" else found.en
    text = Markup(" <span>{}</span>").format(name) if word else ""
    return Markup('<span class="level" data-level="{}" title="{}"><b>{}</b>{}</span>').format(
        found.number, name, index, text
    )


def day(value: date, language: str = "zh") -> str:
    """A natural day in words: `2016年12月16日 周五`, `Fri 16 Dec 2016`."""
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日 周{_WEEKDAYS[value.weekday()]}"
    return f"{_DAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime, language: str = "zh") -> str:
    """An instant in Beijing time: `2016年12月16日 周五 20:00`. A time without zone is an error (ValueError)."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; pages print aware times only")
    local = value.astimezone(SHANGHAI)
    return f"{day(local.date(), language)} {local:%H:%M}"


def stamp(value: datetime) -> Markup:
    """An instant as a short `<time>`: `2016-12-16 20:00`, Beijing time, machine-readable in UTC."""
    local = value.astimezone(SHANGHAI)
    return Markup('<time datetime="{}">{}</time>').format(
        f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", f"{local:%Y-%m-%d %H:%M}"
    )


def clock_text(value: datetime) -> str:
    """An instant as the clock in the bar shows it: `2016-12-16 20:00`, Beijing time."""
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def duration(seconds: float, language: str = "zh") -> str:
    """A span of time in words, one unit: `40 秒`, `3 分钟`, `2 小时`, `5 天`."""
    zh = language == "zh"
    for size, zh_unit, en_unit in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {zh_unit if zh else en_unit}"
    return f"{max(seconds, 0):.0f} {'秒' if zh else 's'}"
