"""HJ 633-2012 and HJ 633-2026: the tables, the worked cases, and the agreement of single values with frames."""

import datetime as dt
import math
from fractions import Fraction

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.standards import StandardsError, aqi

IAQI = [0, 50, 100, 150, 200, 300, 400, 500]

# The table as it is printed (concentrations in ug/m3, CO in mg/m3), typed again for the test.
SO2_24H = [0, 50, 150, 475, 800, 1600, 2100, 2620]
SO2_1H = [0, 150, 500, 650, 800]
NO2_24H = [0, 40, 80, 180, 280, 565, 750, 940]
NO2_1H = [0, 100, 200, 700, 1200, 2340, 3090, 3840]
PM10 = {2012: [0, 50, 150, 250, 350, 420, 500, 600], 2026: [0, 50, 120, 250, 350, 420, 500, 600]}
PM25 = {2012: [0, 35, 75, 115, 150, 250, 350, 500], 2026: [0, 35, 60, 115, 150, 250, 350, 500]}
CO_24H = [0, 2, 4, 14, 24, 36, 48, 60]
CO_1H = [0, 5, 10, 35, 60, 90, 120, 150]
O3_1H = [0, 160, 200, 300, 400, 800, 1000, 1200]
O3_8H = [0, 100, 160, 215, 265, 800]

DAILY = {
    2012: {
        "so2": SO2_24H,
        "no2": NO2_24H,
        "co": CO_24H,
        "o3_1h": O3_1H,
        "o3_8h": O3_8H,
        "pm10": PM10[2012],
        "pm25": PM25[2012],
    },
    2026: {"so2": SO2_24H, "no2": NO2_24H, "co": CO_24H, "o3_8h": O3_8H, "pm10": PM10[2026], "pm25": PM25[2026]},
}
HOURLY = {
    2012: {
        "so2": SO2_1H,
        "no2": NO2_1H,
        "co": CO_1H,
        "o3": O3_1H,
        "o3_8h": O3_8H,
        "pm10_24h": PM10[2012],
        "pm25_24h": PM25[2012],
    },
    2026: {"so2": SO2_1H, "no2": NO2_1H, "co": CO_1H, "o3": O3_1H, "pm10": PM10[2026], "pm25": PM25[2026]},
}
NODES = [
    pytest.param(kind, edition, column, nodes, id=f"{kind}-{edition}-{column}")
    for kind, tables in (("daily", DAILY), ("hourly", HOURLY))
    for edition, table in tables.items()
    for column, nodes in table.items()
]


def item_of(column: str) -> str:
    """The sub-index made from a column: particles of the 2012 hour come from their 24-hour mean."""
    return column.removesuffix("_24h")


def single(kind: str):
    return aqi.of_day if kind == "daily" else aqi.of_hour


def framed(kind: str):
    return aqi.daily if kind == "daily" else aqi.hourly


def column_frame(kind: str, edition: int, column: str, values: list[float]) -> pl.DataFrame:
    """One column; an hour of the 2012 edition also needs the rolling ozone, here without a value."""
    frame = pl.DataFrame({column: [float(value) for value in values]})
    rolling = (kind, edition, column) == ("hourly", 2012, "o3")
    return frame.with_columns(o3_8h=pl.lit(None, pl.Float64)) if rolling else frame


def exact(nodes: list[int], concentration: Fraction) -> int:
    """The formula of the standard on rationals."""
    k = next(k for k in range(1, len(nodes)) if concentration <= nodes[k])
    low, high = nodes[k - 1], nodes[k]
    return math.ceil(Fraction(IAQI[k] - IAQI[k - 1], high - low) * (concentration - low) + IAQI[k - 1])


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(("kind", "edition", "column", "nodes"), NODES)
def test_every_breakpoint_gives_its_sub_index(kind, edition, column, nodes):
    expected = IAQI[: len(nodes)]
    item = item_of(column)
    assert [single(kind)(**{column: node}, edition=edition).iaqi[item] for node in nodes] == expected
    frame = framed(kind)(column_frame(kind, edition, column, nodes), edition=edition)
    assert frame[f"iaqi_{item}"].to_list() == expected


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(("kind", "edition", "column", "nodes"), NODES)
def test_every_published_concentration_agrees_with_exact_arithmetic(kind, edition, column, nodes):
    step = 10 if column == "co" else 1
    values = [Fraction(k, step) for k in range(nodes[-1] * step + 1)]
    result = framed(kind)(column_frame(kind, edition, column, [float(v) for v in values]), edition=edition)
    assert result[f"iaqi_{item_of(column)}"].to_list() == [exact(nodes, value) for value in values]


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(
    ("given_", "of_2012", "of_2026"),
    [
        ({"pm25": 75}, 100, 114),
        ({"pm25": 60}, 82, 100),
        ({"pm10": 150}, 100, 112),
        ({"pm10": 120}, 85, 100),
        ({"so2": 475}, 150, 150),
        ({"o3_8h": 215}, 150, 150),
        ({"o3_8h": 850, "o3_1h": 900}, 350, 300),
    ],
)
def test_worked_cases_of_both_editions(given_, of_2012, of_2026):
    everything = dict.fromkeys(("so2", "no2", "co", "pm10", "pm25", "o3_8h"), 0) | given_
    frame = pl.DataFrame({name: [float(value)] for name, value in everything.items()})
    for edition, expected in ((2012, of_2012), (2026, of_2026)):
        assert aqi.of_day(**everything, edition=edition).aqi == expected
        assert aqi.daily(frame, edition=edition)["aqi"].to_list() == [expected]


