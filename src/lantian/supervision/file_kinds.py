"""What a file of evidence 佐证材料 is, judged by its bytes and never by its name; anything else is refused.

Pictures are decoded to the end, so a broken one is found while the inspector still stands before the chimney. A file
that is two things at once (a picture with a page or an archive in it) is refused whatever it calls itself.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image

from lantian.kernel.said import SaidError

LIMIT: Final = 15 * 2**20
"""Bytes of one file."""

PIXELS: Final = 64_000_000
"""Of one picture: what the largest sensors of phones give; a decoded picture takes three bytes for each."""

SCANS: Final = 64
"""Of one progressive JPEG; cameras write about ten, and each costs a pass over the picture."""

UNPACKED: Final = 100 * 2**20
"""Bytes of an office document after unpacking."""

PICTURES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/heic": "HEIF"}
SUFFIXES: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
"""Accepted media types and how their files end."""

_WANTED = "expected a picture (JPEG, PNG), a PDF, or a plain XLSX or DOCX"
_WANTED_ZH = "应为照片（JPEG、PNG）、PDF，或普通的 XLSX、DOCX"
_PAGES = re.compile(rb"<(?:script|html|!doctype|\?php|svg[\s>])|<iframe", re.IGNORECASE)
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PDF_STREAM = re.compile(rb"\bstream\r?\n.*?endstream", re.DOTALL)
_PDF_ACTS = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile)\b")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_OFFICE = {"xl/workbook.xml": ".xlsx", "word/document.xml": ".docx"}


class EvidenceError(SaidError):
    """A file cannot be kept as evidence; the message says why, and what would be right."""


@dataclass(frozen=True)
class Shape:
    """What the walk through a picture's parts found.

    Attributes:
        width, height: in pixels.
        end: where the picture ends; cameras may write more behind it (a moving picture, their own notes).
        words: the parts that hold text, joined.
        scans: passes of a progressive JPEG; 1 for others.
    """

    width: int
    height: int
    end: int
    words: bytes
    scans: int = 1


def media_type(content: bytes, name: str = "file") -> str:
    """The media type of a file that can be kept.

    Raises:
        EvidenceError: it is empty or too large, none of the accepted types, broken, two things at once, or would
            unpack to more than the limit.
    """
    if not content:
        raise EvidenceError(f"{name}: empty; {_WANTED}", f"{name}：文件为空；{_WANTED_ZH}")
    if len(content) > LIMIT:
        size, most = f"{len(content) / 2**20:.1f} MB", f"{LIMIT // 2**20} MB"
        raise EvidenceError(f"{name}: {size}; at most {most}", f"{name}：{size}，最大 {most}")
    if content.startswith(b"\xff\xd8\xff"):
        return _picture(content, name, "image/jpeg", _jpeg)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _picture(content, name, "image/png", _png)
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"heim", b"heis"):
        return _heic(content, name)
    if content.startswith(b"%PDF-"):
        return _pdf(content, name)
    if content.startswith(b"PK\x03\x04"):
        return _office(content, name)
    raise EvidenceError(
        f"{name}: its content is none of the types kept as evidence; {_WANTED}",
        f"{name}：不是可以留存的文件类型；{_WANTED_ZH}",
    )


def is_picture(kind: str) -> bool:
    """Whether a media type is a picture."""
    return kind in PICTURES


def _picture(content: bytes, name: str, kind: str, walk: Callable[[bytes], Shape]) -> str:
    try:
        shape = walk(content)
    except (ValueError, IndexError, struct.error) as error:
        raise EvidenceError(
            f"{name}: broken or cut off ({error}); send the picture again", f"{name}：照片损坏或不完整，请重新上传"
        ) from None
    _size(name, shape.width, shape.height)
    if shape.scans > SCANS:
        raise EvidenceError(
            f"{name}: {shape.scans} scans; at most {SCANS}", f"{name}：渐进扫描 {shape.scans} 遍，最多 {SCANS} 遍"
        )
    rest = content[shape.end :]
    if kind == "image/png" and rest:
        raise EvidenceError(
            f"{name}: {len(rest)} bytes behind the end of the picture; expected none",
            f"{name}：图像结尾之后还有 {len(rest)} 字节，不应有",
        )
    _one_thing(name, content, shape.words + b"\n" + rest)
    _decoded(content, name, kind)
    return kind


def _size(name: str, width: int, height: int) -> None:
    if width * height > PIXELS or not width or not height:
        raise EvidenceError(
            f"{name}: {width} x {height} pixels; at most {PIXELS // 10**6} million",
            f"{name}：{width} x {height} 像素，最多 {PIXELS // 10**6} 百万",
        )


def _one_thing(name: str, content: bytes, words: bytes) -> None:
    if found := _PAGES.search(words):
        raise EvidenceError(
            f"{name}: a page stands in the file ({found[0].decode('latin-1')}); expected one thing only",
            f"{name}：文件里夹带网页，只能是单一文件",
        )
    if b"%PDF-" in words or zipfile.is_zipfile(io.BytesIO(content)):
        raise EvidenceError(
            f"{name}: another file stands in the file; expected one thing only",
            f"{name}：文件里夹带另一个文件，只能是单一文件",
        )


def _decoded(content: bytes, name: str, kind: str) -> None:
    try:
        with Image.open(io.BytesIO(content), formats=(PICTURES[kind],)) as picture:
            picture.draft("RGB", (max(1, picture.width // 8), max(1, picture.height // 8)))
            picture.load()
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error, their own
        raise EvidenceError(
            f"{name}: cannot be decoded ({error}); send the picture again", f"{name}：照片无法打开，请重新上传"
        ) from None


def _jpeg(content: bytes) -> Shape:
    """Walk the markers (ITU-T T.81, annex B). Raises ValueError where they lead nowhere."""
    words: list[bytes] = []
    at, size, scans = 2, (0, 0), 0
    while True:
        if content[at] != 0xFF:
            raise ValueError(f"no marker at byte {at}")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            if not scans or not size[0]:
                raise ValueError("no picture in it")
            return Shape(*size, at + 2, b"\n".join(words), scans)
        (length,) = struct.unpack_from(">H", content, at + 2)
        body = content[at + 4 : at + 2 + length]
        if length < 2 or len(body) < length - 2:
            raise ValueError(f"part at byte {at} is cut off")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
            size = width, height
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            words.append(body)
        at += 2 + length
        if marker == 0xDA:
            scans += 1
            found = _MARKER.search(content, at)
            if found is None:
                raise ValueError("the picture does not end")
            at = found.start()


def _png(content: bytes) -> Shape:
    """Walk the chunks (ISO/IEC 15948, clause 5). Raises ValueError where they lead nowhere."""
    words: list[bytes] = []
    at, size = 8, (0, 0)
    while True:
        length, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(kind + body) != check:
            raise ValueError(f"part {kind!r} at byte {at} is damaged")
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
        elif kind != b"IDAT":
            words.append(body)
        at += 12 + length
        if kind == b"IEND":
            return Shape(*size, at, b"\n".join(words))


def _heic(content: bytes, name: str) -> str:
    Image.init()
    if "HEIF" not in Image.OPEN:
        raise EvidenceError(
            f"{name}: HEIC, which this installation cannot decode; set the camera to JPEG (iPhone: 格式 → 兼容性最佳)",
            f"{name}：本系统打不开 HEIC 照片，请把相机格式改为 JPEG（iPhone：格式 → 兼容性最佳）",
        )
    with Image.open(io.BytesIO(content), formats=("HEIF",)) as picture:
        _size(name, picture.width, picture.height)
    _one_thing(name, content, content)
    _decoded(content, name, "image/heic")
    return "image/heic"


def _pdf(content: bytes, name: str) -> str:
    tail = content[-1024:]
    if b"%%EOF" not in tail or b"startxref" not in content[-4096:]:
        raise EvidenceError(f"{name}: a PDF that does not end; send it again", f"{name}：PDF 不完整，请重新上传")
    if zipfile.is_zipfile(io.BytesIO(content)) or _PAGES.search(content[:1024]) or _PAGES.search(tail):
        raise EvidenceError(
            f"{name}: another file stands in the PDF; expected one thing only",
            f"{name}：PDF 里夹带另一个文件，只能是单一文件",
        )
    # In packed pictures any three letters occur by chance, so only what stands outside streams is looked at.
    if found := _PDF_ACTS.search(_PDF_STREAM.sub(b"", content)):
        raise EvidenceError(
            f"{name}: the PDF runs or carries something ({found[0].decode()}); print it to a plain one",
            f"{name}：PDF 带有脚本或附件，请另行打印成普通 PDF",
        )
    return "application/pdf"


def _office(content: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            suffix = next((ending for part, ending in _OFFICE.items() if part in entries), None)
            if suffix is None or "[Content_Types].xml" not in entries:
                raise EvidenceError(f"{name}: an archive; {_WANTED}", f"{name}：是压缩包；{_WANTED_ZH}")
            if sum(entry.file_size for entry in entries.values()) > UNPACKED:
                raise EvidenceError(
                    f"{name}: unpacks to over {UNPACKED // 2**20} MB", f"{name}：解开后超过 {UNPACKED // 2**20} MB"
                )
            if any("vbaProject" in part or entry.flag_bits & 1 for part, entry in entries.items()):
                raise EvidenceError(
                    f"{name}: holds a programme or is locked; expected a plain document",
                    f"{name}：带有宏或已加密，应为普通文档",
                )
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
        raise EvidenceError(f"{name}: broken ({error}); send it again") from None
    if broken is not None:
        raise EvidenceError(f"{name}: {broken} in it is damaged; send it again")
    return next(kind for kind, ending in SUFFIXES.items() if ending == suffix)
