"""Make the DOCX templates of documents anew: ``python tools/docx_templates.py [FOLDER]``.

Each is an ordinary Word file with Jinja words in it, beside the typst template of the same name; an office may open it
in its word processor, change letterhead and wording, and lay it into ``<home>/templates``. Margins and type follow the
layout of official papers (GB/T 9704-2012, from memory); fonts are named, not embedded: Word has them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

FOLDER = Path(__file__).parents[1] / "src" / "lantian" / "disclosure" / "templates"
RED, INK = RGBColor(0xD0, 0x02, 0x1B), RGBColor(0x5B, 0x64, 0x70)
BODY, HEAD, TITLE = "仿宋", "黑体", "宋体"
SIDES = {"l": ALIGN.LEFT, "c": ALIGN.CENTER, "r": ALIGN.RIGHT}


class Paper:
    """A template under construction."""

    def __init__(self, *, letter: bool = True, head: bool = True) -> None:
        self.size = 16.0 if letter else 11.5
        self.file = Document()
        section = self.file.sections[0]
        section.start_type = WD_SECTION.NEW_PAGE
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = (Mm(37), Mm(35)) if letter else (Mm(26), Mm(25))
        section.left_margin, section.right_margin = (Mm(28), Mm(26)) if letter else (Mm(22), Mm(22))
        self.width = 156 if letter else 166
        _font(self.file.styles["Normal"], BODY, self.size)
        normal = self.file.styles["Normal"].paragraph_format
        normal.space_after, normal.line_spacing = Pt(0), Pt(28 if letter else 19)
        mark = section.header.paragraphs[0]
        mark.alignment = ALIGN.RIGHT
        self._run(mark, "{% if example %}示例　非正式文件{% endif %}", size=10, color=RED, bold=True)
        _page_number(section.footer.paragraphs[0], 14 if letter else 10.5)
        if head:
            self._red_head()

    def _run(
        self,
        paragraph: Any,
        text: str,
        *,
        font: str = BODY,
        size: float = 0,
        color: RGBColor | None = None,
        bold: bool = False,
    ) -> None:
        run = paragraph.add_run(text)
        _font(run, font, size or self.size)
        run.bold = bold
        if color is not None:
            run.font.color.rgb = color

    def _red_head(self) -> None:
        head = self.file.add_paragraph()
        head.alignment, head.paragraph_format.line_spacing = ALIGN.CENTER, None
        self._run(head, "{{ issuer }}", font=TITLE, size=26, color=RED, bold=True)
        number = self.file.add_paragraph()
        number.alignment = ALIGN.CENTER
        self._run(number, "{{ number }}")
        _line_below(number, "D0021B", 18)

    def title(self, text: str, below: str = "") -> None:
        """The paper's title, and a line under it."""
        for words, size, font in ((text, self.size * 1.35, TITLE), (below, self.size * 0.85, BODY)):
            if words:
                line = self.file.add_paragraph()
                line.alignment = ALIGN.CENTER
                line.paragraph_format.space_before = Pt(10 if font == TITLE else 0)
                line.paragraph_format.line_spacing = None
                self._run(line, words, size=size, font=font, bold=font == TITLE)

    def heading(self, text: str) -> None:
        """A heading that stays with what follows."""
        line = self.file.add_paragraph()
        line.paragraph_format.keep_with_next = True
        line.paragraph_format.space_before = Pt(6)
        self._run(line, text, font=HEAD)

    def text(self, text: str, *, indent: bool = True, size: float = 0, color: RGBColor | None = None) -> None:
        """A paragraph, its first line two characters in."""
        line = self.file.add_paragraph()
        line.alignment = ALIGN.JUSTIFY
        if indent:
            line.paragraph_format.first_line_indent = Pt(2 * (size or self.size))
        self._run(line, text, size=size, color=color)

    def control(self, text: str) -> None:
        """A paragraph that only steers the template and leaves no trace."""
        self.file.add_paragraph(f"{{%p {text} %}}")

    def sentences(self, name: str, *, numbered: bool = True) -> None:
        """A list of sentences, one a paragraph."""
        self.control(f"for one in {name}")
        self.text("{{ loop.index }}. {{ one }}" if numbered else "{{ one }}")
        self.control("endfor")

    def rows(
        self, name: str, columns: Sequence[tuple[str, str, float]], *, aligned: str, size: float = 10, one: str = "one"
    ) -> None:
        """A table over a list: head, words of a cell and share of the width of each column; the head comes again."""
        table = self.file.add_table(rows=4, cols=len(columns))
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        share = self.width / sum(width for _, _, width in columns)
        for at, (head, words, width) in enumerate(columns):
            for row, text in enumerate((head, "", words, "")):
                cell = table.cell(row, at)
                cell.width = Mm(share * width)
                paragraph = cell.paragraphs[0]
                paragraph.alignment = SIDES["c" if row == 0 else aligned[at]]
                paragraph.paragraph_format.line_spacing = Pt(size * 1.35)
                self._run(paragraph, text, size=size, font=HEAD if row == 0 else BODY)
        for row, words in ((1, f"{{%tr for {one} in {name} %}}"), (3, "{%tr endfor %}")):
            self._run(table.cell(row, 0).paragraphs[0], words, size=size)
        _repeat(table.rows[0])
        for row in table.rows:
            _whole(row)

    def cases(self, name: str) -> None:
        """The table of problems."""
        self.rows(
            name,
            (
                ("编号", "{{ one.number }}", 1.2),
                ("问题", "{{ one.title }}（{{ one.category }}）", 1.5),
                ("地点", "{{ one.place }}", 1.3),
                ("整改要求", "{{ one.requirement }}", 2.4),
                ("责任单位", "{{ one.unit }}", 1.1),
                ("完成时限", "{{ one.due }}{% if one.provisional %}（暂定）{% endif %}", 1.3),
            ),
            aligned="llllll",
            size=9,
        )

    def when(self, condition: str, text: str) -> None:
        """A paragraph that stands only under a condition."""
        self.control(f"if {condition}")
        self.text(text)
        self.control("endif")

    def signed(self) -> None:
        """Issuer and day at the right."""
        for text in ("{{ issuer }}", "{{ issued_on }}"):
            line = self.file.add_paragraph()
            line.alignment = ALIGN.RIGHT
            line.paragraph_format.right_indent = Pt(2 * self.size)
            line.paragraph_format.keep_with_next = text == "{{ issuer }}"
            line.paragraph_format.space_before = Pt(14 if text == "{{ issuer }}" else 0)
            self._run(line, text)

    def note(self) -> None:
        """The closing note."""
        self.control("if note")
        self.text("说明：{{ note }}", indent=False, size=self.size * 0.85, color=INK)
        self.control("endif")


