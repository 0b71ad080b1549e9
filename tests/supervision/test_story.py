"""The example's campaign: the same every time, invented throughout, and possible under the platform's own rules."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lantian.places.outlines import read_geojson
from lantian.places.regions import is_within
from lantian.supervision import workflow_file
from lantian.supervision.case import fold
from lantian.supervision.rounds import Campaign
from lantian.supervision.story import tell

FILE = Path(__file__).parents[2] / "examples/beijing/data/boundaries_28_cities_districts.geojson.gz"
UNTIL = datetime(2016, 12, 16, 12, tzinfo=UTC)
PLAN = Campaign("示例", date(2016, 5, 20))


@pytest.fixture(scope="module")
def cities():
    outlines = read_geojson(FILE, code="district_adcode", name="district_name").outlines
    return {city: [one for code, one in outlines.items() if is_within(code, city)] for city in ("110000", "140500")}


@pytest.fixture(scope="module")
def story(cities):
    return tell(PLAN, cities, UNTIL)


@pytest.mark.requirement("V1", part="the example's campaign of 15 rounds in 210 days")
def test_it_is_told_to_its_moment_and_the_same_again(cities, story):
    assert tell(PLAN, cities, UNTIL) == story
    assert set(story.draws) == set(range(1, 16))
    assert [visit.number for visit in story.visits if visit.number] == [number for number, _ in story.cases]
    assert all(team.home_region != city for one in story.assigned for team in story.teams for city in [one[team.id]])
    earlier = tell(PLAN, cities, datetime(2016, 8, 1, tzinfo=UTC))
    for (number, events), (same, later) in zip(earlier.cases, story.cases, strict=False):
        assert (number, events) == (same, later[: len(events)])


def test_nobody_could_take_it_for_real(story):
    for number, events in story.cases:
        finding = events[0].data
        assert finding["example"] is True, number
        assert all("示例" in finding[name] for name in ("title", "subject", "address", "person"))
        assert all(re.match(r"example-", event.actor) for event in events)


def test_every_event_is_allowed_and_none_lies_ahead(story):
    flow = workflow_file.load("five_step")
    states = set()
    for _, events in story.cases:
        assert events[-1].at <= UNTIL
        states.add(fold(events, flow).state)
    assert {"closed", "mending"} <= states


def test_places_lie_where_they_are_said_to_be(cities, story):
    outlines = {one.code: one for inside in cities.values() for one in inside}
    assert all(outlines[site.region].holds(site.lon, site.lat) for site in story.sites)
