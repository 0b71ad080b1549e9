"""Rounds 轮次督查: who was drawn this round, by which seed, how far are we, and which way does a team go?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import regions_of
from lantian.kernel.said import in_language
from lantian.places.regions import is_within
from lantian.places.store import PlaceStore
from lantian.supervision import draw as draws
from lantian.supervision.draw import STRATA, read_shares
from lantian.supervision.register.service import Register
from lantian.supervision.register.store import Planned, PlannedRound, Target
from lantian.supervision.rounds import STAGES, Campaign
from lantian.supervision.routes import Route
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.now import AREAS, STEP
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("rounds", "/rounds", "supervise", "cases.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("cases.read")]
Manager = Annotated[Viewer, allow("rounds.manage")]
Text = Annotated[str, Form(max_length=200)]
Number = Annotated[int, Path(ge=1, le=1000)]


@router.get("/rounds")
def page(
    request: Request,
    viewer: Reader,
    campaign: Annotated[str, Query(max_length=100)] = "",
    number: Annotated[int | None, Query(ge=1, alias="round")] = None,
    team: Annotated[str, Query(max_length=60)] = "",
    day: Annotated[int, Query(ge=1, le=400)] = 1,
) -> Response:
    """Show a campaign (the newest, if none is named), one of its rounds, and one team's way on one day of its list."""
    return _page(request, viewer, campaign, number, team, day)


@router.get("/rounds/{campaign}/{number}/list.csv")
def list_file(viewer: Reader, campaign: str, number: Number) -> Response:
    """The list that a round was drawn from, for everybody to repeat the draw."""
    planned, chosen = _find(viewer, campaign, number)
    _everywhere(viewer, "cases.read", planned.cities)
    if chosen.drawing is None:
        raise HTTPException(404, f"{campaign}, round {number}: not drawn yet")
    try:
        text = Register(viewer.platform).list_of(chosen.drawing.list_sha256)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    name = f"round-{number}-{chosen.drawing.list_sha256[:12]}.csv"
    head = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode("utf-8-sig"), media_type="text/csv", headers=head)


@router.post("/rounds")
def plan(
    request: Request,
    viewer: Manager,
    name: Text,
    start: Text,
    rounds: Text = "15",
    days: Text = "210",
    cities: Text = "",
    seed: Text = "0",
) -> Response:
    """Plan a campaign in cities named by code or name; teams are added by `Register.plan`."""
    try:
        found = [Desk(viewer).judge.places.resolve(word).code for word in cities.replace("，", ",").split(",") if word]
        n, length = int(rounds), int(days)
        stages = STAGES if (n, length) == (15, 210) else ()
        planned = Campaign(name.strip(), date.fromisoformat(start), n, length, stages)
        _everywhere(viewer, "rounds.manage", found)
        Register(viewer.platform).plan(planned, found, [], viewer.account.actor, seed=seed)
    except (ValueError, LookupError) as error:
        return _page(request, viewer, fault=in_language(error, language_of(request)), status=422)
    return RedirectResponse(f"/rounds?campaign={quote(name.strip())}", 303)


@router.post("/rounds/{campaign}/{number}/draw")
def draw_(
    request: Request,
    viewer: Manager,
    campaign: str,
    number: Number,
    n: Annotated[int, Form(ge=1, le=100_000)],
    seed: Text,
    shares: Text = draws.Shares().text,
) -> Response:
    """Draw the targets of a round, once."""
    planned, _ = _find(viewer, campaign, number)
    _everywhere(viewer, "rounds.manage", planned.cities)
    try:
        Register(viewer.platform).draw(campaign, number, n, seed, viewer.account.actor, read_shares(shares))
    except ValueError as error:
        return _page(request, viewer, campaign, number, fault=in_language(error, language_of(request)), status=422)
    return RedirectResponse(f"/rounds?campaign={quote(campaign)}&round={number}", 303)


@router.post("/rounds/{campaign}/{number}/inspected")
def inspected(
    request: Request, viewer: Manager, campaign: str, number: Number, site: Text, case_number: Text = ""
) -> Response:
    """Note that a target was inspected, and the number of the case that was opened if any."""
    register = Register(viewer.platform)
    try:
        place = register.store.site(site).region
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    _everywhere(viewer, "rounds.manage", [place])
    try:
        register.inspected(campaign, number, site, viewer.account.actor, case_number=case_number.strip() or None)
    except (ValueError, LookupError) as error:
        return _page(request, viewer, campaign, number, fault=in_language(error, language_of(request)), status=422)
    return RedirectResponse(f"/rounds?campaign={quote(campaign)}&round={number}", 303)


def _find(viewer: Viewer, campaign: str, number: int) -> tuple[Planned, PlannedRound]:
    try:
        planned = Register(viewer.platform).campaign(campaign, viewer.now)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not 1 <= number <= len(planned.rounds):
        raise HTTPException(404, f"{campaign} has no round {number}; it has {len(planned.rounds)}")
    return planned, planned.rounds[number - 1]


