"""Deadlines and bulletins by command: a term over the holiday, the small city's ranking as PDF and DOCX."""

import io

import docx
import pypdfium2
import pytest

from lantian.cli.output import Exit


@pytest.mark.requirement("P1", part="deadlines in working days on the command line")
def test_a_term_over_the_national_holiday(alone):
    two = alone.value("deadline", "2017-09-29", "+2wd")
    assert (two["date"], two["provisional"], two["unit"]) == ("2017-10-09", False, "working_days")
    assert two["counted"] == ["2017-09-30", "2017-10-09"]
    assert "chinesecalendar" in two["calendar"]
    fifteen = alone.value("deadline", "2017-09-29", "+15d")
    assert (fifteen["date"], len(fifteen["counted"])) == ("2017-10-14", 15)
    assert alone.value("deadline", "2031-09-29", "+2wd")["provisional"]
    told = alone.run("deadline", "2031-09-29", "+2wd").stdout
    assert "暂定 provisional" in told


def test_a_term_that_is_none_is_refused(alone):
    assert "expected +2wd (working days) or +15d" in alone.refusal("deadline", "2017-09-29", "2", code=Exit.USAGE)
    assert "is no day" in alone.refusal("deadline", "29.9.2017", "+2wd", code=Exit.USAGE)


def text_of(file):
    with pypdfium2.PdfDocument(file) as document:
        pages = [document[number] for number in range(len(document))]
        texts = [page.get_textpage().get_text_bounded() for page in pages]
    return "".join("".join(texts).split())


@pytest.mark.requirement("A7")
def test_a_bulletin_of_a_group_and_again_for_another_month(city, tmp_path):
    pdf, word = tmp_path / "b.pdf", tmp_path / "b.docx"
    value = city.value("publish", "bulletin", "--period", "2016-11", "--group", "three", "-o", pdf)
    assert (value["form"], value["period"], value["group"], value["state"]) == ("pdf", "2016-11", "三市", "")
    assert value["bytes"] == pdf.stat().st_size
    assert "北京市（7.89）、" in value["summary"][1]
    assert "2016年11月三市空气质量排名通报" in text_of(pdf)
    city.value("publish", "bulletin", "--period", "2016-11", "--group", "three", "-o", word)
    paper = docx.Document(io.BytesIO(word.read_bytes()))
    cells = [[cell.text for cell in row.cells] for row in paper.tables[0].rows]
    assert [row[:3] for row in cells[1:]] == [
        ["1", "北京市", "7.89"],
        ["2", "天津市", cells[2][2]],
        ["3", "石家庄市", "13.23"],
    ]
    running = city.value("publish", "bulletin", "--period", "2016-12", "--group", "three", "-o", pdf)
    assert running["state"].startswith("2016年12月尚未结束：以下为截至2016年12月15日的阶段结果")
    assert "尚未结束" in text_of(pdf)
    earlier = city.value(
        "publish", "bulletin", "--period", "2016-12", "--group", "three", "--as-of", "2016-12-10T08:00", "-o", pdf
    )
    assert "截至2016年12月9日" in earlier["state"]


def test_what_cannot_be_published_is_refused(city, tmp_path):
    asked = ("publish", "bulletin", "--group", "three")
    pdf = tmp_path / "b.pdf"
    assert "no composite index" in city.refusal(*asked, "--period", "2015-01", "-o", pdf, code=Exit.NO_DATA)
    assert "ends with .pdf or .docx" in city.refusal(*asked, "--period", "2016-11", "-o", "b.txt", code=Exit.USAGE)
    assert "period 'x'" in city.refusal(*asked, "--period", "x", "-o", pdf, code=Exit.USAGE)
    missing = ("publish", "bulletin", "--group", "none", "--period", "2016-11", "-o", pdf)
    assert "no group is called 'none'" in city.refusal(*missing, code=Exit.USAGE)
    wanted = ("publish", "verification", "--period", "2016-11", "-o", pdf)
    assert "no forecast is known" in city.refusal(*wanted, code=Exit.NO_DATA)
    assert not pdf.exists()
