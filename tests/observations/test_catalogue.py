"""The catalogue: who may decide about whose data, what a grant gives, how good and how fresh a dataset is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.doctor import Patient
from lantian.observations import catalogue
from lantian.observations.catalogue import rls
from lantian.observations.catalogue.entries import completeness
from lantian.observations.catalogue.grants import NotTheirsError, may_decide
from lantian.observations.feeds import PLATFORM, Feeds, Reader, definitions, duties, freshness, rights
from lantian.observations.feeds.loading import read
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore

from .feeds.world import FIRING, NOW, account, settle

MANAGE = ("feeds.read", "feeds.manage")


@pytest.fixture
def feeds(platform) -> Feeds:
    return settle(platform)


def test_who_decides_about_a_dataset():
    feed = read(FIRING, "firing.yaml")
    owner = account("owner", (None, "industry"), permissions=MANAGE)
    office = account("office", (None, None), permissions=MANAGE)
    other = account("other", (None, "housing"), permissions=MANAGE)
    reader = account("reader", (None, "industry"))
    assert [may_decide(one, feed) for one in (owner, office, other, reader)] == [True, True, False, False]
    restricted = next(one for one in definitions().values() if one.sensitivity == "restricted")
    assert not may_decide(office, restricted)
    assert may_decide(account("o", (None, restricted.owner), permissions=MANAGE), restricted)


@pytest.mark.requirement("M6", part="grants end by themselves and are audited")
def test_a_grant_is_asked_for_decided_ends_and_is_in_the_trail(platform, feeds):
    engine, feed = platform.engine, feeds.feed("firing")
    owner = account("owner", (None, "industry"), permissions=MANAGE)
    asker = Reader.of(account("asker", ("110000", "housing")))
    feeds.put("firing", [{"kiln": kiln, "at": "2016-12-16 08:00"} for kiln in ("K1", "K2")], "test")
    with pytest.raises(ValueError, match="industry may see it already"):
        catalogue.request(engine, feed, "industry", None, "用途", NOW, "asker")
    number = catalogue.request(engine, feed, "housing", "110105", "核对工地", NOW, "asker")
    with pytest.raises(NotTheirsError):
        catalogue.decide(
            engine,
            feed,
            number,
            "granted",
            NOW,
            account("x", (None, "housing"), permissions=MANAGE),
            until=date(2016, 12, 31),
        )
    with pytest.raises(ValueError, match=r"until: 2016-12-15; expected the last day of the grant, 2016-12-16 or later"):
        catalogue.decide(engine, feed, number, "granted", NOW, owner, until=date(2016, 12, 15))
    catalogue.decide(engine, feed, number, "granted", NOW, owner, until=date(2016, 12, 17), region="110105")
    with pytest.raises(LookupError, match="no request"):
        catalogue.decide(engine, feed, number, "refused", NOW, owner, reason="晚了")
    assert feeds.read("firing", asker)["kiln"].to_list() == ["K2"]
    assert feeds.read("firing", Reader.of(account("east", ("110101", "housing")))).is_empty()
    assert feeds.read("firing", Reader.of(account("p", (None, "police")))).is_empty()
    platform.clock.jump(datetime(2016, 12, 17, 15, 59, tzinfo=UTC))  # the last minute of its last day
    assert feeds.read("firing", asker).height == 1
    platform.clock.jump(datetime(2016, 12, 17, 16, 0, tzinfo=UTC))
    assert feeds.read("firing", asker).is_empty()
    with engine.connect() as connection:
        trail = [entry for entry in audit.entries(connection) if entry.table_name == "feed_grant"]
    assert [(one.operation, one.actor) for one in trail] == [("INSERT", "asker"), ("UPDATE", "owner")]


@pytest.mark.requirement("M6", part="quality and freshness in the entry")
def test_an_entry_tells_freshness_and_quality(platform, feeds):
    rows = [{"kiln": "K1", "at": f"2016-12-1{day} 08:00", "heat": 450, "fuel": "coal"} for day in (5, 6)]
    feeds.put("firing", [*rows, {"kiln": "K1", "at": "2016-12-14 08:00"}, {"kiln": "K7", "at": "2016-12-14"}], "test")
    found = catalogue.entry(platform, "firing", Reader.of(account("x", (None, "housing"))), NOW)
    assert (found.state, found.newest) == ("fresh", datetime(2016, 12, 16, tzinfo=UTC))
    assert (found.quality.records, found.quality.flagged, found.quality.brought, found.quality.refused) == (3, 2, 4, 1)
    assert found.quality.refused_share == 25
    assert not found.scope.open
    assert found.describe()["readable"] is False
    assert completeness(feeds.read("firing", PLATFORM), feeds.feed("firing"))["heat"] == pytest.approx(200 / 3)
    states = {}
    for hours in (0, 24, 25, 31):
        moment = datetime(2016, 12, 16, tzinfo=UTC) + timedelta(hours=hours)
        states[hours] = freshness.judge(feeds.feed("firing"), datetime(2016, 12, 16, tzinfo=UTC), moment)
    assert states == {0: "fresh", 24: "fresh", 25: "late", 31: "stale"}
    table = feeds.freshness(NOW)
    assert table.filter(feed="cistern").is_empty()
    assert table.filter(feed="dustfall")["state"].to_list() == ["empty"]


def test_values_of_the_other_stores_are_datasets_filtered_by_the_readers_regions(platform, feeds):
    (platform.home / "feeds" / "hours.yaml").write_text(
        (feeds.all()["station_hours"].text)
        .replace("feed: station_hours", "feed: own_hours")
        .replace("sensitivity: open", "sensitivity: shared"),
        encoding="utf-8",
    )
    times = [NOW - timedelta(hours=h) for h in (3, 2, 1)]
    frame = pl.DataFrame({"place": ["1003A"] * 3, "time": times, "pm25": [80.0, 90.0, 100.0]})
    ObservationStore(platform).append(frame, "hour", "test", actor="test")
    rows = feeds.read("own_hours", PLATFORM)
    assert rows.select("place", "pm25", "region").rows() == [("1003A", value, "110101") for value in (80, 90, 100)]
    assert rows.columns[:2] == ["place", "time"]
    assert feeds.read("own_hours", Reader.of(account("e", ("110101", "ecology")))).height == 3
    assert feeds.read("own_hours", Reader.of(account("w", ("110105", "ecology")))).is_empty()
    assert feeds.read("own_hours", Reader.of(account("x", (None, "housing")))).is_empty()
    assert feeds.read("own_hours", PLATFORM, limit=1)["pm25"].to_list() == [100]
    assert feeds.read("own_hours", PLATFORM, since=NOW - timedelta(hours=1))["pm25"].to_list() == [100]
    assert feeds.freshness(NOW).filter(feed="own_hours")["newest"].to_list() == [NOW - timedelta(hours=1)]
    assert feeds.read("device_minutes", PLATFORM).is_empty()
    since = NOW - timedelta(days=1)
    Register(platform).put(
        [Device(mn, "dust", "22", mn, region, since, "123456") for mn, region in (("D1", "110101"), ("D2", "110105"))],
        "test",
    )
    minute = {
        "resolution": "minute",
        "item": "pm10",
        "time": NOW - timedelta(minutes=5),
        "known_at": NOW,
        "value": 88.0,
    }
    TelemetryStore(platform).append(pl.DataFrame([{"device": mn, **minute} for mn in ("D1", "D2")]), "test")
    county = Reader.of(account("e", ("110105", "ecology")))
    assert feeds.read("device_minutes", county).select("device", "value", "region").rows() == [("D2", 88.0, "110105")]
    assert feeds.read("device_minutes", PLATFORM).height == 2
    assert feeds.freshness(NOW).filter(feed="device_minutes")["state"].to_list() == ["fresh"]


@pytest.mark.requirement("M6", part="log of access")
def test_what_a_page_computes_from_a_dataset_is_a_reading_of_it(platform, feeds):
    feeds.put("firing", [{"kiln": kiln, "at": "2016-12-16 08:00"} for kiln in ("K1", "K2")], "test")
    owner = replace(Reader.of(account("owner", ("110105", "industry"))), via="page")
    for reader in (owner, owner, replace(owner, name="rule", via=None), PLATFORM):
        feeds.read("firing", reader)
    feeds.read("firing", replace(owner, name="else"), where={"kiln": "K1"})  # gives nothing
    read = catalogue.readings(platform.engine, "firing", NOW)
    assert read.rows() == [(date(2016, 12, 16), "owner", "industry", "page", 2, 2)]


@pytest.mark.requirement("M6", part="a database that may make no roles")
def test_without_the_roles_the_question_itself_decides_and_the_doctor_says_so(platform, feeds, monkeypatch):
    feeds.put("firing", [{"kiln": kiln, "at": "2016-12-16 08:00"} for kiln in ("K1", "K2")], "test")
    patient = Patient(platform.settings, platform.database)
    assert [one.level for one in duties.check_feeds(patient)] == ["ok", "ok"]
    monkeypatch.setattr(rights, "roles", lambda engine: False)
    owner = Reader.of(account("owner", ("110105", "industry")))
    assert feeds.read("firing", owner)["kiln"].to_list() == ["K2"]
    assert feeds.read("firing", Reader.of(account("x", (None, "housing")))).is_empty()
    told = list(duties.check_feeds(patient))[1]
    assert told.level == "warning"
    assert "CREATE ROLE lantian_reader NOLOGIN; GRANT lantian_reader TO" in told.mend


@pytest.mark.requirement("M6", part="a user who may not make roles")
def test_a_user_without_the_right_to_make_roles_is_told(platform, feeds):
    with platform.engine.begin() as connection:
        connection.execute(sa.text("create role lantian_plain_user"))
        connection.execute(sa.text("grant usage on schema public to lantian_plain_user"))
        connection.execute(sa.text("set local role lantian_plain_user"))
        assert connection.scalar(sa.text("select lantian_feed_roles()")) is False
        connection.rollback()
    assert rls.prepare(platform.engine) is True
    with pytest.raises(ValueError, match="expected one of government"):
        rls.sql_role(platform.engine, "kitchen", "x", [])
