"""Screening on a platform: the example's stacks that cheat are found, told, alarmed; scores stay readable."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import Settings
from lantian.observations import alerts
from lantian.observations.feeds import Feeds
from lantian.observations.fraud import example
from lantian.observations.fraud.service import ALERT_FROM, Fraud
from lantian.observations.gateway import example_fleet
from lantian.observations.gateway.register import Register
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

FEEDS = Path(__file__).parents[3] / "examples" / "beijing" / "feeds"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
STACKS = tuple(one.mn for one in example_fleet.FLEET if one.kind == "cems")


@pytest.fixture(scope="module")
def plants(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A platform of this module with the example's stacks; the tests of it look at what was known at `NOW`."""
    name = f"lantian_fraud_{os.getpid()}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        with open_platform(settings=Settings(home=tmp_path_factory.mktemp("home"), database_url=url)) as opened:
            opened.clock.set_simulated(NOW, paused=True)
            stacks = [one for one in example_fleet.devices(NOW) if one.kind == "cems"]
            Register(opened).put(stacks, "test")
            PlaceStore(opened.engine).put_regions([Region(one.region, one.region) for one in stacks], "test")
            for feed in ("electricity_line", "electricity"):
                path = FEEDS / feed / "stacks_example.csv"
                assert Feeds(opened).put(feed, path, "test", known_at="time", example=True).rejected == 0
            assert example.install(opened, {"devices": True}, "test", Progress()) > 0
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.mark.requirement("M5")
def test_the_stacks_that_cheat_are_found_told_and_raise_an_alert(plants):
    fraud = Fraud(plants)
    found = {(row["device"], row["day"]): row for row in fraud.listed(as_of=NOW, least=50)}
    cheats = {(STACKS[number], date(2016, 12, 16) - timedelta(days=days)) for number, days, *_ in example.CHEATS}
    assert cheats <= set(found)
    others = {key: found[key]["score"] for key in set(found) - cheats}
    assert len(others) <= 4
    assert all(score < ALERT_FROM for score in others.values()), others
    features = {key: {one["feature"] for one in found[key]["evidence"]} for key in cheats}
    assert "constant" in features[(STACKS[1], date(2016, 12, 12))]
    assert "calibration" in features[(STACKS[1], date(2016, 12, 10))]
    assert "oxygen" in features[(STACKS[2], date(2016, 12, 11))]
    assert "copied_day" in features[(STACKS[2], date(2016, 12, 8))]
    assert features[(STACKS[1], date(2016, 12, 7))] >= {"flow", "load"}
    assert features[(STACKS[1], date(2016, 12, 5))] == {"mass"}
    assert "power" in features[(STACKS[2], date(2016, 12, 6))]
    assert "minute_mean" in features[(STACKS[2], date(2016, 12, 4))]
    row = found[(STACKS[1], date(2016, 12, 12))]
    assert "连续 24 小时都是" in row["evidence"][0]["zh"]
    assert row["example"] is True
    raised = alerts.listed(plants.engine, [(None, None)], as_of=NOW, kind="fraud")
    assert {one.alert.subject for one in raised} <= set(STACKS[1:])
    alert = next(one.alert for one in raised if one.alert.key == "2016-12-12")
    assert (alert.category, alert.example, alert.link) == (
        "industry",
        True,
        f"/fraud?device={STACKS[1]}&day=2016-12-12",
    )
    assert "恒值" in alert.zh
    (version,) = fraud.versions(NOW, "cems")
    assert version.learned.first == date(2016, 10, 25)
    assert version.learned.days >= 100
    assert version.learned.limit > 0


def test_scoring_again_changes_nothing_and_a_new_version_replaces(plants):
    fraud = Fraud(plants)
    before = fraud.listed(as_of=NOW)
    plants.clock.set_simulated(NOW + timedelta(hours=1), paused=True)
    fraud.score(date(2016, 12, 8), date(2016, 12, 12), "test")
    later = plants.clock.now()
    assert fraud.listed(as_of=later) == before
    count = len(alerts.listed(plants.engine, [(None, None)], as_of=later, kind="fraud"))
    fraud.learn("cems", date(2016, 10, 10), date(2016, 11, 25), "test", rate=0.05)
    fraud.score(date(2016, 12, 8), date(2016, 12, 12), "test")
    assert fraud.listed(as_of=later) != before
    assert fraud.listed(as_of=NOW) == before
    assert len(alerts.listed(plants.engine, [(None, None)], as_of=later, kind="fraud")) >= count


def test_a_day_beside_the_fleet_and_what_cannot_be_asked(plants):
    fraud = Fraud(plants)
    day = fraud.course("cems", STACKS[1], date(2016, 12, 12), "so2", NOW)
    assert len(day["own"]) == 24
    assert len(set(day["own"])) == 1
    week = fraud.course("cems", STACKS[1], date(2016, 12, 12), "so2", NOW, days=7)
    assert week["own"][-24:] == day["own"]
    assert len(week["middle"]) == 7 * 24
    assert all(low <= high for low, high in zip(day["low"], day["high"], strict=True))
    for kind, device, says in (("ship", "x", "expected one of"), ("cems", "x", "nothing is known")):
        with pytest.raises((ValueError, LookupError), match=says):
            fraud.course(kind, device, date(2016, 12, 12), "so2", NOW)
    with pytest.raises(ValueError, match="expected the first before the last"):
        fraud.score(date(2016, 12, 12), date(2016, 12, 8), "test")
    with pytest.raises(ValueError, match="no hour of kind cems"):
        fraud.learn("cems", date(2010, 1, 1), date(2010, 2, 1), "test")
