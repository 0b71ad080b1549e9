"""What lists of files refuse, row by row, in both languages."""

import pytest

from lantian.disclosure.opinion import files as opinion
from lantian.supervision import candidates
from lantian.supervision.listing import ListError
from lantian.supervision.register import files as sites


def refused(read, tmp_path, text, name="a.csv"):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ListError) as told:
        read(tmp_path / name)
    return told.value


@pytest.mark.requirement("V1", part="a wrong list names line, column, value and what would be right, in both languages")
def test_candidates_say_line_column_value_and_what_is_right(tmp_path):
    rows = "1,甲,13010,,,\n2,乙,130104,200,38,\n3,丙,130104,,,许多\n4,,130104,,,\n5,戊,130104,114,,\n"
    said = refused(candidates.read, tmp_path, "编号,名称,区划代码,经度,纬度,热点网格\n" + rows)
    assert said.zh.splitlines() == [
        "a.csv 第 2 行：区划代码“13010”：应为六位区县代码（GB/T 2260）",
        "a.csv 第 3 行：经度“200”：应为 -180 至 180 的度数",
        "a.csv 第 4 行：热点网格“许多”：应为大于 0 的权重，或留空",
        "a.csv 第 5 行：名称：不能为空",
        "a.csv 第 6 行：经度、纬度应同时填写或都不填",
    ]
    assert said.en.splitlines()[0] == (
        "a.csv, line 2: region: '13010'; expected the six digits of a county (GB/T 2260)"
    )
    assert str(said) == said.en


def test_sites_say_it_too(tmp_path):
    rows = "1,甲,99,,\n2,乙,130104,开,\n3,丙,130104,,去年\n3,丁,130104,,\n3,戊,130104,,\n"
    said = refused(sites.read, tmp_path, "编号,名称,区划代码,状态,投产日期\n" + rows)
    told = said.zh.splitlines()
    assert told[0] == "a.csv 第 2 行：区划代码“99”：应为六位区划代码（GB/T 2260）"
    assert told[1].startswith("a.csv 第 3 行：状态“开”：应为")
    assert told[2:] == [
        "a.csv 第 4 行：投产日期“去年”：应为日期，如 2017-06-01",
        "a.csv 第 6 行：编号“3”前面已有，应各不相同",
    ]


def test_messages_of_the_public_say_it_too(tmp_path):
    said = refused(opinion.read, tmp_path, "编号,时间,内容\n1,昨天,雾霾\n2,2016-12-16,\n")
    assert said.zh.splitlines() == [
        "a.csv 第 2 行：时间“昨天”：应为北京时间，如 2016-12-16 08:30",
        "a.csv 第 3 行：内容“”：应为 1 至 4000 字",
    ]


@pytest.mark.parametrize(
    ("name", "text", "zh"),
    [
        ("a.csv", "编号,名称\n1,甲\n", "a.csv 缺少列 区划代码；认识的列：id (编号, 序号)"),
        ("a.csv", "编号,名称,区划代码,id\n1,甲,130104,1\n", "a.csv 列 编号 重复"),
        ("a.csv", "编号,名称,区划代码\n", "a.csv：没有数据行"),
        ("a.xlsx", "no book", "a.xlsx：打不开，应为 .xlsx 工作簿"),
        ("a.json", "{", "a.json：不是有效的 JSON"),
        ("a.json", "{}", "a.json：应为对象的列表"),
    ],
)
def test_a_file_that_is_no_list_says_so(tmp_path, name, text, zh):
    assert refused(candidates.read, tmp_path, text, name).zh.startswith(zh)


def test_of_many_faults_the_first_twenty_are_told(tmp_path):
    said = refused(candidates.read, tmp_path, "编号,名称,区划代码\n" + "1,甲,x\n" * 30)
    assert (len(said.zh.splitlines()), said.zh.splitlines()[-1]) == (21, "另有 10 处")
    assert said.en.splitlines()[-1] == "and 10 more"
