"""From stations alone to the weather of the engine's door."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Domain
from lantian.transport import door, idealised
from lantian.weather import downscale, write

FIRST, LAST = "2016-12-17T02", "2016-12-17T05"


@pytest.fixture(scope="module")
def made(month: xr.Dataset, steep: Domain) -> xr.Dataset:
    return downscale(month, steep, [FIRST, LAST])


@pytest.mark.requirement("F1", part="stations alone, over steep terrain, pass the engine's door")
def test_stations_alone_pass_the_door_over_steep_terrain(steep: Domain, made: xr.Dataset) -> None:
    inputs = {"emissions": idealised.emissions(steep, FIRST, 3), "edges": idealised.edges(steep, ("CO",), FIRST, 3)}
    forcing = door.open_forcing(steep, ("CO",), weather=made, top_velocity=0.31, **inputs)
    assert forcing.hours == 3


def test_the_values_are_those_of_a_winter_morning(made: xr.Dataset) -> None:
    assert made["time"].values[0] == np.datetime64(FIRST)
    ground = made.isel(z=0)
    assert 268 < float(ground["air_temperature"].max()) < 285
    assert float(ground["air_temperature"].max() - ground["air_temperature"].min()) > 4  # the hill is colder
    assert 0.05 < float(made["friction_velocity"].mean()) < 0.5
    assert float(made["boundary_layer_height"][-1].mean()) > float(made["boundary_layer_height"][0].mean())
    assert float(made["inverse_obukhov_length"][-1].mean()) < 0
    assert float(np.abs(made["x_wind"]).max()) < 20


def test_written_and_opened_it_is_the_same(month: xr.Dataset, steep: Domain, made: xr.Dataset, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    path = tmp_path / "weather.zarr"
    opened = write(month, steep, path, [FIRST, LAST], progress=lambda *step: told.append(step))
    assert [step[:2] for step in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    xr.testing.assert_allclose(opened.load(), made, rtol=1e-5, atol=1e-5)
    for name, variable in made.data_vars.items():
        assert opened[name].attrs["units"] == variable.attrs["units"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["weather.zarr"]
    with pytest.raises(FileExistsError, match="give the weather a path of its own"):
        write(month, steep, path)


def test_smooth_ground_has_more_wind_and_a_city_a_milder_night(month: xr.Dataset, steep: Domain) -> None:
    night = ["2016-12-16T18"]
    fraction = np.zeros((2, *steep.terrain.shape))
    fraction[0] = 1.0
    grounds = []
    for order in (["urban", "water"], ["water", "urban"]):
        land = xr.Dataset({"land_fraction": (("class", "y", "x"), fraction, {"units": "1"})}, {"class": order})
        grounds.append(downscale(month, steep, night, land=land))
    city, water = grounds
    speed = [float(np.hypot(g["x_wind"][0, 0, 1:-1, 1:-1].mean(), g["y_wind"][0, 0].mean())) for g in (city, water)]
    assert speed[1] > 1.2 * speed[0]
    assert float(city["inverse_obukhov_length"].mean()) < 0.5 * float(water["inverse_obukhov_length"].mean())


def test_hours_that_nobody_measured_are_told(month: xr.Dataset, steep: Domain) -> None:
    holes = month.isel(time=slice(0, 48)).copy(deep=True)
    holes["air_temperature"][8:40] = np.nan
    with pytest.raises(ValueError, match="none measured temperature at"):
        downscale(holes, steep)
