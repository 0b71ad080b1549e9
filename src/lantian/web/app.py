"""The web application: `create_app(platform)` puts the pages and the HTTP interface into their frame.

To add a page, list its module in `PAGES`; to add a resource of the interface, list its module in `API` (docs/web.md
has the recipe).
"""

import asyncio
from pathlib import Path
from types import ModuleType

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from lantian.kernel.bootstrap import Platform
from lantian.web import api, errors
from lantian.web.api import accountability as api_accountability
from lantian.web.api import alerts as api_alerts
from lantian.web.api import burning as api_burning
from lantian.web.api import calc as api_calc
from lantian.web.api import cases as api_cases
from lantian.web.api import clock as api_clock
from lantian.web.api import construction as api_construction
from lantian.web.api import datasets as api_datasets
from lantian.web.api import devices as api_devices
from lantian.web.api import disclosure as api_disclosure
from lantian.web.api import dust as api_dust
from lantian.web.api import episodes as api_episodes
from lantian.web.api import forecast as api_forecast
from lantian.web.api import forecast_map as api_forecast_map
from lantian.web.api import imports as api_imports
from lantian.web.api import jobs as api_jobs
from lantian.web.api import measured as api_measured
from lantian.web.api import now as api_now
from lantian.web.api import observations as api_observations
from lantian.web.api import opinion as api_opinion
from lantian.web.api import outlines as api_outlines
from lantian.web.api import places as api_places
from lantian.web.api import quality as api_quality
from lantian.web.api import rankings as api_rankings
from lantian.web.api import sensors as api_sensors
from lantian.web.api import targets as api_targets
from lantian.web.api import vehicles as api_vehicles
from lantian.web.navigation import Page
from lantian.web.pages import (
    accountability,
    accountability_measures,
    accounts,
    alerts,
    audit,
    burning,
    calculator,
    cases,
    cases_bulk,
    cases_case,
    catalogue,
    clock,
    complaints,
    construction,
    data,
    data_coverage,
    data_feed,
    devices,
    deweather,
    docs,
    documents,
    dustfall,
    duties,
    emissions,
    episodes,
    evidence,
    feed_health,
    field,
    forecast,
    forecast_consult,
    forecast_weather,
    fraud,
    home,
    jobs,
    login,
    meetings,
    network,
    now,
    opinion,
    place,
    polling,
    portal,
    portal_cases,
    portal_data,
    portal_questions,
    power,
    programme,
    questions,
    ranking,
    review,
    rounds,
    sensors,
    sites,
    soil,
    targets,
    vehicles,
    verification,
    waste,
    water,
)
from lantian.web.render import Renderer
from lantian.web.security import SameOrigin, SecurityHeaders, anyone, declarations

# In the order in which they stand in their rooms.
PAGES: tuple[ModuleType, ...] = (
    home,
    now,
    place,
    alerts,
    devices,
    sensors,
    review,
    fraud,
    network,
    construction,
    vehicles,
    burning,
    power,
    water,
    soil,
    waste,
    dustfall,
    catalogue,
    feed_health,
    polling,
    data,
    data_coverage,
    data_feed,
    ranking,
    targets,
    episodes,
    deweather,
    calculator,
    forecast,
    forecast_consult,
    forecast_weather,
    verification,
    emissions,
    cases,
    cases_bulk,
    cases_case,
    complaints,
    field,
    evidence,
    programme,
    meetings,
    rounds,
    sites,
    accountability,
    accountability_measures,
    duties,
    documents,
    questions,
    opinion,
    jobs,
    accounts,
    audit,
    docs,
    login,
    portal,
    portal_cases,
    portal_questions,
    portal_data,
    clock,
)
API: tuple[ModuleType, ...] = (
    api_alerts,
    api_quality,
    api_devices,
    api_sensors,
    api_observations,
    api_imports,
    api_datasets,
    api_measured,
    api_now,
    api_places,
    api_outlines,
    api_rankings,
    api_targets,
    api_episodes,
    api_dust,
    api_forecast,
    api_forecast_map,
    api_accountability,
    api_disclosure,
    api_opinion,
    api_cases,
    api_construction,
    api_vehicles,
    api_burning,
    api_calc,
    api_clock,
    api_jobs,
)


def create_app(
    platform: Platform, *, pages: tuple[ModuleType, ...] = PAGES, resources: tuple[ModuleType, ...] = API
) -> FastAPI:
    """Make the application.

    Args:
        platform: an open platform; closing it is the caller's affair.
        pages: modules with a `router` and, if they stand in the navigation, a `PAGE` or several `PAGES`; their
            templates and messages lie in the same folder.
        resources: modules with a `router`, served under `/api/v1`.

    Raises:
        ValueError: a route does not say who may use it, or a message lacks a language.
    """
    app = FastAPI(title="Lantian 蓝天", version=api.VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.platform = platform
    app.state.stopping = asyncio.Event()  # ends the streams of /live; set by server.Server
    folders = [Path(str(module.__file__)).parent for module in pages]
    app.state.renderer = Renderer(tuple(page for module in pages for page in _pages_of(module)), folders)
    routers = [_static(), *(module.router for module in pages)]
    interface = [module.router for module in resources]
    app.state.declarations = declarations([*interface, *routers])
    # One flat list, the interface first: routes are tried in order, included routers cost each request a millisecond
    # more, and programs ask most often.
    app.router.routes += [route for router in interface for route in router.routes]
    app.router.routes += [_undescribed(route) for router in routers for route in router.routes]
    errors.install(app)
    # The last added is the outermost: every answer, also a refusal, carries the security headers.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SameOrigin, refuse=errors.other_site)
    app.add_middleware(SecurityHeaders)
    return app


def _undescribed(route: BaseRoute) -> BaseRoute:
    """A page's route: OpenAPI describes the interface only."""
    if isinstance(route, APIRoute):
        route.include_in_schema = False
    return route


def _pages_of(module: ModuleType) -> tuple[Page, ...]:
    if hasattr(module, "PAGES"):
        return tuple(module.PAGES)
    return (module.PAGE,) if hasattr(module, "PAGE") else ()


def _static() -> APIRouter:
    router = APIRouter()

    @router.get(
        "/static/{version}/{name:path}", dependencies=[anyone("style, scripts and pictures of the login page too")]
    )
    async def static(request: Request, version: str, name: str) -> Response:
        answer: Response | None = request.app.state.renderer.assets.answer(request, version, name)
        return answer if answer is not None else errors.not_found(request)

    return router
