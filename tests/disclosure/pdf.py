"""What a PDF shows, asked of pdfium: pages, their text with its place, the fonts, the picture."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

MM = 72 / 25.4


@dataclass(frozen=True)
class Shown:
    """One page: size in mm, its text, each character's box in mm from the upper left, fonts and whether they are in."""

    width: float
    height: float
    text: str
    boxes: tuple[tuple[str, float, float, float, float], ...]
    fonts: frozenset[tuple[str, bool]]


@contextmanager
def opened(content: bytes) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(content)
    try:
        yield document
    finally:
        document.close()


def pages(content: bytes) -> list[Shown]:
    with opened(content) as document:
        return [_page(document[number]) for number in range(len(document))]


def picture(content: bytes, number: int = 0, scale: float = 1.0) -> Any:
    """A page as a Pillow picture."""
    with opened(content) as document:
        page = document[number]
        drawn = page.render(scale=scale).to_pil().convert("L")
        page.close()
        return drawn


def _page(page: pdfium.PdfPage) -> Shown:
    width, height = page.get_size()
    text = page.get_textpage()
    boxes = []
    for at in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(at)
        character = chr(raw.FPDFText_GetUnicode(text.raw, at))
        boxes.append((character, left / MM, (height - top) / MM, right / MM, (height - bottom) / MM))
    words = text.get_text_bounded()
    fonts = frozenset(_fonts(page))
    text.close()
    page.close()
    return Shown(width / MM, height / MM, words, tuple(boxes), fonts)


def _fonts(page: pdfium.PdfPage) -> Iterator[tuple[str, bool]]:
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_TEXT,)):
        font = raw.FPDFTextObj_GetFont(item.raw)
        size = raw.FPDFFont_GetBaseFontName(font, None, 0)
        name = ctypes.create_string_buffer(size)
        raw.FPDFFont_GetBaseFontName(font, name, size)
        yield name.value.decode(), bool(raw.FPDFFont_GetIsEmbedded(font))
