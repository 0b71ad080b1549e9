"""Accounts 账号与授权: who may do what, for which department and region."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel import accounts as kernel
from lantian.web.navigation import OFFICE, Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("accounts", "/accounts", OFFICE, "accounts.manage")
router = APIRouter()
Manager = Annotated[Viewer, allow("accounts.manage")]
Text = Annotated[str, Form(max_length=200)]


@router.get("/accounts")
def page(request: Request, viewer: Manager) -> Response:
    """List the accounts with their grants, and the form for a new one."""
    return _page(request, viewer)


@router.post("/accounts")
def create(
    request: Request, viewer: Manager, login: Text, name: Text, department: Text = "", region: Text = ""
) -> Response:
    """Make an account; its one-time password is shown once, in this answer, and kept nowhere."""
    try:
        made = kernel.create_account(
            viewer.platform.engine,
            viewer.account,
            login=login,
            name=name,
            department=_none(department),
            region=_none(region),
        )
    except kernel.AccountError as error:
        return _page(request, viewer, fault=error)
    return _page(request, viewer, secret=made.one_time_password, secret_of=made.account.login)


@router.post("/accounts/{account_id}/password")
def reset(request: Request, viewer: Manager, account_id: int) -> Response:
    """Give a new one-time password, shown once."""
    try:
        secret = kernel.reset_password(viewer.platform.engine, viewer.account, account_id)
    except kernel.AccountError as error:
        return _page(request, viewer, fault=error)
    login = next((each.login for each in kernel.list_accounts(viewer.platform.engine) if each.id == account_id), "")
    return _page(request, viewer, secret=secret, secret_of=login)


@router.post("/accounts/{account_id}/grants")
def grant(
    request: Request, viewer: Manager, account_id: int, role: Text, department: Text = "", region: Text = ""
) -> Response:
    """Give a role, for a department and region or for all."""
    return _do(
        request,
        viewer,
        lambda: kernel.grant(
            viewer.platform.engine, viewer.account, account_id, role, department=_none(department), region=_none(region)
        ),
    )


@router.post("/accounts/{account_id}/grants/{grant_id}/revoke")
def revoke(request: Request, viewer: Manager, account_id: int, grant_id: int) -> Response:
    """Take a grant back."""
    return _do(
        request, viewer, lambda: kernel.revoke_grant(viewer.platform.engine, viewer.account, account_id, grant_id)
    )


@router.post("/accounts/{account_id}/active")
def activate(request: Request, viewer: Manager, account_id: int, active: Annotated[bool, Form()]) -> Response:
    """Close an account or open it again."""
    return _do(request, viewer, lambda: kernel.set_active(viewer.platform.engine, viewer.account, account_id, active))


def _do(request: Request, viewer: Viewer, act: Callable[[], object]) -> Response:
    try:
        act()
    except kernel.AccountError as error:
        return _page(request, viewer, fault=error)
    return RedirectResponse("/accounts", 303)


def _page(
    request: Request, viewer: Viewer, *, fault: kernel.AccountError | None = None, secret: str = "", secret_of: str = ""
) -> Response:
    engine = viewer.platform.engine
    reason = "" if fault is None else fault.zh if language_of(request) == "zh" else fault.en
    roles = kernel.list_roles(engine)
    return render(
        request,
        "accounts.html",
        status=200 if fault is None else 422,
        page_name="accounts",
        accounts=kernel.list_accounts(engine),
        roles=roles,
        role_names={role.code: (role.zh, role.en) for role in roles},
        fault=reason,
        secret=secret,
        secret_of=secret_of,
    )


def _none(text: str) -> str | None:
    return text.strip() or None
