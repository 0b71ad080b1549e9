"""Scores by hand, scores of perfect and of constant forecasts, and persistence as it is defined."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.forecast import verify
from lantian.forecast.scores import COUNTS, HALF_LEVELS, half_level
from lantian.standards import aqi

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
CITY = "110000"


def values(source, numbers, *, item="pm25", first=date(2016, 12, 17), lead=1, quantiles=None):
    """One case a day, each with an issue of its own."""
    days = [first + timedelta(days=k) for k in range(len(numbers))]
    issues = [datetime(d.year, d.month, d.day, 12, tzinfo=UTC) - timedelta(days=lead) for d in days]
    frame = pl.DataFrame(
        {"issue": issues, "date": days, "value": [float(x) for x in numbers]},
        schema_overrides={"issue": pl.Datetime("us", "UTC")},
    ).with_columns(source=pl.lit(source), place=pl.lit(CITY), lead=pl.lit(lead, pl.Int64), item=pl.lit(item))
    q = quantiles or {}
    return frame.with_columns(
        pl.Series(name, q.get(name, [None] * len(days)), dtype=pl.Float64) for name in verify.QUANTILES
    )


def outlook(source, indices, primary=("pm25",), probabilities=None, **bounds):
    frame = values(source, indices).drop("item", "value", *verify.QUANTILES)
    frame = frame.with_columns(pl.Series("aqi", indices, dtype=pl.UInt16))
    frame = frame.with_columns(level=aqi.level_expr(pl.col("aqi")))
    frame = frame.with_columns(
        aqi_low=pl.Series(bounds.get("aqi_low", [round(0.75 * x) for x in indices]), dtype=pl.Int64),
        aqi_high=pl.Series(bounds.get("aqi_high", [round(1.25 * x) for x in indices]), dtype=pl.Int64),
        level_low=pl.Series(bounds.get("level_low", frame["level"].to_list()), dtype=pl.Int64),
        level_high=pl.Series(bounds.get("level_high", frame["level"].to_list()), dtype=pl.Int64),
        primary=pl.Series([list(primary) if x > 50 else [] for x in indices], dtype=pl.List(pl.String)),
    )
    p = probabilities or [[None] * 6] * len(indices)
    return frame.with_columns(pl.Series(f"p{k + 1}", [row[k] for row in p], dtype=pl.Float64) for k in range(6))


def observed(pm25=None, indices=None, primary=("pm25",), first=date(2016, 12, 17)):
    number = len(pm25 or indices)
    days = [first + timedelta(days=k) for k in range(number)]
    frame = pl.DataFrame({"place": [CITY] * number, "date": days}).with_columns(
        pm25=pl.Series(pm25 or [None] * number, dtype=pl.Float64),
        aqi=pl.Series(indices or [None] * number, dtype=pl.UInt16),
        primary=pl.Series(
            [list(primary) if x and x > 50 else [] for x in indices or [None] * number], dtype=pl.List(pl.String)
        ),
    )
    return frame.with_columns(level=aqi.level_expr(pl.col("aqi")))


@pytest.mark.requirement("F7", part="HJ 1130-2020 statistics by hand")
def test_the_statistics_of_hj_1130_by_hand():
    table = verify.verify(values("ours", [100, 50, 80, 40]), None, observed([80, 60, 80, 20]))
    (row,) = table.to_dicts()
    # F - O: 20 -10 0 20; sum of O 240
    assert (row["item"], row["n"], row["mean_observed"], row["mean_bias"]) == ("pm25", 4, 60, 7.5)
    assert row["nmb"] == pytest.approx(30 / 240)
    assert row["nme"] == pytest.approx(50 / 240)
    assert row["accuracy"] == pytest.approx(1 - 50 / 240)
    assert row["rmse"] == pytest.approx((900 / 4) ** 0.5)
    # deviations of F: 32.5 -17.5 12.5 -27.5, of O: 20 0 20 -40
    assert row["r"] == pytest.approx((650 + 250 + 1100) / ((2275.0) ** 0.5 * 2400**0.5))
    assert row["within_25"] == 3 / 4  # 20 of 25, 10 of 12.5, 0, but 20 of 10
    assert (row["skill"], row["nme_persistence"]) == (None, None)


def test_calibrated_quantiles_hold_their_share():
    q = {
        "q10": [1, 1, 1, 30],
        "q25": [10, 10, 10, 40],
        "q50": [20] * 4,
        "q75": [30, 30, 30, 50],
        "q90": [45, 39, 60, 60],
    }
    table = verify.verify(values("ours", [20] * 4, quantiles=q), None, observed([20, 40, 40, 20]))
    assert table.select("inside_50", "inside_80").row(0) == (1 / 4, 2 / 4)


@pytest.mark.requirement("F7", part="range, level, half-level, interval and primary pollutant of the AQI by hand")
def test_the_scores_of_the_index_by_hand():
    forecast = [100, 100, 150, 160, 40]
    seen = [75, 126, 151, 140, 40]
    told = outlook(
        "ours",
        forecast,
        level_low=[2, 2, 3, 3, 1],
        level_high=[2, 3, 4, 4, 1],
        aqi_low=[80, 90, 120, 130, 30],
        aqi_high=[110, 120, 155, 150, 60],
    )
    (row,) = verify.verify(values("ours", forecast).clear(), told, observed(indices=seen)).to_dicts()
    assert row["item"] == "aqi"
    assert (row["range"], row["over"], row["under"]) == (4 / 5, 0, 1 / 5)  # 126 > 125
    assert row["level"] == 2 / 5  # good and excellent; 126 is level 3, 151 level 4, 140 level 3
    assert row["level_interval"] == 1
    assert row["within_one"] == 1
    assert row["half_level"] == 1 / 5  # 75 and 100 are not one half of a level: only 40 and 40
    assert (row["interval"], row["interval_width"]) == (3 / 5, (30 + 30 + 35 + 20 + 30) / 5)
    assert (row["primary"], row["n_primary"]) == (1, 4)


def test_the_primary_pollutant_hits_when_one_of_several_is_shared_and_ozone_is_one_pollutant():
    seen = observed(indices=[120, 120, 120, 50], primary=("o3_1h", "pm10"))
    assert score(outlook("a", [120] * 4, primary=("o3_8h",)), seen, "primary") == 1
    assert score(outlook("a", [120] * 4, primary=("pm25",)), seen, "primary") == 0
    assert score(outlook("a", [120, 120, 40, 60], primary=("pm10",)), seen, "primary") == 2 / 3
    assert score(outlook("a", [120] * 4), seen, "n_primary") == 3
    assert score(outlook("a", [60] * 2), observed(indices=[50, 50]), "primary") is None


def score(told, seen, name):
    table = verify.verify(values("a", [1]).clear(), told, seen)
    return table.filter(item="aqi")[name].item()


@pytest.mark.requirement("F7", part="heavy-pollution days: hits, misses, false alarms, threat score")
def test_heavy_days_by_hand():
    told, seen = outlook("a", [250, 210, 190, 201, 100]), observed(indices=[301, 150, 220, 230, 100])
    row = verify.verify(values("a", [1]).clear(), told, seen).row(0, named=True)
    assert [row[name] for name in ("heavy_days", "hits", "misses", "false_alarms")] == [3, 2, 1, 1]
    assert (row["pod"], row["far"], row["threat"]) == (2 / 3, 1 / 3, 2 / 4)
    assert row["heavy_level"] == 1 / 3  # of 301, 220 and 230 only the last is level 5 in both
    calm = verify.verify(values("a", [1]).clear(), outlook("a", [90]), observed(indices=[80])).row(0, named=True)
    assert [calm[name] for name in ("pod", "far", "threat", "heavy_level")] == [None] * 4


@pytest.mark.requirement("F7", part="Brier score of level probabilities")
def test_brier_and_ranked_scores_by_hand():
    p = [[0, 0.5, 0.5, 0, 0, 0], [0, 0, 0, 0.2, 0.6, 0.2]]
    row = verify.verify(
        values("a", [1]).clear(), outlook("a", [100, 250], probabilities=p), observed(indices=[90, 310])
    ).row(0, named=True)
    assert row["brier"] == pytest.approx((0.25 + 0.25 + (0.04 + 0.36 + 0.64)) / 2)
    assert row["brier_heavy"] == pytest.approx((0 + 0.04) / 2)
    # cumulated 0 .5 1 1 1 against 0 1 1 1 1; 0 0 0 .2 .8 against 0
    assert row["rps"] == pytest.approx((0.25 / 5 + (0.04 + 0.64) / 5) / 2)
    assert row["n_probabilities"] == 2


def test_twelve_half_levels():
    frame = pl.DataFrame(
        {"aqi": [0, 25, 26, 50, 51, 75, 76, 100, 101, 150, 151, 175, 176, 200, 201, 250, 251, 300, 301, 400, 401, 500]}
    )
    assert frame.select(half_level(pl.col("aqi"))).to_series().to_list() == [
        1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12
    ]  # fmt: skip
    assert len(HALF_LEVELS) == 11


indices = st.integers(0, 500)
pairs = st.lists(st.tuples(indices, indices), min_size=1, max_size=25)


@pytest.mark.requirement("F7", part="rules that the scores keep for any forecast")
@given(pairs)
def test_shares_add_up_and_a_wider_class_never_scores_less(cases):
    told, seen = outlook("a", [f for f, _ in cases]), observed(indices=[o for _, o in cases])
    row = verify.verify(values("a", [1]).clear(), told, seen).row(0, named=True)
    assert row["range"] + row["over"] + row["under"] == pytest.approx(1)
    assert row["half_level"] <= row["level"] <= row["within_one"]
    assert row["hits"] + row["misses"] == row["heavy_days"] == sum(o > 200 for _, o in cases)
    assert row["threat"] is None or row["threat"] <= min(row["pod"] or 0, 1 - (row["far"] or 0)) + 1e-12
    assert row["rmse"] >= abs(row["mean_bias"]) - 1e-9


@given(st.lists(indices, min_size=1, max_size=20))
def test_the_perfect_forecast(numbers):
    row = verify.verify(values("a", [1]).clear(), outlook("a", numbers), observed(indices=numbers)).row(0, named=True)
    assert {row[name] for name in ("range", "level", "within_one", "half_level", "level_interval")} == {1}
    assert (row["rmse"], row["mean_bias"], row["over"], row["under"]) == (0, 0, 0, 0)
    assert row["nme"] in (0, None)
    assert {row[name] for name in ("primary", "pod", "threat", "heavy_level")} <= {1, None}


@pytest.mark.requirement("F7", part="always beside persistence, on the same cases")
def test_persistence_stands_beside_each_source_on_the_same_cases():
    # the last day has no persistence, and does not count in the comparison
    forecast = pl.concat([values("ours", [90, 50, 70]), values("persistence", [80, 90])])
    table = verify.verify(forecast, None, observed([100, 50, 10]))
    row = table.filter(source="ours").row(0, named=True)
    assert (row["n"], row["n_persistence"]) == (3, 2)
    assert row["nme"] == pytest.approx((10 + 0 + 60) / 160)
    assert row["nme_persistence"] == pytest.approx((20 + 40) / 150)
    assert row["skill"] == pytest.approx(1 - 10 / 60)
    itself = table.filter(source="persistence").row(0, named=True)
    assert (itself["skill"], itself["nme"]) == (0, itself["nme_persistence"])


def test_persistence_of_the_index_stands_beside_too():
    told = pl.concat([outlook("ours", [120, 220]), outlook("persistence", [80, 120])])
    table = verify.verify(values("ours", [1]).clear(), told, observed(indices=[120, 250]))
    row = table.filter(source="ours").row(0, named=True)
    assert (row["level"], row["level_persistence"], row["misses_persistence"]) == (1, 0, 1)


@pytest.mark.requirement("F7", part="by lead, place and season")
def test_groups_by_lead_place_month_and_season():
    forecast = pl.concat([
        values("a", [10, 20], first=date(2016, 11, 30)),
        values("a", [40], first=date(2016, 11, 30), lead=2),
    ])  # fmt: skip
    seen = observed([10, 40], first=date(2016, 11, 30))
    by_lead = verify.verify(forecast, None, seen)
    assert by_lead.select("lead", "n", "nme").rows() == [(1, 2, 0.4), (2, 1, 3)]
    by_season = verify.verify(forecast, None, seen, by=("season", "place"))
    assert by_season.select("source", "season", "place", "n").rows() == [
        ("a", "autumn", CITY, 2),
        ("a", "winter", CITY, 1),
    ]
    assert verify.verify(forecast, None, seen, by=("month", "year"))["month"].to_list() == [11, 12]
    assert verify.verify(forecast, None, seen, by=(), season="winter")["n"].to_list() == [1]
    with pytest.raises(ValueError, match=r"cannot group by \['province'\]"):
        verify.verify(forecast, None, seen, by=("province",))


def test_what_was_not_observed_does_not_count_and_a_case_stands_once():
    seen = observed([10, None, 30])
    assert verify.verify(values("a", [10, 20, 30, 40]), None, seen)["n"].item() == 2
    with pytest.raises(ValueError, match="hold a case twice"):
        verify.verify(pl.concat([values("a", [10]), values("a", [11])]), None, seen)
    with pytest.raises(ValueError, match=r"values lack \['item'\]"):
        verify.verify(values("a", [10]).drop("item"), None, seen)


def test_days_without_an_index_are_judged_by_the_law():
    seen = observed([75.0]).drop("aqi", "level", "primary")
    assert verify.verify(values("a", [75.0]), outlook("a", [100]), seen).filter(item="aqi")["rmse"].item() == 0


@pytest.mark.requirement("F7", part="reliability diagram of level probabilities")
def test_reliability_counts_what_came_of_what_was_said():
    p = [[0, 0, 0.2, 0.8, 0, 0]] * 10
    seen = observed(indices=[160] * 7 + [140] * 3)
    found = verify.reliability(outlook("a", [160] * 10, probabilities=p), seen, bins=5)
    row = found.filter(event="level 4").row(0, named=True)
    assert (row["low"], row["high"], row["n"], row["probability"], row["frequency"]) == (0.8, 1.0, 10, 0.8, 0.7)
    assert row["frequency_low"] == pytest.approx(0.3968, abs=1e-3)  # Wilson's interval of 7 in 10
    assert row["frequency_high"] == pytest.approx(0.8922, abs=1e-3)
    assert found.filter(event="all")["n"].sum() == 60
    assert found.filter(event="heavy").select("probability", "frequency").row(0) == (0, 0)
    assert verify.reliability(outlook("a", [160] * 10), seen).is_empty()


def hours(place, numbers, last=ISSUE, item="pm25"):
    """Hours that end with the one before ``last``."""
    times = [last - timedelta(hours=len(numbers) - k) for k in range(len(numbers))]
    return pl.DataFrame(
        {"place": [place] * len(numbers), "time": times, item: [None if x is None else float(x) for x in numbers]},
        schema={"place": pl.String, "time": pl.Datetime("us", "UTC"), item: pl.Float64},
    )


@pytest.mark.requirement("F7", part="persistence: the last 24 hours known at the issue")
def test_persistence_is_the_mean_of_the_last_24_hours_known():
    known = hours("1001A", [1000] * 3 + [10] * 12 + [30] * 12 + [9999] * 5, last=ISSUE + timedelta(hours=5))
    base = verify.persistence([ISSUE], [1, 2, 7], hourly=known)
    assert base.select("source", "place", "date", "lead", "item", "value").rows() == [
        ("persistence", "1001A", date(2016, 12, 16) + timedelta(days=lead), lead, "pm25", 20.0) for lead in (1, 2, 7)
    ]


def test_persistence_at_any_hour_and_its_ozone_is_the_largest_eight_hours():
    early = ISSUE.replace(hour=23)  # 07:00 of the 17th in Beijing
    known = hours("1001A", [20] * 12 + [100] * 8 + [20] * 4, last=early, item="o3")
    base = verify.persistence([early], [1], hourly=known)
    assert base.select("item", "value", "date").rows() == [("o3_8h", 100.0, date(2016, 12, 18))]


def test_persistence_needs_twenty_of_the_hours():
    assert verify.persistence([ISSUE], [1], hourly=hours("1001A", [None] * 5 + [10] * 19)).is_empty()
    assert verify.persistence([ISSUE], [1], hourly=hours("1001A", [None] * 4 + [10] * 20)).height == 1


def test_a_place_without_hours_takes_its_last_published_day():
    days = pl.DataFrame({
        "place": ["130100"] * 3 + ["1001A"],
        "date": [date(2016, 12, 14), date(2016, 12, 15), date(2016, 12, 16), date(2016, 12, 15)],
        "pm25": [80.0, 90.0, 100.0, 55.0],
    })  # fmt: skip
    both = verify.persistence([ISSUE], [1], hourly=hours("1001A", [10] * 24), daily=days)
    assert dict(both.select("place", "value").rows()) == {"1001A": 10.0, "130100": 90.0}  # the 16th is not out yet
    noon = datetime(2016, 12, 17, 4, tzinfo=UTC)
    assert verify.persistence([noon], [1], daily=days).filter(place="130100")["value"].item() == 100
    assert (
        verify.persistence([noon - timedelta(minutes=1)], [1], daily=days).filter(place="130100")["value"].item() == 90
    )
    assert verify.persistence([noon + timedelta(days=9)], [1], daily=days).is_empty()
    with pytest.raises(ValueError, match="hours, days or both"):
        verify.persistence([ISSUE], [1])


@pytest.mark.requirement("F7", part="each score with its definition, source and confidence")
def test_every_score_has_a_definition():
    table = verify.verify(
        pl.concat([values("a", [10]), values("persistence", [10])]), outlook("a", [100]), observed([75.0], [100])
    )
    keys = {"source", "lead", "item"}
    names = {name.removesuffix("_persistence") for name in table.columns} - keys
    assert names <= set(verify.DEFINITIONS)
    assert set(verify.DEFINITIONS) - names == {"persistence"}
    assert set(COUNTS) <= names
    for definition in verify.DEFINITIONS.values():
        assert all((definition.zh, definition.en, definition.formula, definition.source))
