"""From a template to an answer: the Jinja environment, the languages and looks, and what every page's frame needs to
know.

A page calls `render(request, "calculator.html", result=...)`. In its template `t("calculator.title")` is a message in
the reader's language, `figure("pm25", 75)` a published figure, `level(112)` an AQI with its colour and word,
`asset("js/x.js")` the address of a static file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from lantian.web import figures
from lantian.web.assets import Assets
from lantian.web.messages import LANGUAGES, Messages
from lantian.web.navigation import Page, Room, rooms
from lantian.web.security import Viewer

HERE = Path(__file__).parent
FOLDERS = (HERE / "templates", HERE / "pages")
LOOKS = ("light", "dark")
SPEEDS = (1, 60, 600, 3600)
"""How much faster than the real time a replay may be told to run, in the bar."""
_YEAR = 365 * 86400


class Renderer:
    """Templates, messages and static files of one application; `folders` hold those of pages from elsewhere.

    Attributes:
        messages: every text in both languages.
        assets: every static file.
        pages: every page of the navigation.
    """

    def __init__(self, pages: tuple[Page, ...], folders: Iterable[Path] = ()) -> None:
        found = tuple(dict.fromkeys((*FOLDERS, *folders)))
        self.messages = Messages(found)
        self.assets = Assets()
        self.pages = pages
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(found),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            asset=self.assets.url,
            digits=figures.digits,
            stamp=figures.stamp,
            clock_text=figures.clock_text,
            speeds=SPEEDS,
        )

    def html(self, template: str, language: str, values: Mapping[str, object]) -> str:
        """Fill a template in a language."""
        bound: dict[str, Callable[..., object]] = {
            "t": lambda key, **words: self.messages.text(key, language, **words),
            "figure": partial(figures.figure, language=language),
            "level": partial(figures.level, language=language),
            "day": partial(figures.day, language=language),
            "moment": partial(figures.moment, language=language),
            "duration": partial(figures.duration, language=language),
        }
        return self._templates.get_template(template).render(**bound, lang=language, **values)


@dataclass(frozen=True)
class Frame:
    """What stands around every page.

    Attributes:
        viewer: who looks; None on a page that has no frame.
        rooms: rooms and pages that they may open.
        page: the page they are on; None if it is not in the navigation.
        look: `light` or `dark`.
        here: the address with one choice changed, for example `here(lang="en")`.
    """

    viewer: Viewer | None
    rooms: list[Room]
    page: Page | None
    look: str
    here: Callable[..., str]

    @property
    def room(self) -> Room | None:
        """The room that the page stands in."""
        return next((room for room in self.rooms if self.page in room.pages), None)


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Answer with a page or a fragment.

    Args:
        request: the request being answered; `allow(...)` has already put the viewer into it, or the page is one
            without a frame.
        template: file name under `web/templates` or `web/pages`.
        status: HTTP status.
        values: what the template uses. `page_name` (a `Page.name`) marks where in the navigation a page belongs
            whose own address is not there.

    Raises:
        jinja2.UndefinedError: the template uses a value that was not given.
    """
    renderer: Renderer = request.app.state.renderer
    language = chosen(request, "lang", LANGUAGES)
    viewer = getattr(request.state, "viewer", None)
    look = chosen(request, "look", LOOKS)
    frame = Frame(
        viewer=viewer,
        rooms=rooms(renderer.pages, viewer.permissions) if viewer else [],
        page=_page(renderer.pages, request.url.path, values.pop("page_name", None)),
        look=look,
        here=partial(_here, request),
    )
    answer = HTMLResponse(
        renderer.html(template, language, {"request": request, "frame": frame, "next_here": _next(request), **values}),
        status,
    )
    for name, allowed in (("lang", LANGUAGES), ("look", LOOKS)):
        if request.query_params.get(name) in allowed:
            answer.set_cookie(name, request.query_params[name], max_age=_YEAR, samesite="lax", httponly=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def chosen(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    """A choice of the reader: in the address, else in their cookie, else the first one allowed."""
    for choice in (request.query_params.get(name), request.cookies.get(name)):
        if choice in allowed:
            return choice
    return allowed[0]


def language_of(request: Request) -> str:
    """The reader's language, `zh` or `en`."""
    return chosen(request, "lang", LANGUAGES)


def _page(pages: tuple[Page, ...], path: str, name: str | None) -> Page | None:
    return next((page for page in pages if (page.name == name if name else page.path == path)), None)


def _next(request: Request) -> str:
    """Where a form of the frame comes back to: this page, or for a fragment the page around it."""
    around = request.headers.get("referer") if request.url.path == "/clock/bar" else None
    parts = urlsplit(around) if around else request.url
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _here(request: Request, **changes: str) -> str:
    kept = {key: value for key, value in request.query_params.multi_items() if key != "key"}
    return f"{request.url.path}?{urlencode({**kept, **changes})}"
