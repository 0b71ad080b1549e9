"""Documents 文稿: values and a template make a PDF (typst) or a DOCX (docxtpl), the same bytes for the same values.

Templates are ``templates/<name>.typ`` and ``templates/<name>.docx``; a file of the same name in ``<home>/templates``
stands instead of ours. A document never reads the database, the clock or the net; its font is inside it.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import typst
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage  # type: ignore[import-untyped]
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from lantian.disclosure.checked import Document, Values
from lantian.disclosure.values import DOCUMENTS

Form = Literal["pdf", "docx"]
FORMS: tuple[Form, ...] = get_args(Form)
MEDIA: dict[Form, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""Media type of each form."""

TEMPLATES = Path(__file__).with_name("templates")
FONT = "Noto Sans SC"
_FONT_FILE = "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
_CHARTS = {
    "monthly_bulletin": {"chart_index": "", "chart_fine": "μg/m³", "chart_change": "%"},
    "verification_bulletin": {"chart": "%"},
}
"""Fields that are drawn, and their unit; in a DOCX they are pictures."""
_CHART_MM = 150
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


class DocumentError(RuntimeError):
    """A template that does not exist or does not fit its values; the message names template and fault."""


def render(template: str, values: Document, form: Form, *, home: Path | None = None) -> bytes:
    """Print values.

    ``template``: a name of `values.DOCUMENTS`. ``home``: the data directory, whose ``templates`` folder may hold an
    office's own. The same values give the same bytes. Raises `DocumentError` for an unknown template or form, values
    of another document, and a template that cannot be printed.
    """
    kind = DOCUMENTS.get(template)
    if kind is None:
        raise DocumentError(f"template {template!r}: expected one of {', '.join(DOCUMENTS)}")
    if type(values) is not kind:
        raise DocumentError(f"template {template}: values are a {type(values).__name__}, expected a {kind.__name__}")
    if form not in FORMS:
        raise DocumentError(f"form {form!r}: expected one of {', '.join(FORMS)}")
    with _folder(home) as folder:
        return _pdf(folder, template, values) if form == "pdf" else _docx(folder, template, values)


def printable(values: Values) -> dict[str, Any]:
    """Values as templates see them: days in words, tuples as lists, nothing as an empty text, properties too."""
    names = [field.name for field in fields(values)]
    names += [name for name in dir(type(values)) if isinstance(getattr(type(values), name), property)]
    return {name: _printable(getattr(values, name)) for name in names}


def day_zh(day: dt.date) -> str:
    """A day as an official paper prints it: 2017年9月29日."""
    return f"{day.year}年{day.month}月{day.day}日"


def font_file() -> Path:
    """The font that every PDF carries."""
    found = importlib.util.find_spec("justmytype_intl_cjk")
    if found is None or found.origin is None:
        raise DocumentError("the font is missing: install justmytype-intl-cjk")
    return Path(found.origin).parent / _FONT_FILE


def _printable(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return day_zh(value)
    if isinstance(value, tuple):
        return [_printable(one) for one in value]
    return printable(cast("Values", value)) if is_dataclass(value) else value


@contextmanager
def _folder(home: Path | None) -> Iterator[Path]:
    """The templates, an office's own over ours."""
    own = home / "templates" if home else None
    if own is None or not own.is_dir():
        yield TEMPLATES
        return
    with tempfile.TemporaryDirectory(prefix="lantian-templates-") as folder:
        shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
        shutil.copytree(own, folder, dirs_exist_ok=True)
        yield Path(folder)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_file().parent])


def _pdf(folder: Path, template: str, values: Document) -> bytes:
    return _typeset(folder, template, _context(template, values), values.issued_on, "pdf")


def _typeset(folder: Path, name: str, data: dict[str, Any], day: dt.date, form: Literal["pdf", "png"]) -> bytes:
    """Compile; the time of making is the day of issue, so the same values give the same bytes."""
    made = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    try:
        result = typst.compile(
            folder / f"{name}.typ",
            root=folder,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format=form,
            ppi=200,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=made,
        )
    except typst.TypstError as error:
        raise DocumentError(f"template {name}.typ: {error}") from None
    if not isinstance(result, bytes):
        raise DocumentError(f"template {name}.typ: makes no single file of form {form}")
    return result


def _docx(folder: Path, template: str, values: Document) -> bytes:
    paper = DocxTemplate(folder / f"{template}.docx")
    context = _context(template, values)
    for name, unit in _CHARTS.get(template, {}).items():
        context[name] = _picture(folder, paper, context[name], unit, values.issued_on) if context[name] else ""
    try:
        paper.render(context, jinja_env=SandboxedEnvironment(autoescape=True, undefined=StrictUndefined))
    except TemplateError as error:
        raise DocumentError(f"template {template}.docx: {error}") from None
    properties = paper.docx.core_properties  # get_docx() would load the template anew
    properties.title, properties.author = type(values).title_zh, values.issuer
    properties.created = properties.modified = dt.datetime(
        values.issued_on.year, values.issued_on.month, values.issued_on.day, tzinfo=dt.UTC
    )
    written = io.BytesIO()
    paper.save(written)
    return _same_bytes(written)


def _picture(folder: Path, paper: DocxTemplate, bars: list[Any], unit: str, day: dt.date) -> InlineImage:
    drawn = _typeset(folder, "chart", {"bars": bars, "unit": unit, "width": _CHART_MM}, day, "png")
    return InlineImage(paper, io.BytesIO(drawn), width=Mm(_CHART_MM))


def _context(template: str, values: Document) -> dict[str, Any]:
    return printable(values) | {"title": DOCUMENTS[template].title_zh}


def _same_bytes(written: io.BytesIO) -> bytes:
    """The same archive with a fixed time on every member."""
    out = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(zipfile.ZipInfo(member.filename, _ZIP_DAY), source.read(member), zipfile.ZIP_DEFLATED)
    return out.getvalue()
