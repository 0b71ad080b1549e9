"""WRF output: staggering, rotation, whole pressure and height, sums, maps, and the real sample."""

import numpy as np
import pytest
import xarray as xr
from pyproj import CRS, Proj, Transformer

from lantian.weather import ReadError, canonical, derive, read
from lantian.weather.readers import look

KATRINA = "wrfout_d01_katrina_3d.nc"


@pytest.mark.requirement("F1", part="WRF output: a linear staggered field is exact at the points")
def test_a_field_that_is_linear_between_faces_is_exact_at_the_points(wrfout):
    north = np.zeros((3, 5, 6), "f4")
    path = wrfout(add={"COSALPHA": (("Time", "south_north", "west_east"), north + 1),
                       "SINALPHA": (("Time", "south_north", "west_east"), north)})  # fmt: skip
    found = read(path)
    assert canonical.check(found) == ()
    assert np.array_equal(found["eastward_wind"][0, 0], np.broadcast_to(np.arange(6) + 0.5, (5, 6)))
    assert np.array_equal(found["northward_wind"][2, 3], np.broadcast_to(np.arange(5)[:, None] + 0.5, (5, 6)))


@pytest.mark.requirement("F1", part="WRF output: winds turned to true east and north by the file's angles or its map")
@pytest.mark.parametrize("drop", [(), ("COSALPHA", "SINALPHA")])
def test_winds_are_turned_to_true_east_and_north(wrfout, drop):
    path = wrfout(wind=(7.0, -3.0), drop=drop)
    found = read(path)
    assert np.allclose(found["eastward_wind"], 7, atol=1e-4)
    assert np.allclose(found["northward_wind"], -3, atol=1e-4)
    with xr.open_dataset(path, engine="h5netcdf") as raw:
        assert abs(float(raw["V"][0, 0, 2, 2]) + 3) > 0.3  # the map is turned indeed


def test_pressure_height_temperature_and_humidity_are_whole(wrfout):
    found = read(wrfout()).isel(time=1, y=2, x=3)
    middle = np.array([25, 125, 450, 1350.0])
    assert np.allclose(found["height"], middle, atol=1e-2)
    assert np.allclose(found["air_pressure"], 99_000 * np.exp(-middle / (287.05 * 280 / 9.80665)), rtol=1e-6)
    assert np.allclose(found["air_temperature"], 280, atol=1e-3)
    assert np.allclose(found["specific_humidity"], 0.002 / 1.002, rtol=1e-6)
    assert np.allclose(found["cloud_liquid_water_mixing_ratio"], [0, 1e-4, 0, 0])
    assert float(found["surface_altitude"]) == 100
    for name, value in {
        "boundary_layer_height": 600, "friction_velocity": 0.4, "surface_upward_sensible_heat_flux": 80,
        "surface_downwelling_shortwave_flux": 300, "surface_air_pressure": 99_000,
    }.items():  # fmt: skip
        assert float(found[name]) == pytest.approx(value), name


@pytest.mark.requirement("F1", part="WRF output: rain from sums since the start of the simulation, over files too")
def test_rain_is_what_the_sums_grow_by_also_over_files(wrfout):
    files = [wrfout(f"wrfout_{start}", hours=2, start=start) for start in (2, 0)]
    found = read(files)
    assert found["time"].dt.hour.values.tolist() == [0, 1, 2, 3]
    assert np.allclose(found["precipitation_flux"], 3.6 / 3600, rtol=1e-5)