def order_letter() -> Paper:
    """The order to mend."""
    paper = Paper()
    paper.title("{{ title }}")
    paper.text("{{ to_unit }}：", indent=False)
    paper.text(
        "{% if basis %}{{ basis }}。{% endif %}经核查，你单位涉及以下{{ cases | length }}项问题。请按要求整改，"
        "逐项落实责任单位、责任人和时限，于期限届满前完成并上传整改证据。"
    )
    paper.cases("cases")
    paper.text(
        "{% if reply_by %}请于{{ reply_by }}前书面报告整改情况。{% endif %}"
        "逾期未完成或整改不实的，将按规定约谈并纳入量化问责。"
    )
    paper.text("（联系人：{{ contact }}）")
    paper.signed()
    paper.note()
    paper.control("if copy_to")
    paper.text("抄送：{{ copy_to }}", indent=False)
    paper.control("endif")
    return paper


def interview_notice() -> Paper:
    """The notice of interview."""
    paper = Paper()
    paper.title("{{ title }}")
    paper.text("{{ to_unit }}：", indent=False)
    paper.text("经研究，决定对{{ persons }}进行约谈。现将有关事项通知如下。")
    paper.heading("一、时间和地点")
    paper.text("{{ held_on }}{{ time }}，{{ venue }}。")
    paper.heading("二、约谈事由")
    paper.sentences("reasons")
    paper.control("if cases")
    paper.cases("cases")
    paper.control("endif")
    paper.control("if demands")
    paper.heading("三、有关要求")
    paper.sentences("demands")
    paper.control("endif")
    paper.text("（联系人：{{ contact }}）")
    paper.signed()
    paper.note()
    return paper


