"""Terms in working days: known holidays, moved weekends, years that nobody knows yet, overrides."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.standards import StandardsError, workdays


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2016-12-16", 1, "2016-12-19"),  # Friday to Monday
        ("2016-12-30", 1, "2017-01-03"),  # New Year 2017: 31 December to 2 January
        ("2017-01-20", 1, "2017-01-22"),  # a Sunday that is worked before the Spring Festival
        ("2017-01-26", 2, "2017-02-04"),  # the festival; Saturday the 4th is worked
        ("2017-09-29", 1, "2017-09-30"),  # National Day 2017: Saturday worked
        ("2017-09-30", 5, "2017-10-13"),
        ("2016-12-17", 0, "2016-12-19"),  # a term of none that falls on a Saturday
        ("2016-12-16", 0, "2016-12-16"),
    ],
)
def test_terms_follow_the_holiday_notices(start, n, end):
    deadline = workdays.add(day(start), n)
    assert (deadline.date, deadline.provisional) == (day(end), False)
    assert deadline.calendar.startswith("chinesecalendar ")


@pytest.fixture
def last_known() -> int:
    """The last year that the installed chinesecalendar knows."""
    calendar = workdays.load()
    year = 2026
    while calendar.knows(dt.date(year + 1, 6, 1)):
        year += 1
    return year


def test_a_year_without_notice_gives_a_provisional_term(last_known):
    deadline = workdays.add(dt.date(last_known + 2, 6, 1), 30)
    assert deadline.provisional
    # by weekends alone: 30 working days are six weeks
    assert deadline.date == _after_weekends(dt.date(last_known + 2, 6, 1), 30)


def _after_weekends(start: dt.date, n: int) -> dt.date:
    while n:
        start += dt.timedelta(days=1)
        n -= start.weekday() < 5
    return start


def test_the_last_days_of_the_last_known_year_may_still_move(last_known):
    calendar = workdays.load()
    assert calendar.knows(dt.date(last_known, 12, 28))
    assert not calendar.knows(dt.date(last_known, 12, 29))
    assert calendar.knows(dt.date(last_known - 1, 12, 31))
    assert workdays.add(dt.date(last_known, 12, 28), 1).provisional
    assert not workdays.add(dt.date(last_known, 12, 20), 1).provisional


def test_a_table_of_an_installation_wins_and_completes_a_year(tmp_path, last_known):
    year = last_known + 1
    off = _after_weekends(dt.date(year, 6, 1), 1)
    table = tmp_path / "ours.toml"
    table.write_text(
        f'edition = "test"\nyears = [{year}]\n[[override]]\ndate = {off}\nworkday = false\n'
        f'notice = {last_known}-11-10\nsource = "a notice"\n',
        encoding="utf-8",
    )
    calendar = workdays.load(table)
    deadline = workdays.add(dt.date(year, 6, 1), 1, calendar)
    assert (deadline.date, deadline.provisional) == (_after_weekends(off, 1), False)
    assert deadline.calendar.endswith(", test")
    assert workdays.add(dt.date(year, 6, 1), 1).date == off
    assert not calendar.knows(dt.date(year, 12, 31))
    assert calendar.knows(dt.date(last_known, 12, 31))


def test_an_override_corrects_a_known_year_and_a_later_table_wins(tmp_path):
    entry = 'edition = "{0}"\n[[override]]\ndate = 2016-12-19\nworkday = {1}\nnotice = 2016-12-15\nsource = "x"\n'
    paths = []
    for name, worked in (("a", "false"), ("b", "true")):
        paths.append(tmp_path / f"{name}.toml")
        paths[-1].write_text(entry.format(name, worked), encoding="utf-8")
    assert workdays.add(day("2016-12-16"), 1, workdays.load(paths[0])).date == day("2016-12-20")
    assert workdays.add(day("2016-12-16"), 1, workdays.load(*paths)).date == day("2016-12-19")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("edition = 3", "edition is 3, expected a text"),
        ('edition = "x"\nyears = 2027', "years is 2027, expected a list of years"),
        ('edition = "x"\nholidays = 1', r"unknown keys \['holidays'\], expected edition, years, override"),
        ('edition = "x"\n[[override]]\ndate = "2027-01-01"', "override 1: date is '2027-01-01', expected a date"),
        ('edition = "x"\n[[override]]\ndate = 2027-01-01\nworkday = 1', "override 1: workday is 1, expected a bool"),
        ('edition = "x"\n[[override]]\nday = 2027-01-01', r"override 1: unknown fields \['day'\]"),
        ("edition", "cannot be read as a table of working days"),
    ],
)
def test_a_wrong_table_says_where_and_what(tmp_path, text, message):
    table = tmp_path / "wrong.toml"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(StandardsError, match=rf"wrong\.toml: .*{message}"):
        workdays.load(table)
    with pytest.raises(StandardsError, match=r"none\.toml: cannot be read"):
        workdays.load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("start", "n", "message"),
    [
        (dt.datetime(2016, 12, 16, 8), 1, "expected a date"),
        ("2016-12-16", 1, "expected a date"),
        (dt.date(2016, 12, 16), -1, "expected a whole number of working days"),
        (dt.date(2016, 12, 16), 1.5, "expected a whole number of working days"),
        (dt.date(2016, 12, 16), True, "expected a whole number of working days"),
    ],
)
def test_wrong_arguments_are_refused(start, n, message):
    with pytest.raises(StandardsError, match=message):
        workdays.add(start, n)


DAYS = st.dates(dt.date(2013, 1, 1), dt.date(2032, 12, 31))


@settings(deadline=None)
@given(start=DAYS, first=st.integers(1, 40), second=st.integers(1, 40))
def test_a_term_in_two_parts_ends_where_the_whole_ends(start, first, second):
    whole = workdays.add(start, first + second)
    part = workdays.add(start, first)
    rest = workdays.add(part.date, second)
    assert rest.date == whole.date
    assert whole.provisional == (part.provisional or rest.provisional)


@settings(deadline=None)
@given(start=DAYS, n=st.integers(0, 60))
def test_a_term_ends_on_a_working_day_and_holds_n_of_them(start, n):
    calendar = workdays.load()
    end = workdays.add(start, n).date
    assert calendar.is_workday(end)
    assert end >= start
    inside = [start + dt.timedelta(days=k) for k in range(1, (end - start).days + 1)]
    if n:
        assert sum(calendar.is_workday(date) for date in inside) == n
