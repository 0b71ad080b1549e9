"""Other models' forecasts in the store: beside ours as of a moment, with persistence of their own issue, audited."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import select

from lantian.forecast import verify
from lantian.forecast.peers_store import PeerStore
from lantian.forecast.service import Forecasts
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel.bootstrap import Platform
from lantian.kernel.tables import audit as trail
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.standards import aqi

from .test_peers import ISSUE, STATIONS, cmaq, wrfchem


@pytest.fixture
def city(platform: Platform) -> Platform:
    """Beijing with two stations and their hours until the 20th."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市")], "test")
    places.put_stations(STATIONS, "test")
    times = [datetime(2016, 12, 15, 12, tzinfo=UTC) + timedelta(hours=k) for k in range(120)]
    for each in STATIONS:
        hours = pl.DataFrame(
            {"time": times, "pm25": [90.0] * 24 + [100.0] * 96}, schema_overrides={"time": pl.Datetime("us", "UTC")}
        )
        open_store(platform).append(hours.with_columns(place=pl.lit(each.code)), "hour", "test")
    platform.clock.set_simulated(ISSUE + timedelta(hours=1), paused=True)
    return platform


@pytest.mark.requirement("F6", part="kept and read beside ours, known from when they were added, audited")
def test_a_peer_added_stands_beside_ours_from_then_on(city, tmp_path):
    store = PeerStore(city)
    made = store.add([cmaq(tmp_path / "a.nc")], "CMAQ", ISSUE, actor="li.lei")
    assert (made.name, made.issue, made.kind, made.files, made.places) == ("CMAQ", ISSUE, "cmaq", ("a.nc",), 3)
    ours = pl.DataFrame(
        schema=pl.read_parquet(city.home / "forecast" / "peers" / made.folder / "values.parquet").schema
    )
    values = store.beside(ours, "values")
    assert set(values["source"]) == {"CMAQ", "persistence"}
    assert values.filter(source="persistence", place="110000", item="pm25")["value"].to_list() == [90.0] * 3
    assert store.beside(ours, "values", ISSUE).is_empty(), "an hour before it was added nobody knew of it"
    assert store.beside(ours, "values", issue=ISSUE + timedelta(days=1)).is_empty()
    base = values.filter(source="persistence")
    assert store.beside(base, "values").filter(source="persistence").height == base.height, "a case of ours stands once"
    with city.engine.connect() as connection:
        actors = connection.execute(select(trail.c.actor).where(trail.c.table_name == "forecast_peer")).scalars().all()
    assert actors == ["li.lei"]


def test_one_added_again_counts_instead(city, tmp_path):
    store = PeerStore(city)
    store.add([cmaq(tmp_path / "a.nc")], "CMAQ", ISSUE, actor="test")
    city.clock.jump(ISSUE + timedelta(hours=2))
    later = store.add([wrfchem(tmp_path / "wrfout")], "CMAQ", ISSUE, actor="test")
    assert store.peers() == [later]
    assert [one.kind for one in store.peers(ISSUE + timedelta(hours=1))] == ["cmaq"]


@pytest.mark.requirement("F6", part="one verification table")
def test_peers_are_verified_with_what_happened(city, tmp_path):
    store = PeerStore(city)
    store.add([cmaq(tmp_path / "a.nc")], "CMAQ", ISSUE, actor="test")
    store.add([wrfchem(tmp_path / "wrfout")], "WRF-Chem", ISSUE, actor="test")
    city.clock.jump(ISSUE + timedelta(days=6))
    seen = pl.DataFrame(
        {"place": ["110000"] * 3, "date": [date(2016, 12, 17 + k) for k in range(3)], "pm25": [100.0] * 3}
    )
    scores = Forecasts(city).scores(
        "history", aqi.daily(seen), ["110000"], date(2016, 12, 1), date(2016, 12, 31), by=("source",)
    )
    rows = {row["source"]: row for row in scores.table.filter(item="pm25").to_dicts()}
    assert set(rows) == {"CMAQ", "WRF-Chem", "persistence"}
    assert rows["CMAQ"]["n"] == rows["CMAQ"]["n_persistence"] == 3
    assert rows["CMAQ"]["nme_persistence"] == rows["persistence"]["nme"] == pytest.approx(0.1)
    assert set(scores.table.filter(item="aqi")["source"]) == set(rows)
    assert verify.PERSISTENCE in rows


def test_an_issue_to_come_and_a_platform_without_stations_are_refused(platform, tmp_path):
    path = cmaq(tmp_path / "a.nc")
    platform.clock.set_simulated(ISSUE, paused=True)
    with pytest.raises(ValueError, match="not after the clock's"):
        PeerStore(platform).add([path], "CMAQ", ISSUE + timedelta(hours=1), actor="test")
    with pytest.raises(LookupError, match="no stations are loaded"):
        PeerStore(platform).add([path], "CMAQ", ISSUE, actor="test")


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_a_peers_last_word_is_what_was_known_of_it_at_an_issue(city, tmp_path):
    store = PeerStore(city)
    store.add([cmaq(tmp_path / "a.nc")], "CMAQ", ISSUE, actor="test")
    own = store.beside(pl.DataFrame(schema=dict(SCHEMAS["values"])), "values").filter(source="CMAQ")
    tomorrow = ISSUE + timedelta(days=1)
    found = store.last_words([ISSUE, tomorrow, ISSUE + timedelta(hours=37)])
    assert set(found["issue"]) == {tomorrow}, "at its own moment nobody knew it, and it grows old"
    assert set(found["source"]) == {"CMAQ"}
    assert found.filter(place="110000", item="pm25")["lead"].to_list() == [1, 2]
    key = ["place", "date", "item"]
    assert found.join(own, on=[*key, "value"]).height == found.height
    city.clock.jump(tomorrow)
    store.add([wrfchem(tmp_path / "wrfout")], "CMAQ", ISSUE + timedelta(hours=12), actor="test")
    later = store.beside(own.clear(), "values", issue=ISSUE + timedelta(hours=12)).filter(source="CMAQ")
    newer = store.last_words([tomorrow])
    assert 0 < newer.height != found.height
    assert newer.join(later, on=[*key, "value"]).height == newer.height, "the newer issue counts"
    assert PeerStore(city).last_words([]).is_empty()
