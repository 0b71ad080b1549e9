"""Templates come back as they went out: what is filled in is read under the heads that the template has."""

import io

import openpyxl
import pytest

from lantian.observations.feeds import PLATFORM, templates

from .world import settle

VALUES = ["K1", "2016-12-16 08:00", 12.5, 3, "gas 天然气", "是", None, "京A12345", "张三"]


@pytest.mark.requirement("M6", part="templates")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_workbook_is_filled_in_and_comes_back(platform, language):
    feeds = settle(platform)
    feed = feeds.feed("firing")
    book = openpyxl.load_workbook(io.BytesIO(templates.as_workbook(feed, language)))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]][:3] == (
        ["窑炉*", "点火时间*", "热量（GJ）"] if language == "zh" else ["Kiln*", "Lit at*", "Heat (GJ)"]
    )
    lists = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists["E2:E5000"] == "'代码 codes'!$A$2:$A$3"
    assert [cell.value for cell in book["代码 codes"]["A"]][1] == ("gas 天然气" if language == "zh" else "gas Gas")
    explained = {row[1].value: row[3].value for row in book.worksheets[1].iter_rows(min_row=2) if row[1].value}
    assert "500" in explained["heat"]
    filled = VALUES if language == "zh" else ["gas Gas" if one == "gas 天然气" else one for one in VALUES]
    sheet.append(filled)
    file = io.BytesIO()
    book.save(file)
    receipt = feeds.put("firing", ("窑.xlsx", file.getvalue()), "clerk")
    assert (receipt.new, receipt.rejected) == (1, 0)
    assert feeds.read("firing", PLATFORM).select("heat", "fuel", "clean").rows() == [(12.5, "gas", True)]


@pytest.mark.requirement("M6", part="templates")
def test_a_csv_opens_in_excel_explains_itself_and_comes_back(platform):
    feeds = settle(platform)
    text = templates.as_csv(feeds.feed("firing"))
    assert text.startswith(b"\xef\xbb\xbf")
    head, explained = text.decode("utf-8-sig").splitlines()
    assert head.startswith("窑炉*,点火时间*,热量（GJ）,")
    assert explained.startswith("#说明 ")
    receipt = feeds.put("firing", ("窑.csv", text + "K2,2016-12-16 08:00,1,,煤,,,,\r\n".encode()), "clerk")
    assert (receipt.new, receipt.rejected) == (1, 0)


def test_every_definition_of_ours_has_its_template_and_can_be_asked(platform):
    feeds = settle(platform)
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
