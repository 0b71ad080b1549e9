"""GRIB of ECMWF and GFS: model and pressure levels, scanning, sums, several fields in a message, the real samples."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.weather import ReadError, canonical, derive, look, read
from lantian.weather.readers import codes
from lantian.weather.readers.points import Points

MODEL = "ecmwf_model_levels_europe_2018-11-14.grib"
OPEN = "ecmwf_open_data_2024-01-01.grib2"
G = 9.80665
FLAT = np.ones((4, 5))
A, B = np.array([0.0, 20_000, 6000, 500, 0]), np.array([0.0, 0.0, 0.6, 0.9, 1.0])
"""Half levels of four model levels."""


@pytest.fixture
def model_levels(grib, tmp_path):
    """ECMWF model levels of dry air of 280 K, u the number of the level; and sums since the start of the forecast."""

    def make(hours=(0, 3, 6), edition=2, name="model.grib", **keys):
        time = {"dataDate": 20161201, "dataTime": 0, "centre": "ecmf"} | keys
        pv = {"pv": np.concatenate([A, B])}
        parts = []

        def add(short, value, hour, place, level=0, **more):
            sample = f"regular_ll_{'pl' if place == 'hybrid' else 'sfc'}_grib{edition}"
            step = {"stepRange": more.pop("stepRange", str(hour))}
            key = {"typeOfLevel": place, **({"level": level} if place == "hybrid" else {})}
            parts.append(grib(sample, value * FLAT, **time, **key, **more, shortName=short, **step))

        for hour in hours:
            for level in range(1, 5):
                add("u", level, hour, "hybrid", level, **pv)
                for short, value in {"v": -2.0, "t": 280.0, "q": 0.0}.items():
                    add(short, value, hour, "hybrid", level, **pv)
            add("lnsp", np.log(98_000), hour, "hybrid", 1, **pv)
            add("z", 50 * G, hour, "hybrid", 1, **pv)
            if edition == 2:
                over = {"stepType": "accum", "stepRange": f"0-{hour}"}
                add("sshf", -36_000.0 * hour, hour, "surface", **over)
                add("tp", 0.0036 * hour**2, hour, "surface", **over)
                add("ssrd", 0.0, hour, "surface", **over)
        path = tmp_path / name
        path.write_bytes(b"".join(parts))
        return path

    return make


@pytest.mark.requirement(
    "F1", part="ECMWF GRIB on model levels: hybrid coefficients, lnsp, sums since the start, signs"
)
def test_model_levels_have_known_answers(model_levels):
    found = read(model_levels())
    assert canonical.check(found) == ()
    assert found["time"].values.astype("datetime64[h]").tolist() == [
        *np.array(["2016-12-01T00", "2016-12-01T03", "2016-12-01T06"], "datetime64[h]").tolist()
    ]
    assert found["eastward_wind"][0, :, 0, 0].values.tolist() == [4, 3, 2, 1]  # from the ground up
    half = A + B * 98_000
    assert np.allclose(found["air_pressure"][0, :, 0, 0], ((half[1:] + half[:-1]) / 2)[::-1], rtol=1e-6)
    scale = 287.05 * 280 / G
    assert np.allclose(found["height"][1], scale * np.log(98_000 / found["air_pressure"][1]), rtol=1e-5)
    assert np.allclose(found["surface_altitude"], 50, rtol=1e-5)
    assert np.allclose(found["surface_upward_sensible_heat_flux"], 10, rtol=1e-4)
    # 3.6 h^2 mm: means of 10.8 and 32.4 mm h-1, at the moment between them 21.6
    rain = found["precipitation_flux"][:, 0, 0] * 3600
    assert np.allclose(rain, [10.8, 21.6, 32.4], rtol=1e-4)


def test_both_editions_are_read(model_levels):
    first, second = (read(model_levels(edition=edition, name=f"{edition}.grib")) for edition in (1, 2))
    for name in ("eastward_wind", "air_pressure", "height", "surface_altitude"):
        assert np.allclose(first[name], second[name], rtol=1e-6), name


def test_of_two_forecasts_for_an_hour_the_later_one_is_taken(model_levels, tmp_path):
    early = model_levels(hours=(6, 9), name="early.grib", dataDate=20161130, dataTime=1800)
    late = model_levels(hours=(0,), name="late.grib")
    found = read([early, late])
    assert found["time"].dt.hour.values.tolist() == [0, 3]
    assert "late.grib" in look([early, late]).variables[0]["read"][0]


def test_sums_of_era5_are_those_of_the_hour(model_levels, grib, tmp_path):
    path = tmp_path / "era5.grib"
    keys = {"centre": "ecmf", "class": "ea", "dataDate": 20161130, "dataTime": 1800, "stepType": "accum"}
    sums = [
        grib("regular_ll_sfc_grib1", value * FLAT, **keys, shortName="tp", stepRange=str(step))
        for step, value in ((6, 0.0036), (9, 0.0072))
    ]
    path.write_bytes(model_levels(hours=(0, 3), edition=1).read_bytes() + b"".join(sums))
    # 3.6 mm in the hour to 00, 7.2 in that to 03; the moment 00 lies between them
    assert np.allclose(read(path)["precipitation_flux"][:, 0, 0] * 3600, [5.4, 7.2], rtol=1e-4)


@pytest.fixture
def gfs(grib, tmp_path):
    """GFS on pressure levels: u and v in one message, heights, relative humidity, cloud water, sums in buckets."""

    def make(hours=(0, 1, 2), name="gfs.grib2", drop=(), **keys):
        time = {"centre": "kwbc", "dataDate": 20161201, "dataTime": 0}
        parts = []

        def add(number, value, hour, surface, level=0, sample="sfc", step=None, **more):
            if number in drop:
                return b""
            discipline, category, parameter = number
            over = (
                {"productDefinitionTemplateNumber": 8, "typeOfStatisticalProcessing": more.pop("over")}
                if "over" in more
                else {}
            )
            message = grib(
                f"regular_ll_{sample}_grib2", value * FLAT, **time, **over, discipline=discipline,
                parameterCategory=category, parameterNumber=parameter, typeOfFirstFixedSurface=surface,
                scaleFactorOfFirstFixedSurface=0, scaledValueOfFirstFixedSurface=level, **more, **keys,
                stepRange=step or str(hour),
            )  # fmt: skip
            parts.append(message)
            return message

        scale = 287.05 * 280 / G
        for hour in hours:
            for level in (100_000, 92_500, 85_000, 70_000, 3000):
                u, v = (add((0, 2, k), value, hour, 100, level, "pl") for k, value in ((2, 5.0), (3, level / 1e5)))
                parts[-2:] = [together(u, v)] if u and v else [part for part in (u, v) if part]
                add((0, 0, 0), 280.0, hour, 100, level, "pl")
                add((0, 1, 1), 0.0, hour, 100, level, "pl")
                add((0, 3, 5), scale * np.log(101_325 / level), hour, 100, level, "pl")
                add((0, 1, 22), 1e-5, hour, 100, level, "pl")
            add((0, 3, 0), 101_325.0, hour, 1)
            add((0, 3, 5), 0.0, hour, 1)
            add((0, 3, 196), 700.0, hour, 1)
            add((0, 2, 197), 0.25, hour, 1)
            add((0, 0, 11), 33.0, hour, 1)
            add((0, 2, 2), 99.0, hour, 103, 80)  # the wind at 80 m is not that at 10 m
            add((0, 2, 2), 4.0, hour, 103, 10)
            add((0, 2, 3), 1.0, hour, 103, 10)
            if hour:
                for over, number, value in ((1, (0, 1, 8), 3.6 * hour), (0, (0, 4, 192), 100.0 * hour)):
                    add(number, value, hour, 1, step=f"0-{hour}", over=over)
        path = tmp_path / name
        path.write_bytes(b"".join(parts))
        return path

    return make


def together(first: bytes, second: bytes) -> bytes:
    """Two fields on the same grid in one message, as NCEP writes wind."""
    here = 16
    while second[here + 4] != 4:
        here += int.from_bytes(second[here : here + 4], "big")
    whole = first[:-4] + second[here:]
    return whole[:8] + len(whole).to_bytes(8, "big") + whole[16:]


@pytest.mark.requirement("F1", part="GFS GRIB: its names, several fields in a message, mean fluxes in buckets, signs")
def test_gfs_has_known_answers(gfs):
    found = read(gfs())
    assert canonical.check(found) == ()
    assert found.sizes == {"time": 3, "level": 5, "y": 4, "x": 5}  # with that of the ground, without 30 hPa
    assert np.allclose(found["eastward_wind"][:, 0], 4)
    assert np.allclose(found["eastward_wind"][:, 2:], 5)
    assert np.allclose(found["northward_wind"][0, 2:, 0, 0], [0.925, 0.85, 0.7], rtol=1e-5)
    assert np.allclose(found["surface_upward_sensible_heat_flux"], 33, rtol=1e-5)
    assert np.allclose(found["boundary_layer_height"], 700)
    assert np.allclose(found["friction_velocity"], 0.25)
    assert np.allclose(found["cloud_liquid_water_mixing_ratio"], 1e-5, rtol=1e-4)
    assert np.allclose(found["precipitation_flux"], 1e-3, rtol=1e-4)
    # a mean of 100 over one hour and of 200 over two: 300 in the second
    assert np.allclose(found["surface_downwelling_shortwave_flux"][:, 0, 0], [100, 200, 300], rtol=1e-4)
    assert np.allclose(found["air_pressure"][0, 1:, 0, 0], [1e5, 92_500, 85_000, 70_000], rtol=1e-6)


def test_what_gfs_lacks_is_told_with_what_would_help(gfs):
    with pytest.raises(ReadError) as told:
        read(gfs(drop=[(0, 1, 1), (0, 0, 0)]))
    variables = {fault.variable: str(fault) for fault in told.value.faults}
    assert set(variables) == {"air_temperature", "specific_humidity"}
    assert (
        "from relative_humidity, air_temperature and air_pressure; of these there is air_pressure"
        in variables["specific_humidity"]
    )


@pytest.mark.requirement("F1", part="GRIB in every scanning mode and turn of longitude gives the same fields")
@pytest.mark.parametrize(("west", "north", "columns"), [*itertools.product([False, True], repeat=3)])
def test_the_order_of_values_does_not_matter(grib, tmp_path, west, north, columns):
    wanted = np.arange(20.0).reshape(4, 5)  # from the north west
    seen = wanted[::-1] if north else wanted
    seen = seen[:, ::-1] if west else seen
    seen = seen.T if columns else seen
    keys = {"iScansNegatively": int(west), "jScansPositively": int(north), "jPointsAreConsecutive": int(columns)}
    if north:
        keys |= {"latitudeOfFirstGridPointInDegrees": 39.5, "latitudeOfLastGridPointInDegrees": 41}
    if west:
        keys |= {"longitudeOfFirstGridPointInDegrees": 117, "longitudeOfLastGridPointInDegrees": 115}
    from lantian.weather.readers import grib as reader

    path = tmp_path / "one.grib2"
    path.write_bytes(grib("regular_ll_sfc_grib2", seen, shortName="sp", **keys))
    (source,) = reader.read([path])
    assert np.allclose(source.horizontal.lon[0], [115, 115.5, 116, 116.5, 117])
    assert np.allclose(source.horizontal.lat[:, 0], [39.5, 40, 40.5, 41])
    assert np.allclose(source.series["surface_air_pressure"].get(0, ()), wanted[::-1])


def test_every_second_row_may_come_from_its_end():
    wanted = np.arange(12.0).reshape(3, 4)
    seen = wanted.copy()
    seen[1] = seen[1, ::-1]
    points = Points("regular_ll", np.arange(4.0), np.arange(3.0), zigzag=True)
    assert np.array_equal(points.plane(seen.ravel()), wanted)


@given(st.lists(st.integers(4, 40), min_size=2, max_size=6))
def test_a_reduced_grid_keeps_the_rows_that_are_as_long_as_the_longest(counts):
    rows = np.array(counts)
    values = [np.sin(2 * np.pi * np.arange(n) / n) + k for k, n in enumerate(counts)]
    longest = rows.max()
    points = Points("reduced_gg", np.arange(longest) * 360 / longest, np.arange(len(rows)) * 1.0, rows)
    plane = points.plane(np.concatenate(values))
    for k, n in enumerate(counts):
        if n == longest:
            assert np.allclose(plane[k], values[k])
        assert np.abs(plane[k] - k).max() <= 1 + 1e-9


def test_a_reduced_gaussian_grid_is_brought_to_its_longest_circle(grib, tmp_path):
    from lantian.weather.readers import grib as reader

    path = tmp_path / "reduced.grib2"
    path.write_bytes(grib("reduced_gg_sfc_grib2", 1e5 + np.arange(6114.0), shortName="sp"))
    (source,) = reader.read([path], None)
    plane = source.series["surface_air_pressure"].get(0, ())
    assert plane.shape == (64, 128)
    assert plane[-1].min() == 1e5  # the first circle is the northernmost
    assert np.allclose(source.horizontal.lat[-1, 0], 87.8638, atol=1e-3)


@pytest.mark.parametrize("sample", ["sh_sfc_grib2", "polar_stereographic_sfc_grib2"])
def test_grids_that_are_not_read_are_refused_by_name(grib, tmp_path, sample):
    from lantian.weather.readers.codes import eccodes

    opened = eccodes.codes_grib_new_from_samples(sample)
    eccodes.codes_set(opened, "shortName", "sp")
    path = tmp_path / "other.grib2"
    path.write_bytes(eccodes.codes_get_message(opened))
    eccodes.codes_release(opened)
    with pytest.raises(ReadError, match="lies on a grid of the type"):
        read(path)


def test_a_file_that_is_cut_off_is_told(model_levels):
    path = model_levels(hours=(0,))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ReadError, match="is cut off: the message at byte"):
        read(path)


def test_what_stands_between_messages_is_passed_over(model_levels):
    path = model_levels(hours=(0,))
    path.write_bytes(b"\r\r\n042\r\r\nHHXX99 KWBC\r\r\n" + path.read_bytes() + b"\0" * 70_000)
    assert read(path).sizes["level"] == 4


def test_two_grids_are_refused(model_levels, grib, tmp_path):
    path = model_levels(hours=(0,))
    other = grib("regular_ll_sfc_grib2", np.ones(20), shortName="blh", longitudeOfFirstGridPointInDegrees=114,
                 longitudeOfLastGridPointInDegrees=116)  # fmt: skip
    path.write_bytes(path.read_bytes() + other)
    with pytest.raises(ReadError, match="all must lie on the same grid"):
        read(path)


@pytest.mark.requirement("F1", part="real ECMWF model levels are read: pressure, height and humidity of a forecast")
def test_the_real_model_levels_of_ecmwf(sample):
    found = read(sample(MODEL), bounds=(5, 45, 15, 55))
    assert canonical.check(found) == ()
    assert found["time"].values.tolist() == [np.datetime64("2018-11-15T12", "s").item()]
    assert float(found["lon"].min()) <= 5 <= 15 <= float(found["lon"].max())
    # ECMWF: the lowest of 137 levels lies about 10 m above the ground
    assert np.allclose(found["height"][0, 0], 10, atol=0.6)
    # the integration of the IFS from half level to half level, Simmons & Burridge (1981)
    column = found.isel(time=0, y=3, x=3)
    assert np.abs(ifs_heights(sample(MODEL), column) / column["height"] - 1).max() < 5e-4


def ifs_heights(path, column):
    """Heights of full levels as the IFS integrates them upward from the ground."""
    from lantian.weather.readers import grib as reader

    source = next(s for s in reader.read([path]) if s.vertical is not None)
    assert source.vertical is not None
    n = column.sizes["level"]
    keys = sorted(source.vertical.a, reverse=True)[:n]
    surface = float(column["surface_air_pressure"])
    half = [surface]
    for key in keys:  # a full level is the mean of its halves
        half.append(2 * (source.vertical.a[key] + source.vertical.b[key] * surface) - half[-1])
    warm = derive.virtual_temperature(column["air_temperature"], column["specific_humidity"])
    below, heights = 0.0, []
    for k in range(n):
        log, dp = np.log(half[k] / half[k + 1]), half[k] - half[k + 1]
        heights.append(below + (1 - half[k + 1] / dp * log) * 287.05 * warm[k] / G)
        below += 287.05 * warm[k] / G * log
    return np.array(heights)


@pytest.mark.requirement("F1", part="a real GRIB that lacks fields: which, and what each could be derived from")
def test_the_real_open_data_say_what_they_lack(sample):
    with pytest.raises(ReadError) as told:
        read(sample(OPEN))
    lacking = {fault.variable: fault for fault in told.value.faults}
    assert set(lacking) == {
        "eastward_wind", "northward_wind", "air_temperature", "specific_humidity", "height", "surface_altitude",
        "surface_air_pressure",
    }  # fmt: skip
    assert lacking["specific_humidity"].right.endswith("of these there are air_pressure and relative_humidity")
    assert lacking["height"].file == OPEN
    found = look(sample(OPEN))
    assert found.points == (451, 900)
    assert found.unused == ("st",)


def test_maps_and_databases_may_be_used_after_grib():
    code = (
        f"import runpy; runpy.run_path({codes.__file__!r}); import pyproj, sqlite3, ssl; pyproj.Proj(proj='merc')(1, 2)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
