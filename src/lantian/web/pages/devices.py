"""Devices 设备: how many are on line, what each says, and what it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

import polars as pl
import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.observations.gateway import commands, packets
from lantian.observations.gateway.device import KINDS, VERSIONS, Device
from lantian.observations.gateway.files import device_of
from lantian.observations.gateway.offers import PLACES
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.standing import Standing, standings
from lantian.observations.gateway.tables import gap, stranger
from lantian.observations.gateway.watch import reason_words
from lantian.observations.hj212 import CIPHERS, COMMANDS, codes
from lantian.observations.telemetry import TelemetryStore
from lantian.standards.departments import DEPARTMENTS
from lantian.web.desk import Desk
from lantian.web.feed_rights import device_open
from lantian.web.navigation import Page
from lantian.web.pages.devices_view import course, item_of
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("devices", "/devices", "monitor", "devices.read", "instruments")
router = APIRouter()
Reader = Annotated[Viewer, allow("devices.read")]
Manager = Annotated[Viewer, allow("devices.manage")]
Text = Annotated[str, Query(max_length=60)]


async def _form(request: Request) -> dict[str, str]:
    """The texts of a form, no longer than they may be; control characters are refused."""
    form = await request.form(max_files=0, max_fields=60)
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    for name, value in given.items():
        if len(value) > 500 or not value.replace("\n", "").replace("\r", "").isprintable():
            raise HTTPException(422, f"{name[:40]}: expected at most 500 characters that can be printed")
    return given


Form = Annotated[dict[str, str], Depends(_form)]

STATES: Mapping[str, tuple[str, str]] = {
    "silent": ("失联", "Silent"),
    "never": ("未上报", "Never heard"),
    "online": ("在线", "On line"),
    "over": ("停用", "Given up"),
}
"""In the order in which they are shown: what needs a hand comes first."""
SPANS = {"24h": 24, "3d": 72, "7d": 168}
ROWS = 500
STRANGERS = 50
LOG = 60


@router.get("/devices")
def page(
    request: Request,
    viewer: Reader,
    kind: Text = "",
    state: Literal["", "online", "silent", "never", "over", "clock"] = "",
    region: Text = "",
    q: Text = "",
) -> Response:
    """Show all devices in the viewer's regions, by kind, state, district and words of name or MN."""
    return _list(request, viewer, {"kind": kind, "state": state, "region": region, "q": q.strip()})


@router.post("/devices")
def register(request: Request, viewer: Manager, form: Form) -> Response:
    """Register a device."""
    return _put(request, viewer, form)


@router.get("/devices/{mn}")
def show(
    request: Request,
    viewer: Reader,
    mn: str,
    item: Text = "",
    span: Literal["24h", "3d", "7d"] = "24h",
    faulty: bool = False,
    cn: Text = "",
) -> Response:
    """Show one device: its items, packets and commands; `cn`: with the fields of this command to be filled in."""
    return _device(request, viewer, mn, item=item, span=span, faulty=faulty, command=cn)


@router.post("/devices/{mn}")
def change(request: Request, viewer: Manager, mn: str, form: Form) -> Response:
    """Change what the register says of a device; an empty password, or key, leaves the one it has."""
    _find(viewer, mn, "devices.manage")
    return _put(request, viewer, {**form, "mn": mn}, mn)


@router.post("/devices/{mn}/commands")
def command(request: Request, viewer: Manager, mn: str, form: Form) -> Response:
    """Send a command: it waits for the gateway."""
    device = _find(viewer, mn, "devices.manage")
    try:
        commands.ask(viewer.platform, device, form.get("cn", ""), form, viewer.account.actor, viewer.now)
    except ValueError as error:
        return _device(request, viewer, mn, command=form.get("cn", ""), fault=str(error), status=422)
    return RedirectResponse(f"/devices/{quote(mn, safe='')}#commands", 303)


