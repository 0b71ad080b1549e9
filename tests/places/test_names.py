"""From what people type to places."""

import pytest

from lantian.places import Gazetteer, PlaceLookupError, Region, Station
from lantian.places.names import Locator, short_name
from lantian.places.outlines import Outline, OutlineSet

REGIONS = [
    Region("110000", "北京市", "Beijing"),
    Region("110105", "朝阳区", "Chaoyang"),
    Region("110101", "东城区"),
    Region("130100", "石家庄市", "Shijiazhuang"),
    Region("130104", "桥西区"),
    Region("130500", "邢台市", "Xingtai"),
    Region("130503", "信都区"),
    Region("130521", "邢台县"),
    Region("130502", "桥西区"),
    Region("Z11010501", "朝阳示例开发区", example=True),
]
STATIONS = [
    Station("1003A", "东四", "state", "110101", 116.4174, 39.9289),
    Station("1073A", "市环保局", "state", "130104", 114, 38),
    Station("1080A", "市环保局", "state", "130503", 114, 37),
]
GAZETTEER = Gazetteer(REGIONS, STATIONS, {"Dongsi": "1003A"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("北京", "110000"),
        ("北京市", "110000"),
        ("beijing", "110000"),
        (" BEIJING ", "110000"),
        ("110000", "110000"),
        ("1003A", "1003A"),
        ("东四", "1003A"),
        ("dongsi", "1003A"),
        ("北京东四", "1003A"),
        ("北京市朝阳区", "110105"),
        ("邢台", "130500"),
        ("邢台县", "130521"),
        ("石家庄 桥西区", "130104"),
        ("邢台/桥西", "130502"),
        ("邢台市环保局", "1080A"),
        ("朝阳示例开发区", "Z11010501"),
    ],
)
def test_every_name_finds_its_place(text: str, code: str) -> None:
    assert GAZETTEER.resolve(text).code == code


def test_a_name_of_several_places_lists_them() -> None:
    with pytest.raises(PlaceLookupError, match="names several places") as raised:
        GAZETTEER.resolve("桥西区")
    assert raised.value.ambiguous
    assert {place.code for place in raised.value.candidates} == {"130104", "130502"}
    assert "桥西区 (130104)" in str(raised.value)


@pytest.mark.parametrize(("text", "meant"), [("Bejing", "110000"), ("朝阳开发", "Z11010501"), ("1003B", "1003A")])
def test_a_slip_lists_what_may_be_meant(text: str, meant: str) -> None:
    with pytest.raises(PlaceLookupError, match="did you mean") as raised:
        GAZETTEER.resolve(text)
    assert meant in {place.code for place in raised.value.candidates}


@pytest.mark.parametrize("text", ["", "  ", "Ulaanbaatar"])
def test_what_is_near_nothing_says_what_is_expected(text: str) -> None:
    with pytest.raises(PlaceLookupError, match="expected a name, an English name or a code"):
        GAZETTEER.resolve(text)


def test_short_names_keep_two_characters() -> None:
    names = ["郊区", "矿区", "长安区", "管城回族区", "内蒙古自治区", "大厂回族自治县", "郑东新区"]
    assert [short_name(name) for name in names] == ["郊区", "矿区", "长安", "管城", "内蒙古", "大厂", "郑东"]


def test_a_station_is_located_by_county_then_outline_then_city() -> None:
    square = (((114.0, 38.0), (115.0, 38.0), (115.0, 39.0), (114.0, 39.0)),)
    locate = Locator(REGIONS, OutlineSet("counties", {"130104": Outline("130104", "桥西区", (square,))}))
    assert locate("a", "石家庄", "桥西区", 0, 0) == "130104"
    assert locate("b", "邢台", "邢台市桥西区", 0, 0) == "130502"
    assert locate.notes == []
    assert locate("c", "石家庄", "高新区", 114.5, 38.5) == "130104"
    assert locate("d", "北京", "高新区", 114.5, 38.5) == "110000"  # the outline is another city's
    assert locate("e", "", "", 114.5, 38.5) == "130104"
    assert locate("f", "某市", "某区", 0, 0) is None
    assert locate.notes[0] == "station c: 石家庄 has no county '高新区'; placed in 桥西区 (130104)"
    assert "station d" in locate.notes[1]
