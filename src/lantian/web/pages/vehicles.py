"""Vehicles 机动车: which vehicles emit too much again and again, where do they drive, which road emits most when?"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, HTTPException, Request, Response

from lantian.observations.vehicles import listing
from lantian.observations.vehicles.emitters import STATES
from lantian.observations.vehicles.limits import FILE, POLLUTANTS
from lantian.observations.vehicles.roads import RATES
from lantian.observations.vehicles.service import FEED, Gate, Overview, Vehicles
from lantian.web.desk import Desk
from lantian.web.measured import reader_of
from lantian.web.navigation import Page
from lantian.web.pages import works_map
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("vehicles", "/vehicles", "monitor", "alerts.read", "works")
router = APIRouter()
Reader = Annotated[Viewer, allow("alerts.read")]
Rate = Literal["co", "hc", "no"]
State = Literal["", "confirmed", "repeated", "once"]

ROWS = 100
SHADES = 6
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/vehicles")
def page(request: Request, viewer: Reader, pollutant: Rate = "no", state: State = "") -> Response:
    """Ranked vehicles with routes and hours, emissions by road and hour, the list for roadside checks."""
    vehicles, language = Vehicles(viewer.platform), language_of(request)
    whole = overview(viewer, vehicles)
    found = vehicles.shown(whole, reader_of(viewer))
    atlas = Desk(viewer).atlas
    side = 0 if language == "zh" else 1
    listed = [one for one in found.vehicles if not state or one.state == state] if found else []
    heat = heat_map(found.road_hours, pollutant) if found else []
    return render(
        request,
        "vehicles.html",
        found=found,
        feed=FEED,
        names_of={one.road: one.road_name for one in found.gates.values()} if found else {},
        uses="、".join(f"{listing.WORDS[code][side]} {use:g}" for code, use in vehicles.limits.fuel_use.items()),
        example=viewer.platform.settings.example,
        rows=listed[:ROWS],
        more=max(0, len(listed) - ROWS),
        heat=heat,
        map=works_map.spec(viewer, _discs(found, heat, language), [one.region for one in found.gates.values()])
        if found
        else None,
        chosen={"pollutant": pollutant, "state": state},
        pollutants={code: POLLUTANTS[code][side] for code in RATES},
        names={code: POLLUTANTS[code][side] for code in POLLUTANTS},
        units={code: POLLUTANTS[code][2] for code in POLLUTANTS},
        states={code: listing.WORDS[code][side] for code in STATES},
        words=lambda code: listing.WORDS[code][side],
        route=lambda one: listing.route(one, found) if found else "",
        span=listing.span,
        strip=strip,
        limits=vehicles.limits,
        unjudged=[(listing.WORDS[fuel][side], vehicles, passings) for fuel, vehicles, passings in found.unjudged]
        if found
        else [],
        own_file=FILE,
        full=viewer.may("plates.read"),
        name=lambda code: atlas.name(code, language),
    )


@router.get("/vehicles/list.csv")
def list_csv(request: Request, viewer: Reader, state: State = "confirmed") -> Response:
    """The list for roadside checks as CSV; plates covered for those who may not see them."""
    body = listing.as_csv(_listed(viewer, state), language_of(request))
    return _file(body, "text/csv; charset=utf-8", "csv")


@router.get("/vehicles/list.xlsx")
def list_xlsx(request: Request, viewer: Reader, state: State = "confirmed") -> Response:
    """The list for roadside checks as a workbook; plates covered for those who may not see them."""
    return _file(listing.as_xlsx(_listed(viewer, state), language_of(request), viewer.now), _SHEET, "xlsx")


@router.get("/vehicles/{key}")
def file(request: Request, viewer: Reader, key: str) -> Response:
    """One vehicle: its exceedances, its ways and hours."""
    vehicles, language = Vehicles(viewer.platform), language_of(request)
    whole = overview(viewer, vehicles)
    reader = reader_of(viewer)
    found = vehicles.shown(whole, reader)
    one = next((each for each in found.vehicles if each.key == key), None) if found else None
    if found is None or one is None:
        raise HTTPException(404, f"there is no vehicle {key!r} with exceedances for {viewer.account.login}")
    side = 0 if language == "zh" else 1
    return render(
        request,
        "vehicles_one.html",
        page_name="vehicles",
        one=one,
        gates=found.gates,
        records=vehicles.records(key, whole, reader, viewer.now).head(ROWS).to_dicts(),
        limits={limit.pollutant: limit for limit in vehicles.limits.limits if limit.fuel == one.fuel},
        ways=[([_gate(found, gate) for gate in gates], journeys) for gates, journeys in one.routes],
        strip=strip,
        span=listing.span,
        words=lambda code: listing.WORDS[code][side],
        names={code: POLLUTANTS[code][side] for code in POLLUTANTS},
        units={code: POLLUTANTS[code][2] for code in POLLUTANTS},
        example=viewer.platform.settings.example,
    )


def overview(viewer: Viewer, vehicles: Vehicles) -> Overview:
    """Everything, plates in full; never give it to a page but through `Vehicles.shown`."""
    return Memory(viewer)("vehicles", lambda: vehicles.lately(viewer.now))


def heat_map(road_hours: pl.DataFrame, pollutant: str) -> list[dict[str, Any]]:
    """A row a road, the largest first: ``road, cells`` (24: the hour's figures and a shade 0 to 6), ``total``."""
    mine = road_hours.filter(pl.col("pollutant") == pollutant)
    top = mine["emission"].max()
    if not isinstance(top, float) or top <= 0:
        return []
    made = []
    for (road,), part in mine.partition_by("road", as_dict=True).items():
        by_hour = {row["hour"]: row for row in part.iter_rows(named=True)}
        cells = [
            None
            if hour not in by_hour
            else by_hour[hour] | {"shade": min(SHADES, int(by_hour[hour]["emission"] / top * SHADES + 0.5))}
            for hour in range(24)
        ]
        made.append({"road": road, "cells": cells, "total": float(part["emission"].sum())})
    return sorted(made, key=lambda row: -row["total"])


def strip(by_hour: tuple[int, ...]) -> list[tuple[int, int]]:
    """Passings of 24 hours with a shade each."""
    top = max(by_hour, default=0) or 1
    return [(count, round(count / top * 5)) for count in by_hour]


def _listed(viewer: Viewer, state: str) -> Overview:
    vehicles = Vehicles(viewer.platform)
    found = vehicles.shown(overview(viewer, vehicles), reader_of(viewer))
    if found is None:
        raise HTTPException(403, f"{viewer.account.login} may not see the feed {FEED}")
    kept = tuple(one for one in found.vehicles if not state or one.state == state)
    return replace(found, vehicles=kept)


def _file(body: bytes, kind: str, ending: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="roadside-checks.{ending}"', "Cache-Control": "no-store"}
    return Response(body, media_type=kind, headers=headers)


def _gate(found: Overview, gate: str) -> str:
    return found.gates[gate].name if gate in found.gates else gate


def _discs(found: Overview | None, heat: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """The gates with what their road emits a day, kg/(km·d)."""
    if found is None:
        return []
    totals = {row["road"]: row["total"] / 1000 for row in heat}
    zh = language == "zh"

    def disc(gate: Gate) -> dict[str, Any]:
        total = totals.get(gate.road)
        line = "" if total is None else f"{total:.1f} kg/(km·{'日' if zh else 'd'})"
        value = "–" if total is None else f"{total:.0f}" if total >= 10 else f"{total:.1f}"
        return {"lon": gate.lon, "lat": gate.lat, "value": value, "title": gate.name,
                "lines": [part for part in (gate.road_name, line) if part]}  # fmt: skip

    return [disc(gate) for gate in found.gates.values()]
