"""Nothing of a person gets through: forms, scripts, signs between digits, known names; what is no person's stays."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.disclosure import redact
from lantian.disclosure.redact import MASK
from lantian.supervision import case as cases
from lantian.supervision import workflow_file
from lantian.supervision.events import Event
from lantian.supervision.findings import Finding
from lantian.supervision.personal import mask
from lantian.supervision.store import Record

pytestmark = pytest.mark.requirement("P2", part="no personal data in texts")

DIGITS = "0123456789"
WIDE = str.maketrans(DIGITS, "０１２３４５６７８９")
SPOKEN = str.maketrans(DIGITS, "零一二三四五六七八九")
AROUND = st.text(st.sampled_from("工地夜间施工扬尘渣土车遗撒，。、的了请查处电话是"), max_size=12)
MOBILES = st.builds(lambda a, rest: f"1{a}{rest}", st.sampled_from("3456789"), st.text(DIGITS, min_size=9, max_size=9))


@st.composite
def written(draw, numbers):
    """A number as people write it: in one of three scripts, with signs between."""
    number = draw(numbers).translate(draw(st.sampled_from([{}, WIDE, SPOKEN])))
    between = draw(st.sampled_from(["", "", " ", "-", ".", "·", "\u200b", " - "]))
    cuts = draw(st.sampled_from([(3, 7), (4, 8), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]))
    parts = [number[a:b] for a, b in zip((0, *cuts), (*cuts, len(number)), strict=True)]
    return between.join(parts)


@given(AROUND, written(MOBILES), AROUND)
def test_no_mobile_number_gets_through(before, number, after):
    shown = mask(before + number + after)
    assert number not in shown
    assert MASK in shown
    assert len(re.findall(r"\d", shown)) < 4


@given(
    AROUND,
    st.sampled_from("123456"),
    st.text(DIGITS, min_size=5, max_size=5),
    st.dates(datetime(1930, 1, 1).date(), datetime(2015, 1, 1).date()),
    st.text(DIGITS, min_size=3, max_size=3),
    st.sampled_from(DIGITS + "Xx"),
    st.sampled_from([{}, WIDE]),
)
def test_no_identity_card_gets_through(before, first, place, born, serial, check, script):
    number = f"{first}{place}{born:%Y%m%d}{serial}{check}".translate(script)
    shown = mask(f"{before}身份证{number}，请查")
    assert number[6:14] not in shown
    assert number[-5:-1] not in shown


@given(
    st.sampled_from("京津冀晋鲁豫"),
    st.sampled_from("ABCDEFGH"),
    st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=6),
    st.sampled_from(["", " ", "·", "-"]),
    AROUND,
)
def test_no_plate_gets_through(province, letter, rest, sign, around):
    for text in (f"{province}{letter}{sign}{rest}", f"{province}{letter.lower()}{sign}{rest.lower()}"):
        assert rest not in mask(f"{around}车号{text}未密闭")
        assert rest.lower() not in mask(f"{around}车号{text}未密闭")


@given(
    AROUND, st.text("赵钱孙李周吴郑王强伟芳娜敏静丽军", min_size=2, max_size=4), AROUND, st.sampled_from(["", " ", "·"])
)
def test_no_known_name_gets_through(before, name, after, sign):
    shown = mask(before + sign.join(name) + after, [name])
    assert name not in shown.replace(sign, "") or not sign
    assert name not in shown


@given(st.text(max_size=80), st.lists(st.text("张王李赵强伟", min_size=1, max_size=3), max_size=3))
def test_masking_twice_is_masking_once_and_never_fails(text, names):
    once = mask(text, names)
    assert mask(once, names) == once


@given(st.text(st.sampled_from("工地夜间施工扬尘渣土车遗撒未覆盖围挡混凝料堆场严重超标排放"), max_size=60))
def test_words_of_problems_stay(text):
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("联系人王小明，电话010-87654321", ["王小明", "87654321"]),
        ("负责人：李强 电话(0311)8812 3456", ["李强", "3456"]),
        ("请回复 zhang.san@example.com 或微信 zs_19800101", ["zhang", "zs_1980"]),
        ("家住幸福小区3号楼2单元501室", ["3号楼", "2单元", "501"]),
        ("张女士与赵大爷多次反映", ["张女", "赵大"]),
        ("位置 116.407431, 39.904211", ["116.407", "39.9042"]),
        ("QQ：123456789", ["123456789"]),
        ("+86 138 0000 1234 转告", ["0000", "1234"]),
        ("热线 400-123-4567", ["123", "4567"]),
        ("车牌冀Ａ·１２３４５", ["１２３"]),
        ("投诉人欧阳娜", ["欧阳娜"]),
        ("账号 6222021234567890123", ["62220"]),
        ("电话８７６５４３２１", ["８７６５"]),
    ],
)
def test_what_people_write(text, hidden):
    shown = mask(text)
    for part in hidden:
        assert part not in shown, shown


@pytest.mark.parametrize(
    "text",
    [
        "2016年12月16日20时 AQI 314，PM2.5 262 μg/m3",
        "案件 2016-000123 于 2016-12-16 交办，期限 15 天",
        "20161216 起应急",
        "裸土 12000 平方米未覆盖，料堆高 3.5 米",
        "建设路 128 号工地",
        "35 蒸吨锅炉 2 台，氮氧化物 120.5 mg/m3",
        "京津冀及周边地区",
        "北京市朝阳区住房城乡建设委员会",
        "高度重视，王府井大街道路扬尘",
    ],
)
def test_what_is_no_persons_stays(text):
    assert mask(text) == text


def test_a_case_knows_its_people():
    finding = Finding("示例工地未围挡", "construction", "complaint", "110105", person="示例赵某", phone="13800001234")
    at = datetime(2016, 12, 1, tzinfo=UTC)
    data = {**finding.data(), "workflow": "five_step", "deep": [{"contact": "钱二姐", "note": "土方"}]}
    events = (Event(1, at, "example-team-07", "open", data=data),)
    record = Record(1, "2016-000001", events, cases.fold(events, workflow_file.load("five_step")))
    names = redact.names_of(record, ["孙六"])
    assert names == {"example-team-07", "示例赵某", "13800001234", "钱二姐", "孙六"}
    shown = redact.text("示例赵某、钱 二姐、孙六的工地，Example-Team-07 查，土方未覆盖", names)
    assert shown == "***、***、***的工地，*** 查，土方未覆盖"


def test_a_place_is_shown_to_a_kilometre():
    assert redact.rough(116.40743, 39.90421) == (116.41, 39.9)
    assert redact.rough(None, None) is None
