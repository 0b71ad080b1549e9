"""Values as offices write them, points and their regions, and what no database could hold. Pure."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.observations.feeds.loading import read
from lantian.observations.feeds.lookups import Lookups
from lantian.observations.feeds.reading import of_rows
from lantian.observations.feeds.reading import read as read_file
from lantian.observations.feeds.validation import validate
from lantian.places.geo import polygon_holds
from lantian.places.outlines import OutlineSet

from .world import FIRING, box

SPOT = read(
    """
feed: spot
zh: 点
en: Spots
about: {zh: 点。, en: Spots.}
owner: ecology
key: [id]
place: [lon, lat]
fields:
  - {name: id, type: text, zh: 编号, en: Id}
  - {name: lon, type: lon, zh: 经度, en: Longitude}
  - {name: lat, type: lat, zh: 纬度, en: Latitude}
  - {name: day, type: date, zh: 日期, en: Day}
  - {name: at, type: time, zh: 时间, en: Time}
  - {name: n, type: integer, zh: 个数, en: Count}
""",
    "spot.yaml",
)
OUTLINES = OutlineSet("counties", {code: box(code, west) for code, west in (("110101", 116.4), ("110105", 116.5))})


def judged(*rows, lookups=None):
    return validate(of_rows([{"id": str(n), **row} for n, row in enumerate(rows)], SPOT).rows, SPOT, lookups)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2016-12-16", date(2016, 12, 16)),
        ("2016/1/5", date(2016, 1, 5)),
        ("2016年12月5日", date(2016, 12, 5)),
        ("20161216", date(2016, 12, 16)),
        ("2016-12", date(2016, 12, 1)),
        ("2016年12月", date(2016, 12, 1)),
        ("2016-12-16 00:00:00", date(2016, 12, 16)),
        ("42720", date(2016, 12, 16)),
        ("2016-02-30", None),
        ("12/16/2016", None),
        ("0016-12-16", None),
        ("soon", None),
    ],
)
def test_days_as_they_are_written(text, day):
    good, refused = judged({"day": text})
    assert good["day"].to_list() == ([day] if day else [])
    assert refused["field"].to_list() == ([] if day else ["day"])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-12-16 20:00", datetime(2016, 12, 16, 12, tzinfo=UTC)),
        ("2016-12-16T20:00:30", datetime(2016, 12, 16, 12, 0, 30, tzinfo=UTC)),
        ("2016-12-16T12:00Z", datetime(2016, 12, 16, 12, tzinfo=UTC)),
        ("2016-12-16T13:30+0130", datetime(2016, 12, 16, 12, tzinfo=UTC)),
        ("2016年12月16日20时", datetime(2016, 12, 16, 12, tzinfo=UTC)),
        ("2016/12/16 24:00", datetime(2016, 12, 16, 16, tzinfo=UTC)),
        ("42720.5", datetime(2016, 12, 16, 4, tzinfo=UTC)),
        ("2016-12-16 25:00", None),
        ("2016-12-16 20:61", None),
    ],
)
def test_times_as_they_are_written(text, moment):
    good, _ = judged({"at": text})
    assert good["at"].to_list() == ([moment] if moment else [])


def test_a_point_lies_where_its_outline_is():
    rows = [
        {"lon": 116.45, "lat": 39.95},
        {"lon": 116.55, "lat": 39.95},
        {"lon": 117, "lat": 39.95},
        {"lat": 95, "lon": 1},
    ]
    good, refused = judged(*rows, lookups=Lookups(outlines=OUTLINES))
    assert good["region"].to_list() == ["110101", "110105", None]
    assert (refused["line"].to_list(), refused["field"].to_list()) == (["4"], ["lat"])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(116.39, 116.61), st.floats(39.89, 40.01)), min_size=1, max_size=20))
def test_many_points_are_where_each_alone_would_be(points):
    rows = [{"lon": lon, "lat": lat} for lon, lat in points]
    good, _ = judged(*rows, lookups=Lookups(outlines=OUTLINES))
    alone = [
        next((code for code, one in OUTLINES.outlines.items() if polygon_holds(one.polygons[0], lon, lat)), None)
        for lon, lat in points
    ]
    assert good["region"].to_list() == alone


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(list(SPOT.schema)), st.one_of(st.text(), st.floats(), st.integers(), st.booleans()))
)
def test_whatever_is_sent_is_stored_or_refused(row):
    good, refused = validate(of_rows([row], SPOT).rows, SPOT)
    assert good.height + (refused.height > 0) == 1
    assert dict(list(good.schema.items())[:6]) == dict(SPOT.schema)
    assert not any("\x00" in (value or "") for value in refused["value"])


def test_values_need_no_text():
    frame = pl.DataFrame({"id": ["a", "b"], "lon": [1.5, float("nan")], "day": [date(2016, 1, 1), None], "n": [3, 4]})
    good, refused = validate(frame, SPOT)
    assert refused.is_empty()
    assert good.select("id", "lon", "n").rows() == [("a", 1.5, 3), ("b", None, 4)]


def test_columns_that_are_none_of_the_feeds_are_passed_over_and_told():
    feed = read(FIRING, "firing.yaml")
    reading = read_file(("f.tsv", "备注\t窑炉\t点火时间\nx\tK1\t2016-12-16 08:00\n".encode("utf-8-sig")), feed)
    assert reading.rows.columns == ["_file", "_line", "kiln", "at"]
    assert "备注" in reading.notes[0]
    boiler = read_file(("f.csv", "窑炉,点火时间\n#1炉,2016-12-16 08:00\n".encode()), feed)
    assert boiler.rows["kiln"].to_list() == ["#1炉"]
