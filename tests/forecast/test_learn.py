from dataclasses import replace
from datetime import date, timedelta

import jax
import numpy as np
import polars as pl
import pytest

from lantian.forecast import features_hours, history, learn, learn_days, learn_recurrent, learn_spread
from lantian.forecast.history import ITEMS, History
from lantian.forecast.learn import Calibrator, Forecast, Mode
from lantian.forecast.learn_trees import FLOOR
from lantian.kernel.settings import TIMEZONE
from lantian.standards import statistics
from lantian.standards.codes import POLLUTANTS
from tests.forecast import statistics_made as made

PLACES = (made.REGION, *made.STATIONS, made.FAR)


@pytest.fixture(scope="module")
def city() -> History:
    return made.city()


@pytest.fixture(scope="module")
def trained() -> dict[Mode, Calibrator]:
    """One model of each mode."""
    return {mode: made.calibrator(mode) for mode in learn.MODES}


def forecast(calibrator: Calibrator, known: History) -> Forecast:
    hourly, _ = made.frames()
    weather = hourly.filter(pl.col("time") >= made.ISSUE)
    return calibrator.predict(known, made.ISSUE, PLACES, weather=weather if calibrator.mode == "perfect" else None)


@pytest.mark.requirement(
    "F5", part="a forecast never sees the future: observations perturbed after the issue change no digit, in both modes"
)
@pytest.mark.parametrize("mode", learn.MODES)
def test_what_is_observed_after_the_issue_changes_nothing(
    mode: Mode, city: History, trained: dict[Mode, Calibrator]
) -> None:
    at = city.hour_of(made.ISSUE)
    air, weather, days = city.air.copy(), city.weather.copy(), city.days.copy()
    air[:, at:] *= 9.0
    weather[:, at:] += 3.0
    days[:, at // 24 :] *= 9.0
    own = forecast(trained[mode], city)
    other = forecast(trained[mode], replace(city, air=air, weather=weather, days=days))
    assert own.values.equals(other.values)
    assert own.hours.equals(other.hours)


@pytest.mark.parametrize("mode", learn.MODES)
def test_what_is_known_at_the_issue_does_change_it(mode: Mode, city: History, trained: dict[Mode, Calibrator]) -> None:
    own, other = forecast(trained[mode], city), forecast(trained[mode], replace(city, air=city.air * 3.0))
    assert not own.values.equals(other.values)


def test_only_perfect_weather_uses_the_weather_ahead(city: History, trained: dict[Mode, Calibrator]) -> None:
    hourly, _ = made.frames()
    calm = hourly.filter(pl.col("time") >= made.ISSUE).with_columns(wind_speed=pl.lit(0.5))
    for mode, same in (("history", True), ("perfect", False)):
        found = trained[mode].predict(city, made.ISSUE, PLACES, weather=calm)
        assert found.values.equals(forecast(trained[mode], city).values) is same


@pytest.mark.requirement(
    "F5", part="values of six items with quantiles in order, for one to seven days, places of every kind"
)
def test_values_are_complete_and_quantiles_in_order(city: History, trained: dict[Mode, Calibrator]) -> None:
    values = forecast(trained["history"], city).values
    assert values.schema == pl.Schema(learn.VALUES)
    assert set(values["place"]) == set(PLACES)
    assert values.group_by("place", "lead").len()["len"].to_list() == [len(ITEMS)] * (7 * len(PLACES))
    today = made.ISSUE.astimezone(TIMEZONE).date()
    assert (values["date"] == pl.Series([today + timedelta(days=lead) for lead in values["lead"]])).all()
    levels = values.select("q10", "q25", "q50", "q75", "q90").to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (levels >= 0).all()
    assert values["value"].min() >= 0


def test_hours_give_the_days(city: History, trained: dict[Mode, Calibrator]) -> None:
    found = forecast(trained["perfect"], city)
    assert found.hours["time"].min() == made.ISSUE
    days = statistics.daily(found.hours.select("place", "time", *POLLUTANTS))
    long = days.unpivot(ITEMS, index=("place", "date"), variable_name="item", value_name="made").drop_nulls()
    both = found.values.join(long, on=("place", "date", "item"))
    assert both.height == 3 * 7 * len(ITEMS)
    assert np.allclose(both["value"], both["made"], rtol=1e-3, atol=1e-3)


def test_other_hours_of_issue_work_too(city: History, trained: dict[Mode, Calibrator]) -> None:
    morning = made.moment(made.FIRST + timedelta(days=220), 9)
    found = trained["history"].predict(city, morning.astimezone(TIMEZONE), [made.REGION])
    assert found.hours.height == 15 + 7 * 24
    assert found.values["issue"].unique().to_list() == [morning]


def test_gaps_and_unknown_places_do_no_harm(city: History, trained: dict[Mode, Calibrator]) -> None:
    holes = replace(city, air=np.where(np.arange(city.hours)[:, None] % 3 == 0, np.nan, city.air))
    found = trained["history"].predict(holes, made.ISSUE, [made.REGION, "9999A"])
    assert set(found.values["place"]) == {made.REGION}
    assert found.values["value"].is_finite().all()


def test_perfect_weather_without_weather_is_refused(city: History, trained: dict[Mode, Calibrator]) -> None:
    with pytest.raises(ValueError, match="needs the weather"):
        trained["perfect"].predict(city, made.ISSUE, [made.REGION])


def test_too_little_is_refused(city: History) -> None:
    with pytest.raises(ValueError, match="too few to learn from; 200 are needed"):
        learn.train(city, mode="history", until=made.FIRST + timedelta(days=50))


def test_a_model_knows_which_days_it_has_seen(trained: dict[Mode, Calibrator]) -> None:
    held = replace(trained["history"], held_out=((date(2015, 2, 1), date(2015, 2, 28)),))
    assert held.has_seen(date(2015, 1, 31))
    assert not held.has_seen(date(2015, 2, 1))
    assert not held.has_seen(made.FIRST + timedelta(days=made.DAYS))


def test_the_network_is_the_same_in_numpy_and_in_jax(city: History, trained: dict[Mode, Calibrator]) -> None:
    network = trained["perfect"].network
    assert network is not None
    hours = features_hours.hours_of(city, network.places, network.scale, network.region(city), perfect=True)
    issues, row = np.array([100 * 24 + 20, 150 * 24 + 3]), np.array([1, 1])
    own = network.forecast(hours, issues, network.places[1], 28)
    given = learn_recurrent.gather(hours, issues, row, 28, perfect=True)
    for member in range(network.members):
        parameters = {name: values[member] for name, values in network.parameters.items()}
        other = jax.jit(learn_recurrent.run)(parameters, *given, row)
        assert np.allclose(own[member], network.scale.back(np.asarray(other)), rtol=1e-3, atol=1e-2)


def test_a_day_made_of_hours_is_its_mean_and_of_ozone_the_largest_eight_hours() -> None:
    hours = np.random.default_rng(1).uniform(10, 200, (48, len(POLLUTANTS)))
    frame = pl.DataFrame({name: hours[:, k] for k, name in enumerate(POLLUTANTS)}).with_columns(
        place=pl.lit("1001A"),
        time=pl.Series([made.moment(made.FIRST, k) for k in range(48)], dtype=pl.Datetime("us", "UTC")),
        co=pl.col("co") / 100,
    )
    wanted = statistics.daily(frame)
    found = learn_days.days_of(hours)
    for k, item in enumerate(ITEMS):
        assert np.allclose(found[:, k] / (100 if item == "co" else 1), wanted[item].to_numpy(), atol=1e-3)


def test_what_the_last_weeks_were_wrong_by_is_added_and_nothing_later() -> None:
    observed = np.full((100, len(ITEMS)), 120.0)
    observed[60:] = 9.0
    issued = np.arange(10, 90)
    found = learn_days.lately(np.full((80, len(ITEMS)), 60.0), observed, issued, np.array([60, 11]))
    full = np.log((120.0 + FLOOR) / (60.0 + FLOOR))
    assert np.allclose(found[0], full * learn_days.RECENT / (learn_days.RECENT + learn_days.DOUBT))
    assert np.allclose(found[1], 0.0)  # nothing that was forecast had happened yet
    assert np.allclose(learn_days.moved(np.full((1, len(ITEMS)), 60.0), full[None]), 120.0)


def test_days_that_are_not_known_count_as_no_error() -> None:
    observed = np.full((60, len(ITEMS)), np.nan)
    found = learn_days.lately(np.full((50, len(ITEMS)), 60.0), observed, np.arange(5, 55), np.array([50]))
    assert np.allclose(found, 0.0)


@pytest.mark.requirement("F5", part="quantiles hold as often as they say, on errors that were not learnt from")
def test_quantiles_hold_as_often_as_they_say() -> None:
    random = np.random.default_rng(2)
    count = 6000
    lead = np.tile(np.arange(1, 8), count)[:count].astype(float)
    level = random.uniform(2, 6, count)
    season = np.zeros(count), np.ones(count)
    errors = random.normal(0.0, 0.1 * lead)
    told = learn_spread.situation(lead, level, level, season)
    half = np.arange(count) % 2 == 0
    spread = learn_spread.learn(told[half], errors[half], lead[half])
    limits = spread.around(told[~half], lead[~half])
    for k, q in enumerate(learn_spread.QUANTILES):
        assert (errors[~half] <= limits[:, k]).mean() == pytest.approx(q / 100, abs=0.04)
    assert (limits[lead[~half] == 7].std()) > 2 * limits[lead[~half] == 1].std()


def test_cities_without_any_station_are_forecast_from_their_own_days() -> None:
    hourly, daily = made.frames()
    cities = history.of_frames(hourly.clear(), daily, {})
    alone = learn.train(cities, mode="history", effort=made.QUICK)
    found = alone.predict(cities, made.ISSUE, [made.FAR])
    assert found.values["place"].unique().to_list() == [made.FAR]
    assert found.hours.is_empty()
