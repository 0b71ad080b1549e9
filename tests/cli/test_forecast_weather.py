"""A forecast with weather from files, by command: what is refused, and why."""

from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def hours(tmp_path):
    """Two hours of weather over Beijing, by the CF conventions."""
    shape = ("time", "height", "lat", "lon")
    volumes = {"eastward_wind": (3.0, "m s-1"), "northward_wind": (0.0, "m s-1"), "air_temperature": (280.0, "K")}
    volumes |= {"relative_humidity": (40.0, "%")}
    variables = {
        name: (shape, np.full((2, 3, 2, 3), value), {"standard_name": name, "units": unit})
        for name, (value, unit) in volumes.items()
    }
    for name, value, unit in (("surface_air_pressure", 1e5, "Pa"), ("surface_altitude", 40.0, "m")):
        variables[name] = (
            (shape[0], *shape[2:]),
            np.full((2, 2, 3), value),
            {"standard_name": name, "units": unit},
        )
    pressure = np.broadcast_to(np.array([99_000.0, 95_000, 80_000])[:, None, None], (2, 3, 2, 3))
    variables["air_pressure"] = (shape, pressure, {"standard_name": "air_pressure", "units": "Pa"})
    times = np.array(["2016-12-16T12", "2016-12-16T13"], "datetime64[ns]")
    coordinates = {
        "time": ("time", times, {"standard_name": "time"}),
        "height": ("height", [80.0, 450, 1800], {"standard_name": "height", "units": "m"}),
        "lat": ("lat", [39.0, 40], {"units": "degrees_north"}),
        "lon": ("lon", [115.0, 116, 117], {"units": "degrees_east"}),
    }
    path = tmp_path / "short.nc"
    xr.Dataset(variables, coordinates).to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
def test_what_does_not_fit_together_is_refused_in_one_sentence(alone):
    run = ("forecast", "run", "--issue", "2016-12-16T20")
    told = alone.refusal(*run, "--weather", "a.nc", "--mode", "perfect", code=2)
    assert told == "--mode perfect: with --weather the forecast is of mode weather; leave --mode out"
    assert "expected the files of a weather forecast" in alone.refusal(*run, "--mode", "weather", code=2)
    told = alone.refusal(*run, "--city", "110000", "--mode", "history", code=2)
    assert "--mode perfect or --weather FILE" in told
    assert "expected one of history, perfect" in alone.refusal(*run, "--mode", "lucky", code=2)


@pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")
@pytest.mark.parametrize("more", [(), ("--city", "110000")])
def test_files_that_are_not_there_or_too_short_are_told_before_anything_is_trained(
    commands, platform, hours, tmp_path, more
):
    platform.clock.set_simulated(datetime(2016, 12, 16, 13, tzinfo=UTC), paused=True)
    run = ("forecast", "run", "--issue", "2016-12-16T20", *more)
    assert "no.nc" in commands.refusal(*run, "--weather", tmp_path / "no.nc", code=2)
    told = commands.refusal(*run, "--weather", hours, "--mode", "weather", code=2)
    assert told.startswith("the weather files hold 2016-12-16T20:00 to 2016-12-16T21:00 (Beijing time);")
    assert "to 2016-12-17T23:00" in told