@pytest.mark.requirement("A1")
def test_the_edition_follows_the_natural_day_of_china():
    last, first = dt.date(2026, 2, 28), dt.date(2026, 3, 1)
    assert aqi.of_day(pm25=75, date=last).aqi == 100
    assert aqi.of_day(pm25=75, date=first).aqi == 114
    assert aqi.of_day(pm25=75, date=dt.date(2013, 12, 1)).edition.year == 2012
    days = pl.DataFrame({"date": [first, last, first], "pm25": [75.0, 75.0, 150.0], "pm10": 100.0, "so2": 9.0})
    assert aqi.daily(days)["aqi"].to_list() == [114, 100, 200]
    midnight = dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)
    hours = pl.DataFrame(
        {"time": [midnight, midnight - dt.timedelta(hours=1)], "pm25": [150.0, 150.0], "pm25_24h": [35.0, 35.0]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    assert aqi.hourly(hours)["aqi"].to_list() == [200, 50]


@pytest.mark.requirement("A1")
def test_so2_above_800_in_an_hour():
    assert aqi.of_hour(so2=801, edition=2026).iaqi["so2"] == 200
    assert aqi.of_hour(so2=801, edition=2012).iaqi["so2"] is None
    result = aqi.of_hour(so2=801, so2_24h=475, edition=2012)
    assert (result.iaqi["so2"], result.primary) == (150, ("so2",))
    assert [note.kind for note in result.notes if note.item == "so2"] == ["beyond"]
    assert aqi.of_hour(so2=800, so2_24h=2620, edition=2012).iaqi["so2"] == 200
    # rounding comes first: 800.5 is 800 (half to even), 800.6 is 801
    assert aqi.of_hour(so2=800.5, edition=2012).iaqi["so2"] == 200
    assert aqi.of_hour(so2=800.6, edition=2012).iaqi["so2"] is None
    frame = pl.DataFrame({"so2": [801.0, 801.0, 800.0], "so2_24h": [475.0, None, 2620.0]})
    assert aqi.hourly(frame, edition=2012)["iaqi_so2"].to_list() == [150, None, 200]
    assert aqi.hourly(frame, edition=2026)["iaqi_so2"].to_list() == [200, 200, 200]


@pytest.mark.requirement("A1")
def test_o3_8h_above_800():
    assert aqi.of_day(o3_8h=801, edition=2026).iaqi["o3_8h"] == 300
    result = aqi.of_day(o3_8h=801, o3_1h=1000, edition=2012)
    assert (result.iaqi["o3_8h"], result.iaqi["o3_1h"], result.primary) == (None, 400, ("o3_1h",))
    alone = aqi.daily(pl.DataFrame({"o3_8h": [801.0], "pm25": [10.0]}), edition=2012)
    assert alone.select("iaqi_o3_8h", "aqi", "complete").rows() == [(None, 15, False)]


@pytest.mark.requirement("A1")
def test_a_2026_day_has_no_largest_ozone_hour_and_a_2026_hour_uses_hourly_particles():
    assert "o3_1h" not in aqi.of_day(o3_1h=300, o3_8h=10, edition=2026).iaqi
    assert [note.item for note in aqi.of_day(o3_1h=300, o3_8h=10, edition=2026).notes if note.kind == "unused"] == [
        "o3_1h"
    ]
    assert aqi.daily(pl.DataFrame({"o3_1h": [300.0], "o3_8h": [215.0]}), edition=2026)["iaqi_o3_1h"].to_list() == [None]
    frame = pl.DataFrame({"pm25": [150.0], "pm25_24h": [75.0], "pm10": [0.0], "pm10_24h": [0.0]})
    assert aqi.hourly(frame, edition=2026)["iaqi_pm25"].to_list() == [200]
    assert aqi.hourly(frame, edition=2012)["iaqi_pm25"].to_list() == [100]


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"pm25": 75, "pm10": 150}, ("pm10", "pm25")),
        ({"so2": 150, "no2": 80, "co": 4, "o3_1h": 200, "o3_8h": 160, "pm10": 150, "pm25": 75}, aqi.DAILY_SUB_INDICES),
        ({"pm25": 35}, ()),
        ({"pm25": 36}, ("pm25",)),
        ({"pm25": 35, "pm10": 50, "so2": 50}, ()),
        ({"pm25": 76, "pm10": 150}, ("pm25",)),
    ],
)
def test_primary_pollutants_are_all_that_tie_above_50(given_, expected):
    assert aqi.of_day(**given_, edition=2012).primary == tuple(expected)
    frame = aqi.daily(pl.DataFrame({name: [float(value)] for name, value in given_.items()}), edition=2012)
    assert frame["primary"].to_list() == [list(expected)]


