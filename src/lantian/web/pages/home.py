"""Home 首页: the platform at one glance, by what the reader may open; also where a one-time key is exchanged for a
session.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import AccountError, redeem_key
from lantian.kernel.jobs import list_jobs
from lantian.web.pages.login import browser_of
from lantian.web.render import language_of, render
from lantian.web.security import anyone, login_address, sign_in, viewer_of

router = APIRouter()


@router.get("/", dependencies=[anyone("shows each viewer only what they may open, and takes one-time keys")])
def home(request: Request, key: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Show the front page, or exchange `?key=`: the key leaves the address at once, so no copied link holds it."""
    if key is not None:
        return _exchange(request, key)
    viewer = viewer_of(request)
    if not viewer.permissions:
        return RedirectResponse("/password" if viewer.signed_in else login_address(request), 303)
    running = (
        list_jobs(viewer.platform.engine, states=("running", "waiting"), limit=5) if viewer.may("jobs.read") else []
    )
    return render(request, "home.html", jobs=running)


def _exchange(request: Request, key: str) -> Response:
    try:
        token = redeem_key(request.app.state.platform.engine, key, label=browser_of(request))
    except AccountError as error:
        reason = error.zh if language_of(request) == "zh" else error.en
        return render(request, "login.html", status=403, fault=reason, login="", next="/")
    answer = RedirectResponse("/", 303)
    sign_in(answer, token, secure=request.url.scheme == "https")
    return answer
