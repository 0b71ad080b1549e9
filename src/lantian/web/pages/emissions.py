"""Emissions 源清单: who emits how much of what, where, and whether every tonne is accounted for."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

import numpy as np
import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.emissions import installed
from lantian.emissions.inventory import LEVELS, Inventory
from lantian.emissions.ledger import STEPS, TOLERANCE
from lantian.emissions.library import VersionError
from lantian.emissions.sectors import SECTORS, SPECIES
from lantian.places.regions import ancestors_of
from lantian.places.store import PlaceStore
from lantian.web.atlas import Atlas
from lantian.web.desk import Desk
from lantian.web.drawing import Bar, column_chart
from lantian.web.navigation import Page
from lantian.web.pages import emissions_view as view
from lantian.web.pages.now import AREAS, STEP
from lantian.web.remember import Memory
from lantian.web.render import LOOKS, chosen, language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("emissions", "/emissions", "trace", "emissions.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("emissions.read")]
Text = Annotated[str, Query(max_length=80)]

BARS = 12
"""Sectors drawn; the table has all."""


@router.get("/emissions")
def page(
    request: Request,
    viewer: Reader,
    version: Text = "",
    species: Text = "PM25",
    sector: Text = "",
    against: Text = "",
) -> Response:
    """Show an inventory: `version` (the newest, if none is named), a `species`, the map of one `sector`, and `against`
    another version.
    """
    language, memory = language_of(request), Memory(viewer)
    versions = installed.library(viewer.platform.home).list()
    if versions.is_empty():
        return render(request, "emissions.html", inventory=None)
    inventory = _open(viewer, memory, version or _newest(versions))
    other = _open(viewer, memory, against) if against and against != inventory.id else None
    _check(species, sector)
    parts = view.shares(inventory, species, other)
    there = set(inventory.totals("species")["species"])
    return render(
        request,
        "emissions.html",
        inventory=inventory,
        reach=LEVELS[inventory.level][0 if language == "zh" else 1],
        against=other,
        versions=versions.to_dicts(),
        species=species,
        pollutants=[one for one in SPECIES.values() if one.code in there],
        said=SPECIES[species],
        sector=sector,
        sectors=[SECTORS[one.code] for one in parts],
        parts=parts,
        total=sum(one.amount for one in parts),
        tonnes=tonnes,
        pie=view.pie(parts),
        bars=_bars(parts, language),
        enterprises=_enterprises(view.enterprises(inventory, species), Desk(viewer).atlas, language),
    )


@router.get("/emissions/map")
def map_part(request: Request, viewer: Reader, version: Text, species: Text = "PM25", sector: Text = "") -> Response:
    """The map and its legend, as a fragment: the page itself need not wait for it."""
    memory = Memory(viewer)
    inventory = _open(viewer, memory, version)
    _check(species, sector)
    made = _drawn(viewer, memory, inventory, species, sector)
    drawn = made is not None and bool(made.bounds)
    return render(
        request,
        "emissions_map.html",
        spec=_spec(viewer, inventory, species, sector, made, chosen(request, "look", LOOKS))
        if made and drawn
        else None,
        classes=[(bound, view.LAID * view.strength(k)) for k, bound in enumerate(made.bounds)] if made else [],
        regions=made is not None,
        said=SPECIES[species],
        sector=SECTORS.get(sector),
    )


@router.get("/emissions/map.png")
def picture(viewer: Reader, version: Text, species: Text = "PM25", sector: Text = "", ink: Text = "light") -> Response:
    """The map's raster; its address changes with the version's content and with the regions, so browsers keep it."""
    memory = Memory(viewer)
    inventory = _open(viewer, memory, version)
    _check(species, sector)
    made = _drawn(viewer, memory, inventory, species, sector)
    if made is None or not made.bounds:
        raise HTTPException(404, "no regions are loaded, or nothing of this is emitted (docs/emissions.md)")
    png = view.picture(made, "dark" if ink == "dark" else "light")
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=31536000, immutable"})


@router.get("/emissions/ledger")
def ledger(request: Request, viewer: Reader, version: Text) -> Response:
    """The totals of each step, as a fragment."""
    memory, language = Memory(viewer), language_of(request)
    inventory = _open(viewer, memory, version)
    hour = np.datetime64(viewer.now.astimezone(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0), "h")
    made = memory(
        ("emissions ledger", inventory.digest, _stamp(viewer), str(hour)[:4]),
        lambda: view.ledger(viewer.platform, inventory, hour),
        timeless=True,
    )
    rows = [] if made is None else _ledger_rows(made, language)
    return render(request, "emissions_ledger.html", rows=rows, tolerance=TOLERANCE, tonnes=tonnes)


def _check(species: str, sector: str) -> None:
    if species not in SPECIES:
        raise HTTPException(422, f"species: {species}; expected one of {', '.join(SPECIES)}")
    if sector and sector not in SECTORS:
        raise HTTPException(422, f"sector: {sector}; expected one of {', '.join(SECTORS)}")


def _open(viewer: Viewer, memory: Memory, version: str) -> Inventory:
    try:
        return memory(
            ("emissions version", version), lambda: installed.library(viewer.platform.home).open(version), timeless=True
        )
    except VersionError as error:
        raise HTTPException(404, str(error)) from None


def _newest(versions: pl.DataFrame) -> str:
    return str(versions.sort("year", "id")["id"][-1])


def _stamp(viewer: Viewer) -> str:
    """Changes with the regions and proxies."""
    path = installed.sheet_file(viewer.platform.home)
    return f"{path.stat().st_mtime_ns:x}" if path.exists() else ""


def _drawn(viewer: Viewer, memory: Memory, inventory: Inventory, species: str, sector: str) -> view.Map | None:
    return memory(
        ("emissions map", inventory.digest, _stamp(viewer), species, sector),
        lambda: view.drawn(viewer.platform, inventory, species, sector or None),
        timeless=True,
    )


def _spec(viewer: Viewer, inventory: Inventory, species: str, sector: str, made: view.Map, look: str) -> dict[str, Any]:
    """What map.js draws."""
    stamp = f"{inventory.digest[:12]}-{_stamp(viewer)}"
    address = f"/emissions/map.png?version={inventory.id}&species={species}&sector={sector}&ink={look}&v={stamp}"
    spec: dict[str, Any] = {"bounds": made.bbox, "raster": {"url": address, "bbox": made.bbox}, "outlines": []}
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    if AREAS in sets:
        spec["outlines"].append(f"/api/v1/outlines/{AREAS}?step={STEP}")
        spec["caption"] = sets[AREAS].caption
    return spec


def _bars(parts: list[view.Share], language: str) -> Any:
    """Columns of the largest sectors, in 10 000 t."""
    unit = 1e4 if parts and parts[0].amount >= 1e5 else 1.0
    shown = [
        Bar(
            one.name(language).split(" and ")[0],
            one.amount / unit,
            f"{one.amount / unit:.3g}",
            mark=None if one.before is None else one.before / unit,
            title=f"{one.name(language)}: {tonnes(one.amount)} t, {one.share:.1%}",
        )
        for one in parts[:BARS]
    ]
    return {"chart": column_chart(shown), "unit": unit}


def _enterprises(found: pl.DataFrame, atlas: Atlas, language: str) -> list[dict[str, Any]]:
    return [
        {**row, "region": _region(row["region"], atlas, language), "sector": SECTORS[row["sector"]]}
        for row in found.to_dicts()
    ]


def _region(code: str | None, atlas: Atlas, language: str) -> str:
    """The name of a region, or of the nearest one above it that has a name here."""
    if not code:
        return ""
    known = next((above for above in (code, *ancestors_of(code)) if above in atlas.names), code)
    return atlas.name(known, language)


def _ledger_rows(made: pl.DataFrame, language: str) -> list[dict[str, Any]]:
    """One row a step: its totals by item, and the largest error."""
    names = {code: (SPECIES[code].zh if language == "zh" else SPECIES[code].en) for code in SPECIES}
    sectors = {code: (one.zh if language == "zh" else one.en) for code, one in SECTORS.items()}
    rows = []
    for row in made.to_dicts():
        items = [names.get(item, sectors.get(item, item)) for item in row["item"].split(", ")]
        step = STEPS[row["step"]][0 if language == "zh" else 1]
        rows.append(
            {**row, "step": step, "kind": row["step"], "item": ("、" if language == "zh" else ", ").join(items)}
        )
    return rows


def tonnes(amount: float) -> str:
    """An amount in t with thin separators, three or four digits that mean something."""
    if amount >= 1000:
        return f"{float(f'{amount:.4g}'):,.0f}".replace(",", "\u202f")
    return f"{amount:.3g}"
