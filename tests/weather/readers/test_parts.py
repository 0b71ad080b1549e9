"""The parts of the readers: sums over any stretch of time, the ground, the points, units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.weather.readers import ground, units
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds, of_axes, of_planes
from lantian.weather.readers.terms import Flux, Series, joined

HOUR = np.timedelta64(3600, "s")
START = np.datetime64("2016-12-01T00", "s")


def flux(sums: list[float], since: list[int], ends: list[int], *, mean: bool = False) -> Flux:
    values = np.array(sums)
    times, begins = (START + HOUR * np.array(hours) for hours in (ends, since))
    return Flux(
        Series("precipitation_amount", "x", times, lambda row, _: values[row : row + 1, None], since=begins, mean=mean)
    )


@pytest.mark.requirement("F1", part="deaccumulation keeps the total, whatever buckets the sums are given in")
@given(st.lists(st.floats(0, 50), min_size=2, max_size=12), st.integers(1, 12), st.booleans())
def test_sums_in_buckets_of_any_length_give_back_each_hour_and_the_total(hours, bucket, mean):
    since, sums = [], []
    for hour in range(len(hours)):
        begin = hour - hour % bucket
        since.append(begin)
        total = sum(hours[begin : hour + 1])
        sums.append(total / (3600 * (hour + 1 - begin)) if mean else total)
    one = flux(sums, since, [*range(1, len(hours) + 1)], mean=mean)
    found = [float(one.over(START + HOUR * k, START + HOUR * (k + 1))[0, 0]) * 3600 for k in range(len(hours))]
    assert np.allclose(found, hours, atol=1e-9)
    whole = one.over(START, START + HOUR * len(hours))
    assert float(whole[0, 0]) * 3600 * len(hours) == pytest.approx(sum(hours), abs=1e-9)


def test_a_mean_over_part_of_an_interval_is_that_of_the_interval():
    one = flux([7200.0], [0], [2])
    assert float(one.over(START + HOUR, START + 2 * HOUR)[0, 0]) == 1.0
    assert one.over(START + 2 * HOUR, START + 3 * HOUR) is None
    assert float(one.at(START + 2 * HOUR, HOUR, HOUR)[0, 0]) == 1.0


def test_series_on_other_levels_are_not_joined():
    parts = [
        Series("air_temperature", name, np.array([START]), lambda *_: np.zeros((1, 1, 1)), keys)
        for name, keys in (("a", (1.0, 2.0)), ("b", (1.0,)))
    ]
    with pytest.raises(ReadError, match="b: air_temperature has other levels; it must be as in a"):
        joined(parts)


@st.composite
def profiles(draw):
    """Heights of levels in columns, some below the ground, and the same straight profile in all of them."""
    steps = draw(st.lists(st.floats(30, 900), min_size=4, max_size=8))
    lowest = np.array(draw(st.lists(st.floats(-1500, 200), min_size=2, max_size=5)))
    heights = lowest[None, :, None] + np.cumsum([0, *steps])[:, None, None]
    return heights, draw(st.floats(-0.01, 0.01)), draw(st.booleans())


@given(profiles(), st.booleans())
def test_settled_columns_are_above_the_ground_and_straight_where_they_were(profile, missing):
    height, slope, near = profile
    surface = np.full(height.shape[1:], 1e5)
    pressure = 1e5 * np.exp(-height / 8200.0)
    if not ((height > 25) & (pressure < 1e5 - 300)).any(axis=0).all():
        return
    volumes = {
        "height": height,
        "air_pressure": pressure,
        "air_temperature": np.full(height.shape, 280.0),
        "specific_humidity": np.zeros(height.shape),
        "eastward_wind": 5 + slope * height,
    }
    at_ground = {"eastward_wind": np.full(surface.shape, 5 + 10 * slope)} if near else {}
    under = height <= 0
    if missing and near:  # some files leave out what lies under the ground
        volumes |= {name: np.where(under, np.nan, volumes[name]) for name in ("height", "eastward_wind")}
    settled = ground.settle(volumes, at_ground, surface)
    assert isinstance(settled, dict)
    assert len(settled["height"]) == len(height) + near
    assert (np.diff(settled["height"], axis=0) > 0).all()
    assert (np.diff(settled["air_pressure"], axis=0) < 0).all()
    changed = near or (height <= 20).any()
    assert not changed or settled["height"].min() >= 10
    assert np.allclose(settled["eastward_wind"], 5 + slope * settled["height"], atol=1e-6 if not missing else 0.4)


def test_a_column_under_the_ground_as_a_whole_is_told():
    height = np.array([[-300.0, 50.0], [-100, 250], [10, 900]])[:, None]
    volumes = dict.fromkeys(("air_temperature", "specific_humidity"), height * 0)
    found = ground.settle({"height": height, "air_pressure": 1e5 - 12 * height, **volumes}, {}, np.full((1, 2), 1e5))
    assert found == (0, 0)


@given(st.floats(-180, 540), st.integers(3, 30), st.booleans(), st.booleans())
def test_longitudes_of_any_turn_and_order_go_east_and_latitudes_north(west, count, east_first, north_first):
    lon, lat = west + 0.5 * np.arange(count), np.array([38.0, 39, 40])
    given_lon, given_lat = (lon[::-1] if east_first else lon), (lat[::-1] if north_first else lat)
    found = of_axes(given_lon % 360, given_lat, None, "x")
    assert found.lon.shape == (3, count)
    assert np.allclose(np.diff(found.x), 0.5, atol=1e-5)
    assert np.allclose((found.x[0] - west + 180) % 360, 180, atol=1e-5)
    values = found.arranged((given_lat[:, None] * 1000 + given_lon[None])[found.window])
    assert np.allclose(values, lat[:, None] * 1000 + lon[None])


def test_a_part_across_the_first_meridian_and_the_date_line_is_whole():
    lon, lat = np.arange(0, 360, 1.0), np.arange(-90, 91, 1.0)
    for west in (-5.0, 175.0):
        part = of_axes(lon, lat, Bounds.of((west, 10, west + 9.5, 20)), "x")
        assert part.x.tolist() == [west + k - 1 for k in range(12)]
        values = part.arranged((0 * lat[:, None] + lon[None])[part.window])
        assert np.allclose(values[0], part.x % 360)


def test_bounds_between_two_points_take_both():
    part = of_axes(np.arange(100, 120, 1.0), np.arange(30, 50, 1.0), Bounds.of((110.2, 40.3, 110.8, 40.6)), "x")
    assert part.x.tolist() == [110, 111]
    assert part.y.tolist() == [40, 41]


@pytest.mark.parametrize("box", [(10, 10, 5, 20), (0, 20, 5, 20), (0, 0, 400, 10), (0, -100, 5, 0)])
def test_bounds_that_enclose_nothing_are_refused(box):
    with pytest.raises(ValueError, match="expected west < east and south < north"):
        Bounds.of(box)


def test_bounds_outside_a_map_are_refused():
    lon, lat = np.meshgrid(np.linspace(115, 117, 5), np.linspace(39, 40, 4))
    with pytest.raises(ReadError, match=r"x: covers 115.00 to 117.00 E, 39.00 to 40.00 N; asked for are 10 to 20 E"):
        of_planes(lon, lat, np.arange(5.0), np.arange(4.0), {}, Bounds.of((10, 10, 20, 20)), "x")


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "ours"),
    [
        (20, "degC", "K", 293.15), (1013.25, "hPa", "Pa", 101_325), (1013.25, "millibars", "Pa", 101_325),
        (5, "g/kg", "1", 0.005), (50, "%", "1", 0.5), (0.5, "(0 - 1)", "1", 0.5), (0.5, "kg kg**-1", "1", 0.5),
        (36, "km/h", "m s-1", 10), (3, "m s**-1", "m s-1", 3), (0.002, "m", "kg m-2", 2), (2, "mm", "kg m-2", 2),
        (3.6, "mm h-1", "kg m-2 s-1", 0.001), (1, "kJ m-2", "J m-2", 1000), (5500, "gpm", "m", 5500),
        (2, "Pa", "N m-2", 2), (11, "Numeric", "1", 11),
    ],
)  # fmt: skip
def test_units_are_converted(value, unit, wanted, ours):
    scale = units.scale(unit, wanted)
    assert scale is not None
    assert value * scale.factor + scale.offset == pytest.approx(ours)


def test_units_that_are_not_known_are_not_guessed():
    assert units.scale("furlong", "m") is None
    assert units.scale("", "K") is None
    assert "hPa" in units.understood("Pa")


def test_many_faults_are_told_in_part():
    error = ReadError([Fault("a.nc", f"v{k}", "is missing", "it must be there") for k in range(25)])
    assert len(error.faults) == 25
    assert str(error).splitlines()[0] == "a.nc: v0 is missing; it must be there."
    assert str(error).splitlines()[-1] == "and 5 more"
