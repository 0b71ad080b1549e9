"""Judgement over a small store: what was known when, region and stations, dust and its deduction, splices, targets."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.assessment.periods import parse
from lantian.assessment.records import DustEvent, Records
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

CITY, NORTH, SOUTH = "130100", "130102", "130104"
MIDNIGHT = datetime(2016, 11, 30, 16, tzinfo=UTC)  # of 1 December in Beijing
DAYS = 16
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)


@pytest.fixture
def judge(platform: Platform) -> Assessment:
    """A city with published days 2015 and 2016, and two counties with a station each whose hours are known."""
    places = PlaceStore(platform.engine)
    places.put_regions(
        [Region("130000", "河北省"), Region(CITY, "石家庄市"), Region(NORTH, "长安区"), Region(SOUTH, "桥西区")], "test"
    )
    places.put_stations([station("1029A", NORTH), station("1030A", SOUTH)], "test")
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    store = open_store(platform)
    store.append(pl.concat([hours("1029A", 60.0), hours("1030A", 100.0)]), "hour", "stations")
    store.append(days(2015, 160.0), "day", "published")
    store.append(days(2016, 120.0), "day", "published")
    return Assessment(platform)


def station(code: str, region: str) -> Station:
    return Station(code, f"站点{code}", "state", region, lon=114.5, lat=38.0)


def hours(place: str, pm25: float) -> pl.DataFrame:
    """A station's December: the same every hour, but for a dust storm on the 10th, 08:00 to 14:00 in Beijing."""
    time = pl.datetime_range(
        MIDNIGHT, MIDNIGHT + timedelta(days=DAYS), "1h", closed="left", time_unit="us", time_zone="UTC", eager=True
    )
    storm = pl.col("time").is_between(storm_from(), storm_from() + timedelta(hours=6), closed="left")
    return pl.DataFrame({"time": time}).select(
        pl.lit(place).alias("place"),
        "time",
        so2=20.0,
        no2=40.0,
        co=1.0,
        o3=50.0,
        pm10=pl.when(storm).then(900.0).otherwise(pm25 * 1.5),
        pm25=pl.lit(pm25),
    )


def storm_from() -> datetime:
    return datetime(2016, 12, 10, tzinfo=UTC)


def days(year: int, pm25: float) -> pl.DataFrame:
    return pl.DataFrame({"date": pl.date_range(date(year, 12, 1), date(year, 12, DAYS), "1d", eager=True)}).select(
        pl.lit(CITY).alias("place"),
        "date",
        so2=30.0,
        no2=50.0,
        co=2.0,
        o3_8h=60.0,
        pm10=pm25 * 1.5,
        pm25=pl.lit(pm25),
    )


def late(year: int, pm25: float) -> pl.DataFrame:
    return days(year, pm25).with_columns(pl.col("date").dt.offset_by("15d")).filter(pl.col("date").dt.day() > DAYS)


@pytest.mark.requirement("A3")
def test_cities_counties_and_stations_are_ranked_from_what_there_is(judge: Assessment):
    ranked = judge.rank([CITY, NORTH, SOUTH, "1030A", "1029A"], parse("2016-12"))
    rows = {row["place"]: row for row in ranked.to_dicts()}
    assert [rows[p]["rank_composite_index"] for p in (NORTH, "1029A", SOUTH, "1030A", CITY)] == [1, 1, 3, 3, 5]
    assert {p: rows[p]["origin"] for p in rows} == {
        CITY: "published",
        NORTH: "from stations",
        SOUTH: "from stations",
        "1029A": "station",
        "1030A": "station",
    }
    assert rows[CITY]["n_pm25"] == 15  # the 16th is not over, and published on the 17th at noon
    assert (rows[CITY]["pm25"], rows[CITY]["pm25_before"], rows[CITY]["change_pm25"]) == (120, 160, -25.0)
    assert rows[NORTH]["change_pm25"] is None  # no hours the year before


@pytest.mark.requirement("A3", part="year-on-year")
def test_a_running_period_is_compared_with_the_same_days(judge: Assessment, platform: Platform):
    known = parse("2015-12-01..2015-12-15")  # it is the 16th, and the 15th the last day that is over
    assert judge.compared(parse("2016-12")) == known
    assert judge.compared(parse("2016-12"), parse("2015-12")) == known
    assert judge.compared(parse("2016"), parse("2014")) == parse("2014-01-01..2014-12-15")
    assert judge.compared(parse("2016-11"), parse("2015-11")) == parse("2015-11"), "over: the whole month"
    assert judge.compared(parse("2016-12"), parse("2016-11")) == parse("2016-11"), "not the same: as it was asked"

    open_store(platform).append(late(2015, 400.0), "day", "published")
    ranked = judge.rank([CITY], parse("2016-12"), against=parse("2015-12"))
    assert ranked["pm25_before"].to_list() == [160], "the second half of December 2015 is left out"