def _everywhere(viewer: Viewer, permission: str, regions: Sequence[str]) -> None:
    lacking = [code for code in regions if not viewer.may(permission, code)]
    if lacking:
        raise HTTPException(403, f"{viewer.account.login} lacks the permission {permission} in {', '.join(lacking)}")


def _page(
    request: Request,
    viewer: Viewer,
    campaign: str = "",
    number: int | None = None,
    team: str = "",
    day: int = 1,
    *,
    fault: str = "",
    status: int = 200,
) -> Response:
    register, desk, language = Register(viewer.platform), Desk(viewer), language_of(request)
    campaigns = register.campaigns(viewer.now)
    name = desk.atlas.name
    shared = {
        "campaigns": campaigns,
        "name": lambda code: name(code, language),
        "strata": {key: words[0 if language == "zh" else 1] for key, words in STRATA.items()},
        "named": lambda codes: ("、" if language == "zh" else ", ").join(name(code, language) for code in codes),
        "fault": fault,
        "may": viewer.may("rounds.manage"),
        "shares": draws.Shares().text,
    }
    if not campaigns:
        return render(request, "rounds.html", status=status, planned=None, **shared)
    planned = next((one for one in campaigns if one.campaign.name == campaign), None if campaign else campaigns[0])
    if planned is None:
        raise HTTPException(404, f"there is no campaign {campaign!r}")
    everything = [one for one in register.targets(planned.campaign.name, None, viewer.now) if _sees(viewer, one)]
    chosen = planned.rounds[_number(planned, viewer, number) - 1]
    targets = [one for one in everything if one.number == chosen.round.number]
    team = team if team in chosen.assignment else next(iter(chosen.assignment), "")
    route = register.route(planned, chosen.round.number, team, viewer.now) if team and targets else Route(())
    drawing = chosen.drawing
    cover = register.coverage(planned.campaign.name, viewer.now, chosen.round.number) if drawing else None
    return render(
        request,
        "rounds.html",
        status=status,
        planned=planned,
        chosen=chosen,
        targets=targets,
        done=sum(one.inspected_at is not None for one in targets),
        rows=_rows(planned, everything),
        cover=cover,
        again=draws.command("list.csv", drawing.seed, drawing.n, drawing.shares) if drawing else "",
        team=team,
        route=route,
        shown_day=min(day, len(route.days)),
        names={one.site.id: one.site for one in targets},
        spec=_spec(viewer, route, day, {one.site.id: one.site.name for one in targets}),
        clock=lambda minute: f"{int(minute) // 60:02d}:{int(minute) % 60:02d}",
        **shared,
    )


def _sees(viewer: Viewer, target: Target) -> bool:
    scopes = regions_of(viewer.account, "cases.read")
    return scopes is None or any(is_within(target.site.region, code) for code in scopes)


def _number(planned: Planned, viewer: Viewer, number: int | None) -> int:
    """The round asked for, else that of today, else the last one drawn, else the first."""
    if number is not None:
        if number > len(planned.rounds):
            raise HTTPException(404, f"{planned.campaign.name} has no round {number}; it has {len(planned.rounds)}")
        return number
    today = planned.campaign.round_on(viewer.today)
    drawn = [one.round.number for one in planned.rounds if one.drawing is not None]
    return today.number if today else max(drawn, default=1)


def _rows(planned: Planned, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """One row a round: drawn, inspected, cases, and the longest bar's share."""
    found = []
    for one in planned.rounds:
        own = [target for target in targets if target.number == one.round.number]
        found.append(
            {
                "round": one.round,
                "drawing": one.drawing,
                "drawn": len(own),
                "inspected": sum(target.inspected_at is not None for target in own),
                "cases": sum(target.case_number is not None for target in own),
            }
        )
    return found


def _spec(viewer: Viewer, route: Route, day: int, names: dict[str, str]) -> dict[str, Any] | None:
    """The map of a day: numbered discs in the order of the visits."""
    if not route.days:
        return None
    visits = route.days[min(day, len(route.days)) - 1].visits
    lons, lats = [one.stop.lon for one in visits], [one.stop.lat for one in visits]
    spec: dict[str, Any] = {
        "bounds": [min(lons) - 0.02, min(lats) - 0.02, max(lons) + 0.02, max(lats) + 0.02],
        "outlines": [],
        "discs": [
            {
                "lon": one.stop.lon,
                "lat": one.stop.lat,
                "value": k,
                "title": names[one.stop.id],
                "lines": [f"{int(one.arrive) // 60:02d}:{int(one.arrive) % 60:02d}", f"{one.km:.1f} km"],
                "href": f"/sites/{one.stop.id}",
            }
            for k, one in enumerate(visits, 1)
        ],
    }
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    if AREAS in sets:
        spec["outlines"].append(f"/api/v1/outlines/{AREAS}?step={STEP}")
        spec["caption"] = sets[AREAS].caption
    return spec
