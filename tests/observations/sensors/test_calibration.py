"""Calibration: what was put in is found again; on a real sensor the error falls; days not seen decide."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks import sensors as bench
from lantian.observations.sensors import calibration
from lantian.observations.sensors.calibration import CalibrationError, applied, fit, hourly, of_plain, plain, scores
from lantian.observations.sensors.fitting import growth

START = datetime(2016, 3, 1, tzinfo=UTC)


def made(days=40, seed=5, **wrong):
    """A sensor with known errors beside a truth, hourly."""
    draw = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    truth = 60 + 40 * np.sin(hours / 37) + 15 * draw.standard_normal(hours.size).cumsum() / np.sqrt(hours + 1)
    humidity = 55 + 35 * np.sin(hours * 2 * np.pi / 24 + 1)
    temperature = 10 - 8 * np.sin(hours * 2 * np.pi / 24)
    gain = wrong.get("gain", 1.0) * (1 + wrong.get("drift", 0.0) * hours / hours.size)
    said = gain * truth * growth(wrong.get("kappa", 0.0), humidity) + wrong.get("offset", 0.0)
    said = (
        said + wrong.get("heat", 0.0) * (temperature - 20) + wrong.get("noise", 1.0) * draw.standard_normal(hours.size)
    )
    times = [START + timedelta(hours=int(h)) for h in hours]
    return pl.DataFrame(
        {"time": times, "sensor": said, "reference": truth, "temperature": temperature, "humidity": humidity},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


@pytest.mark.requirement("M3")
@pytest.mark.parametrize("item", ["pm25", "o3", "no2"])
def test_the_error_of_a_real_sensor_falls_by_a_third_on_days_that_it_did_not_see(item):
    _, found = bench.held_out(item)
    assert found["after"].n == found["before"].n > 200
    assert found["after"].rmse <= 0.7 * found["before"].rmse
    assert abs(found["after"].bias) < abs(found["before"].bias)


def test_a_line_is_found_again_and_nothing_more_is_fitted_than_it_needs():
    rows = made(gain=1.6, offset=12.0)
    found = fit(rows, "no2")
    assert found.form == "linear"
    assert found.coefficients["gain"] == pytest.approx(1 / 1.6, rel=0.02)
    assert found.coefficients["offset"] == pytest.approx(-12 / 1.6, abs=1.0)
    assert found.after.rmse < 1.5 < found.before.rmse
    assert found.gain_percent > 90


def test_water_is_taken_for_what_it_is():
    found = fit(made(gain=1.2, kappa=0.16), "pm25")
    assert found.form == "growth"
    assert found.kappa == pytest.approx(0.16)
    assert found.after.rmse < 0.3 * found.linear.rmse


def test_growth_is_not_tried_for_a_gas():
    assert not fit(made(gain=1.2, kappa=0.16), "no2").form.startswith("growth")


def test_a_gain_that_moves_is_followed():
    rows = made(days=70, gain=1.0, drift=0.6, offset=5.0)
    found = fit(rows, "o3")
    assert found.form.endswith("_drift")
    assert len(found.knots) >= 4
    fixed = fit(rows, "o3", ["linear", "weather"])
    assert found.after.rmse < 0.5 * fixed.after.rmse
    said = applied(found, rows.rename({"sensor": "o3"}))
    assert scores(said.to_numpy(), rows["reference"].to_numpy()).rmse < 3


def test_wild_hours_do_not_bend_the_line():
    rows = made(gain=1.5, offset=5.0)
    one_in_17 = pl.int_range(pl.len()) % 17 == 0
    wild = rows.with_columns(
        pl.when(one_in_17).then(500 - pl.col("reference")).otherwise(pl.col("reference")).alias("reference")
    )
    assert fit(wild, "no2", ["linear"]).coefficients["gain"] == pytest.approx(1 / 1.5, rel=0.05)
    assert abs(np.polyfit(wild["sensor"], wild["reference"], 1)[0] * 1.5 - 1) > 0.1


def test_a_calibration_reads_back_as_it_was_written():
    rows = made(days=60, gain=1.4, drift=0.4)
    found = fit(rows, "o3")
    again = of_plain(plain(found))
    assert again == found
    frame = rows.rename({"sensor": "o3"})
    assert applied(again, frame).equals(applied(found, frame))


def test_where_the_weather_is_missing_the_calibrated_value_is_missing():
    rows = made(gain=1.2, kappa=0.2)
    found = fit(rows, "pm25", ["growth"])
    frame = rows.rename({"sensor": "pm25"}).with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("humidity")).alias("humidity")
    )
    said = applied(found, frame)
    assert said.null_count() == 1
    assert said[3] is None
    with pytest.raises(CalibrationError, match="lacks humidity"):
        applied(found, frame.drop("humidity"))


def test_too_little_is_refused_with_what_would_do():
    with pytest.raises(CalibrationError, match=r"48 hours.*at least 72"):
        fit(made(days=2), "pm25")
    with pytest.raises(CalibrationError, match="in which the sensor moves"):
        fit(made().with_columns(pl.lit(5.0).alias("sensor")), "pm25")
    with pytest.raises(CalibrationError, match="form 'cubic': expected one of linear, "):
        fit(made(), "pm25", ["cubic"])
    with pytest.raises(CalibrationError, match="none of growth can be fitted with no weather"):
        fit(made().drop("humidity", "temperature"), "pm25", ["growth"])


def test_an_hour_counts_from_three_quarters_of_its_minutes():
    minutes = [START + timedelta(minutes=m) for m in range(120)]
    frame = pl.DataFrame(
        {"time": minutes, "pm25": [10.0] * 44 + [None] * 16 + [20.0] * 45 + [None] * 15},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    assert hourly(frame)["pm25"].to_list() == [None, 20.0]


def test_scores_say_what_they_mean():
    one = scores(np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 3.0, 5.0, 1.0]))
    assert (one.n, one.bias) == (3, pytest.approx(-4 / 3))
    assert one.rmse == pytest.approx(np.sqrt(2))
    assert scores(np.array([]), np.array([])).n == 0


def test_the_named_reference_is_a_plain_line():
    rows = made(gain=2.0, offset=10.0, noise=0.0)
    assert calibration.plain_line(rows[:500], rows[500:]) == pytest.approx(rows["reference"][500:].to_numpy())
