"""GB 3095 by date: limits, gas state, and what cannot be asked."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.standards import ITEMS, StandardsError, limits

# Grade I / II as printed: annual, day, hour (MDA8 beside the hour of ozone).
PRINTED = {
    dt.date(2016, 12, 16): {
        "so2": {"annual": (20, 60), "day": (50, 150), "hour": (150, 500)},
        "no2": {"annual": (40, 40), "day": (80, 80), "hour": (200, 200)},
        "co": {"day": (4, 4), "hour": (10, 10)},
        "o3": {"mda8": (100, 160), "hour": (160, 200)},
        "pm10": {"annual": (40, 70), "day": (50, 150)},
        "pm25": {"annual": (15, 35), "day": (35, 75)},
        "tsp": {"annual": (80, 200), "day": (120, 300)},
        "nox": {"annual": (50, 50), "day": (100, 100), "hour": (250, 250)},
        "pb": {"annual": (0.5, 0.5), "season": (1.0, 1.0)},
        "bap": {"annual": (0.001, 0.001), "day": (0.0025, 0.0025)},
    },
    dt.date(2026, 3, 1): {
        "so2": {"annual": (20, 60), "day": (50, 150), "hour": (150, 500)},
        "no2": {"annual": (40, 40), "day": (80, 80), "hour": (200, 200)},
        "co": {"day": (4, 4), "hour": (10, 10)},
        "o3": {"mda8": (100, 160), "hour": (160, 200)},
        "pm10": {"annual": (40, 60), "day": (50, 120)},
        "pm25": {"annual": (15, 30), "day": (35, 60)},
        "tsp": {"annual": (80, 200), "day": (120, 300)},
        "nox": {"annual": (50, 50), "day": (100, 100), "hour": (250, 250)},
        "pb": {"annual": (0.5, 0.5), "season": (1.0, 1.0)},
        "bap": {"annual": (0.001, 0.001), "day": (0.0025, 0.0025)},
    },
    dt.date(2031, 1, 1): {
        "so2": {"annual": (20, 20), "day": (50, 50), "hour": (150, 150)},
        "no2": {"annual": (30, 30), "day": (50, 50), "hour": (200, 200)},
        "co": {"day": (4, 4), "hour": (10, 10)},
        "o3": {"mda8": (100, 160), "hour": (160, 200)},
        "pm10": {"annual": (20, 50), "day": (50, 100)},
        "pm25": {"annual": (10, 25), "day": (25, 50)},
        "tsp": {"annual": (80, 200), "day": (120, 300)},
        "nox": {"annual": (40, 40), "day": (70, 70), "hour": (250, 250)},
        "pb": {"annual": (0.5, 0.5), "season": (1.0, 1.0)},
        "bap": {"annual": (0.001, 0.001), "day": (0.0025, 0.0025)},
    },
}
PRINTED[dt.date(2018, 9, 1)] = PRINTED[dt.date(2016, 12, 16)]


@pytest.mark.requirement("A2", part="limits of GB 3095 by date")
@pytest.mark.parametrize("day", sorted(PRINTED), ids=str)
def test_limits_are_those_printed(day):
    edition = limits.on(day)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for line in edition.limits:
        pair = (edition.limit(line.pollutant, line.period, grade=1), edition.limit(line.pollutant, line.period))
        found.setdefault(line.pollutant, {})[line.period] = pair
    assert found == PRINTED[day]
    assert found.keys() <= ITEMS.keys()


@pytest.mark.requirement("A2", part="limits of GB 3095 by date")
@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2013-01-12", "GB 3095-2012"),
        ("2018-08-31", "GB 3095-2012"),
        ("2018-09-01", "GB 3095-2012, 2018 amendment"),
        ("2026-02-28", "GB 3095-2012, 2018 amendment"),
        ("2026-03-01", "GB 3095-2026, transition"),
        ("2030-12-31", "GB 3095-2026, transition"),
        ("2031-01-01", "GB 3095-2026"),
        ("2050-01-01", "GB 3095-2026"),
    ],
)
def test_each_day_has_its_edition(day, name):
    assert limits.on(dt.date.fromisoformat(day)).name == name


def test_daily_columns_are_judged_by_their_own_limits():
    edition = limits.on(dt.date(2016, 12, 16))
    found = {item: edition.daily_limit(item) for item in ("so2", "no2", "co", "o3_1h", "o3_8h", "pm10", "pm25")}
    assert found == {"so2": 150, "no2": 80, "co": 4, "o3_1h": 200, "o3_8h": 160, "pm10": 150, "pm25": 75}
    assert edition.daily_limit("o3_8h", grade=1) == 100
    with pytest.raises(StandardsError, match="no column of a daily frame"):
        edition.daily_limit("o3")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (("co", "annual"), r"no 'annual' limit of 'co'; it has \['day', 'hour'\]"),
        (("pm2.5", "annual"), "no 'annual' limit of 'pm2.5'; it has limits of .*'pm25'"),
        (("pm25", "annual", 3), "grades 1 and 2, not 3"),
    ],
)
def test_a_limit_that_does_not_exist_is_an_error(question, message):
    with pytest.raises(StandardsError, match=message):
        limits.on(dt.date(2016, 12, 16)).limit(*question)


@pytest.mark.requirement("A2", part="gas state across 2018-09-01")
def test_gases_are_converted_across_september_2018():
    before, after = dt.date(2018, 8, 31), dt.date(2018, 9, 1)
    assert limits.gas_factor(before, after) == pytest.approx(273 / 298.15, rel=1e-15)
    assert limits.gas_factor(after, dt.date(2026, 3, 1)) == 1
    frame = pl.DataFrame(
        {
            "date": [before, after],
            "o3_8h": [298.15, 298.15],
            "co": [None, 1.0],
            "pm25": [75.0, 75.0],
            "place": ["a", "b"],
        }
    )
    new = limits.at_gas_state(frame, after)
    assert new["o3_8h"].to_list() == pytest.approx([273.0, 298.15])
    assert new.select("co", "pm25", "place", "date").equals(frame.select("co", "pm25", "place", "date"))
    assert limits.at_gas_state(frame, before)["o3_8h"].to_list() == pytest.approx([298.15, 298.15**2 / 273])


@pytest.mark.requirement("A2", part="gas state across 2018-09-01")
def test_hours_change_state_at_midnight_in_china():
    midnight = dt.datetime(2018, 8, 31, 16, tzinfo=dt.UTC)
    hours = pl.DataFrame({"time": [midnight - dt.timedelta(hours=1), midnight], "no2": [298.15, 298.15]})
    assert limits.at_gas_state(hours, dt.date(2020, 1, 1))["no2"].to_list() == pytest.approx([273.0, 298.15])
    with pytest.raises(StandardsError, match='missing column "time"'):
        limits.at_gas_state(hours.drop("time"), dt.date(2020, 1, 1))


@settings(deadline=None)
@given(first=st.dates(), second=st.dates())
def test_conversion_there_and_back_is_nothing(first, second):
    assert limits.gas_factor(first, second) * limits.gas_factor(second, first) == pytest.approx(1)
