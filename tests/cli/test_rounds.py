"""`lantian round`: the plan, and a draw that comes out the same from CSV, XLSX, JSON and the register."""

import json
import shlex

import pytest
from openpyxl import Workbook

pytestmark = pytest.mark.requirement("V1", part="lantian round: plan, draw, sites")
HEAD = ("编号", "企业名称", "区县代码", "行业", "热点网格", "已查")
ROWS = [
    (f"S{k:02d}", f"（示例）第{k}厂", ("130102", "130104", "130105")[k % 3], "casting", "2" if k % 4 == 0 else "", "")
    for k in range(24)
]


@pytest.fixture
def lists(tmp_path):
    """The same list in three kinds of file, in three orders."""
    (tmp_path / "list.csv").write_bytes("\n".join(",".join(row) for row in (HEAD, *ROWS)).encode("gb18030"))
    book = Workbook()
    for row in (HEAD, *ROWS[::-1]):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    names = ("id", "name", "region", "industry", "hot_cell", "inspected")
    rows = [dict(zip(names, row, strict=True)) for row in (*ROWS[12:], *ROWS[:12])]
    (tmp_path / "list.json").write_text(json.dumps(rows), encoding="utf-8")
    return [tmp_path / f"list.{kind}" for kind in ("csv", "xlsx", "json")]


def test_the_plan_of_fifteen_rounds(alone):
    value = alone.value("round", "plan", "--start", "2017-09-01")
    assert [value["rounds"][k]["start"] for k in (0, 5, 14)] == ["2017-09-01", "2017-11-10", "2018-03-16"]
    assert alone.value("round", "plan", "--start", "2018-06-11", "--rounds", "3", "--days", "10")["rounds"][0] == {
        "number": 1,
        "start": "2018-06-11",
        "end": "2018-06-14",
        "days": 4,
    }


def test_the_same_list_in_any_file_gives_the_same_draw_and_the_printed_command_repeats_it(alone, lists):
    drawn = [alone.value("round", "draw", "--candidates", path, "--seed", "20171110", "--n", "8") for path in lists]
    assert drawn[0]["drawn"] == drawn[1]["drawn"] == drawn[2]["drawn"]
    assert len({one["list_hash"] for one in drawn}) == 1
    assert len(drawn[0]["drawn"]) == 8
    assert drawn[0]["candidates"] == 24
    assert set(drawn[0]["counties"]) == {"130102", "130104", "130105"}
    words = shlex.split(drawn[0]["command"])
    assert words[0] == "lantian"
    assert alone.value(*words[1:])["drawn"] == drawn[0]["drawn"]
    other = alone.value("round", "draw", "--candidates", lists[0], "--seed", "20171111", "--n", "8")
    assert other["drawn"] != drawn[0]["drawn"]


def test_people_read_why_each_was_drawn(alone, lists):
    told = alone.run("round", "draw", "--candidates", lists[0], "--seed", "7", "--n", "6").stdout
    assert "24 家中抽取 6 家：种子 seed 7" in told
    assert "热点网格" in told
    assert "信访投诉层应抽 1 家，可抽 0 家" in told
    assert "lantian round draw --candidates" in told


def test_what_cannot_be_drawn_is_refused(alone, lists, tmp_path):
    (tmp_path / "bad.csv").write_text("id,name,region,lon\nA,厂,河北,200\nB,,130102,\n", encoding="utf-8")
    told = alone.refusal("round", "draw", "--candidates", tmp_path / "bad.csv", "--seed", "1", code=2)
    assert "bad.csv, line 2: region: '河北'; expected the six digits" in told
    assert "bad.csv, line 3: name: empty" in told
    (tmp_path / "head.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    told = alone.refusal("round", "draw", "--candidates", tmp_path / "head.csv", "--seed", "1", code=2)
    assert "lacks the column id, name, region" in told
    assert "no such file" in alone.refusal("round", "draw", "--candidates", tmp_path / "no.csv", "--seed", "1", code=2)
    told = alone.refusal("round", "draw", "--candidates", lists[0], "--seed", "1", "--shares", "hot=1", code=2)
    assert "shares 'hot=1': expected NAME=NUMBER" in told


def test_sites_are_loaded_into_the_register_and_drawn_from_it(commands, tmp_path):
    head = "编号,企业名称,区县代码,负责人,电话,主要设备,状态,取缔日期,投产日期,示例,经度,纬度"
    lines = [
        f"S{k},（示例）第{k}厂,130102,李示例,1390000000{k},注塑机{k}台,,,2016/01/05,1,114.5,38.0" for k in range(6)
    ]
    lines += ["B1,（示例）旧厂,130104,张示例,13800001234,破碎机,取缔,2016-06-01,,是,,"]
    (tmp_path / "sites.csv").write_text("\n".join((head, *lines)), encoding="utf-8")
    assert commands.value("round", "sites", tmp_path / "sites.csv") == {"sites": 7}
    drawn = commands.value("round", "draw", "--seed", "9", "--n", "4", "--write", tmp_path / "list.csv")
    assert drawn["candidates"] == 6  # the banned one is not drawn
    again = commands.value("round", "draw", "--seed", "9", "--n", "4", "--candidates", tmp_path / "list.csv")
    assert again["drawn"] == drawn["drawn"]
    assert again["list_hash"] == drawn["list_hash"]
    assert "not written over" in commands.refusal(
        "round", "draw", "--seed", "9", "--write", tmp_path / "list.csv", code=2
    )
    (tmp_path / "bad.csv").write_text(
        "\n".join((head, lines[0], lines[0], lines[1].replace(",,,2016/01/05", ",closed,,x"))), encoding="utf-8"
    )
    told = commands.refusal("round", "sites", tmp_path / "bad.csv", code=2)
    assert "bad.csv, line 3: id: 'S0' stood there before" in told
    assert "bad.csv, line 4: status: 'closed'; expected one of active" in told


def test_an_empty_register_has_nobody_to_draw(commands):
    assert "give a list with --candidates" in commands.refusal("round", "draw", "--seed", "9", code=3)
