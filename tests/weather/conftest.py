"""Weather that many tests stand on: a month of the real stations, and a domain with a steep hill."""

from datetime import datetime

import polars as pl
import pytest
import xarray as xr

from lantian.places.grid import Domain, Levels, stretched
from lantian.transport import idealised
from lantian.weather import from_stations, withheld
from tests.weather import beijing


@pytest.fixture(scope="session")
def month() -> xr.Dataset:
    """December 2016, in which the red alert fell."""
    return from_stations(beijing.hours(datetime(2016, 12, 1), datetime(2016, 12, 31, 23)), beijing.stations())


@pytest.fixture(scope="session")
def withheld_month(month: xr.Dataset) -> pl.DataFrame:
    """How well the wind of that month's stations is told by the others."""
    return withheld(month)


@pytest.fixture(scope="session")
def steep() -> Domain:
    """8 x 9 cells of 1 km over Beijing with a hill of 1400 m under a top of 2 km."""
    return idealised.domain((8, 9), 1000.0, levels=Levels(stretched(10, 25.0, 2000.0)), hill=1400.0)
