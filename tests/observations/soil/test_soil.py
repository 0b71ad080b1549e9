"""Soil: levels by both standards, the column by pH, an office's own values; over the feeds as of a moment."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import yaml

from lantian.observations.feeds import PLATFORM, Feeds
from lantian.observations.feeds.loading import definitions
from lantian.observations.soil import SoilError, judge, law, load
from lantian.observations.soil.service import read
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
LAW = load()


def level(use, ph=None, **values):
    given = {name: Decimal(value) for name, value in values.items()}
    return judge(given | ({} if ph is None else {"ph": Decimal(ph)}), use, LAW)


@pytest.mark.requirement("M12", part="soil: screening and intervention values of farmland by its pH and use")
def test_farmland_is_judged_by_the_column_of_its_ph_and_its_use():
    assert [level("field", ph, cd="0.5").level for ph in ("5.5", "7.5", "7.6")] == ["screening", "screening", "low"]
    assert [level("paddy", ph, cd="0.4").level for ph in ("5.5", "5.6", "6.6")] == ["screening", "low", "low"]
    assert (level("orchard", "6", cu="140").level, level("field", "6", cu="140").level) == ("low", "screening")
    assert level("field", "7", pb="700").level == "screening"  # at the intervention value is not above it
    assert level("field", "7", pb="700.1").level == "intervention"
    assert level("field", "7", zn="9999").level == "screening"  # zinc has no intervention value
    none = level("field", cd="9")
    assert (none.level, none.lacks_ph, none.exceeding) == ("unjudged", True, ())


@pytest.mark.requirement("M12", part="soil: screening and intervention values of land to build on")
def test_land_to_build_on_is_judged_by_its_class_without_a_ph():
    first, second = level("first", pb="500", cr6="1"), level("second", pb="500", cr6="1")
    assert (first.level, second.level, first.lacks_ph) == ("screening", "low", False)
    assert [(one.item, one.multiple) for one in first.exceeding] == [("pb", Decimal("0.25"))]
    assert level("first", pb="801", ni="200").items[0].level == "intervention"
    assert level("first", zn="9999").level == "unjudged"  # it has no value there
    assert level("first").level == "unjudged"


def test_the_worst_item_stands_first_and_multiples_are_rounded_half_even():
    found = level("field", "8", cd="0.7", pb="1001", ni="190.475")
    assert [(one.item, one.level, one.multiple) for one in found.items] == [
        ("pb", "intervention", Decimal("4.89")),
        ("cd", "screening", Decimal("0.17")),
        ("ni", "screening", Decimal("0.00")),
    ]


def test_the_shipped_values_say_that_they_are_from_memory_and_items_are_those_of_the_feed():
    assert LAW.confidence == "MEMORY"
    assert set(definitions()["soil_sample"].field("item").codes) == {*law.ITEMS, "ph"}
    assert set(definitions()["soil_point"].field("use").codes) == {*law.FARMLAND, *law.BUILDING}


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        (("farmland", "ph"), ["6.5", "5.5", "7.5"], "expected rising ends"),
        (("farmland", "screening", "cd", "any"), ["1", "2"], "farmland.screening.cd.any: 2 values; expected 4"),
        (
            ("farmland", "screening", "cd", "any"),
            ["1", "2", "x", "4"],
            "farmland.screening.cd.any: 'x'; expected a number",
        ),
        (("farmland", "screening", "cd", "garden"), ["1"], "expected any, paddy"),
        (("building", "screening", "as"), ["1"], "expected two, of the first and the second class"),
        (("building", "screening", "gold"), ["1", "2"], "screening.gold: expected one of cd"),
        (("building", "intervention", "as"), ["20", "140"], "as .first.: expected intervention values above"),
        (("farmland",), None, "not as in the shipped file"),
    ],
)
def test_a_file_of_values_is_refused_with_the_entry(tmp_path, where, value, says):
    stated = yaml.safe_load(law.SHIPPED.read_text("utf-8"))
    at = stated
    for name in where[:-1]:
        at = at[name]
    at[where[-1]] = value
    (tmp_path / law.FILE).write_text(yaml.safe_dump(stated), encoding="utf-8")
    with pytest.raises(SoilError, match=says):
        load(tmp_path)


@pytest.mark.requirement("M12", part="soil: the last sample of each point, as it was known")
def test_points_are_judged_by_their_last_sample_as_of_a_moment(platform):
    PlaceStore(platform.engine).put_regions([Region("110105", "朝阳区"), Region("110112", "通州区")], "test")
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    feeds = Feeds(platform)
    points = [
        {"point": "S1", "name": "示例农田", "region": "110105", "use": "field"},
        {"point": "S2", "name": "示例地块", "region": "通州区", "use": "first"},
        {"point": "S3", "name": "示例空点", "region": "110112", "use": "second"},
    ]
    samples = [
        {"point": point, "date": day, "item": item, "value": value}
        for point, day, item, value in (
            ("S1", "2016-06-01", "ph", "6"), ("S1", "2016-06-01", "cd", "2.1"), ("S1", "2016-10-01", "cd", "0.2"),
            ("S2", "2016-06-01", "pb", "500"),
        )
    ]  # fmt: skip
    assert feeds.put("soil_point", points, "test", known_at="time", example=True).rejected == 0
    assert feeds.put("soil_sample", samples, "test", known_at="time").rejected == 0
    found = read(platform, PLATFORM, as_of=NOW)
    assert [(one.id, one.day, one.judgement.level) for one in found.points] == [
        ("S2", date(2016, 6, 1), "screening"),
        ("S1", date(2016, 10, 1), "unjudged"),  # the last sample has no pH
        ("S3", None, "unjudged"),
    ]
    assert (found.at("screening"), found.points[0].example) == (1, True)
    before = read(platform, PLATFORM, as_of=datetime(2016, 7, 1, tzinfo=UTC))
    assert (before.points[0].id, before.points[0].judgement.level) == ("S1", "intervention")
    assert [one.id for one in read(platform, PLATFORM, region="110105", as_of=NOW).points] == ["S1"]
    wrong = feeds.put("soil_sample", [samples[0] | {"value": "15"}, samples[1] | {"item": "gold"}], "test")
    reasons = feeds.rejected(wrong.batch)["reason_en"].sort().to_list()
    assert (len(reasons), reasons[0][:18], reasons[1]) == (2, "expected one of ph", "pH is 0 to 14")
