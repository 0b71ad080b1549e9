"""Every document as PDF and DOCX: A4, its text, its font inside, nothing beyond the margins, no template left."""

import dataclasses
import datetime as dt
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from fontTools.ttLib import TTFont

from lantian.disclosure import documents
from lantian.disclosure.checked import Document
from lantian.disclosure.documents import DocumentError, render
from lantian.disclosure.values import (
    DOCUMENTS,
    AccountabilityProposal,
    InterviewNotice,
    OrderCase,
    OrderLetter,
    RoundPlace,
    RoundReport,
    TelevisionScript,
    ValuesError,
    VerificationBulletin,
)

from . import pdf, samples

ALL = samples.everything()
LETTERS = {"order_letter", "interview_notice", "round_report", "accountability_proposal"}
SAYS = {
    "order_letter": ("大气污染防治督办单", "示例县人民政府", "A&B <建材>", "2017年10月12日", "抄送", "（暂定）"),
    "interview_notice": ("约谈通知书", "市政府第一会议室", "15时", "连续两月列全市后三位"),
    "round_report": ("关于2017年第3轮次督查情况的通报", "检查点位306个", "散乱污", "举一反三"),
    "accountability_proposal": ("量化问责建议", "第五条第一款", "本件为建议，不是决定", "示例二县"),
    "television_script": ("电视专题口播稿", "《环保聚焦》", "不少于3分钟", "渣土车带泥上路"),
    "daily_brief": ("攻坚行动每日快报", "中度污染", "今日销号", "供暖后空气质量会变差吗？"),
    "monthly_bulletin": ("2016年12月“2+26”城市空气质量排名通报", "石家庄市", "本期尚未结束", "开发区约谈名单"),
    "verification_bulletin": ("北京市空气质量预报评估通报", "持续性预报", "HJ 1130-2020", "样本：起报30次"),
}
"""Words that must stand in a document."""


@pytest.fixture(scope="module")
def printed() -> dict[str, bytes]:
    return {template: render(template, values, "pdf") for template, values in ALL.items()}


@pytest.fixture(scope="module")
def written() -> dict[str, bytes]:
    return {template: render(template, values, "docx") for template, values in ALL.items()}


def squeezed(text: str) -> str:
    """Without spaces and line ends: where a line breaks is the page's affair."""
    return "".join(text.split())


@pytest.mark.requirement("A7", part="Chinese PDF: A4, selectable text, font embedded, inside the margins")
@pytest.mark.parametrize("template", DOCUMENTS)
def test_a_pdf_is_a4_with_its_text_and_its_font(template: str, printed: dict[str, bytes]) -> None:
    shown = pdf.pages(printed[template])
    text = squeezed("".join(page.text for page in shown))
    for words in (
        *SAYS[template],
        "示例",
        "示例市大气污染防治攻坚办公室" if template != "interview_notice" else "市人民政府",
    ):
        assert squeezed(words) in text
    assert "\ufffd" not in text
    left, right = (28, 26) if template in LETTERS else (22, 22)
    for number, page in enumerate(shown, 1):
        assert (round(page.width), round(page.height)) == (210, 297)
        assert page.fonts
        assert all("NotoSansSC" in name and embedded for name, embedded in page.fonts), page.fonts
        assert f"—{number}—" in squeezed(page.text)
        for character, x0, y0, x1, y1 in page.boxes:
            if character.strip():
                assert left - 0.5 <= x0 <= x1 <= 210 - right + 0.5, (character, x0, x1)
                assert 10 <= y0 <= y1 <= 287, (character, y0, y1)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_every_character_has_a_glyph(template: str, printed: dict[str, bytes]) -> None:
    with TTFont(documents.font_file(), lazy=True) as font:
        known = font.getBestCmap()
    used = {character for page in pdf.pages(printed[template]) for character in page.text if character.strip()}
    missing = {character for character in used if ord(character) not in known and character not in "\u00ad\ufffe\x02"}
    assert not missing


