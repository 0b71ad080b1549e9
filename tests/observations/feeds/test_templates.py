"""Templates come back as they went out: what is filled in is read under the heads that the template has."""

import io

import openpyxl
import pytest

from lantian.observations.feeds import PLATFORM, FeedError, Feeds, templates
from lantian.observations.feeds.loading import definitions
from lantian.observations.feeds.reading import read

from .world import settle


@pytest.fixture
def feeds(platform) -> Feeds:
    return settle(platform)


@pytest.mark.requirement("M6", part="templates")
def test_a_workbook_is_filled_in_and_comes_back(feeds):
    feed = feeds.feed("firing")
    for language, heads, gas, hour in (
        ("zh", ["窑炉*", "点火时间*", "热量（GJ）"], "gas 天然气", 8),
        ("en", ["Kiln*", "Lit at*", "Heat (GJ)"], "gas Gas", 9),
    ):
        book = openpyxl.load_workbook(io.BytesIO(templates.as_workbook(feed, language)))
        sheet = book.worksheets[0]
        assert [cell.value for cell in sheet[1]][:3] == heads
        lists = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
        assert lists["E2:E5000"] == "'代码 codes'!$A$2:$A$3"
        assert [cell.value for cell in book["代码 codes"]["A"]][1] == gas
        explained = {row[1].value: row[3].value for row in book.worksheets[1].iter_rows(min_row=2) if row[1].value}
        assert "500" in explained["heat"]
        sheet.append(["K1", f"2016-12-16 0{hour}:00", 12.5, 3, gas, "是", None, "京A12345", "张三"])
        file = io.BytesIO()
        book.save(file)
        receipt = feeds.put("firing", ("窑.xlsx", file.getvalue()), "clerk")
        assert (receipt.new, receipt.rejected) == (1, 0)
    assert feeds.read("firing", PLATFORM).select("heat", "fuel", "clean").rows() == [(12.5, "gas", True)] * 2


@pytest.mark.requirement("M6", part="templates")
def test_a_csv_opens_in_excel_explains_itself_and_comes_back(feeds):
    text = templates.as_csv(feeds.feed("firing"))
    assert text.startswith(b"\xef\xbb\xbf")
    head, explained = text.decode("utf-8-sig").splitlines()
    assert head.startswith("窑炉*,点火时间*,热量（GJ）,")
    assert explained.startswith("#说明 ")
    receipt = feeds.put("firing", ("窑.csv", text + "K2,2016-12-16 08:00,1,,煤,,,,\r\n".encode()), "clerk")
    assert (receipt.new, receipt.rejected) == (1, 0)
    known = feeds.all()
    assert len(known) > 10
    for feed in known.values():
        assert templates.as_csv(feed).decode("utf-8-sig").count("\n") == 2
        if feed.store == "records":
            assert set(feeds.read(feed.name, PLATFORM).columns) >= {
                *feed.schema,
                "region",
                "flags",
                "known_at",
                "batch",
            }


@pytest.mark.requirement("M6", part="what is wrong with a whole file, in both languages")
@pytest.mark.parametrize(
    ("content", "zh"),
    [
        ("降尘罐,重量\n1,2\n", "a.csv：没有一列是"),
        ('{"rows": 3}', 'a.csv：应为对象的列表，或 {"rows": [...]}'),
        ("[{", "a.csv：不是有效的 JSON"),
        ('[{"strange": 1}]', "a.csv 第 1 行：没有字段“strange”；有 site"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_both_languages(content, zh):
    with pytest.raises(FeedError) as told:
        read(("a.csv", content.encode()), definitions()["dustfall"])
    assert told.value.zh.startswith(zh)
    assert told.value.en == str(told.value) != told.value.zh
