"""ERA5 NetCDF in old and new names, and plain CF NetCDF: units, orders, sums, levels under the ground."""

import numpy as np
import pytest
import xarray as xr

from lantian.weather import ReadError, canonical, derive, look, read

G = 9.80665
SCALE = 287.05 * 280.0 / G


@pytest.mark.requirement("F1", part="ERA5 NetCDF in old and new names: known fluxes, heights, signs, hours")
@pytest.mark.parametrize("style", ["old", "new"])
def test_era5_has_known_answers_in_its_old_and_new_names(era5, style):
    found = read([era5(style, "surface"), era5(style, "levels")])
    assert canonical.check(found) == ()
    assert found.attrs["kind"] == "era5"
    assert found["time"].values[0] == np.datetime64("2016-12-01T00")
    assert (np.diff(found["lat"][:, 0]) > 0).all()
    for name, value in {
        "surface_upward_sensible_heat_flux": 10, "surface_downwelling_shortwave_flux": 360, "precipitation_flux": 1e-3,
        "cloud_area_fraction": 0.5, "boundary_layer_height": 500, "friction_velocity": 0.3, "surface_altitude": 150,
    }.items():  # fmt: skip
        assert np.allclose(found[name], value, rtol=1e-5), name
    # the level at 30 hPa is above the engine's air; that of the ground is added
    assert found.sizes["level"] == 7
    assert np.allclose(found["height"][0, 0], 10)
    assert np.allclose(found["height"][0, -1], SCALE * np.log(101_000 / 50_000) - 150, rtol=1e-6)


def test_the_ground_is_found_where_the_file_lacks_it(era5):
    found = read(era5(part="both"))
    assert np.allclose(found["surface_altitude"], 150, atol=0.1)


def test_hours_may_lie_in_several_files_and_sums_are_those_of_the_hour(era5):
    amount = np.arange(3.0).reshape(3, 1, 1) * 0.0036 + np.zeros((3, 4, 5))
    tp = {"tp": (("valid_time", "latitude", "longitude"), amount, {"units": "m"})}
    found = read([era5(start=3), era5(start=0, add=tp)])
    assert found.sizes["time"] == 6
    # means of hours 0, 1, 2 g m-2 s-1, then 1: at a moment the mean of before and after
    assert np.allclose(found["precipitation_flux"][:, 0, 0], [0.0005, 0.0015, 0.0015, 0.001, 0.001, 0.001])


@pytest.mark.requirement("F1", part="levels of pressure under the ground are moved above it and change no profile")
def test_levels_under_the_ground_leave_a_straight_profile_as_it_is(era5):
    ground = np.linspace(0, 1400, 20).reshape(4, 5)
    mountain = read([era5(part="levels"), era5(part="surface", ground=ground, drop=("u10", "v10", "t2m", "d2m"))])
    assert canonical.check(mountain) == ()
    # the wind is 2 m s-1 and 1 more each km above the sea, whatever the ground
    altitude = mountain["height"] + mountain["surface_altitude"]
    assert np.allclose(mountain["eastward_wind"], 2 + altitude / 1000, atol=1e-4)
    assert np.allclose(mountain["air_temperature"], 280, atol=1e-3)
    assert np.allclose(mountain["air_pressure"], 101_000 * np.exp(-altitude / SCALE), rtol=1e-5)
    assert mountain["height"].min() >= 10


def test_wind_and_temperature_near_the_ground_become_its_lowest_level(era5):
    ground = np.linspace(0, 1400, 20).reshape(4, 5)
    found = read([era5(part="levels"), era5(part="surface", ground=ground)])
    assert np.allclose(found["height"][:, 0], 10)
    assert np.allclose(found["eastward_wind"][:, 0], 2)
    assert np.allclose(found["air_temperature"][:, 0], 280, atol=1e-3)
    assert (np.diff(found["height"], axis=1) > 0).all()


def test_era5_and_its_preliminary_release_are_one(era5, tmp_path):
    with xr.open_dataset(era5("old", hours=3)) as whole:
        first, second = whole.copy(deep=True), whole.copy(deep=True)
    first["u"][2], second["u"][:2] = np.nan, np.nan
    both = xr.concat([first, second], xr.IndexVariable("expver", [1, 5]), data_vars="all", coords="minimal")
    path = tmp_path / "both.nc"
    both.to_netcdf(path, engine="h5netcdf")
    assert np.allclose(read(path)["eastward_wind"], read(era5("old", hours=3))["eastward_wind"], atol=1e-3)


