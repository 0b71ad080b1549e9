"""The fields of a weather model over another ground."""

import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Domain
from lantian.transport import door, idealised
from lantian.weather import canonical, downscale

LAPSE, SEA, TOP_PRESSURE = 0.0065, 290.0, 101_325.0
EXPONENT = 9.81 / (287.05 * LAPSE)


def standard(altitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Temperature and pressure of dry air with the standard lapse."""
    temperature = SEA - LAPSE * altitude
    return temperature, TOP_PRESSURE * (temperature / SEA) ** EXPONENT


def model(ground: float = 200.0, hours: tuple[int, ...] = (0, 3), **more: float) -> xr.Dataset:
    """Air with the standard lapse over level ground, on a grid of 0.1 degrees; the wind rises in time."""
    lon, lat = np.meshgrid(np.arange(115.8, 117.0, 0.1), np.arange(39.4, 40.5, 0.1))
    level = np.array([20.0, 60, 150, 300, 700, 1500, 2600, 4000])
    height = np.broadcast_to(level[:, None, None], (len(level), *lon.shape))
    temperature, pressure = standard(height + ground)
    volume, plane = ("time", "level", "y", "x"), ("time", "y", "x")
    grown = np.array(hours, float)[:, None, None, None]
    fields = {
        "eastward_wind": 4 + grown + 0 * height, "northward_wind": -2 + 0 * grown + 0 * height,
        "air_temperature": temperature + 0 * grown, "air_pressure": pressure + 0 * grown,
        "specific_humidity": 0.002 + 0 * height + 0 * grown, "height": height + 0 * grown,
    }  # fmt: skip
    variables = {name: (volume, value.astype(np.float32), canonical.attributes(name)) for name, value in fields.items()}
    surface = np.full((len(hours), *lon.shape), standard(np.array(ground))[1])
    variables["surface_air_pressure"] = (plane, surface, canonical.attributes("surface_air_pressure"))
    variables["surface_altitude"] = (("y", "x"), np.full(lon.shape, ground), canonical.attributes("surface_altitude"))
    for name, value in more.items():
        variables[name] = (plane, np.full(surface.shape, value), canonical.attributes(name))
    time = np.datetime64("2026-01-10T00", "ns") + np.array(hours) * np.timedelta64(1, "h")
    made = xr.Dataset(variables, {"time": time, "lon": (("y", "x"), lon), "lat": (("y", "x"), lat)})
    assert canonical.check(made) == ()
    return made


@pytest.fixture(scope="module")
def made(steep: Domain) -> xr.Dataset:
    return downscale(model(), steep)


@pytest.mark.requirement("F1", part="model fields over another terrain pass the door, every hour between their times")
def test_it_passes_the_door_at_every_hour(steep: Domain, made: xr.Dataset) -> None:
    assert made.sizes["time"] == 4
    inputs = {
        "emissions": idealised.emissions(steep, "2026-01-10T00", 3),
        "edges": idealised.edges(steep, ("CO",), "2026-01-10T00", 3),
    }
    assert door.open_forcing(steep, ("CO",), weather=made, **inputs).hours == 3


def test_air_is_that_of_its_height_above_the_sea(steep: Domain, made: xr.Dataset) -> None:
    middle = (steep.heights[1:] + steep.heights[:-1]) / 2
    temperature, pressure = standard(middle)
    np.testing.assert_allclose(made["air_temperature"][0], temperature, atol=0.02)
    # the model's air is a little moister than dry, hence lighter
    np.testing.assert_allclose(made["air_pressure"][0], pressure, rtol=4e-4)


def test_between_the_times_of_the_source_it_is_linear(made: xr.Dataset) -> None:
    mean = made["x_wind"].mean(("z", "y", "x_face")).values
    np.testing.assert_allclose(np.diff(mean), np.diff(mean).mean(), rtol=0.15)
    assert mean[3] - mean[0] == pytest.approx(3, rel=0.3)


def test_what_the_source_has_of_the_ground_is_taken(steep: Domain) -> None:
    given = {"boundary_layer_height": 777.0, "friction_velocity": 0.5, "surface_upward_sensible_heat_flux": 100.0}
    sky = {"cloud_area_fraction": 0.4, "precipitation_flux": 1e-4}
    found = downscale(model(hours=(0,), **given, **sky), steep)
    for name in ("boundary_layer_height", "friction_velocity", *sky):
        np.testing.assert_allclose(found[name], (given | sky)[name], rtol=1e-5)
    flux = 100 * 287.05 / (1005 * found["air_pressure"][0, 0] / found["air_temperature"][0, 0])
    wanted = -0.4 * 9.81 * flux / (found["air_temperature"][0, 0] * 0.5**3)
    np.testing.assert_allclose(found["inverse_obukhov_length"][0], wanted, rtol=1e-3)


def test_times_and_places_that_the_source_does_not_have_are_refused(steep: Domain) -> None:
    with pytest.raises(ValueError, match="whole hours within 2026-01-10T00"):
        downscale(model(), steep, ["2026-01-09T23", "2026-01-10T02"])
    with pytest.raises(ValueError, match="does not cover grid"):
        downscale(model().isel(x=slice(0, 4)), steep)
