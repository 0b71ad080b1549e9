"""Receptors: which cells and hours count, how much, and what is said of one that cannot be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from lantian.places.grid import nests
from lantian.places.outlines import Outline
from lantian.transport import particulate
from lantian.transport.receptors import Receptor, area, concentration, day, numbers, point, population
from lantian.transport.species import COMPACT
from lantian.transport.weather import Weather

GRID = nests(116.4, 39.9, (3000.0,), ((12, 16),))[0]
HOURS = np.datetime64("2026-01-12T00", "ns") + np.arange(6) * np.timedelta64(1, "h")


def box(j: slice, i: slice) -> shapely.Polygon:
    """Whole cells as an outline in degrees."""
    x, y = GRID.x_faces, GRID.y_faces
    west, east, south, north = x[i.start], x[i.stop], y[j.start], y[j.stop]
    lon, lat = GRID.projection.inverse([west, east, east, west], [south, south, north, north])
    return shapely.Polygon(np.stack([lon, lat], axis=1))


def air(mixing: float = 0.8) -> Weather:
    volume, surface = jnp.full((1, 12, 16), 1.0), jnp.zeros((12, 16))
    fields = dict.fromkeys(Weather._fields, surface)
    fields |= {"temperature": 275 * volume, "humidity": mixing * volume, "density": 1.3 * volume, "thickness": None}
    return Weather(**fields)


@pytest.mark.requirement("F3", part="a station is the air around its exact place, or on demand the cell that holds it")
@given(x=st.floats(3, 12), y=st.floats(3, 8), radius=st.one_of(st.none(), st.floats(300, 12e3)))
def test_a_station_is_the_air_around_it(x: float, y: float, radius: float | None) -> None:
    east, north = GRID.x[0] + x * GRID.spacing, GRID.y[0] + y * GRID.spacing
    lon, lat = GRID.projection.inverse(east, north)
    where = point(GRID, "here", lon, lat, HOURS[2], radius=radius).where
    reach = 3 * GRID.spacing if radius is None else radius
    assert where.sum() == pytest.approx(1)
    far_x, far_y = (np.abs(at) - GRID.spacing / 2 >= reach for at in (GRID.x - east, GRID.y - north))
    assert not where[far_y].any()
    assert not where[:, far_x].any()
    if radius is None:
        np.testing.assert_allclose((where.sum(0) @ GRID.x, where.sum(1) @ GRID.y), (east, north), atol=1.0)
    fine = (np.arange(2000) + 0.5) / 2000 - 0.5
    around = np.maximum(1 - np.abs(GRID.x[:, None] + fine * GRID.spacing - east) / reach, 0).mean(1)
    np.testing.assert_allclose(where.sum(0), around / around.sum(), atol=2e-3)


def test_a_station_without_radius_is_its_cell() -> None:
    receptor = point(GRID, "here", GRID.lon[3, 5] + 0.005, GRID.lat[3, 5], HOURS[2], radius=0)
    assert receptor.where[3, 5] == 1
    assert receptor.where.sum() == 1
    assert receptor.weights((12, 16)).sum() == 1


def test_a_station_at_the_rim_is_what_lies_inside() -> None:
    where = point(GRID, "rim", GRID.lon[0, 8], GRID.lat[0, 8], HOURS[0]).where
    assert where.sum() == pytest.approx(1)
    assert where[0, 8] == where.max()


def test_several_points_count_alike() -> None:
    lon, lat = GRID.lon[[1, 1, 8], [2, 2, 9]], GRID.lat[[1, 1, 8], [2, 2, 9]]
    receptor = point(GRID, "city", lon, lat, HOURS, radius=0)
    assert receptor.where[1, 2] == pytest.approx(2 / 3)
    assert receptor.where[8, 9] == pytest.approx(1 / 3)
    assert receptor.weights((12, 16)).sum() * len(HOURS) == pytest.approx(1)
    wide = point(GRID, "city", lon, lat, HOURS).where
    each = [point(GRID, "one", *at, HOURS).where for at in zip(lon, lat, strict=True)]
    np.testing.assert_allclose(wide, np.mean(each, axis=0), atol=1e-12)


@pytest.mark.requirement("F3", part="the value of a run at a receptor, hour by hour, by the weights that are explained")
def test_a_run_is_read_by_the_receptors_weights() -> None:
    rng = np.random.default_rng(1)
    field = rng.gamma(2.0, 10.0, (6, 2, 12, 16))
    mean = xr.Dataset(
        {"concentration": (("time", "species", "y", "x"), field), "pm25": (("time", "y", "x"), 2 * field[:, 0])},
        {"time": HOURS, "species": ["O3", "NO2"]},
    )
    at = (GRID, "here", 116.42, 39.91, HOURS[[1, 4]])
    oxidant = point(*at, {"O3": 1.0, "NO2": 48 / 46})
    read = oxidant.read(mean)
    assert read.dims == ("time",)
    assert read.attrs["units"] == "ug m-3"
    expected = np.einsum("tyx,yx->t", (field[:, 0] + 48 / 46 * field[:, 1])[[1, 4]], oxidant.where)
    np.testing.assert_allclose(read, expected)
    assert list(read.time.values) == list(HOURS[[1, 4]])
    np.testing.assert_allclose(point(*at).read(mean), 2 * point(*at, "O3").read(mean))
    for receptor, says in (
        (point(*at, "pm10"), "the run has no pm10"),
        (point(*at, "CO"), "CO is not carried"),
        (point(GRID, "late", 116.42, 39.91, HOURS[5] + np.timedelta64(1, "h")), "1 of its 1 hours are not in the run"),
    ):
        with pytest.raises(ValueError, match=says):
            receptor.read(mean)
    with pytest.raises(ValueError, match="12 x 16 cells; the domain has 12 x 15"):
        oxidant.read(mean.isel(x=slice(15)))


@given(j=st.integers(0, 9), i=st.integers(0, 13), rows=st.integers(1, 2), columns=st.integers(1, 2))
def test_an_area_of_whole_cells_is_those_cells(j: int, i: int, rows: int, columns: int) -> None:
    where = area(GRID, "block", box(slice(j, j + rows), slice(i, i + columns)), HOURS[0]).where
    expected = np.zeros((12, 16))
    expected[j : j + rows, i : i + columns] = GRID.cell_area[j : j + rows, i : i + columns]
    np.testing.assert_allclose(where, expected / expected.sum(), atol=2e-4)  # a meridian bends on the map


def test_an_area_counts_the_share_of_a_cell() -> None:
    whole, half = box(slice(4, 5), slice(4, 5)), box(slice(4, 5), slice(5, 6))
    middle = GRID.projection.inverse((GRID.x_faces[5] + GRID.x_faces[6]) / 2, 0.0)[0]
    left = shapely.intersection(half, shapely.box(0, 0, float(middle), 90))
    where = area(GRID, "and a half", shapely.unary_union([whole, left.buffer(1e-9)]), HOURS[0]).where
    assert where[4, 4] == pytest.approx(2 / 3, abs=2e-3)
    assert where[4, 5] == pytest.approx(1 / 3, abs=2e-3)


@pytest.mark.parametrize("form", ["geometry", "geojson", "feature", "outline"])
def test_an_outline_may_come_in_any_form(form: str) -> None:
    drawn = box(slice(2, 5), slice(3, 9))
    geojson = shapely.geometry.mapping(drawn)
    ring = tuple(tuple(at) for at in drawn.exterior.coords)
    given = {
        "geometry": drawn,
        "geojson": geojson,
        "feature": {"type": "Feature", "properties": {}, "geometry": geojson},
        "outline": Outline("110105", "朝阳区", ((ring,),)),
    }[form]
    np.testing.assert_allclose(area(GRID, "a", given, HOURS).where, area(GRID, "a", drawn, HOURS).where, atol=1e-12)


def test_people_weigh_the_cells() -> None:
    people = np.arange(12 * 16.0).reshape(12, 16)
    receptor = population(GRID, "all", people, HOURS, "O3")
    np.testing.assert_allclose(receptor.where, people / people.sum())
    with pytest.raises(ValueError, match="read-only"):
        receptor.where[0, 0] = 1


def test_a_day_in_china_begins_at_sixteen_hours_of_universal_time() -> None:
    hours = day("2026-01-12")
    assert hours[0] == np.datetime64("2026-01-11T16")
    assert hours[-1] == np.datetime64("2026-01-12T15")
    assert len(hours) == 24
    assert day("2026-01-12", 0)[0] == np.datetime64("2026-01-12T00")


@pytest.mark.requirement("F3", part="a receptor outside the domain, without weight or of no known kind is refused")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: point(GRID, "far", 120.0, 39.9, HOURS), "'far'.*km east of grid"),
        (lambda: area(GRID, "far", shapely.box(120, 39, 121, 40), HOURS), "100.0 % of the area lies outside"),
        (lambda: area(GRID, "half", box(slice(0, 3), slice(0, 3)).buffer(0.05), HOURS), r"% of the area lies outside"),
        (lambda: area(GRID, "line", shapely.LineString([(116, 39), (117, 40)]), HOURS), "has no area"),
        (lambda: area(GRID, "8", shapely.Polygon([(116.3, 39.8), (116.5, 40), (116.5, 39.8), (116.3, 40)]), HOURS),
         "not valid.*make_valid"),
        (lambda: population(GRID, "none", np.zeros((12, 16)), HOURS), "all weights are zero"),
        (lambda: population(GRID, "owed", -np.ones((12, 16)), HOURS), "0 and above"),
        (lambda: population(GRID, "gap", np.full((12, 16), np.nan), HOURS), "none missing"),
        (lambda: population(GRID, "turned", np.ones((16, 12)), HOURS), r"12 x 16 cells, got \(16, 12\)"),
        (lambda: point(GRID, "less", 116.4, 39.9, HOURS, radius=-1.0), "radius of 0 m or more, got -1.0"),
        (lambda: point(GRID, "gap", 116.4, 39.9, HOURS, radius=np.nan), "radius of 0 m or more, got nan"),
        (lambda: point(GRID, "when", 116.4, 39.9, []), "whole hours"),
        (lambda: point(GRID, "when", 116.4, 39.9, np.datetime64("2026-01-12T00:30")), "whole hours"),
        (lambda: point(GRID, "twice", 116.4, 39.9, [HOURS[0], HOURS[0]]), "stands twice"),
        (lambda: point(GRID, "what", 116.4, 39.9, HOURS, "PM2.5"), "'PM2.5' is unknown; known are pm25, pm10, ROC"),
        (lambda: point(GRID, "what", 116.4, 39.9, HOURS, {"XX": 1.0}), "unknown species XX"),
        (lambda: point(GRID, "what", 116.4, 39.9, HOURS, {"CO": 0.0}), "factors of 0 and above"),
    ],
)  # fmt: skip
def test_what_is_no_receptor(make, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_hours_are_found_in_a_run() -> None:
    run = HOURS.astype("datetime64[s]")
    assert numbers("a", HOURS[[1, 4]], run) == {1, 4}
    with pytest.raises(
        ValueError, match="'late': 2 of its 3 hours are not in the run, the first begins 2026-01-12T06:00"
    ):
        numbers("late", HOURS[5] + np.arange(3) * np.timedelta64(1, "h"), run)


def test_a_receptor_of_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="12 x 16 cells; the domain has 10 x 10"):
        point(GRID, "a", 116.4, 39.9, HOURS).weights((10, 10))


def test_factors_of_single_species() -> None:
    at = (GRID, "a", 116.4, 39.9, HOURS)
    assert point(*at, "pm25").factor("SO4") == 1.376
    assert point(*at, "pm10").factor("PMC") == 1
    assert point(*at, "CO").factor("CO") == 1
    assert point(*at, {"CO": 2.0, "NO": 1.0}).factor("NO") == 1
    with pytest.raises(ValueError, match="CO makes nothing of pm25"):
        point(*at, "pm25").factor("CO")
    with pytest.raises(ValueError, match=r"TNO3 is in particles depends on other species.*sensitivity"):
        point(*at, "pm25").factor("TNO3")


@pytest.mark.requirement("F3", part="the receptor is what the model reports: PM2.5 with nitrate in equilibrium")
def test_the_concentration_is_that_of_the_model() -> None:
    weather = air()
    mean = jnp.asarray(np.random.default_rng(0).gamma(2.0, 10.0, (len(COMPACT), 12, 16)))
    receptor = point(GRID, "a", 116.4, 39.9, HOURS, "pm25")
    ground = weather.temperature[0], weather.humidity[0], weather.density[0]
    expected = particulate.pm25(mean / ground[2], COMPACT, *ground)
    np.testing.assert_array_equal(concentration(receptor.key, mean, COMPACT, weather), expected)
    oxidant = point(GRID, "a", 116.4, 39.9, HOURS, {"O3": 1.0, "NO2": 48 / 46})
    both = concentration(oxidant.key, mean, COMPACT, weather)
    np.testing.assert_allclose(both, mean[3] + 48 / 46 * mean[2], rtol=1e-6)
    slope = jax.grad(lambda m: concentration("pm25", m, COMPACT, weather).sum())(mean)
    assert bool(jnp.all(jnp.isfinite(slope)))
    with pytest.raises(ValueError, match="PMC is not carried"):
        point(GRID, "a", 116.4, 39.9, HOURS, "PMC").check(COMPACT)
    with pytest.raises(ValueError, match=r"'a': SO4, .*SOA is not carried; carried are CO"):
        receptor.check(["CO"])
    receptor.check(COMPACT)


def test_a_receptor_may_not_be_half_of_an_hour_list() -> None:
    with pytest.raises(ValueError, match="whole hours"):
        Receptor("a", "pm25", np.ones((2, 2)), np.array(["NaT"], "datetime64[ns]"))
