"""Evidence 佐证材料: files kept by their SHA-256 under ``<home>/evidence/ab/cdef…``, never changed, shown to those
who may see a case that they belong to.

The bytes are kept as they came: the hash that stands in a case's event proves them. What the public gets is a copy made
from the decoded picture alone, without position, time or any other note.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from PIL import Image, ImageOps
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel import audit
from lantian.kernel.accounts import Account, covers, scopes_of
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.supervision import exif
from lantian.supervision.file_kinds import PICTURES, SUFFIXES, EvidenceError, is_picture, media_type
from lantian.supervision.tables import case_event, evidence, supervision_case

SMALL = 480
"""Longer side of a thumbnail, pixels."""

PUBLIC = 1600
"""Longer side of a public copy, pixels."""

_NAME = 120


@dataclass(frozen=True)
class Piece:
    """A file of evidence.

    Attributes:
        sha256: of its bytes, in hexadecimal.
        name: as it was sent; for people only.
        media_type: judged by its content.
        size: bytes.
        taken_at, lon, lat: as the camera wrote it; None: it did not.
        added_by, added_at: who sent it first, when.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None
    added_by: str
    added_at: datetime

    @property
    def picture(self) -> bool:
        """Whether it is a picture."""
        return is_picture(self.media_type)

    @property
    def file_name(self) -> str:
        """A name to save it under: part of the hash, and the ending that its content asks for."""
        return f"{self.sha256[:16]}{SUFFIXES[self.media_type]}"

    def away_m(self, lon: float | None, lat: float | None) -> float | None:
        """Metres between where the camera was and a stated place; None where either is not known."""
        if None in (self.lon, self.lat, lon, lat):
            return None
        assert self.lon is not None
        assert self.lat is not None
        assert lon is not None
        assert lat is not None
        return exif.distance_m(self.lon, self.lat, lon, lat)


@dataclass(frozen=True)
class Belongs:
    """A case that a file belongs to: its number, title and stated place."""

    number: str
    title: str
    lon: float | None
    lat: float | None


class EvidenceStore:
    """The files of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._root = platform.home / "evidence"

    def put(self, content: bytes, name: str, account: Account) -> Piece:
        """Keep a file; one that is there already is kept once.

        Raises:
            EvidenceError: it cannot be kept; see `file_kinds.media_type`.
        """
        plain = _plain(name)
        kind = media_type(content, plain)
        shot = exif.read(content) if is_picture(kind) else exif.Shot()
        digest = hashlib.sha256(content).hexdigest()
        self._write(self.path(digest), content)
        row = {
            "sha256": digest,
            "name": plain,
            "media_type": kind,
            "size": len(content),
            "taken_at": shot.taken_at,
            "lon": shot.lon,
            "lat": shot.lat,
            "added_by": account.actor,
            "added_at": self._platform.clock.now(),
        }
        with audit.act(self._platform.engine, account.actor, f"evidence: {plain}") as connection:
            connection.execute(insert(evidence).values(row).on_conflict_do_nothing(index_elements=["sha256"]))
        return self.get(digest)

    def get(self, sha256: str) -> Piece:
        """What is known of a file. Raises LookupError."""
        with reading(self._platform.engine).connect() as connection:
            row = connection.execute(sa.select(evidence).where(evidence.c.sha256 == sha256)).mappings().one_or_none()
        if row is None:
            raise LookupError(f"evidence {sha256[:16]}: there is none")
        return Piece(**row)

    def content(self, sha256: str) -> bytes:
        """The bytes as they came.

        Raises:
            LookupError: there is no such file.
            EvidenceError: what lies on the disk is not what was kept.
        """
        path = self.path(self.get(sha256).sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise EvidenceError(f"evidence {sha256}: {path} is gone; restore it from a backup") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise EvidenceError(f"evidence {sha256}: {path} was changed on the disk; restore it from a backup")
        return content

    def thumbnail(self, sha256: str) -> bytes:
        """A small JPEG of a picture, kept beside it once made. Raises LookupError, EvidenceError."""
        path = self._root / "small" / sha256[:2] / f"{sha256[2:]}.jpg"
        if not path.is_file():
            self._write(path, _copy(self.content(sha256), self.get(sha256), SMALL, "image/jpeg")[0])
        return path.read_bytes()

    def public_copy(self, sha256: str) -> tuple[bytes, str]:
        """A picture for everybody, and its media type: made from the pixels alone, without any note of the camera.

        Raises:
            LookupError: there is no such file.
            EvidenceError: it is no picture: documents hold names, and a person must decide what of them is shown.
        """
        piece = self.get(sha256)
        kind = "image/png" if piece.media_type == "image/png" else "image/jpeg"
        return _copy(self.content(sha256), piece, PUBLIC, kind)

    def cases(self, sha256: str, account: Account) -> list[Belongs]:
        """The cases of a file that an account may see, the newest first; empty: it may not see the file."""
        case = supervision_case.c
        owning = sa.select(case_event.c.case_id).where(case_event.c.evidence.contains([sha256])).distinct()
        query = sa.select(supervision_case).where(case.id.in_(owning)).order_by(case.number.desc())
        with reading(self._platform.engine).connect() as connection:
            rows = connection.execute(query).mappings().all()
        scopes = scopes_of(account, "cases.read")
        return [
            Belongs(row["number"], row["title"], row["lon"], row["lat"])
            for row in rows
            if any(_within(row, region, department) for region, department in scopes)
        ]

    def faults(self) -> list[str]:
        """Files that are gone or were changed, each as a sentence; empty: every one is as it came."""
        with reading(self._platform.engine).connect() as connection:
            known = connection.execute(sa.select(evidence.c.sha256).order_by(evidence.c.sha256)).scalars().all()
        found = []
        for sha256 in known:
            try:
                self.content(sha256)
            except EvidenceError as error:
                found.append(str(error))
        return found

    def path(self, sha256: str) -> Path:
        """Where a file lies."""
        return self._root / sha256[:2] / sha256[2:]

    def _write(self, path: Path, content: bytes) -> None:
        """Whole or not at all, also when the power fails."""
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(0o444)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _copy(content: bytes, piece: Piece, side: int, kind: str) -> tuple[bytes, str]:
    if not piece.picture:
        raise EvidenceError(f"evidence {piece.sha256[:16]}: {piece.media_type} is no picture")
    with Image.open(io.BytesIO(content), formats=(PICTURES[piece.media_type],)) as picture:
        picture.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((side, side))
    # A new picture of the same pixels: nothing that the file said beside them can come along.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, PICTURES[kind], **({"quality": 85} if kind == "image/jpeg" else {"optimize": True}))
    return out.getvalue(), kind


def _within(row: sa.RowMapping, region: str | None, department: str | None) -> bool:
    """As the ledger's scopes: where the case lies or where its owner sits."""
    here = covers(region, row["region"]) or (row["owner_region"] is not None and covers(region, row["owner_region"]))
    return here and department in (None, row["owner_department"])


def _plain(name: str) -> str:
    """The last part of a name, without what no file name should hold."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[-_NAME:].strip() or "file"
