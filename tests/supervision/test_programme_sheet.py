"""The task list as a workbook: nothing is lost, and a row that cannot be used is named."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from lantian.supervision.programme import sheet, templates
from lantian.supervision.programme.sheet import SheetError, read, write

from .programme_made import CITY, DUE, START, child, steps

WORDS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)


@pytest.mark.requirement("V7", part="task list as XLSX")
@settings(max_examples=25)
@given(WORDS, st.decimals(min_value="0.000000000001", max_value="99999999999", allow_nan=False), st.booleans(), WORDS)
def test_what_is_written_is_read_back_whole(title, quantity, example, enterprise):
    whole = replace(
        CITY,
        title=title,
        quantity=quantity,
        example=example,
        enterprise=enterprise,
        programme="2016",
        steps=steps((START, 0), (date(2016, 8, 1), 33), (DUE, 100)),
    )
    part = replace(
        child("B", "0.0000000000001"), steps=steps((date(2016, 6, 1), None), (DUE, None)), source="interview"
    )
    assert read(write([whole, part, replace(CITY, number="")])) == [whole, part, replace(CITY, number="")]


def test_a_text_that_looks_like_a_formula_stays_text():
    odd = replace(CITY, title="=1+1", enterprise="+示例", number="0012")
    assert read(write([odd])) == [odd]


def broken(change) -> str:
    book = load_workbook(BytesIO(write([replace(CITY, steps=steps((START, 0), (DUE, 100))), child("B", 5)])))
    change(book)
    stream = BytesIO()
    book.save(stream)
    with pytest.raises(SheetError) as error:
        read(stream.getvalue())
    for fault in error.value.faults:
        assert fault.said.zh.startswith(f"工作表 {fault.sheet} 第 {fault.row} 行")
        assert not {"expected", "empty", "missing", "unknown"} & set(fault.said.zh.split()), fault.said.zh
    return "\n".join(map(str, error.value.faults))


def setting(name: str, cell: str, value: object):
    def change(book) -> None:
        book[name][cell] = value

    return change


@pytest.mark.requirement("V7", part="task list as XLSX")
@pytest.mark.parametrize(
    ("where", "cell", "value", "said"),
    [
        ("任务", "G3", "许多", "sheet 任务, row 3, 数量: '许多': expected a number above 0"),
        ("任务", "G3", -2, "sheet 任务, row 3, 数量: '-2': expected a number above 0"),
        ("任务", "G3", None, "row 3, 数量: '': expected"),
        ("任务", "H2", "斗", "sheet 任务, row 2, 单位: '斗': expected one of 项, 台"),
        ("任务", "F2", "无此局", "sheet 任务, row 2, 责任部门: '无此局': expected one of 属地政府"),
        ("任务", "J2", "年底", "sheet 任务, row 2, 期限: '年底': expected a day such as 2016-12-31"),
        ("任务", "J2", "2016-01-01", "row 2, 期限"),
        ("任务", "E2", "北京", "row 2, 区划代码"),
        ("任务", "D3", None, "sheet 任务, row 3, 任务: it is empty; expected the task in one line"),
        ("任务", "P1", "备注", "sheet 任务, row 1, 备注: unknown column"),
        ("任务", "Q3", "丢了", "sheet 任务, row 3: '丢了': expected no value in a column without a head"),
        ("任务", "G1", "数目", "sheet 任务, row 1, 数量: the column is missing"),
        ("任务", "O2", "也许", "row 2, 示例: '也许': expected 是 or 否"),
        ("倒排工期", "A2", "Z", "sheet 倒排工期, row 2, 任务编号: 'Z': expected a number of sheet 任务"),
        ("倒排工期", "C3", None, "sheet 倒排工期, row 3, 日期: it is empty"),
        ("倒排工期", "D3", "一半", "sheet 倒排工期, row 3, 累计占比%: '一半': expected a percentage from 0 to 100"),
        ("倒排工期", "D3", 90, "end at 100"),
    ],
)
def test_a_broken_row_is_named_with_sheet_row_field_value_and_what_is_right(where, cell, value, said):
    found = broken(setting(where, cell, value))
    if value is None and cell == "G3":
        assert "sheet 任务, row 3, 数量" in found
    else:
        assert said in found


@pytest.mark.parametrize(
    ("cell", "value", "zh"),
    [
        ("G3", "许多", "工作表 任务 第 3 行数量“许多”：应为大于 0 的数"),
        ("J2", "年底", "工作表 任务 第 2 行期限“年底”：应为日期，如 2016-12-31"),
        ("D3", None, "工作表 任务 第 3 行任务：不能为空，应为一行任务"),
        ("G1", "数目", "工作表 任务 第 1 行数量：缺少这一列"),
        ("J2", "2016-01-01", "工作表 任务 第 2 行期限：期限 2016-01-01 早于开始日 2016-04-01"),
    ],
)
def test_a_page_in_chinese_says_it_in_chinese(cell, value, zh):
    book = load_workbook(BytesIO(write([CITY, child("B", 5)])))
    book["任务"][cell] = value
    stream = BytesIO()
    book.save(stream)
    with pytest.raises(SheetError) as error:
        read(stream.getvalue())
    assert zh in error.value.zh.split("；")


def test_a_number_stands_once():
    book = load_workbook(BytesIO(write([CITY, replace(CITY, title="另一项")])))
    stream = BytesIO()
    book.save(stream)
    with pytest.raises(SheetError, match="row 3, 任务编号: 'A': expected a number of its own for each row"):
        read(stream.getvalue())


def test_every_fault_is_told_at_once_and_a_strange_file_too():
    def change(book) -> None:
        book["任务"]["G2"], book["任务"]["H3"] = "x", "y"
        book.create_sheet("其他")

    assert len(broken(change).splitlines()) >= 3
    with pytest.raises(SheetError, match="no XLSX workbook"):
        read(b"not a workbook")
    book = load_workbook(BytesIO(write([CITY])))
    del book["任务"]
    stream = BytesIO()
    book.save(stream)
    with pytest.raises(SheetError, match="a sheet called 任务"):
        read(stream.getvalue())


def test_a_template_is_filled_in_and_read():
    plan = templates.load("work_lines")
    book = load_workbook(BytesIO(sheet.blank(plan, programme="2016", region="110000", start=START, due=DUE)))
    for row in book["任务"].iter_rows(min_row=2):
        row[6].value = 12.5
    stream = BytesIO()
    book.save(stream)
    found = read(stream.getvalue())
    assert [task.item for task in found] == list(plan.items)
    assert {task.quantity for task in found} == {Decimal("12.5")}
    assert all(task.steps[-1].due == DUE for task in found)