@pytest.mark.parametrize("template", DOCUMENTS)
def test_nothing_is_drawn_at_the_edge_of_the_paper(template: str, printed: dict[str, bytes]) -> None:
    drawn = pdf.picture(printed[template])
    width, height = drawn.size
    inside = drawn.crop((20, 20, width - 20, height - 20))
    assert min(inside.getdata() if not hasattr(inside, "get_flattened_data") else inside.get_flattened_data()) < 100
    edges = ((0, 0, width, 15), (0, 0, 30, height), (width - 30, 0, width, height), (0, height - 15, width, height))
    assert all(drawn.crop(edge).getextrema() == (255, 255) for edge in edges)


@pytest.mark.requirement("A7", part="DOCX from the same values, nothing of the template left")
@pytest.mark.parametrize("template", DOCUMENTS)
def test_a_docx_holds_the_values_and_nothing_of_the_template(template: str, written: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(written[template])) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
    assert not any(mark in part for part in parts.values() for mark in ("{{", "{%", "}}", "%}"))
    paper = docx.Document(io.BytesIO(written[template]))
    text = [paragraph.text for paragraph in paper.paragraphs]
    text += [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    joined = squeezed("".join(text))
    for words in SAYS[template]:
        assert squeezed(words) in joined
    section = paper.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert "示例" in section.header.paragraphs[0].text
    assert paper.core_properties.author == ALL[template].issuer
    assert len(pictures) == {"monthly_bulletin": 3, "verification_bulletin": 1}.get(template, 0)
    for table in paper.tables:
        assert "tblHeader" in table.rows[0]._tr.xml


def test_the_same_values_give_the_same_bytes(printed: dict[str, bytes], written: dict[str, bytes]) -> None:
    for template, values in ALL.items():
        assert render(template, values, "pdf") == printed[template]
        assert render(template, values, "docx") == written[template]
    other = dataclasses.replace(ALL["daily_brief"], issued_on=dt.date(2017, 9, 30))
    assert render("daily_brief", other, "pdf") != printed["daily_brief"]


def test_a_document_that_is_no_example_says_nothing_of_it() -> None:
    values = samples.order(example=False)
    assert "非正式文件" not in squeezed(pdf.pages(render("order_letter", values, "pdf"))[0].text)
    paper = docx.Document(io.BytesIO(render("order_letter", values, "docx")))
    assert paper.sections[0].header.paragraphs[0].text == ""


def test_a_long_table_flows_over_pages_with_its_head_on_each() -> None:
    shown = pdf.pages(render("order_letter", samples.order(60), "pdf"))
    assert len(shown) >= 8
    for page in shown[:-1]:
        assert "完成时限" in page.text
    numbers = [word for page in shown for word in page.text.split() if word.startswith("2017-0")]
    assert numbers == [f"2017-{number:06d}" for number in range(1, 61)]


@pytest.mark.parametrize("count", range(1, 12))
def test_a_signature_never_stands_alone_on_a_page(count: int) -> None:
    last = squeezed(pdf.pages(render("order_letter", samples.order(count, copy_to="", note=""), "pdf"))[-1].text)
    assert "2017年9月29日" in last
    assert "联系人" in last


def test_a_long_issuer_and_long_words_stay_on_the_paper() -> None:
    issuer = "某某省某某市某某经济技术开发区大气污染防治攻坚行动领导小组办公室"
    case = dataclasses.replace(samples.cases(1)[0], title="无" * 90, place="A" * 60, requirement="https://" + "b" * 200)
    (page, *_) = pdf.pages(render("order_letter", samples.order(1, issuer=issuer, cases=(case,)), "pdf"))
    assert all(27.5 <= x0 <= x1 <= 184.5 for character, x0, _, x1, _ in page.boxes if character.strip())


def test_a_television_script_says_how_long_it_is() -> None:
    assert samples.script(9).seconds >= 180
    short = samples.script(2)
    assert short.seconds == short.characters * 60 // 240 < 180
    assert f"不足3分钟，至少还需{720 - short.characters}字" in short.length
    assert "不足3分钟" in squeezed(pdf.pages(render("television_script", short, "pdf"))[0].text)


@pytest.mark.parametrize(
    ("template", "form", "said"),
    [
        ("poem", "pdf", "template 'poem': expected one of monthly_bulletin"),
        ("daily_brief", "pdf", "values are a OrderLetter, expected a DailyBrief"),
        ("order_letter", "odt", "form 'odt': expected one of pdf, docx"),
    ],
)
def test_what_cannot_be_printed_is_refused(template: str, form: Any, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        render(template, samples.order(), form)


def test_a_broken_template_of_an_office_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "order_letter.typ").write_text('#import "common.typ": *\n#data.colour', encoding="utf-8")
    paper = docx.Document()
    paper.add_paragraph("{{ colour }}")
    paper.save(str(folder / "order_letter.docx"))
    with pytest.raises(DocumentError, match=r"template order_letter\.typ: .*colour"):
        render("order_letter", samples.order(), "pdf", home=tmp_path)
    with pytest.raises(DocumentError, match=r"template order_letter\.docx: .*colour"):
        render("order_letter", samples.order(), "docx", home=tmp_path)
    paper = docx.Document()
    paper.add_paragraph("{{ issuer.__class__.__mro__ }}")
    paper.save(str(folder / "order_letter.docx"))
    with pytest.raises(DocumentError, match="unsafe"):
        render("order_letter", samples.order(), "docx", home=tmp_path)


def made(kind: type[Document], **changed: Any) -> Document:
    return dataclasses.replace(ALL[kind.template], **changed)


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        (OrderLetter, {"to_unit": ""}, r"OrderLetter.to_unit is ''"),
        (OrderLetter, {"issuer": "  "}, r"OrderLetter.issuer is '  ': expected a text"),
        (OrderLetter, {"cases": ()}, r"OrderLetter.cases is \(\)"),
        (OrderLetter, {"cases": ["a"]}, r"OrderLetter.cases is \['a'\]: expected a tuple"),
        (OrderLetter, {"cases": ("a",)}, r"expected a OrderCase at place 1"),
        (OrderLetter, {"issued_on": dt.datetime(2017, 9, 29)}, "OrderLetter.issued_on is .*: expected a date"),
        (OrderLetter, {"reply_by": dt.date(2017, 9, 1)}, "expected a day not before 2017-09-29"),
        (OrderLetter, {"example": 1}, "OrderLetter.example is 1: expected true or false"),
        (InterviewNotice, {"held_on": None}, "InterviewNotice.held_on is None"),
        (RoundReport, {"end": dt.date(2017, 9, 1)}, "RoundReport.end"),
        (RoundReport, {"places": (RoundPlace("甲县", 2, 3),)}, "甲县 with at most 2 of its problems closed"),
        (TelevisionScript, {"segments": ()}, "TelevisionScript.segments"),
        (AccountabilityProposal, {"pack": " "}, "AccountabilityProposal.pack"),
        (VerificationBulletin, {"index_columns": ("n",)}, "1 cells in every row"),
    ],
)
def test_wrong_values_are_refused_by_the_fields_name(kind: type[Document], changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValuesError, match=said):
        made(kind, **changed)


