"""Small files of weather with known answers, and the real samples."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Projection
from lantian.weather.readers.codes import eccodes

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "weather_samples"
G = 9.80665
SCALE = 287.05 * 280.0 / G
"""Scale height of dry air of 280 K."""

Make = Callable[..., Path]


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        if not (SAMPLES / name).exists():
            pytest.skip(f"the sample {name} is not beside this checkout")
        return SAMPLES / name

    return find


@pytest.fixture
def wrfout(tmp_path: Path) -> Make:
    """WRF output on a Lambert map east of its standing meridian: 3 hours, 4 levels, 5 x 6 points of 9 km.

    U rises with the face along x, V with the face along y (``wind`` = "linear"), or both are a wind to true east and
    north turned onto the map. Temperature 280 K, dry, ground at 100 m; HFX, PBLH, UST, RAINNC rising by 3.6 mm an hour.
    """

    def make(
        name: str = "wrfout_d01",
        hours: int = 3,
        wind: object = "linear",
        start: int = 0,
        x0: float = 6e5,
        **change: object,
    ) -> Path:
        cone = Projection(30, 60, 35, 110)
        nz, ny, nx = 4, 5, 6
        x, y = x0 + 9000.0 * np.arange(nx), 4e5 + 9000.0 * np.arange(ny)
        faces = np.append(x, x[-1] + 9000) - 4500, np.append(y, y[-1] + 9000) - 4500
        lon, lat = cone.inverse(*np.meshgrid(x, y))
        if wind == "linear":
            u = np.broadcast_to(np.arange(nx + 1.0), (ny, nx + 1))
            v = np.broadcast_to(np.arange(ny + 1.0)[:, None], (ny + 1, nx))
        else:
            east, north = wind  # type: ignore[misc]
            gx, gy = cone.north(*np.meshgrid(faces[0], y)), cone.north(*np.meshgrid(x, faces[1]))
            u, v = east * np.cos(gx) - north * np.sin(gx), east * np.sin(gy) + north * np.cos(gy)
        ground, tops = 100.0, np.array([0.0, 50, 200, 700, 2000])
        middle = (tops[1:] + tops[:-1]) / 2
        pressure = 99_000 * np.exp(-middle / SCALE)
        theta = 280 * (1e5 / pressure) ** (2 / 7) - 300

        def volume(column: np.ndarray) -> np.ndarray:
            return np.broadcast_to(column[None, :, None, None], (hours, len(column), ny, nx)).astype("f4")

        def plane(value: object) -> np.ndarray:
            return np.broadcast_to(np.asarray(value, "f4"), (hours, ny, nx)).copy()

        mass, flat = ("Time", "bottom_top", "south_north", "west_east"), ("Time", "south_north", "west_east")
        since = start + np.arange(hours, dtype="f4")[:, None, None]
        g = cone.north(*np.meshgrid(x, y))
        variables = {
            "Times": ("Time", [f"2016-12-01_{start + h:02d}:00:00".encode() for h in range(hours)]),
            "XLONG": (flat, plane(lon)),
            "XLAT": (flat, plane(lat)),
            "U": ((*mass[:3], "west_east_stag"), np.broadcast_to(u, (hours, nz, ny, nx + 1)).astype("f4")),
            "V": (
                (*mass[:2], "south_north_stag", "west_east"),
                np.broadcast_to(v, (hours, nz, ny + 1, nx)).astype("f4"),
            ),
            "T": (mass, volume(theta)),
            "P": (mass, volume(pressure - 90_000)),
            "PB": (mass, volume(np.full(nz, 90_000.0))),
            "PH": (("Time", "bottom_top_stag", *mass[2:]), volume(0.25 * 9.81 * (tops + ground))),
            "PHB": (("Time", "bottom_top_stag", *mass[2:]), volume(0.75 * 9.81 * (tops + ground))),
            "QVAPOR": (mass, volume(np.full(nz, 0.002))),
            "QCLOUD": (mass, volume(np.array([0, 1e-4, 0, 0]))),
            "HGT": (flat, plane(ground)),
            "PSFC": (flat, plane(99_000)),
            "PBLH": (flat, plane(600)),
            "UST": (flat, plane(0.4)),
            "HFX": (flat, plane(80)),
            "SWDOWN": (flat, plane(300)),
            "RAINC": (flat, plane(0.6 * since)),
            "RAINNC": (flat, plane(3.0 * since)),
            "COSALPHA": (flat, plane(np.cos(-g))),
            "SINALPHA": (flat, plane(np.sin(-g))),
            "ZNU": (("Time", "bottom_top"), np.zeros((hours, nz), "f4")),
        }
        attributes = {
            "MAP_PROJ": 1, "TRUELAT1": 30.0, "TRUELAT2": 60.0, "MOAD_CEN_LAT": 35.0, "STAND_LON": 110.0, "DX": 9000.0,
            "SIMULATION_START_DATE": "2016-12-01_00:00:00", "BUCKET_MM": -1.0,
        }  # fmt: skip
        drop = change.pop("drop", ())
        variables |= change.pop("add", {})  # type: ignore[arg-type]
        made = xr.Dataset(variables, attrs=attributes | change).drop_vars(drop)
        path = tmp_path / name
        made.to_netcdf(path, engine="h5netcdf")
        return path

    return make


@pytest.fixture
def era5(tmp_path: Path) -> Make:
    """ERA5 of the Climate Data Store: isothermal dry air of 280 K, north first, ground at 150 m or as ``ground`` says.

    ``style``: "old" (NetCDF 3, time, level, millibars) or "new" (NetCDF 4, valid_time, pressure_level). ``part``:
    "levels", "surface" (sums over the hour: 10 W m-2 up, 360 W m-2 of sun, 3.6 mm of rain), "both".
    """

    def make(
        style: str = "new", part: str = "both", hours: int = 3, start: int = 0, name: str = "", **change: object
    ) -> Path:
        new = style == "new"
        time, level = ("valid_time", "pressure_level") if new else ("time", "level")
        pressures = np.array([1000.0, 975, 925, 850, 700, 500, 30])[:: 1 if new else -1]
        lat, lon = np.array([41.0, 40.5, 40, 39.5]), np.array([115.0, 115.5, 116, 116.5, 117])
        sea = 101_000.0
        ground = np.broadcast_to(np.asarray(change.pop("ground", 150.0), float), (4, 5))
        deep, flat = (time, level, "latitude", "longitude"), (time, "latitude", "longitude")
        nz = len(pressures)
        phi = G * SCALE * np.log(sea / (100 * pressures))
        east = 2.0 + phi / G / 1000  # m s-1, rising with height
        ps = sea * np.exp(-ground / SCALE)

        def volume(column: object) -> np.ndarray:
            return np.broadcast_to(np.asarray(column, float)[None, :, None, None], (hours, nz, 4, 5)).astype("f4")

        def plane(value: object) -> np.ndarray:
            return np.broadcast_to(np.asarray(value, float), (hours, 4, 5)).astype("f4")

        levels = {
            "u": (deep, volume(east), {"units": "m s**-1", "standard_name": "eastward_wind"}),
            "v": (deep, volume(np.full(nz, -1.0)), {"units": "m s**-1", "standard_name": "northward_wind"}),
            "t": (deep, volume(np.full(nz, 280.0)), {"units": "K", "standard_name": "air_temperature"}),
            "q": (deep, volume(np.zeros(nz)), {"units": "kg kg**-1", "standard_name": "specific_humidity"}),
            "z": (deep, volume(phi), {"units": "m**2 s**-2", "standard_name": "geopotential"}),
            "clwc": (deep, volume(np.linspace(0, 1e-5, nz)), {"units": "kg kg**-1"}),
        }
        surface = {
            "sp": (flat, plane(ps), {"units": "Pa", "standard_name": "surface_air_pressure"}),
            "u10": (flat, plane(2.0), {"units": "m s**-1"}),
            "v10": (flat, plane(-1.0), {"units": "m s**-1"}),
            "t2m": (flat, plane(280.0 + 8 * G * 2 / 7 / 287.05), {"units": "K"}),
            "d2m": (flat, plane(200.0), {"units": "K"}),
            "blh": (flat, plane(500.0), {"units": "m"}),
            "zust": (flat, plane(0.3), {"units": "m s**-1"}),
            "sshf": (
                flat,
                plane(-36_000.0),
                {"units": "J m**-2", "standard_name": "surface_upward_sensible_heat_flux"},
            ),
            "ssrd": (flat, plane(1_296_000.0), {"units": "J m**-2"}),
            "tp": (flat, plane(0.0036), {"units": "m"}),
            "tcc": (flat, plane(0.5), {"units": "(0 - 1)", "standard_name": "cloud_area_fraction"}),
        }
        if part != "both":
            surface["z"] = (flat, plane(G * ground), {"units": "m**2 s**-2", "standard_name": "geopotential"})
        variables = {"both": levels | surface, "levels": levels, "surface": surface}[part]
        stamps = np.datetime64("2016-12-01T00", "ns") + np.timedelta64(1, "h") * np.arange(start, start + hours)
        coordinates = {
            time: (time, stamps, {"standard_name": "time"}),
            "latitude": ("latitude", lat, {"units": "degrees_north", "standard_name": "latitude"}),
            "longitude": ("longitude", lon, {"units": "degrees_east", "standard_name": "longitude"}),
        }
        if part != "surface":
            unit = {"units": "hPa", "standard_name": "air_pressure"} if new else {"units": "millibars"}
            coordinates[level] = (level, pressures if new else pressures.astype("i4"), unit)
        if new:
            coordinates["number"] = ((), 0, {"standard_name": "realization"})
        made = xr.Dataset(variables, coordinates, {"institution": "European Centre for Medium-Range Weather Forecasts"})
        made = made.drop_vars(change.pop("drop", ())).assign(change.pop("add", {}))
        path = tmp_path / (name or f"era5_{style}_{part}_{start}.nc")
        encoding = {time: {"units": "hours since 1900-01-01", "dtype": "i4"}}
        if new:
            made.to_netcdf(path, engine="h5netcdf", encoding=encoding)
        else:
            packed = {"dtype": "i2", "scale_factor": 0.001, "add_offset": 5.0, "_FillValue": -32767}
            made.to_netcdf(
                path, engine="scipy", format="NETCDF3_64BIT", encoding=encoding | ({"u": packed} if "u" in made else {})
            )
        return path

    return make


def grib_message(sample: str, values: np.ndarray, **keys: object) -> bytes:
    """A message on 5 x 4 points, 115 to 117 E, 41 to 39.5 N, north first unless ``keys`` say otherwise."""
    opened = eccodes.codes_grib_new_from_samples(sample)
    grid = {
        "Ni": 5, "Nj": 4, "latitudeOfFirstGridPointInDegrees": 41, "latitudeOfLastGridPointInDegrees": 39.5,
        "longitudeOfFirstGridPointInDegrees": 115, "longitudeOfLastGridPointInDegrees": 117,
        "iDirectionIncrementInDegrees": 0.5, "jDirectionIncrementInDegrees": 0.5,
    }  # fmt: skip
    if values.size == 20:
        keys = grid | keys
    if sample.endswith("2"):
        keys = {"tablesVersion": 30} | keys
    pv = keys.pop("pv", None)
    for key, value in keys.items():
        eccodes.codes_set(opened, key, value)
    if pv is not None:
        eccodes.codes_set(opened, "PVPresent", 1)
        eccodes.codes_set_array(opened, "pv", pv)
    eccodes.codes_set(opened, "bitsPerValue", 24)
    eccodes.codes_set_values(opened, np.asarray(values, float).ravel())
    message = eccodes.codes_get_message(opened)
    eccodes.codes_release(opened)
    return bytes(message)


@pytest.fixture(scope="session")
def grib() -> Callable[..., bytes]:
    return grib_message
