from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.assessment.periods import parse
from lantian.assessment.targets import Day, Target, completion_of_cuts, track


def days(start, values, item="pm25", aqi=None):
    return [Day(start + timedelta(days=i), None if aqi is None else aqi[i], {item: v}) for i, v in enumerate(values)]


YEAR = parse("2015")


@pytest.mark.requirement("A4")
def test_allowance_is_what_the_rest_must_average():
    # 42 over 212 days, 38 wanted over 365: the remaining 153 days must average (38*365 - 42*212) / 153.
    known = days(YEAR.start, [42.0] * 212)
    tracked = track(Target("110000", "pm25", YEAR, 38), known, date(2015, 7, 31))
    assert tracked.value == 42
    assert tracked.days_left == 153
    assert tracked.allowance == pytest.approx((38 * 365 - 42 * 212) / 153)
    assert tracked.met is False
    assert tracked.chance is None  # no past years


@pytest.mark.requirement("A4")
@given(st.lists(st.floats(5, 200), min_size=30, max_size=300), st.floats(20, 90))
def test_a_rest_at_the_allowance_meets_the_limit(values, limit):
    tracked = track(
        Target("x", "pm25", YEAR, limit), days(YEAR.start, values), YEAR.start + timedelta(days=len(values) - 1)
    )
    total = sum(values) + tracked.allowance * tracked.days_left
    assert total / 365 == pytest.approx(limit)


@pytest.mark.requirement("A4")
def test_months_follow_the_usual_shape_and_keep_the_allowance():
    past = [
        Day(day, 80, {"pm25": 100.0 if day.month >= 11 else 50.0})
        for year in (2012, 2013, 2014)
        for day in (date(year, 1, 1) + timedelta(days=i) for i in range(365))
    ]
    tracked = track(Target("x", "pm25", YEAR, 60), days(YEAR.start, [60.0] * 273), date(2015, 9, 30), past)
    assert [m.period.label for m in tracked.months] == ["2015-10", "2015-11", "2015-12"]
    assert tracked.months[1].allowed == pytest.approx(2 * tracked.months[0].allowed)
    assert sum(m.allowed * m.period.days for m in tracked.months) / 92 == pytest.approx(tracked.allowance)


@pytest.mark.requirement("A4")
def test_days_that_may_still_be_lost():
    aqi = [80] * 215 + [140] * 65
    known = days(YEAR.start, [50.0] * 280, aqi=aqi)
    on = YEAR.start + timedelta(days=279)
    share = track(Target("x", "good_share", YEAR, 80), known, on)
    assert share.value == 76.8  # 215 of 280
    assert share.days_to_lose == 73 - 65
    heavy = track(
        Target("x", "heavy_days", YEAR, 3), days(YEAR.start, [1.0] * 5, aqi=[201, 200, 300, 90, 250]), date(2015, 1, 5)
    )
    assert (heavy.value, heavy.days_to_lose, heavy.met) == (3, 0, True)


@pytest.mark.requirement("A4")
@given(st.lists(st.sampled_from([100.0, 150.0, 161.0, 220.0]), min_size=1, max_size=120), st.integers(1, 120))
def test_days_to_lose_of_a_percentile_are_safe(values, more):
    """Using up the days that may be lost keeps the 90th percentile of O3 within the limit."""
    period = parse(f"2015-03-01..{date(2015, 3, 1) + timedelta(days=len(values) + more - 1)}")
    on = period.start + timedelta(days=len(values) - 1)
    spare = track(Target("x", "o3_8h", period, 160), days(period.start, values, "o3_8h"), on).days_to_lose
    if 0 <= spare <= more:
        rest = [500.0] * spare + [160.0] * (more - spare)
        assert track(Target("x", "o3_8h", period, 160), days(period.start, values + rest, "o3_8h"), period.end).met


@pytest.mark.requirement("A4")
def test_chance_knows_the_sure_and_the_hopeless_and_is_repeatable():
    past = days(date(2011, 1, 1), [40.0 + i % 30 for i in range(365 * 4 + 1)])
    known = days(YEAR.start, [40.0 + i % 30 for i in range(200)])
    on = YEAR.start + timedelta(days=199)
    chances = [track(Target("x", "pm25", YEAR, limit), known, on, past).chance for limit in (30, 54, 55, 90)]
    assert chances[0] == 0
    assert chances[-1] == 1
    assert chances == sorted(chances)
    assert track(Target("x", "pm25", YEAR, 54), known, on, past).chance == chances[1]
    assert track(Target("x", "pm25", YEAR, 54), known, on, past[:400]).chance is None


@pytest.mark.requirement("A4")
def test_the_chance_of_a_year_that_ends_soon_knows_last_december():
    past = days(date(2012, 1, 1), [60.0] * 1096, aqi=[80] * (1096 - 31) + [250] * 31)  # December 2014: heavy every day
    known = days(YEAR.start, [60.0] * 349, aqi=[80] * 349)
    chance = track(Target("x", "heavy_days", YEAR, 5), known, date(2015, 12, 15), past).chance
    assert chance is not None
    assert 0.1 < chance < 0.6, "of three past years one was so, though its season reaches into this one"


@pytest.mark.requirement("A4")
def test_a_cut_becomes_a_limit_and_completion_is_as_the_ministry_prints_it():
    winter = parse("2016AW")
    target = Target.from_cut("140500", "pm25", winter, base=80, percent=10)
    assert target.limit == 72
    assert target.cut_percent == pytest.approx(10)
    assert track(target, days(winter.start, [77.0] * 182), winter.end).completion == 37.5
    published = [("33.1", "25"), ("20.0", "20"), ("4.4", "10"), ("21.6", "15")]
    assert [completion_of_cuts(a, w) for a, w in published] == [132.4, 100.0, 44.0, 144.0]


def test_days_without_data_are_told():
    tracked = track(Target("x", "pm25", YEAR, 60), days(YEAR.start, [60.0] * 10), date(2015, 1, 15))
    assert "5 days" in tracked.notes[0]
    assert track(Target("x", "pm25", YEAR, 60), [], date(2015, 1, 15)).value is None


@pytest.mark.requirement("A4")
def test_completion_of_a_count_waits_for_the_end_of_the_period():
    winter = parse("2016AW")
    target = Target.from_cut("110000", "heavy_days", winter, base=40, percent=50)
    heavy = days(winter.start, [1.0] * winter.days, aqi=[250] * 25 + [90] * (winter.days - 25))
    assert track(target, heavy, date(2016, 12, 15)).completion is None
    assert track(target, heavy, winter.end).completion == 75.0  # 15 of 20 days less


@pytest.mark.requirement("A4")
def test_the_course_has_every_month_beside_the_usual():
    past = [
        Day(date(year, 1, 1) + timedelta(days=i), 250 if i < year - 2012 else 90, {"pm25": 50.0 + year - 2012})
        for year in (2013, 2014)
        for i in range(59)
    ]
    known = days(YEAR.start, [70.0] * 40, aqi=[210] * 3 + [80] * 37)
    means = track(Target("x", "pm25", YEAR, 60), known, date(2015, 2, 9), past).course
    assert [(m.period.label, m.value, m.known_days, m.usual) for m in means[:3]] == [
        ("2015-01", 70.0, 31, 52.0),  # 51.5, half to even
        ("2015-02", 70.0, 9, 52.0),
        ("2015-03", None, 0, None),
    ]
    assert len(means) == 12
    counts = track(Target("x", "heavy_days", YEAR, 9), known, date(2015, 2, 9), past).course
    assert [(m.value, m.usual) for m in counts[:2]] == [(3, 1.5), (0, 0)]
