"""Sites 检查对象: who is in the register, what was found there, who may be a banned one's return, who is like it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import regions_of
from lantian.places.regions import is_within
from lantian.supervision.alike import Similar
from lantian.supervision.rebound import CLASSES, Proposal
from lantian.supervision.rebound_levels import FIELDS
from lantian.supervision.rebound_words import TITLES
from lantian.supervision.register.service import Register
from lantian.supervision.register.store import Decision, status_on
from lantian.supervision.sites import STATUSES, Site, Status
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("sites", "/sites", "supervise", "cases.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("cases.read")]
Manager = Annotated[Viewer, allow("rounds.manage")]
Text = Annotated[str, Query(max_length=60)]

ROWS = 200
"""Sites on a page; a filter finds the others."""

ALIKE = 12
"""Similar sites shown."""


@router.get("/sites")
def page(
    request: Request,
    viewer: Reader,
    status: Literal["", "active", "banned", "moved"] = "",
    region: Text = "",
    industry: Text = "",
    q: Text = "",
) -> Response:
    """List the sites in the viewer's regions, by status, region, industry and words of name or address."""
    store, desk, language = Register(viewer.platform).store, Desk(viewer), language_of(request)
    scopes = regions_of(viewer.account, "cases.read")
    within = _within(region, scopes, viewer)
    wanted: Status | None = status or None
    listed = store.sites(status=wanted, within=within, text=q.strip(), industry=industry, most=ROWS + 1)
    counts = store.counts() if scopes is None else _counts(store.sites(within=within))
    places = sorted(code for code, one in desk.atlas.names.items() if code == one.region and len(code) == 6)
    return render(
        request,
        "sites.html",
        sites=listed[:ROWS],
        more=len(listed) > ROWS,
        counts={**dict.fromkeys(STATUSES, 0), **counts},
        statuses={key: words[0 if language == "zh" else 1] for key, words in STATUSES.items()},
        standing=lambda site: status_on(site, viewer.today),
        industries=store.industries(),
        chosen={"status": status, "region": region, "industry": industry, "q": q},
        name=lambda code: desk.atlas.name(code, language),
        places=[code for code in places if scopes is None or any(is_within(code, scope) for scope in scopes)],
    )


@router.get("/sites/{site_id}")
def file(request: Request, viewer: Reader, site_id: str) -> Response:
    """The file of one site: what is known, its inspections, proposals of returns, and who is like it."""
    return _file(request, viewer, site_id)


@router.post("/sites/{site_id}/rebound")
def review(
    viewer: Manager,
    site_id: str,
    other: Annotated[str, Form(max_length=200)],
    decision: Annotated[Decision, Form()],
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Keep what a person says of a proposed return; nothing is merged."""
    register = Register(viewer.platform)
    site = _find(viewer, register, site_id, "rounds.manage")
    try:
        register.review(site.id, other, decision, viewer.account.actor, note.strip())
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    return RedirectResponse(f"/sites/{quote(site_id, safe='')}", 303)


def _file(request: Request, viewer: Viewer, site_id: str) -> Response:
    register, desk, language = Register(viewer.platform), Desk(viewer), language_of(request)
    site = _find(viewer, register, site_id, "cases.read")
    memory, asked = Memory(viewer), (site.id, viewer.today)  # they change with the day only
    banned = status_on(site, viewer.today) == "banned"
    proposals: Sequence[Proposal] = ()
    if banned:
        proposals = memory(("rebound", *asked), lambda: register.returns(site.id, viewer.now), timeless=True)
    alike: Sequence[Similar] = memory(
        ("alike", *asked), lambda: register.alike(site.id, most=ALIKE, as_of=viewer.now), timeless=True
    )
    open_ = viewer.may("rounds.manage", site.region)
    side = 0 if language == "zh" else 1
    return render(
        request,
        "sites_file.html",
        page_name="sites",
        site=site,
        standing=STATUSES[status_on(site, viewer.today)][side],
        banned=banned,
        shown=(lambda text: text) if open_ else hidden,
        targets=register.store.targets(viewer.now, site=site.id),
        proposals=[one for one in proposals if _sees(viewer, one.other)],
        unseen=sum(not _sees(viewer, one.other) for one in proposals),
        reviews=register.store.reviews(site.id, viewer.now),
        classes={key: words[1 + side] for key, words in CLASSES.items()},
        titles={key: words[side] for key, words in TITLES.items()},
        fields=("prior", *FIELDS),
        alike=[one for one in alike if _sees(viewer, one.site)],
        name=lambda code: desk.atlas.name(code, language),
        may=open_,
    )


def hidden(text: str) -> str:
    """A person's name or a telephone as those see it who need not call: the first character, the last four digits.

    Example:
        >>> hidden("张小强"), hidden("13800001234"), hidden("")
        ('张**', '*******1234', '')
    """
    if any(c.isdigit() for c in text):
        return "*" * max(0, len(text) - 4) + text[-4:]
    return text[:1] + "*" * (len(text) - 1)


def _find(viewer: Viewer, register: Register, site_id: str, permission: str) -> Site:
    try:
        site = register.store.site(site_id)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may(permission, site.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission {permission} in {site.region}")
    return site


def _sees(viewer: Viewer, site: Site) -> bool:
    return viewer.may("cases.read", site.region)


def _within(region: str, scopes: frozenset[str] | None, viewer: Viewer) -> list[str]:
    if not region:
        return sorted(scopes or ())
    if not region.isdigit() or len(region) not in (6, 9):
        raise HTTPException(422, f"region {region!r}: expected the six digits of GB/T 2260")
    if not viewer.may("cases.read", region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission cases.read in {region}")
    return [region]


def _counts(sites: Sequence[Site]) -> dict[str, int]:
    return {status: sum(site.status == status for site in sites) for status in STATUSES}
