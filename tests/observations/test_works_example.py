"""The example's sites, vehicles and fires 示例: its files are read whole, and tell what the pages then show."""

import doctest
import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from lantian.observations import alerts, open_store
from lantian.observations.burning import duties, example, firms
from lantian.observations.burning.service import Burning
from lantian.observations.construction.exceedance import MINUTES
from lantian.observations.construction.service import Construction
from lantian.observations.feeds import PLATFORM, Reader
from lantian.observations.feeds.service import Feeds
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry import TelemetryStore
from lantian.observations.vehicles.service import Vehicles, _secret
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "examples" / "beijing" / "feeds"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
NAMES = (
    "construction_site", "construction_check", "remote_sensing_gate", "vehicle_passing", "traffic_flow", "warden",
    "burning_alert", "fire_hotspot",
)  # fmt: skip
DISTRICTS = {"110000": "北京市", "110105": "朝阳区", "110106": "丰台区", "110108": "海淀区", "110112": "通州区"}
DISTRICTS |= {"110113": "顺义区", "110114": "昌平区", "110115": "大兴区"}
DISTRICTS |= {"110107": "石景山区", "110116": "怀柔区"}


def test_the_files_are_those_that_the_tool_writes(tmp_path):
    spec = importlib.util.spec_from_file_location("example_works", ROOT / "tools" / "example_works.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.main(tmp_path)
    for name in NAMES:
        file = f"{name}/{name}_example.csv"
        assert (tmp_path / file).read_bytes() == (FEEDS / file).read_bytes(), name


@pytest.fixture
def city(platform):
    """Places, one station, the example's feeds, the instrument of one site."""
    from dataclasses import replace

    platform = replace(platform, settings=platform.settings.model_copy(update={"example": True}))
    store = PlaceStore(platform.engine)
    store.put_regions([Region(code, name) for code, name in DISTRICTS.items()], "test")
    store.put_stations([Station("9001A", "示例站", "state", "110105", 116.48, 39.95, evaluation=True)], "test")
    store.put_membership("110105", ["9001A"], "test")
    store.put_membership("110000", ["9001A"], "test")
    platform.clock.set_simulated(NOW, paused=True)
    feeds = Feeds(platform)
    for name in NAMES:
        receipt = feeds.put(name, FEEDS / name / f"{name}_example.csv", "test", known_at="time", example=True)
        assert (receipt.rejected, receipt.notes) == (0, ()), (name, feeds.rejected(receipt.batch).to_dicts()[:3])
    return platform


def telemetry(platform, hours):
    """Minutes of one instrument at site-01: PM10 by the hour (Beijing midnight of the 16th on), ug/m3."""
    device = Device(
        "TEST-DUST-1", "dust", "39", "示例扬尘仪", "110105", datetime(2016, 1, 1, tzinfo=UTC), password="123456",
        site="site-01", example=True,
    )  # fmt: skip
    Register(platform).put([device], "test")
    start = datetime(2016, 12, 15, 16, tzinfo=UTC)
    rows = [
        ("TEST-DUST-1", "minute", item, start + timedelta(hours=at, minutes=minute), factor * value, "N")
        for at, value in enumerate(hours)
        for minute in range(60)
        for item, factor in (("pm10", 1.0), ("tsp", 2.0))
    ]
    frame = pl.DataFrame(rows, schema=["device", "resolution", "item", "time", "value", "flag"], orient="row")
    frame = frame.with_columns(
        pl.col("time").dt.replace_time_zone("UTC") if frame["time"].dtype.time_zone is None else "time"
    )
    TelemetryStore(platform).append(frame.with_columns(known_at=pl.col("time") + pl.duration(minutes=1)), "test")
    county = pl.DataFrame(
        {"place": ["9001A"] * 20, "time": [start + timedelta(hours=at) for at in range(20)], "pm10": [160.0] * 20}
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    open_store(platform).append(county, "hour", "test", actor="test")


@pytest.mark.requirement("M7", part="register, live values, verdicts from instruments and stations, alert once")
def test_a_site_is_judged_by_its_instruments_and_its_county(city):
    telemetry(city, [150] * 14 + [300, 320, 310, 290] + [170] * 2)
    construction = Construction(city)
    first, *others = construction.overview()
    assert first.site.id == "site-01"
    assert first.site.camera.startswith("https://")
    assert first.live == {"pm10": 170.0, "tsp": 340.0}
    assert (first.devices, first.background, first.background_of) == (1, 160.0, "110105")
    assert (first.exceedances, first.violations) == (4, 2)
    assert first.percent is not None
    assert first.percent < 100
    assert [point.code for point in first.checks[0].score.missing] == ["washing"]
    assert len(others) == 5
    assert {one.background_of for one in others} == {"110000"}  # counties without a station: the city's
    assert construction.watch()[0] == [1]
    assert construction.watch()[0] == []  # an episode is told once
    (alert,) = alerts.listed(city.engine, ((None, None),), as_of=NOW, kind="exceedance")
    assert alert.alert.link == "/construction/site-01"
    assert "160（按 150 计）" in alert.alert.zh
    assert alert.open
    city.clock.jump(NOW + timedelta(minutes=1))  # nothing exceeded for more than two hours
    assert construction.watch() == ([], 1)
    early = construction.overview(NOW - timedelta(hours=6))[0]  # as of 14:00 nothing exceeded
    assert early.exceedances == 0
    assert construction.file("site-01").hours.height > 0
    with pytest.raises(LookupError):
        construction.file("site-99")
    assert set(MINUTES) == {"site", "item", "time", "value", "span"}


@pytest.mark.requirement("M9")
def test_vehicles_are_ranked_with_routes_and_hours_and_covered_for_most(city):
    vehicles = Vehicles(city)
    whole = vehicles.overview()
    assert 5 <= whole.of("confirmed") <= 10
    first = whole.vehicles[0]
    assert first.plate.startswith("京示H")
    assert len(first.routes[0][0]) >= 2
    assert sum(first.by_hour) > 20
    assert whole.road_hours["pollutant"].unique().to_list() != []
    assert whole.road_hours["emission"].min() >= 0
    covered = vehicles.shown(whole, Reader("analyst", scopes=((None, None),)))
    assert all("*" in one.plate for one in covered.vehicles)
    police = vehicles.shown(whole, Reader("police", scopes=((None, None),), unmasks=frozenset({"plates.read"})))
    assert police.vehicles[0].plate == first.plate
    assert vehicles.shown(whole, Reader("other", "housing", (("110105", "housing"),))) is None
    here = vehicles.shown(whole, Reader("county", "ecology", (("110108", "ecology"),)))
    assert 0 < len(here.vehicles) < len(whole.vehicles)
    seen = vehicles.records(first.key, whole, PLATFORM)
    assert seen.height == first.passings
    assert "plate" not in seen.columns
    raised = vehicles.watch()
    assert len(raised) == whole.of("confirmed")
    assert vehicles.watch() == []
    for standing in alerts.listed(city.engine, ((None, None),), as_of=NOW, kind="vehicle"):
        assert first.plate not in standing.alert.zh + standing.alert.subject + standing.alert.name
    assert oct((city.home / "vehicles.key").stat().st_mode)[-3:] == "600"
    assert _secret(city.home) == _secret(city.home)


@pytest.mark.requirement("M10", part="the example's fires")
def test_the_examples_fires_are_joined_dispatched_and_most_are_out(city, monkeypatch):
    monkeypatch.setattr(Burning, "region_of", lambda _self, lon, _lat: "110113" if lon > 116.5 else "110114")
    feeds = Feeds(city)
    duties.of_cameras(city, feeds.read("burning_alert", PLATFORM), NOW)
    assert example.install(city, FEEDS, "test") > 10
    assert example.install(city, FEEDS, "test") == 0
    found = Burning(city).listed()
    by_source = {source: [one for one in found if one.source == source] for source in ("camera", "satellite")}
    assert len(by_source["camera"]) == 12
    assert [one.signals for one in by_source["satellite"]] == [2, 1, 3]  # newest first; the unsure pixel calls nobody
    states = [one.state for one in found]
    assert states.count("out") >= 8
    assert found[0].state == "dispatched"  # the newest waits for an answer
    assert all(one.to_arrival is None or 5 < one.to_arrival < 60 for one in found)
    assert firms.signals(feeds.read("fire_hotspot", PLATFORM))


@pytest.mark.parametrize("name", ["construction", "vehicles", "burning"])
def test_the_examples_of_the_documents_run(name):
    tried = doctest.testfile(str(ROOT / "docs" / f"{name}.md"), module_relative=False)
    assert tried.attempted > 0
    assert tried.failed == 0
