"""Fields at the law's state, at stations, and drawn to calibrated hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.forecast import fields, gas_state
from lantian.places.grid import Domain
from lantian.transport import idealised

HOURS = 3
FIRST = datetime(2016, 12, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return idealised.domain((20, 24), 1000.0)


@pytest.fixture(scope="module")
def made(domain: Domain) -> xr.Dataset:
    plane = 60 + 40 * np.sin(np.arange(24) / 5) * np.ones((20, 1))
    field = np.stack([np.stack([plane, plane / 2]) * (1 + t) for t in range(HOURS)]).astype(np.float32)
    times = np.array([FIRST.replace(tzinfo=None) + timedelta(hours=t) for t in range(HOURS)], "datetime64[ns]")
    where = {"lon": (("y", "x"), domain.grid.lon), "lat": (("y", "x"), domain.grid.lat)}
    return xr.Dataset(
        {"concentration": (("time", "item", "y", "x"), field)}, {"time": times, "item": ["pm25", "so2"], **where}
    )


def stations(domain: Domain, cells: list[tuple[int, int]]) -> pl.DataFrame:
    lon, lat = domain.grid.lon, domain.grid.lat
    return pl.DataFrame([{"place": f"{j}-{i}", "lon": float(lon[j, i]), "lat": float(lat[j, i])} for j, i in cells])


def test_a_station_reads_the_cell_it_stands_in(domain: Domain, made: xr.Dataset) -> None:
    read = fields.at_stations(domain.grid, made, stations(domain, [(4, 5), (10, 20)]))
    assert read.height == 2 * HOURS
    row = read.filter(place="10-20", time=FIRST + timedelta(hours=1)).row(0, named=True)
    assert row["pm25"] == pytest.approx(float(made["concentration"].values[1, 0, 10, 20]), rel=1e-3)


def test_the_map_meets_the_calibrated_stations_and_keeps_its_shape(domain: Domain, made: xr.Dataset) -> None:
    network = stations(domain, [(4, 5), (10, 12), (15, 20)])
    calibrated = fields.at_stations(domain.grid, made, network).with_columns(pl.col("pm25") * 1.6, so2=pl.lit(None))
    calibrated = calibrated.filter(pl.col("time") < FIRST + timedelta(hours=2))
    now = fields.drawn(domain.grid, made, calibrated, network)
    ratio = now["concentration"].values / made["concentration"].values
    assert ratio[:2, 0] == pytest.approx(np.full((2, 20, 24), 1.6), rel=0.05)
    assert np.array_equal(now["concentration"].values[:, 1], made["concentration"].values[:, 1])  # no calibrated SO2
    assert np.array_equal(now["concentration"].values[2], made["concentration"].values[2])  # no calibrated hour


def test_gases_go_to_the_laws_state_and_back(domain: Domain) -> None:
    weather = idealised.weather(domain, "2016-12-16T12", HOURS)
    temperature = float(weather["air_temperature"].values[0, 0, 3, 3])
    pressure = float(weather["air_pressure"].values[0, 0, 3, 3])
    factor = gas_state.thinning(temperature, pressure, date(2016, 12, 16))
    assert factor == pytest.approx(273 / temperature * pressure / 101325, rel=1e-3)

    plane = np.ones((HOURS, 20, 24), np.float32)
    mean = xr.Dataset(
        dict.fromkeys(("so2", "pm25"), (("time", "y", "x"), plane * 50)), {"time": weather["time"].values[:-1]}
    )
    law = gas_state.as_in_law(mean, weather)["concentration"]
    assert float(law.sel(item="pm25")[0, 3, 3]) == 50
    assert float(law.sel(item="so2")[0, 3, 3]) == pytest.approx(50 / factor, rel=1e-4)

    lon, lat = float(domain.grid.lon[3, 3]), float(domain.grid.lat[3, 3])
    heard = pl.DataFrame({"time": [FIRST], "lon": [lon], "lat": [lat], "so2": [50 / factor], "pm25": [50.0]})
    air = gas_state.as_in_air(heard, weather, domain.grid)
    assert air["so2"][0] == pytest.approx(50, rel=1e-4)
    assert air["pm25"][0] == 50