@pytest.mark.requirement("A1")
def test_exceeding_pollutants_belong_to_2012_only():
    values = {"so2": 10, "no2": 81, "co": 4, "o3_8h": 161, "pm10": 150, "pm25": 200}
    assert aqi.of_day(**values, edition=2012).exceeding == ("no2", "o3_8h", "pm25")
    assert aqi.of_day(**values, edition=2026).exceeding == ()
    frame = pl.DataFrame({name: [float(value)] for name, value in values.items()})
    assert aqi.daily(frame, edition=2012)["exceeding"].to_list() == [["no2", "o3_8h", "pm25"]]
    assert aqi.daily(frame, edition=2026)["exceeding"].to_list() == [None]


@pytest.mark.requirement("A1")
def test_2026_publishes_an_incomplete_index_only_above_100():
    rest = {"so2": 5, "no2": 20, "o3_8h": 90, "pm10": 60}
    low, high = aqi.of_day(**rest, pm25=60, edition=2026), aqi.of_day(**rest, pm25=61, edition=2026)
    assert (low.aqi, low.level, low.primary, low.iaqi["pm25"]) == (None, None, (), 100)
    assert [note.kind for note in low.notes if note.item == "aqi"] == ["withheld"]
    assert (low.text("aqi"), low.text("co"), low.text("pm25")) == ("NA", "NA", "100")
    assert (high.aqi, high.primary) == (101, ("pm25",))
    planned = aqi.of_day(**rest, pm25=60, edition=2026, outside_plan=["co"])
    assert (planned.aqi, planned.complete, planned.text("co"), planned.text("aqi")) == (100, True, "/", "100")
    assert aqi.of_day(**rest, pm25=60, edition=2012).aqi == 82
    frame = pl.DataFrame({name: [float(v)] * 2 for name, v in rest.items()} | {"pm25": [60.0, 61.0]})
    held = aqi.daily(frame, edition=2026)
    assert held.select("aqi", "level", "primary", "iaqi_pm25", "complete").rows() == [
        (None, None, None, 100, False),
        (101, 3, ["pm25"], 101, False),
    ]
    assert aqi.daily(frame, edition=2026, outside_plan=["co"])["aqi"].to_list() == [100, 101]


def test_concentrations_above_the_table_are_capped_and_flagged():
    result = aqi.of_day(pm25=501, edition=2012)
    assert (result.aqi, result.capped, [note.kind for note in result.notes if note.item == "pm25"]) == (
        500,
        True,
        ["capped"],
    )
    assert not aqi.of_day(pm25=500, edition=2012).capped
    frame = aqi.daily(pl.DataFrame({"pm25": [500.4, 500.6, 9999.0, None]}), edition=2012)
    assert frame["aqi"].to_list() == [500, 500, 500, None]
    assert frame["capped"].to_list() == [False, True, True, False]


def test_the_smallest_index_is_0_in_2012_and_1_in_2026():
    clean = dict.fromkeys(("so2", "no2", "co", "pm10", "pm25", "o3_8h"), 0)
    frame = pl.DataFrame({name: [0.0] for name in clean})
    for edition, least in ((2012, 0), (2026, 1)):
        assert aqi.of_day(**clean, edition=edition).aqi == least
        assert aqi.daily(frame, edition=edition).select("aqi", "level").rows() == [(least, 1)]


