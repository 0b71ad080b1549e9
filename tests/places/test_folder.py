"""A city as a folder: the shipped example, and what is said of a folder with a fault."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from lantian.places import PlaceFolder, is_within, read_folder

EXAMPLE = Path(__file__).parents[2] / "examples/beijing"
# the order of the plan for autumn and winter 2017-18
ORDER = (
    "北京 天津 石家庄 唐山 廊坊 保定 沧州 衡水 邢台 邯郸 太原 阳泉 长治 晋城 "
    "济南 淄博 济宁 德州 聊城 滨州 菏泽 郑州 开封 安阳 鹤壁 新乡 焦作 濮阳"
)


@pytest.fixture(scope="module")
def example() -> PlaceFolder:
    return read_folder(EXAMPLE)


def test_the_example_has_all_its_places(example: PlaceFolder) -> None:
    kinds = Counter(region.kind for region in example.regions.values())
    assert kinds == {"province": 4, "city": 28, "county": 327, "zone": 4}
    assert len(example.stations) == 204
    assert len(example.aliases) == 12
    larger = [region for region in example.regions.values() if region.kind in ("province", "city")]
    assert all(region.name_en for region in larger)


def test_the_group_stands_in_the_order_of_the_plan(example: PlaceFolder) -> None:
    names = [example.regions[code].name.removesuffix("市") for code in example.groups["2+26"].members]
    assert " ".join(names) == ORDER


def test_every_station_is_placed_in_a_county_of_its_city(example: PlaceFolder) -> None:
    assert {example.regions[station.region].kind for station in example.stations.values()} == {"county"}
    dongsi = example.stations["1003A"]
    assert (dongsi.region, dongsi.name, example.aliases["Dongsi"]) == ("110101", "东四", "1003A")
    guancheng = example.stations["1316A"]
    assert guancheng.region == "410104"  # written 郑州市管城回族区
    assert example.stations["1301A"].region == "370102"  # 高新区 of Jinan: by its coordinates
    assert any("1301A" in note and "高新区" in note for note in example.notes)


def test_what_is_invented_says_so(example: PlaceFolder) -> None:
    zones = [region for region in example.regions.values() if region.kind == "zone"]
    assert all(zone.example and "示例" in zone.name for zone in zones)
    assert not any(region.example for region in example.regions.values() if region.kind != "zone")
    for zone in zones:
        assert zone.parent is not None
        assert all(is_within(example.stations[code].region, zone.parent) for code in example.memberships[zone.code])


def test_control_point_and_later_network_are_known(example: PlaceFolder) -> None:
    assert [code for code, station in example.stations.items() if not station.evaluation] == ["1002A"]
    running = [s for s in example.stations.values() if is_within(s.region, "110000") and s.runs(date(2016, 12, 16))]
    assert sorted(s.code for s in running) == [f"{n}A" for n in range(1001, 1013)]


def test_outlines_cover_the_regions(example: PlaceFolder) -> None:
    sets = {outlines.id: outlines for outlines in example.outlines}
    assert (len(sets["cities"].outlines), len(sets["counties"].outlines)) == (28, 327)
    assert sets["cities"].locate(116.4174, 39.9289) == "110000"
    assert sets["counties"].locate(116.4174, 39.9289) == "110101"
    assert all("示意图" in outlines.caption for outlines in example.outlines)


def city(folder: Path, text: str) -> Path:
    (folder / "regions.csv").write_text("code,name\n110000,北京市\n110105,朝阳区\n", encoding="utf-8")
    (folder / "stations.csv").write_text("code,name,lon,lat,region\n1A,甲,116.4,39.9,110105\n", encoding="utf-8")
    (folder / "city.toml").write_text(text, encoding="utf-8")
    return folder


SMALL = '[places]\nregions = "regions.csv"\nstations = ["stations.csv"]\n'


def test_two_lists_are_enough(tmp_path: Path) -> None:
    folder = read_folder(city(tmp_path, SMALL))
    assert (list(folder.regions), list(folder.stations), folder.terrain) == (["110000", "110105"], ["1A"], None)


def test_the_mark_that_windows_editors_write_is_met(tmp_path: Path) -> None:
    city(tmp_path, "\ufeff" + SMALL)
    assert "110105" in read_folder(tmp_path / "city.toml").regions
    (tmp_path / "city.toml").write_text('name = "我的城市"', encoding="gb18030")
    with pytest.raises(ValueError, match="not TOML in UTF-8"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[places\n", "not TOML"),
        ('[places]\nregion = "x"\n', r"\[places\] region: unknown; expected one of regions"),
        ("[places]\nstations = 'x'\n", r"\[places\] stations: 'x'; expected a list"),
        (SMALL + '[[group]]\nid = "g"\n', "group: unknown; expected one of .*groups"),
        ('[places]\nregions = "none.csv"\n', "none.csv: no such file"),
        (SMALL + 'not_evaluated = ["9A"]\n', "not_evaluated: '9A' is no station"),
        (SMALL + '[[groups]]\nid = "g"\n', "name, members is missing"),
        (SMALL + '[[groups]]\nid="g"\nname="组"\nmembers=["120000"]\n', "group g, members: '120000' is not among"),
        (SMALL + '[[groups]]\nid="g"\nname="组"\nmembers=["110000","110000"]\n', "stands there twice"),
        (
            SMALL + '[[zones]]\ncode="Z11000001"\nname="区"\nstations=["9A"]\n',
            "membership of Z11000001, stations: '9A'",
        ),
        (SMALL + '[[membership]]\nregion="120000"\nstations=["1A"]\n', "membership, region: '120000'"),
        ('[places]\nstations = ["stations.csv"]\n', "station 1A, region: '110105' is not among"),
        ('example = true\n[[zones]]\ncode="Z11000001"\nname="区"\nstations=["1A"]\n', "must contain 示例"),
    ],
)
def test_a_fault_is_named_with_what_would_be_right(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_folder(city(tmp_path, text))


def test_a_bad_region_list_names_its_lines(tmp_path: Path) -> None:
    folder = city(tmp_path, SMALL)
    (folder / "regions.csv").write_text("code,name\n110000,北京市\n1101,朝阳区\n110000,北京\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"(?s)regions\.csv, line 3, code: '1101'.*line 4, code: '110000'; .* once"):
        read_folder(folder)


def test_an_empty_folder_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected city\.toml or example\.toml"):
        read_folder(tmp_path)