def test_a_number_that_is_none_is_refused() -> None:
    bar = samples.bars()[0]
    for wrong in (float("nan"), float("inf"), "7"):
        with pytest.raises(ValuesError, match=r"Bar.value is .*: expected a finite number"):
            dataclasses.replace(bar, value=wrong)
    with pytest.raises(ValuesError, match=r"OrderCase.due is '2017-10-09': expected a date"):
        OrderCase("1", "a", "b", "c", "d", "2017-10-09")  # type: ignore[arg-type]


def test_the_docx_templates_are_what_the_tool_makes(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "docx_templates.py"
    subprocess.run([sys.executable, str(tool), str(tmp_path)], check=True)
    for template in DOCUMENTS:
        with (
            zipfile.ZipFile(tmp_path / f"{template}.docx") as new,
            zipfile.ZipFile(documents.TEMPLATES / f"{template}.docx") as kept,
        ):
            for part in ("word/document.xml", "word/header1.xml", "word/footer1.xml"):
                assert new.read(part) == kept.read(part), (template, part)


@pytest.mark.parametrize("template", DOCUMENTS)
def test_the_properties_of_paragraphs_stand_in_the_order_of_the_schema(
    template: str, written: dict[str, bytes]
) -> None:
    order = ("pStyle", "keepNext", "keepLines", "pBdr", "spacing", "ind", "jc", "rPr")
    for paragraph in docx.Document(io.BytesIO(written[template])).element.iter():
        if paragraph.tag.endswith("}pPr"):
            found = [order.index(child.tag.rpartition("}")[2]) for child in paragraph]
            assert found == sorted(found)
