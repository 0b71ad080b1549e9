"""What a form of the field page sends, read: fields, ticked points, pictures; within limits that a phone can meet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile

from lantian.supervision.events import CaseError
from lantian.supervision.field import MOST_PHOTOS, Photo, Spotted, Visit
from lantian.supervision.file_kinds import LIMIT

BODY = 64 * 2**20
"""Bytes of one message: nine pictures as phones take them."""

PLACED = ("gps", "map", "register", "typed")
"""How a form knows its place."""

_TEXT = 2000
_FIELDS = 120


@dataclass(frozen=True)
class Sent:
    """A form as it came: texts by name, and files with their names."""

    fields: dict[str, str]
    ticked: tuple[str, ...]
    photos: tuple[Photo, ...]

    def text(self, name: str) -> str:
        """A field; empty where it was left out. Raises CaseError where it is longer than anybody writes."""
        value = self.fields.get(name, "")
        if len(value) > _TEXT:
            raise CaseError(f"{name}: {len(value)} characters; at most {_TEXT}", f"{len(value)} 字，最多 {_TEXT} 字")
        return value.strip()

    def number(self, name: str) -> float | None:
        """A number; None where the field is empty. Raises CaseError where it is none."""
        text = self.text(name)
        try:
            value = float(text) if text else None
        except ValueError:
            value = math.nan
        if value is not None and not math.isfinite(value):
            raise CaseError(f"{name} {text[:40]!r}: expected a number")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number; None where the field is empty. Raises CaseError where it is none."""
        value = self.number(name)
        if value is not None and value != int(value):
            raise CaseError(f"{name} {self.text(name)!r}: expected a whole number")
        return None if value is None else int(value)

    @property
    def waited(self) -> timedelta:
        """How long it waited on the phone."""
        seconds = self.number("age_s") or 0
        if not 0 <= seconds <= 10 * 366 * 86400:
            raise CaseError(f"age_s {seconds:g}: expected seconds, at least 0")
        return timedelta(seconds=seconds)

    def spotted(self) -> Spotted:
        """The finding in it. Raises CaseError naming the field that cannot be read."""
        category = self.text("category")
        return Spotted(
            client_id=self.text("client_id"),
            category=category,
            region=self.text("region"),
            points=tuple(_points(self.ticked, category)),
            subject=self.text("subject")[:120],
            detail=self.text("detail"),
            address=self.text("address")[:200],
            lon=self.number("lon"),
            lat=self.number("lat"),
            accuracy_m=self.number("accuracy"),
            place_by=self.text("place_by") if self.text("place_by") in PLACED else "",
            waited=self.waited,
            target=self.text("target"),
        )

    def visit(self) -> Visit:
        """The check visit in it. Raises CaseError naming the field that cannot be read."""
        seen = self.whole("seen")
        if seen is None:
            raise CaseError("seen: missing; expected how many events of the case the phone knew")
        return Visit(
            client_id=self.text("client_id"),
            number=self.text("number"),
            verdict=self.text("verdict"),
            reason=self.text("reason"),
            seen=seen,
            days=self.whole("days"),
            waited=self.waited,
        )


async def receive(request: Request) -> Sent:
    """Read a form, its body only after it is known who sends it.

    Raises:
        HTTPException: 411 or 413, it does not say how long it is, or is too long; 400, it is no form.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > BODY:
        async for _ in request.stream():  # read to its end and dropped: cut short, a phone would see no answer
            pass
        if not length.isdecimal():
            raise HTTPException(411, "the message does not say how long it is")
        raise HTTPException(413, f"{int(length) / 2**20:.0f} MB in one message; at most {BODY // 2**20} MB")
    form = await request.form(max_fields=_FIELDS, max_files=2 * MOST_PHOTOS)
    try:
        items = form.multi_items()
        fields = {name: value for name, value in items if isinstance(value, str) and name != "points"}
        ticked = tuple(value for name, value in items if isinstance(value, str) and name == "points")
        photos = []
        for name, value in items:
            if name == "photos" and isinstance(value, UploadFile) and value.filename:
                photos.append((value.filename, await value.read(LIMIT + 1)))
        return Sent(fields, ticked, tuple(photos))
    finally:
        await form.close()


def _points(ticked: tuple[str, ...], category: str) -> list[int]:
    """Numbers of the points ticked for a category, of values such as ``construction:3``; other categories' are left
    out: they were ticked before another one was chosen.
    """
    found = []
    for value in ticked:
        name, _, number = value.partition(":")
        if name == category and number.isdecimal():
            found.append(int(number))
    return sorted(set(found))