def cf(tmp_path, **change):
    """A model's own file by the CF conventions: hybrid levels from the top, Celsius, percent, grid winds, bounds."""
    lat, lon = np.meshgrid([39.5, 39.6, 39.7], [115.0, 115.1, 115.2, 115.3], indexing="ij")
    times = np.array(["2016-12-01T00", "2016-12-01T03"], "datetime64[ns]")
    shape, flat = ("time", "lev", "rlat", "rlon"), ("time", "rlat", "rlon")
    a, b = np.array([20_000.0, 6000, 500, 0]), np.array([0.0, 0.6, 0.9, 0.995])

    def volume(value):
        return np.broadcast_to(np.asarray(value, float), (2, 4, 3, 4))

    def plane(value):
        return np.broadcast_to(np.asarray(value, float), (2, 3, 4))

    variables = {
        "ua": (shape, volume(3.6), {"standard_name": "x_wind", "units": "km h-1"}),
        "va": (shape, volume(0), {"standard_name": "y_wind", "units": "m/s"}),
        "ta": (shape, volume(6.85), {"standard_name": "air_temperature", "units": "degC"}),
        "hur": (shape, volume(50), {"standard_name": "relative_humidity", "units": "%"}),
        "ps": (flat, plane(990), {"standard_name": "surface_air_pressure", "units": "hPa"}),
        "orog": (("rlat", "rlon"), plane(120)[0], {"standard_name": "surface_altitude", "units": "m"}),
        "pr": (
            flat,
            plane(2),
            {"standard_name": "precipitation_flux", "units": "mm h-1", "cell_methods": "time: mean"},
        ),
        "clt": (flat, plane(80), {"standard_name": "cloud_area_fraction", "units": "%"}),
        "hfss": (flat, plane(25), {"standard_name": "surface_upward_sensible_heat_flux", "units": "W m-2"}),
        "tauu": (flat, plane(0.3), {"standard_name": "surface_downward_eastward_stress", "units": "Pa"}),
        "tauv": (flat, plane(-0.4), {"standard_name": "surface_downward_northward_stress", "units": "Pa"}),
        "ap": ("lev", a, {"units": "Pa"}),
        "b": ("lev", b),
        "time_bnds": (("time", "bnds"), np.stack([times - np.timedelta64(3, "h"), times], axis=1)),
        "soil": (flat, plane(1), {"standard_name": "soil_temperature", "units": "K"}),
    }
    coordinates = {
        "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
        "lev": ("lev", [1.0, 2, 3, 4], {
            "standard_name": "atmosphere_hybrid_sigma_pressure_coordinate", "formula_terms": "ap: ap b: b ps: ps",
            "positive": "down",
        }),
        "lat": (("rlat", "rlon"), lat, {"units": "degrees_north"}),
        "lon": (("rlat", "rlon"), lon, {"units": "degrees_east"}),
    }  # fmt: skip
    variables |= change.pop("add", {})
    made = xr.Dataset(variables, coordinates).drop_vars(change.pop("drop", ()))
    path = tmp_path / "cf.nc"
    made.to_netcdf(path, engine="h5netcdf", encoding={"time": {"units": "hours since 2000-01-01"}})
    return path


@pytest.mark.requirement("F1", part="plain CF NetCDF by standard names, units converted, hybrid levels")
def test_a_cf_file_is_read_by_standard_names_with_its_units_converted(tmp_path):
    found = read(cf(tmp_path))
    assert canonical.check(found) == ()
    assert found.attrs["kind"] == "cf"
    column = found.isel(time=0, y=1, x=1)
    pressure = np.array([0 + 0.995 * 99_000, 500 + 0.9 * 99_000, 6000 + 0.6 * 99_000, 20_000])
    assert np.allclose(column["air_pressure"], pressure)
    assert np.allclose(column["eastward_wind"], 1, atol=1e-3)  # rows and columns go north and east: nothing to turn
    q = derive.humidity_of_relative(0.5, 280.0, pressure)
    assert np.allclose(column["specific_humidity"], q, rtol=1e-5)
    warm = derive.virtual_temperature(280.0, q)
    assert float(column["height"][0]) == pytest.approx(287.05 * warm[0] / G * np.log(1 / 0.995), rel=1e-5)
    assert np.allclose(found["precipitation_flux"], 2 / 3600)
    assert np.allclose(found["cloud_area_fraction"], 0.8)
    assert np.allclose(found["surface_upward_sensible_heat_flux"], 25)
    assert np.allclose(found["friction_velocity"], np.sqrt(0.5 * 287.05 * 280 / 99_000), rtol=1e-5)
    assert "relative humidity is taken to be over water" in found.attrs["notes"]
    assert look(tmp_path / "cf.nc").unused == ("soil",)


