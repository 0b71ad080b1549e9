"""Routes and coverage: a day's order is nearly the shortest, it keeps the hours; counties without any are named."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.supervision.coverage import Standing, coverage
from lantian.supervision.routes import Route, Stop, Terms, distance_km, plan, tour_km

START = (114.5, 38.04)
LONG = Terms(START, end_minute=24 * 60, begin_minute=0, service_minutes=1, speed_km_h=80)
POINTS = st.tuples(st.integers(0, 100), st.integers(0, 100))


def stops_of(points, minutes=None):
    return [Stop(f"S{k:02d}", 114.2 + x / 150, 37.8 + y / 150, minutes) for k, (x, y) in enumerate(points)]


@pytest.mark.requirement("V1", part="routes")
@settings(max_examples=25)
@given(st.lists(POINTS, min_size=1, max_size=7, unique=True), st.randoms(use_true_random=False))
def test_a_day_is_within_three_percent_of_the_shortest_order(points, mixed):
    stops = stops_of(points)
    best = min(tour_km(order, LONG) for order in permutations(stops))
    found = plan(stops, LONG)
    assert len(found.days) == 1
    assert found.left == ()
    assert best - 1e-6 <= found.km <= best * 1.03 + 1e-6
    mixed.shuffle(stops)
    assert plan(stops, LONG) == found


@pytest.mark.requirement("V1", part="routes")
@settings(max_examples=25)
@given(st.lists(POINTS, max_size=30, unique=True), st.integers(1, 4), st.integers(20, 200))
def test_every_stop_is_visited_once_within_the_hours_or_left_over(points, days, minutes):
    terms = Terms(START, service_minutes=minutes, days=days)
    found = plan(stops_of(points), terms)
    visited = [visit.stop.id for day in found.days for visit in day.visits]
    assert sorted([*visited, *(stop.id for stop in found.left)]) == [f"S{k:02d}" for k in range(len(points))]
    assert len(found.days) <= days
    for day in found.days:
        assert day.visits
        assert day.visits[0].arrive >= terms.begin_minute
        assert day.back <= terms.end_minute + 1e-6
        assert day.km == pytest.approx(tour_km([visit.stop for visit in day.visits], terms))
        for before, after in zip(day.visits, day.visits[1:], strict=False):
            assert after.arrive == pytest.approx(before.leave + after.km / terms.speed_km_h * 60)
    if not found.left:
        return
    spare = [terms.end_minute - day.back for day in found.days]
    assert len(found.days) == days or not visited  # nothing is left over while a day is empty, unless it fits no day
    assert max(spare, default=0) < 9.5 * 60


def test_a_stop_out_of_reach_is_left_over_and_said():
    found = plan([Stop("far", 120.0, 45.0), Stop("near", 114.5, 38.1), Stop("long", 114.5, 38.1, 2000)], Terms(START))
    assert [visit.stop.id for day in found.days for visit in day.visits] == ["near"]
    assert [stop.id for stop in found.left] == ["far", "long"]
    assert plan([], Terms(START)) == Route(())


def test_forty_stops_take_no_more_than_a_greedy_walk():
    points = [((k * 37) % 101, (k * 61) % 97) for k in range(40)]
    found = plan(stops_of(points), LONG)
    assert found.km < 0.95 * tour_km(stops_of(points), LONG)
    assert len([visit for day in found.days for visit in day.visits]) == 40


def test_distance_and_refusals():
    assert distance_km(116.4, 39.9, 116.4, 40.9) == pytest.approx(111.195, abs=0.01)
    with pytest.raises(ValueError, match="a twice"):
        plan([Stop("a", 1, 1), Stop("a", 2, 2)], Terms(START))
    with pytest.raises(ValueError, match="begin before they end"):
        Terms(START, begin_minute=900, end_minute=800)
    with pytest.raises(ValueError, match="speed above 0"):
        Terms(START, speed_km_h=0)


@pytest.mark.requirement("V1", part="coverage report")
def test_coverage_counts_and_names_counties_without_any():
    standings = [
        Standing("130102", "casting", drawn=True, inspected=True),
        Standing("130102", "casting", drawn=True),
        Standing("130102", "furniture"),
        Standing("130104", "casting"),
    ]
    found = coverage(standings, ["130102", "130104", "130105"])
    assert [(c.key, c.candidates, c.drawn, c.inspected) for c in found.counties] == [
        ("130102", 3, 2, 1),
        ("130104", 1, 0, 0),
        ("130105", 0, 0, 0),
    ]
    assert found.without == ("130104", "130105")
    assert [(c.key, c.candidates) for c in found.industries] == [("casting", 3), ("furniture", 1)]
    assert found.total.share == pytest.approx(0.25)
    assert found.total.done == pytest.approx(0.5)
    assert found.counties[2].share is None
    assert found.counties[1].done is None
