"""Outlines: which region holds a point, what a map says about its source, and what simplification keeps."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.places import SKETCH, OutlineSet, read_geojson
from lantian.places.geo import Box, Polygon, polygon_holds, ring_holds, snap_polygon

SQUARE = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0))
HOLE = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0), (1.0, 1.0))


def feature(code: object, west: float, geometry: dict[str, Any] | None = None) -> dict[str, Any]:
    ring = [[west, 40], [west + 1, 40], [west + 1, 41], [west, 41], [west, 40]]
    geometry = geometry or {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"adcode": code, "title": f"区{code}"}, "geometry": geometry}


def write(folder: Path, *features: dict[str, Any], name: str = "a.geojson") -> Path:
    text = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    path = folder / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def read(path: Path, **more: str) -> OutlineSet:
    return read_geojson(path, code="adcode", name="title", **more)


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz"])
def test_properties_are_mapped_and_codes_may_be_numbers(tmp_path: Path, name: str) -> None:
    outlines = read(write(tmp_path, feature(110105, 116), feature("110106", 117), name=name))
    assert outlines.id == "a"
    assert [outline.name for outline in outlines.outlines.values()] == ["区110105", "区110106"]
    assert outlines.box == Box(116, 40, 118, 41)


def test_a_point_on_the_common_border_is_in_one_of_both(tmp_path: Path) -> None:
    outlines = read(write(tmp_path, feature(110105, 116), feature(110106, 117)))
    assert (outlines.locate(116.5, 40.5), outlines.locate(117.5, 40.5)) == ("110105", "110106")
    assert sum(outline.holds(117.0, 40.5) for outline in outlines.outlines.values()) == 1
    assert outlines.locate(119, 40.5) is None


@pytest.mark.requirement("K3", part="审图号 kept with the outlines")
def test_without_approval_number_a_map_is_a_sketch(tmp_path: Path) -> None:
    path = write(tmp_path, feature(110105, 116))
    assert read(path).caption == SKETCH
    assert "非标准地图" in SKETCH
    assert "not an official map" in SKETCH
    approved = read(path, approval_number="GS(2024)0650号", source="某局")
    assert approved.geojson()["caption"] == "审图号：GS(2024)0650号"
    assert approved.geojson()["source"] == "某局"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (feature(None, 116), "feature 2: property 'adcode' is missing; the feature has adcode, title"),
        (feature(110100, 116), "heading"),
        (feature(110105, 116), "110105 stands in the file twice"),
        (feature(110106, 116, {"type": "Point", "coordinates": [1, 2]}), "expected Polygon or MultiPolygon"),
        (feature(110106, 116, {"type": "Polygon", "coordinates": []}), "at least one ring"),
        (feature(110106, 116, {"type": "Polygon", "coordinates": [[["a", 2]]]}), "lists of"),
        (feature(110106, 116, {"type": "Polygon", "coordinates": [[[440000, 4400000]] * 4]}), "WGS-84"),
    ],
)
def test_faults_name_file_feature_and_field(tmp_path: Path, broken: dict[str, Any], message: str) -> None:
    path = write(tmp_path, feature(110105, 116), broken)
    with pytest.raises(ValueError, match=message) as raised:
        read(path)
    assert f"{path}, feature 2" in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", '{"type": "Feature"}'])
def test_what_is_no_collection_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"x\.geojson"):
        read(path)


@given(st.floats(-1, 5), st.floats(-1, 5))
def test_a_hole_is_not_inside(lon: float, lat: float) -> None:
    inside = 0 <= lon < 4 and 0 <= lat < 4
    assert ring_holds(SQUARE, lon, lat) == inside
    assert polygon_holds((SQUARE, HOLE), lon, lat) == (inside and not (1 <= lon < 2 and 1 <= lat < 2))


@given(st.lists(st.tuples(st.floats(100, 120), st.floats(30, 45)), min_size=4, max_size=30))
def test_simplified_points_lie_on_the_grid_and_near(points: list[tuple[float, float]]) -> None:
    polygon: Polygon = (tuple(points),)
    snapped = snap_polygon(polygon, 0.5)
    if snapped is None:
        return
    (ring,) = snapped
    assert ring[0] == ring[-1]
    assert all(a != b for a, b in pairwise(ring))
    for lon, lat in ring:
        assert (lon * 2, lat * 2) == (round(lon * 2), round(lat * 2))
        assert min(max(abs(lon - x), abs(lat - y)) for x, y in points) <= 0.2500001


def test_simplified_neighbours_keep_their_border_and_small_regions_stay(tmp_path: Path) -> None:
    border = [[117.013, 40], [117.187, 40.4], [117.091, 41]]
    west = {"type": "Polygon", "coordinates": [[*border, [116, 41], [116, 40], border[0]]]}
    east = {"type": "Polygon", "coordinates": [[*border[::-1], [118, 40], [118, 41], border[2]]]}
    tiny = {"type": "Polygon", "coordinates": [[[119, 40], [119.001, 40], [119.001, 40.001], [119, 40]]]}
    file = write(tmp_path, feature(110105, 0, west), feature(110106, 0, east), feature(110107, 0, tiny))
    features = read(file).geojson(step=0.1)["features"]
    rings = [{tuple(point) for point in f["geometry"]["coordinates"][0]} for f in features]
    assert {(117.0, 40.0), (117.2, 40.4), (117.1, 41.0)} <= rings[0] & rings[1]
    assert features[2]["geometry"] == tiny
    assert [f["id"] for f in read(file).geojson(codes=["110107", "999"])["features"]] == ["110107"]
