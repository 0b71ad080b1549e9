"""The outlook of a day from values and quantiles, its chances, moving windows and the index of maps."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.forecast import products, products_chance
from lantian.standards import aqi, statistics

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)
SCORES = np.array([-1.2815515655446004, -0.6744897501960817, 0, 0.6744897501960817, 1.2815515655446004])
LIKE = {"so2": 10.0, "no2": 40.0, "co": 1.0, "o3_8h": 40.0, "pm10": 60.0, "pm25": 40.0}


def case(day=date(2016, 12, 17), source="ours", lead=1, quantiles=None, **items):
    """The rows of one day: item -> value; quantiles: item -> five numbers."""
    rows = []
    for item, value in items.items():
        q = (quantiles or {}).get(item, [None] * 5)
        rows.append((ISSUE, source, "110000", day, lead, item, value, *q))
    names = ("issue", "source", "place", "date", "lead", "item", "value", "q10", "q25", "q50", "q75", "q90")
    kinds = dict.fromkeys(names[6:], pl.Float64) | {"lead": pl.Int16, "issue": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema=names, schema_overrides=kinds, orient="row")


def lognormal(median, spread):
    return list(median * np.exp(spread * SCORES))


@pytest.mark.requirement("F5", part="AQI, range, level and primary pollutant of a day by the law")
def test_the_outlook_of_values_is_judged_by_the_law():
    row = products.outlook(case(pm25=115.0, pm10=100.0, o3_8h=60.0, so2=20.0, no2=50.0, co=1.2)).row(0, named=True)
    assert (row["aqi"], row["level"], row["primary"]) == (150, 3, ["pm25"])
    assert (row["aqi_low"], row["aqi_high"]) == (113, 187)  # 112.5 and 187.5, inwards
    assert (row["level_low"], row["level_high"]) == (3, 4)
    assert row["p1"] is None


def test_the_edition_follows_the_day():
    old = products.outlook(case(date(2026, 2, 28), **LIKE | {"pm25": 75.0})).row(0, named=True)
    new = products.outlook(case(date(2026, 3, 1), **LIKE | {"pm25": 75.0})).row(0, named=True)
    assert (old["aqi"], new["aqi"], new["level"]) == (100, 114, 3)


def test_a_pollutant_that_a_source_never_forecasts_does_not_block_its_index():
    values = pl.concat([
        case(date(2026, 4, 1), "cmaq", pm25=30.0, o3_8h=120.0),
        case(date(2026, 4, 1), "ours", **LIKE | {"pm25": 30.0}),
        case(date(2026, 4, 2), "ours", lead=2, pm25=30.0),  # this source has the others: they are missing here
    ])  # fmt: skip
    found = products.outlook(values)
    assert found.select("source", "lead", "aqi").rows() == [("cmaq", 1, 67), ("ours", 1, 58)]


@pytest.mark.requirement("F5", part="probability of each level")
def test_the_chances_of_levels_of_one_pollutant():
    # the median of PM2.5 is the breakpoint between levels 3 and 4 (half a digit above it, as the law rounds)
    row = products.outlook(case(pm25=115.5, quantiles={"pm25": lognormal(115.5, 0.4)})).row(0, named=True)
    chances = [row[f"p{k}"] for k in range(1, 7)]
    assert sum(chances) == pytest.approx(1)
    assert sum(chances[:3]) == pytest.approx(0.5)
    # ln(75.5 / 115.5) / 0.4 = -1.0630 of a normal: 0.1439
    assert sum(chances[:2]) == pytest.approx(0.1439, abs=2e-4)
    # the quarter and three quarters: 115.5 exp(-0.27), exp(0.27) = 88.2 and 151.3, published as 88 and 151
    assert (row["aqi_low"], row["aqi_high"]) == (117, 200)  # 201 lies beyond the two levels
    assert (row["level"], row["level_low"], row["level_high"]) == (4, 3, 4)


@pytest.mark.requirement("F5", part="pollutants together: the stated dependence against drawn days")
def test_chances_agree_with_days_drawn_by_the_stated_dependence():
    spreads = {"pm25": (90.0, 0.5), "pm10": (140.0, 0.45), "no2": (60.0, 0.3), "o3_8h": (110.0, 0.35)}
    quantiles = {item: lognormal(*both) for item, both in spreads.items()}
    row = products.outlook(case(**{i: q[2] for i, q in quantiles.items()}, quantiles=quantiles)).row(0, named=True)
    draw = np.random.default_rng(1).standard_normal((2, 40_000))
    days = {
        item: median * np.exp(spread * draw[1 if item == "o3_8h" else 0]) for item, (median, spread) in spreads.items()
    }
    index = aqi.daily(pl.DataFrame(days), edition=2012)
    share = [(index["level"] == k).mean() for k in range(1, 7)]
    assert [row[f"p{k}"] for k in range(1, 7)] == pytest.approx(share, abs=0.012)
    assert row["aqi_low"] == pytest.approx(index["aqi"].quantile(0.25), abs=2)
    assert index["aqi"].quantile(0.75) > row["aqi_high"] == 150  # cut to the two levels, 2 and 3
    assert (row["level_low"], row["level_high"]) == (2, 3)


five = st.lists(st.floats(0, 900), min_size=5, max_size=5)


@settings(max_examples=60)
@given(five, five, st.floats(0, 900), st.floats(0, 900))
def test_any_quantiles_give_probabilities_and_a_range_around_the_index(first, second, pm25, ozone):
    values = case(pm25=pm25, o3_8h=ozone, quantiles={"pm25": first, "o3_8h": second})
    row = products.outlook(values).row(0, named=True)
    chances = [row[f"p{k}"] for k in range(1, 7)]
    assert min(chances) >= 0
    assert sum(chances) == pytest.approx(1)
    assert row["aqi_low"] <= row["aqi"] <= row["aqi_high"] <= 500
    assert row["level_low"] <= row["level"] <= row["level_high"] <= row["level_low"] + 1
    tops = [-1, 50, 100, 150, 200, 300, 500]
    assert tops[row["level_low"] - 1] < row["aqi_low"] <= row["aqi_high"] <= tops[row["level_high"]]


@given(five, st.lists(st.floats(0, 1000), min_size=2, max_size=2))
def test_a_higher_limit_is_never_less_likely_kept(quantiles, limits):
    both = products_chance.below(np.array([quantiles, quantiles]), np.array(sorted(limits)))
    assert 0 <= both[0] <= both[1] <= 1


def test_quantiles_come_back_at_their_shares():
    q = np.array([[20.0, 30.0, 45.0, 80.0, 130.0]] * 5)
    assert products_chance.below(q, q[0]) == pytest.approx([0.1, 0.25, 0.5, 0.75, 0.9])
    assert products_chance.below(q[:2], np.array([np.inf, -1.0])).tolist() == [1, 0]


def test_a_case_stands_once_and_items_are_known():
    with pytest.raises(ValueError, match="stands twice"):
        products.outlook(pl.concat([case(pm25=1.0), case(pm25=2.0)]))
    with pytest.raises(ValueError, match=r"items \['o3'\]; expected so2"):
        products.outlook(case(o3=1.0))
    assert products.outlook(case(pm25=None)).is_empty()


def hours(numbers, first=ISSUE, source="ours", item="pm25"):
    times = [first + timedelta(hours=k) for k in range(len(numbers))]
    frame = pl.DataFrame(
        {"time": times, item: [float(x) for x in numbers]}, schema_overrides={"time": pl.Datetime("us", "UTC")}
    )
    return frame.select(
        pl.lit(ISSUE).cast(pl.Datetime("us", "UTC")).alias("issue"),
        pl.lit(source).alias("source"),
        pl.lit("110000").alias("place"),
        "time",
        item,
    )


@pytest.mark.requirement("F5", part="24-hour moving windows that join observed hours and those to come")
def test_moving_windows_join_what_was_observed_to_what_is_to_come():
    observed = hours([100] * 30, ISSUE - timedelta(hours=30)).drop("issue", "source")
    both = pl.concat([hours([200] * 30), hours([0] * 30, source="other")])
    found = products.windows(both, observed)
    assert found.columns == ["issue", "source", "place", "time", "pm25", "pm25_24h"]
    ours = found.filter(source="ours")["pm25_24h"].to_list()
    assert ours[0] == pytest.approx((23 * 100 + 200) / 24, abs=1e-4)
    assert ours[23:] == [200.0] * 7
    assert found.filter(source="other")["pm25_24h"][11] == 50
    alone = products.windows(hours([200] * 30))["pm25_24h"].to_list()
    assert alone[:19] == [None] * 19  # under 20 of 24 hours
    assert alone[19] == 200


def test_the_index_of_hours_rests_on_the_moving_mean_before_2026():
    found = products.index_of_hours(products.windows(hours([75] * 24 + [500])))
    assert found["aqi"].to_list()[23:] == [100, 123]  # (23 x 75 + 500) / 24 = 92.7 -> 93: 100 + 50 x 18 / 40
    assert found["primary"].to_list()[23] == ["pm25"]


@pytest.mark.requirement("F5", part="AQI of every cell of a map")
@pytest.mark.parametrize("day", [date(2016, 12, 17), date(2026, 3, 1)])
def test_maps_have_the_index_that_single_hours_have(day):
    rng = np.random.default_rng(2)
    names = ("so2", "no2", "co", "o3", "o3_8h", "pm10_24h", "pm25_24h", "pm10", "pm25")
    fields = {name: rng.gamma(1.2, 5 if name == "co" else 90, (5, 7)) for name in names}
    cells = pl.DataFrame({name: field.ravel() for name, field in fields.items()})
    law = aqi.hourly(cells, edition=aqi.on(day))["aqi"].fill_null(0).to_numpy().reshape(5, 7)
    assert (products.index_of_fields(fields, day) == law).all()


def test_maps_without_any_field_of_the_edition_are_refused_and_missing_cells_are_zero():
    with pytest.raises(ValueError, match="HJ 633-2012 uses so2, no2"):
        products.index_of_fields({"pm25": np.ones(2)}, date(2016, 12, 17))
    assert products.index_of_fields({"pm25": np.array([np.nan, 35.4])}, date(2026, 3, 1)).tolist() == [0, 50]


def test_the_day_of_the_windows_is_the_day_of_the_statistics():
    numbers = np.random.default_rng(3).gamma(2, 40, 24)
    observed = hours(numbers, datetime(2016, 12, 16, 16, tzinfo=UTC))
    last = products.windows(observed)["pm25_24h"][-1]
    assert last == statistics.daily(observed.select("place", "time", "pm25"))["pm25"].item()
