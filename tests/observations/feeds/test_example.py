"""The example's feeds: all of them come in without a fault, in the order of their references; twice changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lantian.kernel.jobs import Progress
from lantian.observations import catalogue
from lantian.observations.feeds import PLATFORM, FeedError, Feeds, definitions
from lantian.observations.feeds.example import in_order, install
from lantian.places.store import load_folder

EXAMPLE = Path(__file__).parents[3] / "examples" / "beijing"
ASKED = [{"feed": "dustfall", "department": "housing", "region": "110105", "purpose": "示例"}]


@pytest.mark.requirement("M6", part="every dataset has an example")
def test_the_whole_example_comes_in_once(platform, tmp_path):
    load_folder(platform.engine, EXAMPLE, "test")
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
    config = {"feeds": EXAMPLE / "feeds", "requests": ASKED}
    first = install(platform, config, "test", Progress())
    assert {"weather_warning", "heating_plant", "dustfall", "vehicle_passing", "waste_manifest"} <= set(first)
    assert all(one.new and not one.rejected for one in first.values())
    again = install(platform, config, "test", Progress())
    assert all(one.batch == 0 for one in again.values())
    assert len(catalogue.requests(platform.engine, ["dustfall"])) == 1
    feeds = Feeds(platform)
    assert set(first) >= {name for name, feed in feeds.all().items() if feed.store == "records"}
    plants = feeds.read("heating_plant", PLATFORM)
    assert plants["day"].max().isoformat() == "2016-12-15"  # the day is not over yet
    assert plants["region"].null_count() == 0
    assert feeds.invented(plants["batch"])
    assert feeds.read("weather_warning", PLATFORM, where={"kind": "haze"})["level"].to_list()[-1] == "orange"
    (tmp_path / "feeds" / "soup").mkdir(parents=True)
    with pytest.raises(FeedError, match="soup: there is no such feed"):
        install(platform, {"feeds": tmp_path / "feeds"}, "test", Progress())


def test_a_feed_comes_after_those_it_refers_to():
    known = definitions()
    order = in_order(known)
    assert set(order) == set(known)
    for name, feed in known.items():
        assert all(order.index(other) < order.index(name) for other in feed.references)
