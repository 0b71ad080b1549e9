"""Sign in, sign out, change the password, and in the example look as somebody else."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import AccountError, authenticate, change_password, close_session, look_as, open_session
from lantian.web.render import language_of, render
from lantian.web.security import COOKIE, anyone, local, login_address, sign_in, viewer_of

router = APIRouter()
Text = Annotated[str, Form(max_length=300)]


@router.get("/login", dependencies=[anyone("nobody is signed in before the login")])
def login_page(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:  # noqa: A002
    """Show the login."""
    return render(request, "login.html", fault="", login="", next=local(next))


@router.post("/login", dependencies=[anyone("nobody is signed in before the login")])
def login(request: Request, login: Text, password: Text, next: Annotated[str, Form(max_length=2000)] = "/") -> Response:  # noqa: A002
    """Check login and password and open a session."""
    engine = request.app.state.platform.engine
    try:
        account = authenticate(engine, login, password, request.client.host if request.client else "")
    except AccountError as error:
        return render(request, "login.html", status=403, fault=_words(request, error), login=login, next=local(next))
    answer = RedirectResponse("/password" if account.must_change_password else local(next), 303)
    sign_in(answer, open_session(engine, account, label=browser_of(request)), secure=request.url.scheme == "https")
    return answer


@router.post("/logout", dependencies=[anyone("whoever is signed in may leave")])
def logout(request: Request) -> Response:
    """End the session."""
    close_session(request.app.state.platform.engine, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.get(
    "/password", dependencies=[anyone("changes one's own password only, also where nothing else is allowed until then")]
)
def password_page(request: Request) -> Response:
    """Show the form that changes one's own password."""
    viewer = viewer_of(request)
    if not viewer.has_password:
        return RedirectResponse(login_address(request), 303)
    return render(
        request, "password.html", fault="", forced=viewer.account.must_change_password, login=viewer.account.login
    )


@router.post(
    "/password", dependencies=[anyone("changes one's own password only, also where nothing else is allowed until then")]
)
def password(request: Request, old: Text, new: Text, again: Text) -> Response:
    """Change one's own password; other sessions end, this browser gets a new one."""
    viewer = viewer_of(request)
    if not viewer.has_password:
        return RedirectResponse(login_address(request), 303)
    engine = viewer.platform.engine
    try:
        if new != again:
            raise AccountError("两次输入的新密码不一致", "the two new passwords differ")
        account = change_password(engine, viewer.account, old, new)
    except AccountError as error:
        return render(
            request,
            "password.html",
            status=422,
            fault=_words(request, error),
            forced=viewer.account.must_change_password,
            login=viewer.account.login,
        )
    answer = RedirectResponse("/", 303)
    sign_in(answer, open_session(engine, account, label=browser_of(request)), secure=request.url.scheme == "https")
    return answer


@router.post(
    "/look-as", dependencies=[anyone("the kernel lets only a session of the example do it, and only in the example")]
)
def switch(request: Request, role: Text, next: Annotated[str, Form(max_length=2000)] = "/") -> Response:  # noqa: A002
    """Go on as the example account of another role."""
    platform = request.app.state.platform
    try:
        token = look_as(
            platform.engine, platform.settings, request.cookies.get(COOKIE, ""), role, label=browser_of(request)
        )
    except AccountError as error:
        return render(request, "error.html", status=403, code=403, kind="403", detail=_words(request, error))
    answer = RedirectResponse(local(next), 303)
    sign_in(answer, token, secure=request.url.scheme == "https")
    return answer


def browser_of(request: Request) -> str:
    """What a reader will recognise their session by: browser and address."""
    address = request.client.host if request.client else ""
    return f"{request.headers.get('user-agent', '')[:150]} · {address}"


def _words(request: Request, error: AccountError) -> str:
    return error.zh if language_of(request) == "zh" else error.en
