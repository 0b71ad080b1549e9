"""`/outlines`: outlines of regions as GeoJSON, each set with the approval number 审图号 that a map must show."""

from __future__ import annotations

import json
import zlib
from typing import Annotated, Any

from fastapi import HTTPException, Query, Request, Response

from lantian.places.outlines import OutlineSet
from lantian.places.regions import is_within
from lantian.places.store import PlaceStore
from lantian.web.api.answers import resource
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

router = resource("outlines")
Reader = Annotated[Viewer, allow("air.read")]


@router.get("/outlines")
def sets(viewer: Reader) -> list[dict[str, Any]]:
    """List the sets: `id, caption, source, licence, approval_number`."""
    found = PlaceStore(viewer.platform.engine).outline_sets()
    return [
        {"id": one.id, "caption": one.caption, "source": one.source, "licence": one.licence}
        | {"approval_number": one.approval_number}
        for one in found
    ]


@router.get("/outlines/{set_id}")
def outlines(
    request: Request,
    viewer: Reader,
    set_id: str,
    step: Annotated[float, Query(ge=0, le=1)] = 0.0,
    within: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Give a set as a GeoJSON FeatureCollection, WGS-84; its `caption` must stand on every map drawn with it.

    `step`: grid in degrees on which the lines are simplified (0.01 is about 1 km); 0 leaves them as they are.
    `within`: only regions that lie in this one, itself among them.
    """
    memory = Memory(viewer)
    found = outline_set(viewer, memory, set_id)

    def written() -> bytes:
        codes = [code for code in found.outlines if within is None or is_within(code, within)]
        return json.dumps(found.geojson(step, codes), ensure_ascii=False, separators=(",", ":")).encode()

    try:
        body = memory(("geojson", set_id, step, within), written, timeless=True)
    except ValueError as error:
        raise HTTPException(422, f"within: {error}") from None
    # Outlines change once in years: a browser may keep them for an hour, and asks with the tag after that.
    tag = f'"{found.id}-{len(body)}-{zlib.crc32(body):x}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=3600"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/geo+json", headers=headers)


def outline_set(viewer: Viewer, memory: Memory, set_id: str) -> OutlineSet:
    """One set with its outlines, remembered; 404 where there is none."""
    try:
        store = PlaceStore(viewer.platform.engine)
        return memory(("outlines", set_id), lambda: store.outlines(set_id), timeless=True)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