def test_concentrations_are_rounded_to_published_digits_before_the_look_up():
    # 75.5 is a tie and goes to 76; 74.5 goes to 74; CO 4.05 goes to 4.0 and 4.15 to 4.2, as they are written
    values = {"pm25": [75.5, 74.5, 75.4999], "co": [4.05, 4.15, 4.0]}
    frame = aqi.daily(pl.DataFrame(values), edition=2012)
    assert frame["iaqi_pm25"].to_list() == [102, 99, 100]
    assert frame["iaqi_co"].to_list() == [100, 101, 100]
    assert [aqi.of_day(co=text, edition=2012).aqi for text in ("4.05", "4.15", "4.0")] == [100, 101, 100]


CONCENTRATION = st.none() | st.one_of(
    st.integers(0, 4000).map(float),
    st.integers(0, 40000).map(lambda k: k / 10),
    st.floats(0, 4000, allow_subnormal=False),
)
CARBON = st.none() | st.integers(0, 1500).map(lambda k: k / 10) | st.floats(0, 150, allow_subnormal=False)
DAY = st.fixed_dictionaries({name: CARBON if name == "co" else CONCENTRATION for name in aqi.DAILY_SUB_INDICES})
HOUR_COLUMNS = ("so2", "no2", "co", "o3", "o3_8h", "pm10_24h", "pm25_24h", "so2_24h")
PLAN = st.sets(st.sampled_from(["so2", "co", "o3", "pm25"]))


def assert_same(frame: pl.DataFrame, results: list[aqi.AqiResult]) -> None:
    for row, result in zip(frame.iter_rows(named=True), results, strict=True):
        assert row["aqi"] == result.aqi
        assert row["level"] == (result.level.number if result.level else None)
        assert (row["primary"] or []) == list(result.primary)
        assert (row["exceeding"] or []) == list(result.exceeding)
        assert (row["complete"], row["capped"]) == (result.complete, result.capped)
        assert {item: row[f"iaqi_{item}"] for item in result.iaqi} == dict(result.iaqi)


@settings(deadline=None)
@given(days=st.lists(DAY, min_size=1, max_size=20), edition=st.sampled_from([2012, 2026]), plan=PLAN)
def test_a_day_is_judged_alike_alone_and_in_a_frame(days, edition, plan):
    frame = pl.DataFrame(days, schema=dict.fromkeys(aqi.DAILY_SUB_INDICES, pl.Float64), orient="row")
    judged = aqi.daily(frame, edition=edition, outside_plan=plan)
    assert_same(judged, [aqi.of_day(**day, edition=edition, outside_plan=plan) for day in days])


@settings(deadline=None)
@given(data=st.data(), edition=st.sampled_from([2012, 2026]))
def test_an_hour_is_judged_alike_alone_and_in_a_frame(data, edition):
    columns = HOUR_COLUMNS if edition == 2012 else aqi.HOURLY_SUB_INDICES
    hour = st.fixed_dictionaries({name: CARBON if name == "co" else CONCENTRATION for name in columns})
    hours = data.draw(st.lists(hour, min_size=1, max_size=20))
    frame = pl.DataFrame(hours, schema=dict.fromkeys(columns, pl.Float64), orient="row")
    assert_same(aqi.hourly(frame, edition=edition), [aqi.of_hour(**hour, edition=edition) for hour in hours])


@settings(deadline=None)
@given(day=DAY, more=st.floats(0, 500), name=st.sampled_from(["so2", "no2", "o3_1h", "pm10", "pm25"]))
def test_dirtier_air_never_lowers_the_2012_index(day, more, name):
    before = aqi.of_day(**day, edition=2012)
    after = aqi.of_day(**(day | {name: (day[name] or 0) + more}), edition=2012)
    assert (after.aqi or 0) >= (before.aqi or 0)


@settings(deadline=None)
@given(day=DAY)
def test_the_index_is_its_largest_sub_index_and_a_primary_pollutant_has_it(day):
    result = aqi.of_day(**day, edition=2012)
    known = [value for value in result.iaqi.values() if value is not None]
    assert result.aqi == max(known, default=None)
    assert all(result.iaqi[item] == result.aqi for item in result.primary)
    assert bool(result.primary) == (result.aqi is not None and result.aqi > 50)