def test_rain_that_overflowed_into_buckets_is_counted(wrfout):
    hour = np.arange(3, dtype="f4")[:, None, None] + np.zeros((1, 5, 6), "f4")
    tips = {"RAINNC": (("Time", "south_north", "west_east"), 3 * hour % 5),
            "I_RAINNC": (("Time", "south_north", "west_east"), (3 * hour // 5).astype("i4"))}  # fmt: skip
    assert np.allclose(read(wrfout(add=tips, BUCKET_MM=5.0))["precipitation_flux"], 3.6 / 3600, rtol=1e-5)


def test_the_axes_and_the_map_agree_with_longitude_and_latitude(wrfout):
    found = read(wrfout())
    crs = CRS.from_cf(dict(found["crs"].attrs))
    to = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to.transform(*np.meshgrid(found["x"], found["y"]))
    assert np.abs(lon - found["lon"].values).max() < 1e-4
    assert np.abs(lat - found["lat"].values).max() < 1e-4
    assert np.allclose(np.diff(found["x"]), 9000, atol=5)


def test_values_may_be_picked_in_any_way(wrfout):
    found = read(wrfout())
    whole = found.copy(deep=True).load()
    for picks in (
        {"time": -1, "level": 0}, {"time": [2, 0], "x": slice(1, 4)}, {"level": [0, 3], "y": [4, 1]},
        {"time": slice(None, None, -1)}, {"time": 1, "level": 2, "y": 3, "x": -1}, {"time": []},
    ):  # fmt: skip
        part, same = found.isel(picks), whole.isel(picks)
        for name in found.data_vars:
            assert np.array_equal(part[name], same[name]), (name, picks)
    points = found["height"].isel(time=xr.DataArray([0, 2]), level=xr.DataArray([1, 3]))
    assert np.array_equal(points, whole["height"].isel(time=xr.DataArray([0, 2]), level=xr.DataArray([1, 3])))


@pytest.mark.parametrize(
    ("number", "change", "grid"),
    [
        (2, {"TRUELAT1": 60.0}, "polar_stereographic"),
        (3, {"TRUELAT1": 30.0}, "mercator"),
        (6, {"POLE_LAT": 90.0}, "latitude_longitude"),
    ],
)
def test_other_maps(wrfout, number, change, grid):
    x, y = np.meshgrid(5e5 + 9000.0 * np.arange(6), -4e6 + 9000.0 * np.arange(5))
    flat = ("Time", "south_north", "west_east")
    if number == 6:
        lon, lat = np.meshgrid(116 + 0.1 * np.arange(6), 39 + 0.1 * np.arange(5))
    else:
        kind = {"proj": "stere", "lat_0": 90, "lat_ts": 60} if number == 2 else {"proj": "merc", "lat_ts": 30}
        lon, lat = Proj({**kind, "lon_0": 110, "R": 6_370_000})(x, y + (8e6 if number == 3 else 0), inverse=True)
    places = {name: (flat, np.broadcast_to(v, (3, 5, 6)).astype("f4")) for name, v in (("XLONG", lon), ("XLAT", lat))}
    found = read(wrfout(MAP_PROJ=number, add=places, drop=("COSALPHA", "SINALPHA"), **change))
    assert found["crs"].attrs["grid_mapping_name"] == grid
    turn = derive.north_of_grid(found["lon"], found["lat"])
    u, v = derive.true_wind(2.5, 1.5, turn)
    assert np.allclose(found["eastward_wind"][0, 0, 1, 2], u[1, 2], atol=0.01)
    assert np.allclose(found["northward_wind"][0, 0, 1, 2], v[1, 2], atol=0.01)


def test_a_part_is_read_around_bounds(wrfout):
    path = wrfout()
    whole = read(path)
    lon, lat = (float(whole[name][2, 3]) for name in ("lon", "lat"))
    part = read(path, bounds=(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))
    assert dict(part.sizes) == {"time": 3, "level": 4, "y": 3, "x": 3}
    same = whole.isel(y=slice(1, 4), x=slice(2, 5))
    assert all(np.array_equal(part[name], same[name]) for name in part.data_vars)


def test_a_nest_that_moves_gives_what_it_covers_at_all_times(wrfout):
    flat = ("Time", "south_north", "west_east")
    still = xr.open_dataset(wrfout("wide"), engine="h5netcdf")
    moved = xr.open_dataset(wrfout("moved", x0=6e5 + 18_000), engine="h5netcdf")
    places = {name: (flat, np.stack([still[name][0], moved[name][0], moved[name][0]])) for name in ("XLONG", "XLAT")}
    numbers = np.arange(6.0) + np.zeros((3, 5, 6))
    numbers[0] += 100  # the column of the map, counted from the first nest's
    numbers[1:] += 102
    path = wrfout("moving", add={**places, "PBLH": (flat, numbers)})
    found = read(path)
    assert dict(found.sizes) == {"time": 3, "level": 4, "y": 5, "x": 4}
    assert "the nest moves" in found.attrs["notes"]
    for t in range(3):
        assert found["boundary_layer_height"][t, 0].values.tolist() == [102, 103, 104, 105]
    still.close()
    moved.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"MAP_PROJ": 203}, "MAP_PROJ is 203"),
        ({"DX": 4500.0}, "lie 9000 and 9000 m apart"),
        ({"drop": ("XLAT",)}, "XLAT is missing"),
        ({"drop": ("Times",)}, "Times is missing"),
    ],
)
def test_output_that_is_not_understood_is_refused(wrfout, change, told):
    with pytest.raises(ReadError, match=told):
        read(wrfout(**change))


def test_a_value_out_of_bounds_is_told_with_its_place(wrfout):
    bad = np.full((3, 5, 6), 99_000, "f4")
    bad[1, 2, 3] = np.nan
    found = read(wrfout(add={"PSFC": (("Time", "south_north", "west_east"), bad)}))
    found["surface_air_pressure"][0].load()
    with pytest.raises(
        ReadError, match="surface_air_pressure is nan at 2016-12-01 01:00, y 2, x 3; it must lie within"
    ):
        found["surface_air_pressure"][1].load()


def test_what_a_file_lacks_is_told(wrfout):
    path = wrfout(drop=("PH", "HGT", "QVAPOR", "UST"))
    with pytest.raises(ReadError) as told:
        read(path)
    assert [fault.variable for fault in told.value.faults] == ["specific_humidity", "height", "surface_altitude"]
    assert told.value.faults[0].file == "wrfout_d01"
    states = {one["name"]: one["state"] for one in look(path).variables}
    assert states["height"] == "missing"
    assert states["friction_velocity"] == "later"
    assert states["eastward_wind"] == "derived"


@pytest.mark.requirement("F1", part="a real WRF output is read: a hurricane's wind, balance and warm core")
def test_the_real_output_of_a_hurricane(sample):
    found = read(sample(KATRINA))
    assert canonical.check(found) == ()
    assert found["time"].values.tolist() == [
        *np.arange("2005-08-28T12", "2005-08-29T00", 3, dtype="datetime64[h]").astype("datetime64[s]").tolist()
    ]
    now = found.isel(time=0).load()
    # heights of the file and from the hypsometric equation agree, though levels are some hundred metres apart
    height = derive.hypsometric_height(*(now[n] for n in ("air_pressure", "air_temperature", "specific_humidity",
                                                          "surface_air_pressure")))  # fmt: skip
    assert np.abs(height / now["height"] - 1)[3:].max() < 0.03
    # around the lowest pressure the wind turns to the left
    surface = now["surface_air_pressure"].values
    eye = np.unravel_index(int(np.argmin(surface)), surface.shape)
    j, i = np.indices(surface.shape)
    far = np.hypot(j - eye[0], i - eye[1])
    ring = (far > 3) & (far < 9)
    u, v = now["eastward_wind"].values[2], now["northward_wind"].values[2]
    swirl = ((i - eye[1]) * v - (j - eye[0]) * u) / np.maximum(far, 1)
    assert swirl[ring].mean() > 15
    assert now["precipitation_flux"].max() * 3600 > 1