@pytest.mark.requirement("A3", part="position against a reference group")
def test_position_against_a_group_by_any_item(judge: Assessment):
    ranked = judge.rank([NORTH, SOUTH], parse("2016-12"), by="pm25", reference=[NORTH, SOUTH])
    assert ranked.select("place", "rank_pm25", "reference_pm25", "against_pm25").rows() == [
        (NORTH, 1, 80.0, -25.0),
        (SOUTH, 2, 80.0, 25.0),
    ]
    nobody = judge.rank([NORTH], parse("2016-12"), reference=["130105"])
    assert nobody["against_composite_index"].to_list() == [None]
    with pytest.raises(ValueError, match="expected one of composite_index"):
        judge.rank([NORTH], parse("2016-12"), by="ozone")


@pytest.mark.requirement("K4", part="judgement as of a moment")
def test_what_became_known_later_is_not_used(judge: Assessment, platform: Platform):
    noon = datetime(2016, 12, 10, 4, tzinfo=UTC)
    early = judge.evaluate([CITY, NORTH], parse("2016-12"), noon)
    assert early["n_pm25"].to_list() == [9, 9]
    platform.clock.jump(NOW + timedelta(days=3), actor="test")
    open_store(platform).append(days(2016, 90.0), "day", "published")
    assert judge.evaluate([CITY], parse("2016-12"), NOW)["pm25"].to_list() == [120.0]
    assert judge.evaluate([CITY], parse("2016-12"))["pm25"].to_list() == [90.0]


def test_a_period_without_any_day_has_no_ranks(judge: Assessment):
    ranked = judge.rank([CITY, NORTH], parse("2017-03"))
    assert ranked["rank_composite_index"].to_list() == [None, None]
    assert judge.splice([CITY], parse("2017-03")).is_empty()


@pytest.mark.requirement("A3", part="raw and reviewed values joined, and said so")
def test_where_raw_and_reviewed_values_join_is_said(judge: Assessment, platform: Platform):
    store = open_store(platform)
    store.append(days(2016, 110.0).head(5), "day", "review", grade="reviewed", known_at=NOW - timedelta(hours=1))
    store.append(hours("1030A", 90.0).head(48), "hour", "review", grade="reviewed", known_at=NOW - timedelta(hours=1))
    found = judge.splice([CITY, NORTH, SOUTH, "1030A"], parse("2016-12"))
    first, last = date(2016, 12, 1), date(2016, 12, 15)
    assert found.rows() == [
        ("1030A", "station", "reviewed", first, date(2016, 12, 2)),
        ("1030A", "station", "raw", date(2016, 12, 3), last),
        (CITY, "published", "reviewed", first, date(2016, 12, 5)),
        (CITY, "published", "raw", date(2016, 12, 6), last),
        (NORTH, "from stations", "raw", first, last),
        (SOUTH, "from stations", "reviewed", first, date(2016, 12, 2)),
        (SOUTH, "from stations", "raw", date(2016, 12, 3), last),
    ]
    assert judge.evaluate([CITY], parse("2016-12"))["pm25"].to_list() == [117.0]  # (5 x 110 + 10 x 120) / 15 = 116.7


@pytest.mark.requirement("A6")
def test_dust_is_proposed_decided_and_deducted_for_all_in_the_region(judge: Assessment, platform: Platform):
    start, end = storm_from(), storm_from() + timedelta(hours=6)
    (candidate,) = judge.dust([NORTH], MIDNIGHT, NOW)
    assert (candidate.start, candidate.end, candidate.hours, candidate.decision) == (start, end, 6, None)
    assert (candidate.peak_pm10, candidate.before_pm10) == (900, 90)

    records = Records(platform.engine)
    records.decide_dust(DustEvent(CITY, start, end, "confirmed", "satellite", "li.lei", NOW))
    raw = judge.evaluate([NORTH, "1030A"], parse("2016-12"))
    clean = judge.evaluate([NORTH, "1030A"], parse("2016-12"), deducted=True)
    assert clean.select("place", "pm10", "n_pm10", "n_pm25", "n_so2").rows() == [
        ("1030A", 150, 14, 14, 15),
        (NORTH, 90, 14, 14, 15),
    ]
    assert raw["pm10"].to_list() == [162, 104]  # (14 x 150 + 337.5) / 15 and (14 x 90 + 292.5) / 15, half to even
    assert (clean["composite_index"] < raw["composite_index"]).all()
    assert clean["good_days"].to_list() == raw["good_days"].to_list()
    before = judge.evaluate([NORTH], parse("2016-12"), NOW - timedelta(hours=1), deducted=True)
    assert before["pm10"].to_list() == [104]  # nobody had decided yet


