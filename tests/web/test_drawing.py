"""What the pages of judgement are made of: columns as geometry, months as weeks, periods and places in words."""

import doctest
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.assessment.periods import Period, parse
from lantian.kernel.bootstrap import Platform
from lantian.places.groups import Group
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import drawing
from lantian.web.atlas import Atlas
from lantian.web.drawing import Bar, column_chart, ticks
from lantian.web.pages import daygrid
from lantian.web.pages.spans import run_words, span_of, words


def test_the_example_of_ticks_runs() -> None:
    assert doctest.testmod(drawing).failed == 0


@given(st.floats(0, 1e6))
def test_ticks_begin_at_nought_and_end_above_the_highest(highest: float) -> None:
    marks = ticks(highest)
    steps = [high - low for low, high in pairwise(marks)]
    assert marks[0] == 0
    assert marks[-1] >= highest
    assert len(marks) <= 8
    assert max(steps) - min(steps) <= 1e-3 * max(steps)


@given(st.lists(st.one_of(st.none(), st.floats(0, 500)), min_size=1, max_size=60), st.floats(1, 500))
def test_columns_stand_inside_the_drawing_in_their_order(values: list[float | None], limit: float) -> None:
    chart = column_chart([Bar(f"城{i}", value, mark=10) for i, value in enumerate(values)], limit=(limit, "目标"))
    for left, right in pairwise(chart.columns):
        assert left.left + left.width <= right.left
    for column in chart.columns:
        assert chart.left <= column.left
        assert column.left + column.width <= chart.right
        assert 0 < column.top <= chart.base
        assert column.top + column.height == pytest.approx(chart.base, abs=0.11)
    known = [(column.bar.value, column.height) for column in chart.columns if column.bar.value is not None]
    assert [height for _, height in sorted(known)] == sorted(height for _, height in known)


def test_names_lie_down_where_there_is_no_room_for_them() -> None:
    assert column_chart([Bar("石家庄", 1.0, "1.00")] * 4).upright
    many = column_chart([Bar("石家庄", 1.0, "1.00")] * 28)
    assert not many.upright
    assert many.texts
    assert not column_chart([Bar("石家庄", 1.0, "1.00")] * 168).texts


def test_a_month_is_whole_weeks_and_knows_its_episodes() -> None:
    days = {date(2016, 12, 2): {"aqi": 210, "level": 5, "primary": ["pm25"]}}
    (month,) = daygrid.months(parse("2016-12"), days, [parse("2016-12-02..2016-12-04")], date(2016, 12, 3))
    assert [sum(cell is not None for cell in week) for week in month.weeks] == [4, 7, 7, 7, 6]
    cells = {cell.day: cell for week in month.weeks for cell in week if cell}
    assert [cells[date(2016, 12, d)].aqi for d in (1, 2, 3)] == [None, 210, None]
    assert [cells[date(2016, 12, d)].due for d in (3, 4)] == [True, False]
    assert [cells[date(2016, 12, d)].episode for d in (1, 4, 5)] == [None, date(2016, 12, 2), None]
    assert month.weeks[0][4] is cells[date(2016, 12, 2)]  # a Friday


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("2016-12", "2016年12月（至15日）", "Dec 2016 (to 15 Dec)"),
        ("2016Q4", "2016年第四季度（至12月15日）", "Q4 2016 (to 15 Dec)"),
        ("2016AW", "2016—2017年秋冬季（至12月15日）", "autumn-winter 2016–2017 (to 15 Dec)"),
        ("2016H1", "2016年上半年", "first half of 2016"),
        ("2015-11-15..2016-01-02", "2015年11月15日—2016年1月2日", "15 Nov 2015 – 2 Jan 2016"),
        ("2016-11-15..2016-12-10", "2016年11月15日—12月10日", "15 Nov 2016 – 10 Dec"),
    ],
)
def test_periods_in_words(text: str, zh: str, en: str) -> None:
    last = date(2016, 12, 15)
    period = parse(text)
    assert words(period, "zh", period.until(last)) == zh
    assert words(period, "en", period.until(last)) == en


def test_days_in_a_row_say_each_part_once() -> None:
    assert run_words(date(2016, 12, 2), date(2016, 12, 4), "zh", 2016) == "12月2日—4日"
    assert run_words(date(2016, 12, 2), date(2016, 12, 4), "en", 2016) == "2–4 Dec"
    assert run_words(date(2016, 12, 31), date(2017, 1, 2), "zh", 2016) == "12月31日—2017年1月2日"


def test_the_choice_of_a_period_stays_in_what_is_known() -> None:
    span = span_of("", date(2016, 12, 15), parse("2016-12"))
    assert (span.running, span.known_days, span.after, span.before) == (True, 15, None, parse("2016-11"))
    assert [period.label for _, period in span.kinds] == ["2016-12", "2016Q4", "2016H2", "2016", "2016AW"]
    past = span_of("2015Q1", date(2016, 12, 15), parse("2016-12"))
    assert [period.label for _, period in past.kinds] == ["2015-03", "2015Q1", "2015H1", "2015", "2014AW"]
    assert not past.running
    assert span_of("2017-02", date(2016, 12, 15), parse("2016-12")).known is None


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.integers(0, 800))
def test_the_weeks_of_a_period_hold_each_day_once(first: date, more: int) -> None:
    period = Period(first, first + timedelta(days=more))
    cells = [
        cell.day for month in daygrid.months(period, {}, [], first) for week in month.weeks for cell in week if cell
    ]
    assert cells == [first + timedelta(days=number) for number in range(more + 1)]


def test_the_atlas_knows_lists_and_whose_permission_counts(platform: Platform) -> None:
    places = PlaceStore(platform.engine)
    places.put_regions(
        [
            Region("110000", "北京市", "Beijing"),
            Region("110105", "朝阳区"),
            Region("Z11010501", "示例开发区", example=True),
        ],
        "test",
    )
    places.put_stations([Station(f"10{n}A", f"站{n}", "state", "110105", 116.4, 39.9) for n in (11, 12)], "test")
    places.put_group(Group("2+26", "2+26城市", ("110000",)), "test")
    places.put_group(Group("counties", "各区", ("110105",)), "test")
    places.put_group(Group("zones", "开发区", ("Z11010501",)), "test")
    atlas = Atlas(places)
    assert atlas.listing("2 26").id == "2+26"  # a plus sign that an address lost
    assert atlas.listing("stations:110000").places == ("1011A", "1012A")
    assert [each.id for each in atlas.stations_in(["1011A", "1012A"])] == ["stations:110000"]
    assert atlas.stations_in(["1011A"]) == []
    assert (atlas.short("110000", "zh"), atlas.name("110105", "en"), atlas.name("gone", "zh")) == (
        "北京",
        "朝阳区",
        "gone",
    )
    assert (atlas.region("1011A"), atlas.region("Z11010501")) == ("110105", "Z11010501")
    assert atlas.counties_of(atlas.listing("zones")).id == "counties"
    assert atlas.counties_of(atlas.listing("2+26")).id == "2+26"
    with pytest.raises(LookupError, match=r"2\+26, counties, zones"):
        atlas.listing("nowhere")
