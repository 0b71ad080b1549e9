"""Evidence: kept as it came and found by its hash, judged by its bytes, shown to those who may see its case."""

import hashlib
import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from PIL import Image

from lantian.kernel import audit
from lantian.kernel.accounts import Account
from lantian.supervision import exif
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.file_kinds import LIMIT, EvidenceError, media_type
from lantian.supervision.findings import Finding

from .pictures import HERE, drawing, picture

FINDING = Finding("土方未覆盖", "construction", "inspection", "110105", lon=HERE[0], lat=HERE[1])
SHEET = {"[Content_Types].xml": "", "xl__workbook_dot_xml": ""}
PACKED = b"2 0 obj<</Length 14>>stream\n\x01/JS \xff/Launch \nendstream endobj "
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


@pytest.fixture
def files(desk, platform) -> EvidenceStore:
    return EvidenceStore(platform)


def saved(document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def archive(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


@pytest.mark.requirement("V2", part="a picture is kept as it came, with its place, time and hash")
def test_a_picture_is_kept_as_it_came_and_says_where_and_when_it_was_taken(files, people, platform):
    content = picture()
    piece = files.put(content, "IMG_0001.HTML", people["inspector"])
    assert piece.sha256 == hashlib.sha256(content).hexdigest()
    kept = platform.home / "evidence" / piece.sha256[:2] / piece.sha256[2:]
    assert kept.read_bytes() == content == files.content(piece.sha256)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]  # no half-written file is left
    assert (piece.media_type, piece.file_name[-4:], piece.size) == ("image/jpeg", ".jpg", len(content))
    assert (piece.lon, piece.lat) == (pytest.approx(HERE[0], abs=1e-6), pytest.approx(HERE[1], abs=1e-6))
    assert piece.taken_at == datetime(2016, 12, 16, 6, 5, 9, tzinfo=UTC)  # the camera named no zone: Beijing's
    with platform.engine.connect() as connection:
        assert "evidence" in {entry.table_name for entry in audit.entries(connection)}


def test_the_same_file_sent_twice_is_kept_once(files, people):
    first = files.put(picture(), "a.jpg", people["inspector"])
    assert files.put(picture(), "b.jpg", people["office"]) == first


def test_a_file_that_was_changed_on_the_disk_is_told_and_mended_by_the_original(files, people):
    piece = files.put(picture(), "a.jpg", people["inspector"])
    path = files.path(piece.sha256)
    path.chmod(0o644)
    path.write_bytes(picture("red"))
    with pytest.raises(EvidenceError, match="was changed on the disk"):
        files.content(piece.sha256)
    assert len(files.faults()) == 1
    files.put(picture(), "a.jpg", people["inspector"])
    assert files.faults() == []
    path.unlink()
    assert "is gone" in files.faults()[0]


@pytest.mark.requirement("V2", part="pictures for everybody carry no position")
def test_what_the_public_gets_is_pixels_alone(files, people):
    content = picture(turned=6)
    piece = files.put(content, "a.jpg", people["inspector"])
    copy, kind = files.public_copy(piece.sha256)
    assert kind == "image/jpeg"
    assert exif.read(copy) == exif.Shot()
    assert b"Exif" not in copy
    assert b"Example camera" in content
    assert b"Example camera" not in copy
    with Image.open(io.BytesIO(copy)) as shown:
        assert shown.size == (480, 640)  # upright, as the camera was held
        assert shown.getpixel((470, 10))[2] > 100  # the blue corner went along
    small = files.thumbnail(piece.sha256)
    assert exif.read(small) == exif.Shot()
    assert len(small) < len(content)
    assert files.thumbnail(piece.sha256) == small
    document = files.put(PDF, "a.pdf", people["inspector"])
    with pytest.raises(EvidenceError, match="is no picture"):
        files.public_copy(document.sha256)


@pytest.mark.requirement("K1", part="evidence")
def test_only_who_may_see_a_case_sees_its_files(files, people, desk):
    piece = files.put(picture(), "a.jpg", people["inspector"])
    assert files.cases(piece.sha256, people["inspector"]) == []  # it belongs to none yet
    number = desk.open(FINDING, people["inspector"], evidence=[piece.sha256])
    (case,) = files.cases(piece.sha256, people["inspector"])
    assert (case.number, case.lon) == (number, HERE[0])
    assert files.cases(piece.sha256, people["elsewhere"]) == []
    assert files.cases(piece.sha256, people["housing"]) == []  # their department has not been named
    assert files.cases(piece.sha256, Account(None, "public", "")) == []
    with pytest.raises(LookupError):
        files.get("0" * 64)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture(), "image/jpeg"),
        (picture() + b"\0\0\0\x18ftypmp42 a moving picture as phones append it", "image/jpeg"),
        (drawing(), "image/png"),
        (PDF, "application/pdf"),
        (
            PDF.replace(b"trailer", b"2 0 obj<</Length 9>>stream\n\x01/JS \xff/Launch\nendstream endobj trailer"),
            "application/pdf",
        ),
        (saved(Workbook()), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (saved(Document()), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_what_is_accepted_is_known_by_its_bytes(content, kind):
    assert media_type(content, "anything.exe") == kind


@pytest.mark.requirement("V2", part="what is no evidence is refused with the reason")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script></html>", "none of the types"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "none of the types"),
        (b"GIF89a" + bytes(50), "none of the types"),
        (b"\xff\xd8\xff" + bytes(LIMIT), "at most 15 MB"),
        (picture()[:-2], "does not end|broken or cut off"),
        (picture()[:2000], "broken or cut off"),
        (picture()[:300], "broken or cut off"),
        (drawing()[:-5], "broken or cut off"),
        (drawing()[:50] + b"\1" + drawing()[51:], "damaged|cut off"),
        (picture() + b"<script>alert(1)</script>", "a page stands in the file"),
        (picture() + archive(a="b"), "another file stands in the file"),
        (picture() + PDF, "another file stands in the file"),
        (picture()[:2] + b"\xff\xfe\x00\x1a<html><body onload=x></h>" + picture()[2:], "a page stands|broken"),
        (drawing() + b"more", "behind the end"),
        (png_of(30_000, 30_000), "30000 x 30000 pixels"),
        (png_of(300, 300), "cannot be decoded"),
        (PDF[:-6], "does not end"),
        (PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"), "/JavaScript"),
        (archive(a="b"), "an archive"),
        (archive(_Content="", word__document_dot_xml=""), "an archive"),
        (
            archive(**{"[Content_Types].xml": "", "xl__workbook_dot_xml": "", "xl__vbaProject_dot_bin": ""}),
            "a programme",
        ),
        (archive(**SHEET, xl__more_dot_xml="0" * (101 << 20)), "unpacks to over"),
        (saved(Workbook())[:-10], "broken"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_what_is_none_or_two_things_or_broken_is_refused(content, said):
    with pytest.raises(EvidenceError, match=said):
        media_type(content, "photo.jpg")


def test_a_write_that_broke_off_leaves_neither_half_a_file_nor_a_row(files, people, platform, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        files.put(picture(), "a.jpg", people["inspector"])
    monkeypatch.undo()
    assert [path for path in (platform.home / "evidence").rglob("*") if path.is_file()] == []
    with pytest.raises(LookupError):
        files.get(hashlib.sha256(picture()).hexdigest())
    assert files.put(picture(), "a.jpg", people["inspector"]).size == len(picture())


def test_a_refused_file_leaves_nothing_behind(files, people, platform):
    with pytest.raises(EvidenceError):
        files.put(b"<html>", "photo.jpg", people["inspector"])
    assert not (platform.home / "evidence").exists()


@pytest.mark.parametrize(
    ("content", "shot"),
    [
        (picture(where=None, taken=None), exif.Shot()),
        (drawing(), exif.Shot()),
        (b"no picture", exif.Shot()),
        (picture(where=(0.0, 0.0), taken=None), exif.Shot()),  # what cameras write that know nothing
        (picture(where=None, taken="0000:00:00 00:00:00"), exif.Shot()),
        (picture(where=None, offset="+09:00"), exif.Shot(datetime(2016, 12, 16, 5, 5, 9, tzinfo=UTC))),
    ],
)
def test_notes_that_make_no_sense_are_no_notes(content, shot):
    assert exif.read(content) == shot


@given(st.binary(max_size=400), st.integers(0, 600))
def test_damaged_notes_never_break_the_reading(noise, at):
    content = picture(size=(16, 16))
    exif.read(content[:at] + noise + content[at + len(noise) :])


@given(lon=st.floats(-179, 179), lat=st.floats(-80, 80), metres=st.floats(1, 5000))
def test_a_distance_is_the_same_both_ways_and_right_along_a_meridian(lon, lat, metres):
    north = lat + metres / 111_195.08
    there, back = exif.distance_m(lon, lat, lon, north), exif.distance_m(lon, north, lon, lat)
    assert there == pytest.approx(back)
    assert there == pytest.approx(metres, rel=1e-3)