@pytest.mark.requirement("A6")
def test_hours_stated_by_a_person_stand_among_the_candidates(judge: Assessment, platform: Platform):
    start = datetime(2016, 12, 3, tzinfo=UTC)
    stated = DustEvent("1029A", start, start + timedelta(hours=3), "confirmed", "notice", "li.lei", NOW)
    Records(platform.engine).decide_dust(stated)
    found = judge.dust(["1029A"], MIDNIGHT, NOW)
    assert [(each.start, each.decision and each.decision.state) for each in found] == [
        (start, "confirmed"),
        (storm_from(), None),
    ]
    assert (found[0].hours, found[0].peak_pm10, found[0].before_pm10) == (3, 90, 90)
    assert judge.dust(["1029A"], MIDNIGHT, start) == []


@pytest.mark.requirement("A6")
def test_episodes_of_published_days(judge: Assessment):
    (row,) = judge.episodes([CITY], parse("2015-12")).to_dicts()
    assert (row["start"], row["end"], row["days"], row["heavy_days"], row["peak_aqi"], row["primary"]) == (
        date(2015, 12, 1),
        date(2015, 12, 16),
        16,
        16,
        210,  # PM2.5 160 by HJ 633-2012: 200 + 100 x 10 / 100
        "pm25",
    )
    assert judge.episodes([CITY], parse("2016-12")).is_empty()  # PM2.5 120 is an AQI of 158


@pytest.mark.requirement("A4")
def test_targets_are_tracked_as_of_a_moment(judge: Assessment, platform: Platform):
    records = Records(platform.engine)
    city = records.put_target(Target(CITY, "pm25", parse("2016-12"), 130), "test")
    records.put_target(Target(NORTH, "pm25", parse("2016-12"), 50, parent=city), "test")
    north, all_of_it = judge.targets([NORTH])[0], judge.targets()
    assert [track.target.place for track in all_of_it] == [CITY, NORTH]
    assert (north.value, north.known_days, north.days_left, north.met) == (60, 15, 16, False)
    assert north.allowance == pytest.approx((50 * 31 - 60 * 15) / 16)
    early = judge.targets([CITY], as_of=datetime(2016, 12, 10, 12, tzinfo=UTC))[0]
    assert (early.day, early.known_days) == (date(2016, 12, 9), 9)


@pytest.mark.requirement("A4", part="decomposition")
def test_a_target_is_changed_by_its_id_and_never_its_own_ancestor(platform: Platform):
    records = Records(platform.engine)
    city = records.put_target(Target(CITY, "pm25", parse("2016"), 80), "test")
    county = records.put_target(Target(NORTH, "pm25", parse("2016"), 78, parent=city), "test")
    assert records.put_target(Target(CITY, "pm25", parse("2016"), 79), "test") == city  # the same again: replaced
    assert records.put_target(Target(CITY, "pm10", parse("2017"), 120, id=city), "test") == city
    assert [(t.quantity, t.period.label, t.limit) for t in records.targets([CITY])] == [("pm10", "2017", 120)]
    with pytest.raises(ValueError, match="decomposed from this target itself"):
        records.put_target(Target(CITY, "pm10", parse("2017"), 120, parent=county, id=city), "test")
    with pytest.raises(ValueError, match="stands for 130100, pm10, 2017 already"):
        records.put_target(Target(CITY, "pm10", parse("2017"), 1, id=county), "test")
    with pytest.raises(LookupError, match="no target 999"):
        records.put_target(Target(CITY, "pm25", parse("2016"), 80, parent=999), "test")
    for wrong in (Target(CITY, "good_share", parse("2016"), 101), Target(CITY, "pm25", parse("2016"), 80, base=-1)):
        with pytest.raises(ValueError, match=r"expected 0\.\."):
            records.put_target(wrong, "test")
    records.drop_target(city, "test")
    assert records.target(county).parent is None
