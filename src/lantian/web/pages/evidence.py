"""Evidence 佐证材料: a file of a case as it came, its small picture, and what the camera wrote beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response

from lantian.supervision.evidence import Belongs, EvidenceStore, Piece
from lantian.supervision.field import far
from lantian.supervision.file_kinds import SUFFIXES, EvidenceError
from lantian.web.render import render
from lantian.web.security import Viewer, allow

router = APIRouter()
Reader = Annotated[Viewer, allow("cases.read")]
Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120"><rect x="22" y="8" width="76" height="104" rx="6" '
    'fill="#fff" stroke="#6b727c" stroke-width="3"/><text x="60" y="70" text-anchor="middle" font-size="24" '
    'font-family="sans-serif" fill="#16191d">{}</text></svg>'
)


@router.get("/evidence/{sha256}")
def original(viewer: Reader, sha256: Hash) -> Response:
    """Give a file as it came: a picture to be looked at, a document to be saved."""
    store, piece, _ = _seen(viewer, sha256)
    return as_it_came(store, piece)


@router.get("/evidence/{sha256}/small")
def small(viewer: Reader, sha256: Hash) -> Response:
    """Give a small picture of a file; of a document a sheet with its kind."""
    store, piece, _ = _seen(viewer, sha256)
    return small_copy(store, piece)


@router.get("/evidence/{sha256}/about")
def about(request: Request, viewer: Reader, sha256: Hash) -> Response:
    """Show a file with its hash, where and when it was taken, and how far that is from the place of its cases."""
    _, piece, cases = _seen(viewer, sha256)
    away = {case.number: piece.away_m(case.lon, case.lat) for case in cases}
    return render(request, "evidence.html", page_name="cases", piece=piece, cases=cases, away=away, far=far)


def as_it_came(store: EvidenceStore, piece: Piece) -> Response:
    """The answer with a file's bytes; who may see it was decided before."""
    shown = "inline" if piece.picture else "attachment"
    headers = {
        "Content-Disposition": f'{shown}; filename="{piece.file_name}"',
        "Content-Security-Policy": "sandbox",  # beside the platform's own: whatever the file is, it runs nothing here
        "Cache-Control": "private, max-age=600",
    }
    try:
        return Response(store.content(piece.sha256), media_type=piece.media_type, headers=headers)
    except EvidenceError as error:
        raise HTTPException(500, str(error)) from None


def small_copy(store: EvidenceStore, piece: Piece) -> Response:
    """The answer with a small picture of a file, of a document a sheet with its kind."""
    headers = {"Content-Disposition": "inline", "Cache-Control": "private, max-age=600"}
    if not piece.picture:
        icon = _ICON.format(SUFFIXES[piece.media_type][1:].upper())
        return Response(icon, media_type="image/svg+xml", headers=headers)
    try:
        return Response(store.thumbnail(piece.sha256), media_type="image/jpeg", headers=headers)
    except EvidenceError as error:
        raise HTTPException(500, str(error)) from None


def _seen(viewer: Viewer, sha256: str) -> tuple[EvidenceStore, Piece, list[Belongs]]:
    """A file that the viewer may see. 404 for any other, so that nobody learns of it."""
    store = EvidenceStore(viewer.platform)
    cases = store.cases(sha256, viewer.account)
    if not cases:
        raise HTTPException(404, f"evidence {sha256[:16]}: there is none in a case that you may see")
    try:
        return store, store.get(sha256), cases
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
