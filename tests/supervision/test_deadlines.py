"""Terms: counted again day by day from the rule's own words, over pauses and holidays."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards import workdays
from lantian.supervision.deadlines import Pause, due, left

CALENDAR = workdays.load()
STARTS = st.dates(date(2014, 1, 1), date(2025, 6, 30))


@pytest.mark.requirement("V4", part="deadlines")
@pytest.mark.parametrize(
    ("start", "n", "unit", "last"),
    [
        (date(2017, 9, 29), 2, "workday", date(2017, 10, 9)),  # the 30th was worked; then eight days of holiday
        (date(2017, 9, 29), 1, "workday", date(2017, 9, 30)),
        (date(2016, 12, 1), 10, "day", date(2016, 12, 12)),  # the 11th is a Sunday
        (date(2016, 12, 2), 0, "day", date(2016, 12, 2)),
        (date(2016, 12, 3), 0, "workday", date(2016, 12, 5)),
        (date(2017, 9, 26), 5, "day", date(2017, 10, 9)),  # the 1st of October begins the holiday
    ],
)
def test_terms_end_on_the_days_that_the_calendar_gives(start, n, unit, last):
    assert due(start, n, unit).date == last


@given(STARTS, st.integers(0, 60), st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), max_size=3))
def test_a_term_is_what_counting_day_by_day_gives(start, n, spans):
    pauses = [Pause(start + timedelta(days=a), start + timedelta(days=a + b)) for a, b in spans]
    for unit in ("day", "workday"):
        last = due(start, n, unit, pauses).date
        days = [start + timedelta(days=k) for k in range(1, (last - start).days + 1)]
        counted = [
            d for d in days if not any(p.covers(d) for p in pauses) and (unit == "day" or CALENDAR.is_workday(d))
        ]
        assert CALENDAR.is_workday(last)
        assert not any(p.covers(last) for p in pauses)
        if unit == "workday" and n > 0:
            assert len(counted) == n
        else:
            assert len(counted) >= n
            earlier = [d for d in counted if d != last]
            landed = counted[n - 1] if n else start
            assert all(not CALENDAR.is_workday(d) for d in earlier if d >= landed and d != start)


@given(STARTS, st.integers(0, 40), st.integers(0, 40))
def test_days_left_fall_one_by_one_to_the_last_and_are_negative_after_it(start, n, ahead):
    last = due(start, n, "workday").date
    assert left(start, last) == (max(n, 0) if CALENDAR.is_workday(start) or n else left(start, last))
    assert left(last, last) == 0
    after = last + timedelta(days=1 + ahead)
    assert left(after, last) <= -1
    assert left(after, last, "day") == -(1 + ahead)


def test_a_shorter_term_never_ends_later():
    for unit in ("day", "workday"):
        ends = [due(date(2016, 12, 20), n, unit).date for n in range(40)]
        assert ends == sorted(ends)


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="expected one of day, workday"):
        due(date(2016, 12, 1), 3, "hour")
    with pytest.raises(ValueError, match="expected 0 or more"):
        due(date(2016, 12, 1), -1)


def test_a_year_without_a_notice_gives_a_provisional_day():
    assert not due(date(2016, 12, 1), 5).provisional
    assert due(date(2055, 3, 1), 5, "day").provisional
