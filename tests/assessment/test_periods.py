from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.assessment.periods import MONTHS_IN, Period, holding, parse


@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("2016-12", date(2016, 12, 1), date(2016, 12, 31), "month"),
        ("2016-2", date(2016, 2, 1), date(2016, 2, 29), "month"),
        ("2016Q4", date(2016, 10, 1), date(2016, 12, 31), "quarter"),
        ("2016h1", date(2016, 1, 1), date(2016, 6, 30), "half-year"),
        ("2016", date(2016, 1, 1), date(2016, 12, 31), "year"),
        ("2017AW", date(2017, 10, 1), date(2018, 3, 31), "autumn-winter"),
        ("2016-12-16", date(2016, 12, 16), date(2016, 12, 16), "days"),
        ("2016-11-15..2016-12-16", date(2016, 11, 15), date(2016, 12, 16), "days"),
    ],
)
def test_written_forms(text, start, end, kind):
    assert parse(text) == Period(start, end, kind)


@pytest.mark.parametrize("text", ["", "2016-13", "2016Q5", "Dezember", "2016-02-30", "2016-12-16..2016-12-01"])
def test_a_wrong_form_says_what_is_right(text):
    with pytest.raises(ValueError, match=r"2016-12, 2016Q4|ends before"):
        parse(text)


@given(st.integers(2000, 2099), st.sampled_from(["{}-05", "{}Q2", "{}H2", "{}", "{}AW", "{}-03-02..{}-07-09"]))
def test_label_reads_back_and_year_before_is_one_year(year, form):
    period = parse(form.format(year, year))
    assert parse(period.label) == period
    before = period.year_before()
    assert before.kind == period.kind
    assert before.start.year == year - 1


def test_months_cut_at_both_ends():
    months = parse("2016-01-15..2016-03-31").months()
    assert [(m.start, m.end, m.kind) for m in months] == [
        (date(2016, 1, 15), date(2016, 1, 31), "days"),
        (date(2016, 2, 1), date(2016, 2, 29), "month"),
        (date(2016, 3, 1), date(2016, 3, 31), "month"),
    ]


def test_a_running_period_is_cut_where_knowledge_ends():
    assert parse("2016").until(date(2016, 12, 16)) == Period(date(2016, 1, 1), date(2016, 12, 16))
    assert parse("2015").until(date(2016, 12, 16)) == parse("2015")


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from([*MONTHS_IN]), st.integers(-40, 40))
def test_periods_step_without_gap_and_hold_their_days(day, kind, count):
    period = holding(day, kind)
    assert parse(period.label) == period
    assert period.step(count).step(-count) == period
    if kind == "autumn-winter":
        assert period.start <= day < period.step(1).start
        assert period.step(1).start.year == period.start.year + 1
    else:
        assert period.start <= day <= period.end
        assert period.step(1).start == period.end + timedelta(days=1)


def test_any_span_steps_by_its_length():
    assert parse("2016-12-01..2016-12-15").step(-1) == parse("2016-11-16..2016-11-30")
    assert holding(date(2016, 12, 16), "days").step(1) == parse("2016-12-17")
