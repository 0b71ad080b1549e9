"""`lantian weather look`: what a file of weather holds, for people and for scripts."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"jax", "numpy", "xarray", "eccodes", "sqlalchemy", "procrastinate"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from lantian.cli import main
main()
"""


@pytest.fixture
def file(tmp_path):
    """Two hours of weather on three levels of height, by the CF conventions."""

    def make(*drop: str):
        shape = ("time", "height", "lat", "lon")
        volumes = {
            "eastward_wind": (3.0, "m s-1"), "northward_wind": (0.0, "m s-1"), "air_temperature": (10.0, "degC"),
            "relative_humidity": (40.0, "%"),
        }  # fmt: skip
        variables = {
            name: (shape, np.full((2, 3, 2, 3), value), {"standard_name": name, "units": unit})
            for name, (value, unit) in volumes.items()
        }
        variables["soil"] = (("lat", "lon"), np.ones((2, 3)), {"units": "K", "standard_name": "soil_temperature"})
        for name, value, unit in (("surface_air_pressure", 1e5, "Pa"), ("surface_altitude", 40.0, "m")):
            flat = (shape[0], *shape[2:])
            variables[name] = (flat, np.full((2, 2, 3), value), {"standard_name": name, "units": unit})
        variables["air_pressure"] = (
            shape,
            np.broadcast_to(np.array([99_000.0, 95_000, 80_000])[:, None, None], (2, 3, 2, 3)),
            {"standard_name": "air_pressure", "units": "Pa"},
        )
        coordinates = {
            "time": ("time", np.array(["2016-12-01T00", "2016-12-01T01"], "datetime64[ns]"), {"standard_name": "time"}),
            "height": ("height", [80.0, 450, 1800], {"standard_name": "height", "units": "m"}),
            "lat": ("lat", [39.0, 40], {"units": "degrees_north"}),
            "lon": ("lon", [115.0, 116, 117], {"units": "degrees_east"}),
        }
        path = tmp_path / "air.nc"
        xr.Dataset(variables, coordinates).drop_vars(drop).to_netcdf(path, engine="h5netcdf")
        return path

    return make


@pytest.mark.requirement("F1", part="lantian weather look: what is there, derived, left to downscaling, missing")
def test_look_says_what_is_there_and_what_will_be_derived(alone, file):
    path = file()
    value = alone.value("weather", "look", path)
    assert (value["complete"], value["kind"], value["vertical"], value["levels"]) == (True, "cf", "height", 3)
    assert (value["points"], value["bounds"]) == ([2, 3], [115.0, 39.0, 117.0, 40.0])
    assert value["times"] == ["2016-12-01T00:00:00+00:00", "2016-12-01T01:00:00+00:00"]
    found = {one["name"]: one for one in value["variables"]}
    assert found["eastward_wind"]["state"] == "given"
    assert found["eastward_wind"]["read"] == ["air.nc: eastward_wind"]
    assert found["specific_humidity"]["state"] == "derived"
    assert found["specific_humidity"]["from"] == ["relative_humidity", "air_temperature", "air_pressure"]
    assert found["precipitation_flux"]["state"] == "later"
    assert value["unused"] == ["soil"]
    told = alone.run("weather", "look", path)
    assert told.exit_code == 0
    for words in (
        "air.nc (cf)",
        "导出 derived",
        "relative_humidity",
        "不用 not used: soil",
        "2016-12-01T01:00:00Z (2)",
    ):
        assert words in told.stdout


def test_a_needed_field_that_is_missing_is_exit_code_1_and_is_told(alone, file):
    path = file("relative_humidity", "surface_altitude")
    value = alone.value("weather", "look", path, code=1)
    assert value["complete"] is False
    assert {fault["variable"] for fault in value["faults"]} == {"specific_humidity", "surface_altitude"}
    told = alone.run("weather", "look", path)
    assert told.exit_code == 1
    assert "specific_humidity is missing; it could be derived from humidity_mixing_ratio" in told.stdout


def test_a_part_is_looked_at(alone, file):
    value = alone.value("weather", "look", file(), "--bounds", 114, 38, 115.5, 41)
    assert value["bounds"] == [115.0, 39.0, 116.0, 40.0]
    assert "asked for are 10 to 20 E" in alone.refusal("weather", "look", file(), "--bounds", 10, 10, 20, 20, code=2)


def test_what_is_no_weather_is_refused(alone, file, tmp_path):
    (tmp_path / "text.nc").write_text("no weather")
    (tmp_path / "packed.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    (tmp_path / "broken.nc").write_bytes(file().read_bytes()[:900])
    assert "text.nc: begins with" in alone.refusal("weather", "look", tmp_path / "text.nc", code=2)
    assert "is a ZIP archive; unpack it" in alone.refusal("weather", "look", tmp_path / "packed.zip", code=2)
    assert "broken.nc: cannot be opened" in alone.refusal("weather", "look", tmp_path / "broken.nc", code=2)
    assert "no file at" in alone.refusal("weather", "look", tmp_path / "nothing.nc", code=2)
    assert "expected one of wrf, grib" in alone.refusal("weather", "look", file(), "--kind", "eta", code=2)
    assert "is no GRIB file" in alone.refusal("weather", "look", file(), "--kind", "grib", code=2)
    assert "MAP_PROJ is missing" in alone.refusal("weather", "look", file(), "--kind", "wrf", code=2)


def test_without_the_engines_packages_a_sentence_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-c", BARE, "weather", "look", "x.nc", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert 'pip install "lantian[model]"' in json.loads(done.stdout)["error"]
