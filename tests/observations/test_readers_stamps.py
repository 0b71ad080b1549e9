"""Dates, times and numbers in every spelling."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.readers import cells, headers, stamps, units

pytestmark = pytest.mark.requirement("M1", part="file readers")

MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31, 23)).map(
    lambda t: t.replace(minute=0, second=0, microsecond=0)
)


def _wide(text: str) -> str:
    """Digits and signs as a Chinese keyboard writes them, full width."""
    return text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789-:."})


def _serial(moment: dt.datetime) -> float:
    return (moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)


def _date_zh(moment: dt.datetime) -> str:
    return f"{moment.year}年{moment.month}月{moment.day}日"


SPELLINGS = [
    lambda t: f"{t:%Y-%m-%d %H:%M}",
    lambda t: f"{t:%Y-%m-%dT%H:%M:%S}",
    lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:00",
    lambda t: f"{t.year}.{t.month}.{t.day} {t.hour}",
    lambda t: f"{t:%Y%m%d%H}",
    lambda t: f"{t:%Y%m%d %H}",
    lambda t: f"{t:%Y%m%d%H%M%S}",
    lambda t: f"{_date_zh(t)}{t.hour}时",
    lambda t: f"{_date_zh(t)} {t.hour}时00分",
    lambda t: f"{t:%Y-%m-%dT%H:%M:%S}+08:00",
    lambda t: f"{t - dt.timedelta(hours=8):%Y-%m-%d %H:%M:%S}Z",
    lambda t: f"{t - dt.timedelta(hours=13):%Y-%m-%d %H:%M}-0500",
    lambda t: f" {t:%Y-%m-%d %H:%M:%S.000} ",
    lambda t: _wide(f"{t:%Y-%m-%d %H:%M}"),
    lambda t: str(_serial(t)),
    lambda t: f"{_serial(t):.6f}",
]


@given(MOMENTS, st.sampled_from(range(len(SPELLINGS))))
def test_every_spelling_is_the_same_moment(moment: dt.datetime, spelling: int) -> None:
    text = SPELLINGS[spelling](moment)
    assert stamps.parse(pl.Series([text]))["local"][0] == moment, text


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)))
def test_days(day: dt.date) -> None:
    texts = [
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
    ]
    texts += [str((day - dt.date(1899, 12, 30)).days), f"{day:%Y%m%d}.0"]
    parsed = stamps.parse(pl.Series(texts))
    assert parsed["local"].dt.date().to_list() == [day] * len(texts)
    assert not parsed["clock"].any()


@given(st.text(max_size=20))
def test_any_text_is_a_moment_or_null(text: str) -> None:
    parsed = stamps.parse(pl.Series([text, None, text]))
    assert parsed.height == 3
    assert parsed["local"][1] is None
    assert parsed["local"][0] == parsed["local"][2]


@pytest.mark.parametrize(
    "text",
    [
        "2016-13-01",
        "2015-02-29",
        "20161301",
        "2016-12-16 24:01",
        "2016-12-16 12:60",
        "16-12-2016",
        "12/16/2016",
        "0216-12-16",
        "2016",
        "201612",
        "7",
    ],
)
def test_impossible_dates_are_null(text: str) -> None:
    assert stamps.parse(pl.Series([text]))["local"][0] is None


def test_end_of_day() -> None:
    parsed = stamps.parse(pl.Series(["2016-12-31 24:00"]))
    assert (parsed["local"][0], parsed["hour"][0]) == (dt.datetime(2017, 1, 1), 24)


def test_hours() -> None:
    texts = ["0", "05", "5:00", "5时", "24", "２３", "5.0", "25", "-1", "x", None]
    assert stamps.hours(pl.Series(texts)).to_list() == [0, 5, 5, 5, 24, 23, 5, None, None, None, None]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_come_back_as_they_were_written(number: float) -> None:
    texts = [repr(number), f" {number!r} ", _wide(repr(number))]
    values, bad = cells.numbers(pl.Series(texts))
    assert values.to_list() == [number] * 3
    assert not bad.any()


@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=20))
def test_a_cell_is_never_a_number_and_bad_and_never_nan(texts: list[str | None]) -> None:
    values, bad = cells.numbers(pl.Series(texts, dtype=pl.String))
    assert len(values) == len(bad) == len(texts)
    assert not (values.is_not_null() & bad).any()
    assert values.drop_nulls().is_finite().all()


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("PM₂.₅", "pm25"),
        ("pm2_5", "pm25"),
        ("臭氧8小时", "o3_8h"),
        ("PM2.5_24h", "pm25_24h"),
        ("O3_8h_24h", "o3_8h_24h"),
        ("so2 (ug/m3)", "so2"),
        ("NO", "no"),
        ("xyz", None),
    ],
)
def test_names_of_items(text: str, item: str | None) -> None:
    assert headers.item_of(text) == item


def test_no_name_means_two_things() -> None:
    names = [name for group in (*headers.ROLES.values(), *headers.ITEMS.values()) for name in group]
    assert len(names) == len(set(names))
    assert all(headers.key(name) == name for name in names)


@given(st.integers(0, 200_000))
def test_micrograms_to_milligrams_give_the_nearest_decimal(micrograms: int) -> None:
    dates = pl.Series([dt.date(2016, 1, 1)])
    converted = units.convert(pl.Series([float(micrograms)]), "co", "μg/m3", dates)
    assert isinstance(converted, pl.Series)
    assert converted[0] == float(f"{micrograms}e-3")
