"""When in the year: shares that add up, weekends, festivals, heating."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.emissions import SECTORS, profiles
from lantian.emissions.timing import hour_shares, lay_out

pytestmark = pytest.mark.requirement("F2", part="monthly, weekly and hourly profiles, holidays, heating")

KNOWN = profiles.load()


def hours(day: str, count: int = 24) -> np.ndarray:
    """The hours of a local day, as UTC."""
    return np.datetime64(day, "h") - 8 + np.arange(count)


def share(sector: str, day: str, **more) -> np.ndarray:
    return hour_shares(KNOWN, [sector], hours(day), **more)[0][:, 0]


@settings(max_examples=40)
@given(
    year=st.integers(2005, 2030),
    code=st.sampled_from(list(SECTORS)),
    cold=st.dictionaries(st.integers(0, 364), st.floats(-40, 40), max_size=20),
)
def test_the_hours_of_a_year_have_all_of_it_whatever_the_weather(year, code, cold):
    days = {dt.date(year, 1, 1) + dt.timedelta(days=at): degrees for at, degrees in cold.items()}
    laid_out = lay_out(year, KNOWN.climate, days)
    shares = laid_out.shares(KNOWN.sectors[code], KNOWN.heating_hours)
    assert shares.shape == (laid_out.days * 24,)
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-12)


def test_months_have_their_share_whatever_days_they_have():
    laid_out = lay_out(2016, KNOWN.climate)
    shares = laid_out.shares(KNOWN.sectors["road"], KNOWN.heating_hours).reshape(-1, 24).sum(axis=1)
    months = np.bincount(laid_out.months, shares)
    wanted = np.array(KNOWN.sectors["road"].months)
    assert months == pytest.approx(wanted / wanted.sum())


def test_an_hour_is_that_of_local_time_also_over_the_turn_of_the_year():
    shares = hour_shares(KNOWN, ["road"], np.array(["2016-12-31T15", "2016-12-31T16"], "datetime64[h]"))
    assert set(shares[1]) == {2016, 2017}
    rush, night = share("road", "2016-12-16")[[17, 3]]
    assert rush > 4 * night


def test_a_festival_is_quieter_than_a_weekend_and_that_than_a_working_day():
    # Spring Festival 7 to 13 February 2016; the 6th, a Saturday, was a working day
    laid_out = lay_out(2016, KNOWN.climate)
    assert [int(k) for k in laid_out.kinds[36:44]] == [0, 2, 2, 2, 2, 2, 2, 2]
    festival, saturday, friday = (share("road", f"2016-02-{day}").sum() for day in ("08", "20", "19"))
    assert festival < saturday < friday
    assert [int(k) for k in laid_out.kinds[351:354]] == [1, 1, 0]  # 17 December 2016 was a Saturday
    assert laid_out.kinds[365] == 2  # New Year's Eve, a Saturday before two more days off in the next year


def test_heating_burns_in_its_season_only_and_more_in_the_cold():
    boilers = "heating_boilers"
    assert share(boilers, "2016-07-01").sum() < share(boilers, "2016-12-16").sum() / 5
    edge = KNOWN.climate
    assert [edge.heats(dt.date(2016, *day)) for day in ((11, 14), (11, 15), (3, 15), (3, 16))] == [
        False,
        True,
        True,
        False,
    ]
    usual = share(boilers, "2016-12-16").sum()
    cold = {dt.date(2016, 12, 16): -12.0}
    mild = {dt.date(2016, 12, 16): 6.0}
    assert (
        share(boilers, "2016-12-16", temperature=mild).sum()
        < usual
        < share(boilers, "2016-12-16", temperature=cold).sum()
    )
    assert share("road", "2016-12-16", temperature=cold) == pytest.approx(share("road", "2016-12-16"))


def test_the_usual_temperature_runs_through_the_normals_of_the_months():
    climate = KNOWN.climate
    assert climate.normal(dt.date(2016, 1, 15)) == climate.temperature[0]
    assert climate.normal(dt.date(2016, 12, 31)) == pytest.approx(
        (climate.temperature[11] + climate.temperature[0]) / 2, abs=0.2
    )
