"""Outlines and paths on a lattice, beside geometry done by another library."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lantian.emissions.raster import NOWHERE, Lattice, along, rasterise
from lantian.places.geo import Box
from lantian.places.outlines import Outline

LATTICE = Lattice(115.0, 39.0, 0.05, 30, 40)
corner = st.tuples(st.floats(114.8, 117.2), st.floats(38.8, 40.8))


@given(st.lists(corner, min_size=3, max_size=8, unique=True))
def test_a_cell_belongs_to_the_outline_that_holds_its_middle(ring):
    shape = shapely.Polygon(ring)
    if not shape.is_valid or shape.area < 1e-6:
        return
    labels = rasterise(LATTICE, [Outline("110101", "x", ((tuple(ring),),))])
    lon, lat = np.meshgrid(LATTICE.lon, LATTICE.lat)
    inside = shapely.contains_xy(shape, lon, lat)
    near = shapely.distance(shapely.points(lon, lat), shape.exterior) < 1e-9
    assert np.all(((labels == 0) == inside) | near)


def test_a_hole_is_outside_and_the_later_outline_lies_on_top():
    outer = ((115.2, 39.2), (116.8, 39.2), (116.8, 40.3), (115.2, 40.3))
    hole = ((115.6, 39.6), (116.2, 39.6), (116.2, 40.0), (115.6, 40.0))
    labels = rasterise(LATTICE, [Outline("110101", "x", ((outer, hole),)), Outline("110102", "y", ((hole[:3],),))])
    assert (labels == 0).sum() == 32 * 22 - 12 * 8
    assert labels[0, 0] == NOWHERE
    assert (labels == 1).sum() == pytest.approx(12 * 8 / 2, abs=8)


def test_neighbours_share_no_cell_and_leave_none_between():
    border = [(116.013, 39.0), (116.234, 39.37), (115.871, 39.911), (116.1, 40.5)]
    west = Outline("110101", "w", ((((115.0, 39.0), *border, (115.0, 40.5)),),))
    east = Outline("110102", "e", (((*border, (117.0, 40.5), (117.0, 39.0)),),))
    one, other = (rasterise(LATTICE, [outline]) == 0 for outline in (west, east))
    assert not np.any(one & other)
    assert np.all(one | other)


def test_a_lattice_stands_on_multiples_of_its_step_and_holds_its_box():
    lattice = Lattice.around(Box(115.013, 39.02, 116.7, 40.1), 0.05)
    assert lattice.west == pytest.approx(115.0)
    assert lattice.lon_edges[-1] >= 116.7
    assert lattice.lat_edges[0] <= 39.02
    assert lattice.row_area.sum() == pytest.approx(0.05 * 111e3 * np.cos(np.radians(39.55)) * 1.1 * 111e3, rel=0.01)


def test_a_path_is_walked_evenly():
    path = np.array([[115.0, 39.0], [115.0, 40.0], [116.0, 40.0]])
    lon, _, share = along(path, 1000.0)
    assert share.sum() == pytest.approx(1)
    north = share[lon == 115.0].sum()
    assert north == pytest.approx(1 / (1 + np.cos(np.radians(40))), rel=1e-3)
    assert len(along(np.array([[115.0, 39.0], [115.0, 39.0]]), 1000.0)[0]) == 1
