"""Names, people, telephones, equipment, addresses: many ways of writing, one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.supervision import identity
from lantian.supervision.addresses import address
from lantian.supervision.identity import equipment, fits, name, person, phones, plain

MINE = pytest.mark.requirement("V5", part="names, people, telephones, equipment, addresses in one form")
HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)


@MINE
@pytest.mark.parametrize(
    ("text", "region", "core", "trade", "form"),
    [
        ("石家庄市藁城区鑫旺塑料制品加工厂", "石家庄市藁城区", "鑫旺", "塑料制品", "加工厂"),
        ("河北鑫達鋼鐵有限公司", "河北", "鑫达", "钢铁", "有限公司"),
        ("（示例）红旗家具厂", "", "红旗", "家具", "厂"),
        ("廉州镇第三砖瓦厂", "廉州镇", "第3", "砖瓦", "厂"),
        ("廉州镇第３砖瓦厂", "廉州镇", "第3", "砖瓦", "厂"),
        ("红村家具厂", "", "红村", "家具", "厂"),
        ("张小强塑料加工点", "", "张小强", "塑料", "加工点"),
        ("无名塑料厂", "", "", "塑料", "厂"),
        ("塑料厂", "", "", "塑料", "厂"),
        ("辛集市新垒头镇王庄村利民皮革厂", "辛集市新垒头镇王庄村", "利民", "皮革", "厂"),
        ("北京市大兴区旧宫镇华美印刷包装制品有限公司", "北京市大兴区旧宫镇", "华美", "印刷包装制品", "有限公司"),
    ],
)
def test_a_name_is_taken_apart(text, region, core, trade, form):
    found = name(text)
    assert (found.region, found.core, found.trade, found.form) == (region, core, trade, form)


@MINE
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("鑫旺塑料厂", "鑫旺 塑料廠"),
        ("藁城县兴达砖厂", "兴达砖瓦厂"),
        ("Ａ１板材厂", "a1板材加工部"),
        ("第二十三铸造厂", "第23铸造厂"),
        ("已达五金厂", "己达五金厂"),
    ],
)
def test_names_of_one_firm_have_one_core(one, other):
    assert name(one).eye == name(other).eye != ""


def test_a_former_name_and_a_place_without_its_ending_are_known():
    assert name("鑫旺塑料厂（原兴达塑料厂）").former == "兴达"
    assert name("藁城兴达砖厂").core == "藁城兴达"
    assert name("藁城兴达砖厂", ("藁城",)).core == "兴达"
    assert name("鑫旺厂").ear == name("新望厂").ear


@MINE
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "河北省石家庄市藁城区廉州镇张家庄村东头往北２００米路西（原兴达砖厂院内）",
            {
                "province": "河北省",
                "city": "石家庄市",
                "county": "藁城区",
                "township": "廉州",
                "village": "张家庄",
                "yard": "兴达砖",
                "door": "张家庄/兴达砖",
            },
        ),
        ("北京市朝阳区建国路88号", {"county": "朝阳区", "road": "建国路", "number": "88", "door": "建国路/88"}),
        ("廊坊市霸州市胜芳镇芳清路南侧", {"county": "霸州市", "road": "芳清路", "door": ""}),
        ("沧州市任丘市麻家坞镇东村村委会往北200米", {"village": "东", "offsets": (("北", 200.0),), "door": "东/北200"}),
        ("文安县工业园区中心路东侧原供销社院内", {"county": "文安县", "zone": "工业园区", "yard": "供销社"}),
        ("邢台市沙河市白塔镇新章村西五百米", {"village": "新章", "offsets": (("西", 500.0),)}),
        ("张家庄", {"village": "张家庄"}),
        ("唐山市丰南区经济开发区兴业路12-3号", {"county": "丰南区", "zone": "经济开发区", "number": "12-3"}),
        ("某地", {"rest": "某地", "door": ""}),
    ],
)
def test_an_address_is_taken_apart(text, parts):
    found = address(text)
    assert {key: getattr(found, key) for key in parts} == parts


@MINE
def test_people_are_known_behind_titles_and_masks():
    assert person("法人：张　小強先生") == person("张小强")
    assert person("欧阳修文").surname == "欧阳"
    assert person("张某").masked
    assert person("张*强").key == person("张小强").key == "张强"
    assert person("王××").key == ""
    assert person("不详") is person("") is None


@MINE
def test_telephones_are_known_however_they_are_written():
    assert phones("+86 138-0000-1234") == phones("13800001234") == phones("(138) 0000 1234")
    assert phones("0311-88880000转8") == phones("8888 0000")
    assert [one.kind for one in phones("13800001234/0311-88880000 13900001234")] == ["mobile", "landline", "mobile"]
    assert phones("138****1234")[0].masked
    assert phones("138xxxx1234") == phones("138****1234")
    assert phones("无") == phones("12345") == ()


@MINE
def test_equipment_is_read_with_number_and_size():
    found = equipment("４吨燃煤锅炉壹台、注塑机3台,破碎機")
    assert [(one.type, one.count, one.size) for one in found] == [
        ("boiler", 1, "4"),
        ("crusher", None, ""),
        ("injection", 3, ""),
    ]
    assert equipment("两台4t/h锅炉") == equipment("4蒸吨锅炉2台")
    assert equipment("清洗池") == ()
    assert identity.TABLES["equipment"].keys() == identity.TABLES["equipment_names"].keys()


def test_hidden_characters_fit_what_they_may_hide():
    assert fits("138****1234", "13800001234")
    assert not fits("138****1234", "13800001235")
    assert not fits("张*", "张小强")


@given(HAN)
def test_one_form_stays_one_form(text):
    assert plain(plain(text)) == plain(text)
    assert identity.digits(identity.digits(text)) == identity.digits(text)
    for read in (name, person, phones, equipment, address):
        read(text)  # nothing written makes it fail


@given(st.text(max_size=30))
def test_nothing_typed_makes_it_fail(text):
    for read in (name, person, phones, equipment, address):
        read(text)