def test_levels_of_height_give_pressure_by_hydrostatics(tmp_path):
    heights = np.array([20.0, 200, 900, 3000])
    shape = ("time", "height", "lat", "lon")
    times = np.array(["2016-12-01T00"], "datetime64[ns]")

    def volume(value, name, unit):
        return shape, np.full((1, 4, 2, 3), value), {"standard_name": name, "units": unit}

    made = xr.Dataset(
        {
            "u": volume(4.0, "wind_speed", "m s-1"),
            "d": volume(270.0, "wind_from_direction", "degrees"),
            "t": volume(280.0, "air_temperature", "K"),
            "q": volume(0.0, "specific_humidity", "g kg-1"),
            "ps": (
                ("time", "lat", "lon"),
                np.full((1, 2, 3), 1e5),
                {"standard_name": "surface_air_pressure", "units": "Pa"},
            ),
            "zs": (("lat", "lon"), np.full((2, 3), 0.03), {"standard_name": "surface_altitude", "units": "km"}),
        },
        {
            "time": ("time", times, {"standard_name": "time"}),
            "height": ("height", heights, {"standard_name": "height", "units": "m", "positive": "up"}),
            "lat": ("lat", [39.0, 40], {"units": "degrees_north"}),
            "lon": ("lon", [115.0, 116, 117], {"units": "degrees_east"}),
        },
    )
    made.to_netcdf(tmp_path / "heights.nc", engine="h5netcdf")
    found = read(tmp_path / "heights.nc")
    assert canonical.check(found) == ()
    assert np.allclose(found["height"][0, :, 0, 0], heights)
    assert np.allclose(found["air_pressure"][0, :, 1, 1], 1e5 * np.exp(-heights / SCALE), rtol=1e-6)
    assert np.allclose(found["eastward_wind"], 4)
    assert np.allclose(found["northward_wind"], 0, atol=1e-6)
    assert np.allclose(found["surface_altitude"], 30)


def test_a_canonical_dataset_that_was_written_is_read_again(era5, tmp_path):
    once = read(era5(part="both", hours=1)).load()
    once.to_netcdf(tmp_path / "canonical.nc", engine="h5netcdf")
    again = read(tmp_path / "canonical.nc")
    assert again.attrs["kind"] == "cf"
    for name in once.data_vars:
        assert np.allclose(again[name], once[name], rtol=1e-6), name


DEEP = ("valid_time", "pressure_level", "latitude", "longitude")


@pytest.mark.parametrize(
    ("add", "told"),
    [
        ({"t": (DEEP, np.ones((3, 7, 4, 5)), {"units": "furlong"})}, "t is in 'furlong'; it must be in one of K, degC"),
        ({"sp": ((DEEP[0], *DEEP[2:]), np.ones((3, 4, 5)))}, "sp has no units"),
    ],
)
def test_a_unit_that_is_not_understood_is_told(era5, add, told):
    with pytest.raises(ReadError, match=told):
        read(era5(add=add))


def test_several_members_or_forecasts_in_a_file_are_refused(era5, tmp_path):
    with xr.open_dataset(era5(), engine="h5netcdf") as whole:
        members = whole.drop_vars("number").expand_dims(number=[0, 1])
        members.to_netcdf(tmp_path / "members.nc", engine="h5netcdf")
    with pytest.raises(ReadError, match="holds 2 of number"):
        read(tmp_path / "members.nc")


def test_a_file_without_places_or_times_is_refused(tmp_path):
    xr.Dataset({"t": ("x", [1.0])}).to_netcdf(tmp_path / "plain.nc", engine="h5netcdf")
    with pytest.raises(ReadError, match="latitude is missing"):
        read(tmp_path / "plain.nc")