def round_report() -> Paper:
    """The report of a round."""
    paper = Paper()
    paper.title("关于{{ round }}督查情况的通报")
    paper.text("{{ to_unit }}：", indent=False)
    paper.text(
        "{{ start }}至{{ end }}，{% if teams %}{{ teams }}个督查组{% endif %}开展了{{ round }}督查，"
        "{% if checked != '' %}共检查点位{{ checked }}个，{% endif %}发现问题{{ found }}个，"
        "通报印发时已完成整改{{ closed }}个。{{ summary }}"
    )
    paper.heading("一、分地区情况")
    paper.rows(
        "places",
        (
            ("地区", "{{ one.name }}", 1.6),
            ("检查点位（个）", "{{ one.checked if one.checked != '' else '—' }}", 1),
            ("发现问题（个）", "{{ one.problems }}", 1),
            ("已整改（个）", "{{ one.closed }}", 1),
        ),
        aligned="lrrr",
        size=11,
    )
    paper.text(
        "合计：{% if checked != '' %}检查点位{{ checked }}个，{% endif %}发现问题{{ found }}个，已整改{{ closed }}个。"
    )
    paper.control("if categories")
    paper.heading("二、问题类型")
    paper.rows(
        "categories",
        (("类型", "{{ one.name }}", 2), ("问题（个）", "{{ one.problems }}", 1)),
        aligned="lr",
        size=11,
    )
    paper.control("endif")
    paper.control("if problems")
    paper.heading("三、突出问题")
    paper.cases("problems")
    paper.control("endif")
    paper.control("if demands")
    paper.heading("四、工作要求")
    paper.sentences("demands")
    paper.control("endif")
    paper.when("contact", "（联系人：{{ contact }}）")
    paper.signed()
    paper.note()
    return paper


def accountability_proposal() -> Paper:
    """The proposals of accountability."""
    paper = Paper()
    paper.title("{{ title }}", "{{ period }}")
    paper.text("{{ to_unit }}：", indent=False)
    paper.text(
        "依据{{ pack }}，对{{ period }}完成情况逐项比对，"
        "{% if proposals %}提出{{ proposals | length }}条问责建议，请审定。"
        "本件为建议，不是决定；每条均列明所依据的条款和事实。{% else %}没有达到问责条件的情形。{% endif %}"
    )
    paper.control("if proposals")
    paper.rows(
        "proposals",
        (
            ("建议问责对象", "{{ one.who }}", 1),
            ("地区", "{{ one.where }}", 0.9),
            ("规则与条款", "{{ one.rule }}（{{ one.clause }}）", 1.5),
            ("事实", "{{ one.facts }}", 2),
            ("决定", "{{ one.decision or '待定' }}", 0.7),
        ),
        aligned="lllll",
    )
    paper.control("endif")
    paper.control("if near")
    paper.heading("接近问责条件的情形")
    paper.sentences("near")
    paper.control("endif")
    paper.signed()
    paper.note()
    return paper


def _font(styled: Any, name: str, size: float) -> None:
    styled.font.name, styled.font.size = "Times New Roman", Pt(size)
    styled.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _repeat(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _whole(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _line_below(paragraph: Any, color: str, eighths: int) -> None:
    border, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "6"), ("color", color)):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    # Word refuses properties of a paragraph that stand in another order than the schema's.
    paragraph._p.get_or_add_pPr().insert_element_before(border, "w:spacing", "w:ind", "w:jc", "w:rPr")


def _page_number(paragraph: Any, size: float) -> None:
    paragraph.alignment = ALIGN.CENTER
    for kind, text in (("", "— "), ("begin", ""), ("instr", "PAGE"), ("end", ""), ("", " —")):
        run = paragraph.add_run(text if not kind else "")
        _font(run, TITLE, size)
        if kind == "instr":
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = text
            run._r.append(instruction)
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def main(folder: Path = FOLDER) -> None:
    """Write every template into the folder."""
    from docx_bulletins import daily_brief, monthly_bulletin, television_script, verification_bulletin

    for make in (
        order_letter,
        interview_notice,
        round_report,
        accountability_proposal,
        television_script,
        daily_brief,
        monthly_bulletin,
        verification_bulletin,
    ):
        paper = make()
        paper.file.core_properties.author = "Lantian"
        paper.file.save(str(folder / f"{make.__name__}.docx"))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
