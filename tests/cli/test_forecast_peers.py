"""Other models' files by command."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def cams(tmp_path):
    """Three days of CAMS around Beijing, old names."""
    lon, lat, hours = np.arange(115.0, 118), np.arange(41.0, 38, -1), np.arange(0, 90, 3)
    field = np.full((hours.size, lat.size, lon.size), 8e-8)
    start = np.datetime64("2016-12-16T00", "ns")
    coords = {"time": start + hours.astype("timedelta64[h]"), "latitude": lat, "longitude": lon}
    path = tmp_path / "cams.nc"
    one = (("time", "latitude", "longitude"), field, {"units": "kg m**-3"})
    xr.Dataset({"pm2p5": one}, coords).to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.requirement("F6", part="by command")
def test_a_file_is_added_and_listed(commands, platform, city_folder, cams):
    from datetime import UTC, datetime

    from lantian.places.store import load_folder

    load_folder(platform.engine, city_folder, "test")
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
    made = commands.value("forecast", "peers", "add", cams, "--name", "CAMS", "--issue", "2016-12-16T20")
    assert (made["name"], made["issue"], made["kind"], made["places"]) == (
        "CAMS",
        "2016-12-16T20:00:00+08:00",
        "cams",
        3,
    )
    assert commands.value("forecast", "peers", "list")["peers"] == [made]
    assert "CAMS" in commands.run("forecast", "peers", "list").stdout


def test_what_is_not_understood_is_refused_in_one_sentence(commands, cams, tmp_path):
    (tmp_path / "x.nc").write_text("hello")
    asked = ("--name", "CAMS", "--issue", "2016-12-16T20")
    assert "x.nc" in commands.refusal("forecast", "peers", "add", tmp_path / "x.nc", *asked, code=2)
    assert "no stations are loaded" in commands.refusal("forecast", "peers", "add", cams, *asked, code=2)
    assert "ours" in commands.refusal("forecast", "peers", "add", cams, "--name", "duty", *asked[2:], code=2)