def _put(request: Request, viewer: Viewer, form: Mapping[str, str], mn: str = "") -> Response:
    try:
        device = device_of({name: text.strip() for name, text in form.items()}, viewer.now)
        if not viewer.may("devices.manage", device.region):
            raise HTTPException(403, f"{viewer.account.login} lacks the permission devices.manage in {device.region}")
        known = {one.mn for one in Register(viewer.platform).devices()}
        if not mn and device.mn in known:
            raise ValueError(f"mn {device.mn!r}: is registered already; change it on its page")
        Register(viewer.platform).put([device], viewer.account.actor, f"device {device.mn}")
    except ValueError as error:
        if mn:
            return _device(request, viewer, mn, fault=str(error), status=422)
        return _list(request, viewer, {}, fault=str(error), given=form, status=422)
    return RedirectResponse(f"/devices/{quote(device.mn, safe='')}", 303)


def _list(
    request: Request,
    viewer: Viewer,
    chosen: Mapping[str, str],
    *,
    fault: str = "",
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    desk, language = Desk(viewer), language_of(request)
    everything = [
        one for one in standings(viewer.platform, viewer.now) if viewer.may("devices.read", one.device.region)
    ]
    found = [one for one in everything if _wanted(one, chosen)]
    order = list(STATES)
    found.sort(key=lambda one: (order.index(one.state), one.device.kind, one.device.mn))
    side = 0 if language == "zh" else 1
    return render(
        request,
        "devices.html",
        status=status,
        devices=found[:ROWS],
        more=len(found) > ROWS,
        total=len(everything),
        counts={name: sum(one.state == name for one in everything) for name in STATES},
        straying=sum(one.strays for one in everything),
        states={name: words[side] for name, words in STATES.items()},
        kinds={name: words[side] for name, words in KINDS.items()},
        regions=sorted({one.device.region for one in everything}),
        chosen={"kind": "", "state": "", "region": "", "q": "", **chosen},
        strangers=_strangers(viewer, everything),
        reason=lambda code: reason_words(code)[side],
        name=lambda code: desk.atlas.name(code, language),
        may_manage=viewer.may("devices.manage"),
        systems=codes.ST,
        versions=VERSIONS,
        ciphers=CIPHERS,
        departments=DEPARTMENTS,
        given=given or {},
        fault=fault,
    )


def _wanted(one: Standing, chosen: Mapping[str, str]) -> bool:
    device, words = one.device, chosen.get("q", "").lower()
    return (
        chosen.get("kind", "") in ("", device.kind)
        and chosen.get("region", "") in ("", device.region)
        and (one.strays if chosen.get("state") == "clock" else chosen.get("state", "") in ("", one.state))
        and (not words or words in device.mn.lower() or words in device.name.lower() or words == (device.site or ""))
    )


def _strangers(viewer: Viewer, known: Sequence[Standing]) -> list[sa.RowMapping]:
    """Who was refused: devices of the viewer's regions, and unknown ones for who sees all regions of the register."""
    query = sa.select(stranger).where(stranger.c.first_at <= viewer.now)
    with viewer.platform.engine.connect() as connection:
        rows = connection.execute(query.order_by(stranger.c.last_at.desc()).limit(500)).mappings().all()
    registered = {one.device.mn for one in known}
    unknown = viewer.may("devices.manage")
    return [row for row in rows if (row["mn"] in registered if row["reason"] != "mn" else unknown)][:STRANGERS]


def _device(
    request: Request,
    viewer: Viewer,
    mn: str,
    *,
    item: str = "",
    span: str = "24h",
    faulty: bool = False,
    command: str = "",
    fault: str = "",
    status: int = 200,
) -> Response:
    device = _find(viewer, mn, "devices.read")
    device_open(viewer, device)
    desk, language = Desk(viewer), language_of(request)
    (standing,) = standings(viewer.platform, viewer.now, mns=[mn])
    start = viewer.now - timedelta(hours=SPANS[span])
    resolution = "hour" if device.every >= 3600 or span == "7d" else "minute"
    rows = (
        TelemetryStore(viewer.platform).read(mn, start, viewer.now, resolution=resolution, as_of=viewer.now).collect()
    )
    items = sorted(rows["item"].unique(), key=_rank)
    shown = item if item in items else (items[0] if items else "")
    offered = [code for code in commands.OFFERED if COMMANDS[code].since <= device.version]
    side = 0 if language == "zh" else 1
    series = rows.filter(pl.col("item") == shown)
    every = 3600 if resolution == "hour" else device.every
    return render(
        request,
        "devices_device.html",
        page_name="devices",
        status=status,
        device=device,
        standing=standing,
        states={name: words[side] for name, words in STATES.items()},
        kind=KINDS[device.kind][side],
        system=codes.ST[device.st],
        department=DEPARTMENTS[device.department],
        latest=_latest(rows),
        items=[item_of(name) for name in items],
        item=item_of(shown) if shown else None,
        course=course(series, start, viewer.now, every) if series.height else None,
        spans=list(SPANS),
        chosen={"span": span, "item": shown, "faulty": faulty},
        resolution=resolution,
        log=packets.packets(viewer.platform, mn, as_of=viewer.now, most=LOG, faulty=faulty).to_dicts(),
        cn=lambda code: getattr(codes.CN.get(code), language, ""),
        asked=commands.listed(viewer.platform, mn, as_of=viewer.now),
        offered=[COMMANDS[code] for code in offered],
        command=COMMANDS[command if command in offered else "2011"],
        secrets=set(PLACES.values()),
        gaps=_gaps(viewer, mn),
        name=lambda code: desk.atlas.name(code, language),
        may_manage=viewer.may("devices.manage", device.region),
        kinds={name: words[side] for name, words in KINDS.items()},
        systems=codes.ST,
        versions=VERSIONS,
        ciphers=CIPHERS,
        departments=DEPARTMENTS,
        given=_given(device),
        fault=fault,
    )


def _rank(name: str) -> tuple[int, str]:
    first = ("pm10", "tsp", "pm25", "so2", "nox", "a34013", "no2", "o3", "co", "a24088")
    return (first.index(name) if name in first else len(first), name)


def _latest(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The newest value of each item."""
    if not rows.height:
        return []
    newest = rows.sort("time").group_by("item", maintain_order=True).last()
    return [
        row | {"item": item_of(row["item"])} for row in sorted(newest.to_dicts(), key=lambda row: _rank(row["item"]))
    ]


def _gaps(viewer: Viewer, mn: str) -> list[sa.RowMapping]:
    query = sa.select(gap).where(gap.c.mn == mn, gap.c.found_at <= viewer.now).order_by(gap.c.start.desc()).limit(10)
    with viewer.platform.engine.connect() as connection:
        return list(connection.execute(query).mappings())


def _given(device: Device) -> dict[str, str]:
    """The form as it stands for a registered device."""

    def text(moment: datetime | None) -> str:
        return "" if moment is None else moment.isoformat(timespec="minutes")

    plain = ("mn", "kind", "st", "name", "region", "every", "version", "cipher", "iv", "department", "note")
    return {name: str(getattr(device, name)) for name in plain} | {
        "station": device.station or "",
        "site": device.site or "",
        "lon": "" if device.lon is None else f"{device.lon:g}",
        "lat": "" if device.lat is None else f"{device.lat:g}",
        "units": "; ".join(f"{code}={unit}" for code, unit in device.units.items()),
        "tolerances": " ".join(device.tolerances),
        "since": text(device.since),
        "until": text(device.until),
    }


def _find(viewer: Viewer, mn: str, permission: str) -> Device:
    try:
        device = Register(viewer.platform).device(mn.replace("\0", ""))
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may(permission, device.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission {permission} in {device.region}")
    return device