@settings(deadline=None)
@given(days=st.lists(st.dates(dt.date(2025, 6, 1), dt.date(2026, 12, 31)), min_size=1, max_size=30))
def test_rows_keep_their_order_and_their_edition(days):
    frame = pl.DataFrame({"date": days, "pm25": [float(k) for k in range(100, 100 + len(days))], "note": "kept"})
    judged = aqi.daily(frame)
    assert judged.select(frame.columns).equals(frame)
    assert judged["aqi"].to_list() == [aqi.of_day(pm25=100 + k, date=day).aqi for k, day in enumerate(days)]


def test_long_frames_are_judged_in_blocks_that_meet(monkeypatch):
    frame = pl.DataFrame({"pm25": [float(k % 500) for k in range(1000)], "pm10": [float(k % 37) for k in range(1000)]})
    whole = aqi.daily(frame, edition=2012)
    monkeypatch.setattr("lantian.standards.aqi_frames._BLOCK", 7)
    assert aqi.daily(frame, edition=2012).equals(whole)


@pytest.mark.parametrize("edition", [2012, 2026, None])
def test_an_empty_frame_has_every_column(edition):
    empty = pl.DataFrame(schema={"date": pl.Date, "pm25": pl.Float64})
    full = pl.DataFrame({"date": [dt.date(2016, 12, 16)], "pm25": [300.0]})
    assert aqi.daily(empty, edition=edition).schema == aqi.daily(full, edition=2012).schema


def test_pandas_and_lazy_frames_are_accepted():
    table = pd.DataFrame({"date": pd.to_datetime(["2016-12-20"]).date, "pm25": [float("nan")], "pm10": [150]})
    assert aqi.daily(table)["aqi"].to_list() == [100]
    assert aqi.daily(pl.LazyFrame({"pm10": [150]}), edition=2012)["aqi"].to_list() == [100]
    table["date"] = pd.to_datetime(["2016-12-20"])
    assert aqi.daily(table)["date"].to_list() == [dt.date(2016, 12, 20)], "days as pandas keeps them"
    table["date"] = pd.to_datetime(["2016-12-20 20:00"])
    with pytest.raises(StandardsError, match='column "date" is Datetime'):
        aqi.daily(table)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"pm10": [150.0]}, 'missing column "date"'),
        ({"date": ["2016-12-20"], "pm10": [150.0]}, 'column "date" is String, expected natural day'),
        ({"date": [dt.date(2016, 12, 20)], "PM2.5": [150.0]}, 'rename it to "pm25"'),
        ({"date": [dt.date(2016, 12, 20)], "pm10": [-1.0]}, 'column "pm10" row 0 is -1'),
        ({"date": [dt.date(2016, 12, 20)], "co": [800.0]}, "looks like ug/m3, mg/m3 expected"),
        ({"date": [dt.date(2016, 12, 20)]}, "no concentration column; HJ 633-2012 uses so2 "),
        ({"date": [dt.date(2016, 12, 20)], "pm10": [1.0], "aqi": [3]}, "already has .*published_aqi"),
    ],
)
def test_a_wrong_frame_is_refused_with_what_is_expected(frame, message):
    with pytest.raises(StandardsError, match=message):
        aqi.daily(pl.DataFrame(frame))


def test_a_plan_without_pollutants_blocks_nothing():
    nobody = ["so2", "no2", "co", "o3", "pm10", "pm25"]
    assert aqi.of_day(pm25=60, edition=2026, outside_plan=nobody).aqi == 100
    assert aqi.daily(pl.DataFrame({"pm25": [60.0]}), edition=2026, outside_plan=nobody)["aqi"].to_list() == [100]


def test_hours_of_2012_need_rolling_means():
    with pytest.raises(StandardsError, match=r"missing \['pm25_24h'\]: add them with statistics.rolling"):
        aqi.hourly(pl.DataFrame({"pm25": [10.0], "o3_8h": [1.0]}), edition=2012)
    with pytest.raises(StandardsError, match="give pm25_24h"):
        aqi.of_hour(pm25=10, edition=2012)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"co": 800, "edition": 2012}, "looks like ug/m3, mg/m3 expected"),
        ({"pm25": -1, "edition": 2012}, "pm25 = -1: a concentration is >= 0"),
        ({"pm25": "many", "edition": 2012}, "pm25: 'many'"),
        ({"pm25": float("nan"), "edition": 2012}, "missing value is None"),
        ({"pm25": 75}, "give an edition"),
        ({"pm25": 75, "edition": 1996}, "edition 1996 of HJ 633 is not known"),
        ({"pm25": 75, "edition": 2026, "outside_plan": ["lead"]}, "outside_plan names"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_expected(values, message):
    with pytest.raises(StandardsError, match=message):
        aqi.of_day(**values)
