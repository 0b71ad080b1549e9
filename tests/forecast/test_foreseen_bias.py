"""What weather forecasts lately got wrong at stations, on errors that are known; and how much wider that makes us."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.forecast import foreseen_bias, foreseen_doubt
from lantian.forecast.combination import QUANTILES
from lantian.forecast.foreseen_bias import DOUBT, corrected
from lantian.forecast.store_files import SCHEMAS

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)
PLAIN = {"temperature": 2.0, "pressure": 1010.0, "dew_point": -3.0, "rain": 0.0, "wind_direction": 30.0}


def forecast(issue: datetime = ISSUE, hours: int = 28, **values: float) -> pl.DataFrame:
    """The same weather at one station every hour from an issue on."""
    given = PLAIN | {"wind_speed": 3.0} | values
    rows = [{"issue": issue, "place": "1001A", "time": issue + timedelta(hours=k)} | given for k in range(hours)]
    times = dict.fromkeys(("issue", "time"), pl.Datetime("us", "UTC"))
    return pl.DataFrame(rows, schema_overrides=times)


def before(issues: int, **errors: float) -> pl.DataFrame:
    """Issues of the days before; observed is forecast plus an error."""
    parts = [forecast(ISSUE - timedelta(days=k)) for k in range(1, issues + 1)]
    observed = [(pl.col(name) + errors.get(name, 0.0)).alias(f"{name}_observed") for name in foreseen_bias.CORRECTED]
    return pl.concat(parts).with_columns(observed)


@pytest.mark.requirement("F1", part="weather forecasts are corrected at the stations by what they lately got wrong")
def test_the_mean_error_of_late_issues_is_taken_out_as_far_as_it_is_sure() -> None:
    given = forecast()
    found = corrected(given, before(7, temperature=-4.0, pressure=10.0))
    kept = 7 / (7 + DOUBT)
    assert found["temperature_used"].to_list() == pytest.approx([2.0 - 4.0 * kept] * 28)
    assert found["pressure_used"].to_list() == pytest.approx([1010.0 + 10 * kept] * 28)
    assert found["dew_point_used"].to_list() == [-3.0] * 28, "no error, no digit changed"
    assert set(found["issues"]) == {7}
    many = corrected(given, before(28, temperature=-8.0))
    assert many["temperature_used"].to_list() == pytest.approx([2.0 - 8.0 * 0.8] * 28)
    assert many["dew_point_used"].equals(many["temperature_used"].alias("dew_point_used")), "never above it"
    size = foreseen_bias.size(found)
    assert size is not None
    assert size.issues == 7
    assert size.mean["temperature"] == pytest.approx(-4 * kept)
    assert (size.absolute["temperature"], size.absolute["dew_point"]) == (pytest.approx(4 * kept), 0.0)


def test_only_the_same_lead_hour_and_station_tell() -> None:
    late = before(7, temperature=-4.0).filter(pl.col("time").dt.hour() == 18)  # 02:00 of the day after in Beijing
    found = corrected(forecast(hours=60), late)
    changed = found.filter(pl.col("temperature_used") != pl.col("temperature"))
    assert changed["time"].to_list() == [ISSUE + timedelta(hours=6)]
    assert found.filter(pl.col("issues") > 0).height == 1
    assert corrected(forecast(), late.with_columns(place=pl.lit("1002A")))["temperature_used"].to_list() == [2.0] * 28


def test_a_wind_is_corrected_by_a_factor_and_never_turns_round() -> None:
    wind = before(28).with_columns(wind_speed_observed=(pl.col("wind_speed") + 0.5) / 2 - 0.5)
    fresh, calm = (corrected(forecast(wind_speed=speed), wind)["wind_speed_used"][0] for speed in (6.0, 0.0))
    assert fresh == pytest.approx(6.5 / 2**0.8 - 0.5)
    assert calm == 0.0


def test_what_is_not_measured_or_not_there_corrects_nothing() -> None:
    given = forecast()
    for late in (before(7, temperature=-4.0).clear(), before(7).with_columns(temperature_observed=None)):
        found = corrected(given, late.cast({"temperature_observed": pl.Float64}))
        assert foreseen_bias.as_used(found).equals(given.drop("issue").select(foreseen_bias.as_used(found).columns))
    assert foreseen_bias.size(corrected(given, before(1).clear())) is None
    assert foreseen_bias.size(pl.DataFrame(schema=dict(SCHEMAS["weather"]))) is None


# how sure


def values(width: float, lead: int = 1) -> pl.DataFrame:
    """PM2.5 of 97, whose quantiles lie evenly around it in ln(c + 3)."""
    at = {"issue": ISSUE, "source": "lantian", "place": "110000", "date": date(2016, 12, 17), "lead": lead}
    steps = dict(zip(QUANTILES, (-1.0, -0.5, 0.0, 0.5, 1.0), strict=True))
    told = {name: 100 * float(np.exp(width * step)) - 3 for name, step in steps.items()}
    row = at | {"item": "pm25", "value": 97.0} | told
    return pl.DataFrame([row], schema=dict(SCHEMAS["values"]), orient="row")


def width(found: pl.DataFrame) -> float:
    return float(np.log((found["q90"][0] + 3) / (found["q10"][0] + 3)) / 2)


def past(issues: int, error: float, half: float = 0.2) -> pl.DataFrame:
    """Issues that erred so in the logarithm, half of them up and half down."""
    once = values(half)
    signs = [error if k % 2 else -error for k in range(issues)]
    return pl.concat([once.with_columns(observed=pl.lit(100 * float(np.exp(sign)) - 3)) for sign in signs])


@pytest.mark.requirement("F5", part="quantiles are as wide as errors are with weather that is forecast")
def test_quantiles_are_drawn_to_history_until_issues_tell_how_wide() -> None:
    ours, none = values(0.2), past(1, 0.0).clear()
    share = foreseen_doubt.LOST[1]
    assert width(foreseen_doubt.widened(ours, values(0.5), none)) == pytest.approx(0.2 + share * 0.3)
    assert width(foreseen_doubt.widened(values(0.2, 7), values(0.5, 7), none)) == pytest.approx(0.2 + 0.8 * 0.3)
    assert foreseen_doubt.widened(ours, ours.clear(), none).equals(ours)
    assert foreseen_doubt.widened(ours, values(0.1), none).equals(ours), "never surer than with observed weather"
    # errors of 0.4 all the time: as of a normal variable whose outer deciles lie 0.4 * 1.606 away
    guess, told = 0.2 + share * 0.3, 0.4 * 1.2816 / 0.7979
    for issues, kept in ((10, 0.5), (90, 0.9)):
        found = foreseen_doubt.widened(ours, values(0.5), past(issues, 0.4))
        assert width(found) == pytest.approx(kept * told + (1 - kept) * guess)
        assert found["value"].equals(ours["value"])
    assert foreseen_doubt.widened(ours, values(0.5), past(90, 0.01)).equals(ours)
