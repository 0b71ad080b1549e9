"""``lantian account``, ``token``, ``audit`` and ``doctor``: who may do what, who did what, and what is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import accountability, words
from lantian.cli.output import Exit, Home, Json, command, emit, table
from lantian.kernel import accounts, audit, doctor
from lantian.kernel.accounts import Account
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.chain import Fault
from lantian.observations import duties as _duties  # noqa: F401  (registers its check with the doctor)
from lantian.observations.feeds import duties as _feeds  # noqa: F401  (registers its check with the doctor)
from lantian.observations.gateway import duties as _gateway  # noqa: F401  (registers its check with the doctor)
from lantian.places.regions import level_of

app = typer.Typer()
account = typer.Typer(help="Accounts and grants 账号; who is held to account 问责.", no_args_is_help=True)
trail = typer.Typer(help="The audit trail 审计记录.", no_args_is_help=True)
app.add_typer(account, name="account")
app.add_typer(trail, name="audit")
accountability.register(account)

Login = Annotated[str, typer.Argument(help="what is typed at login")]
Region = Annotated[str | None, typer.Option(help="a region by name or code; default everywhere")]
Department = Annotated[str | None, typer.Option(help="a department; default every one")]


@account.command("add")
@command
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="as pages show it; default the login")] = "",
    role: Annotated[str | None, typer.Option(help="grant this role at once; `lantian account list` names them")] = None,
    region: Region = None,
    department: Department = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make an account and print its one-time password."""
    with open_platform(home) as platform:
        code = _region(platform, region)
        _known_role(platform, role)
        made = accounts.create_account(
            platform.engine, words.actor(), login=login, name=name or login, department=department, region=code
        )
        whole = made.account
        if role:
            whole = accounts.grant(
                platform.engine, words.actor(), whole.id or 0, role, department=department, region=code
            )
    value = {"account": _account(whole), "one_time_password": made.one_time_password}
    emit(value, as_json, lambda console: _show_password(console, whole.login, made.one_time_password))


@account.command("list")
@command
def list_(home: Home = None, as_json: Json = False) -> None:
    """All accounts with their roles, and the roles that there are."""
    with open_platform(home) as platform:
        known, roles = accounts.list_accounts(platform.engine), accounts.list_roles(platform.engine)
    value = {
        "accounts": [_account(one) for one in known],
        "roles": [{"code": r.code, "zh": r.zh, "en": r.en, "permissions": sorted(r.permissions)} for r in roles],
    }

    def show(console: Console) -> None:
        rows = [(one.login, one.name, _granted(one), "yes" if one.active else "no") for one in known]
        console.print(table(("login", "name", "roles", "active"), rows, "账号 accounts"))
        console.print(table(("role", "角色", "name"), [(r.code, r.zh, r.en) for r in roles], "角色 roles"))

    emit(value, as_json, show)


@account.command("grant")
@command
def grant(
    login: Login,
    role: Annotated[str, typer.Argument(help="`lantian account list` names the roles")],
    region: Region = None,
    department: Department = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Give a role to an account, for a region and a department or everywhere."""
    with open_platform(home) as platform:
        code = _region(platform, region)
        number = _get(platform, login).id or 0
        whole = accounts.grant(platform.engine, words.actor(), number, role, department=department, region=code)
    emit({"account": _account(whole)}, as_json, lambda console: console.print(f"{whole.login}: {_granted(whole)}"))


@account.command("reset-password")
@command
def reset_password(login: Login, home: Home = None, as_json: Json = False) -> None:
    """Give an account a new one-time password; its sessions and tokens end."""
    with open_platform(home) as platform:
        found = _get(platform, login)
        password = accounts.reset_password(platform.engine, words.actor(), found.id or 0)
    value = {"login": found.login, "one_time_password": password}
    emit(value, as_json, lambda console: _show_password(console, found.login, password))


@app.command("token")
@command
def token(
    login: Login,
    label: Annotated[str, typer.Option(help="what it is for")],
    days: Annotated[int, typer.Option(min=1, max=365, help="how long it is good")] = 365,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a token with which a script uses the HTTP interface as this account."""
    with open_platform(home) as platform:
        made = accounts.create_api_token(platform.engine, _get(platform, login), label=label, life=timedelta(days=days))
    value = {"login": login, "label": label, "days": days, "token": made}
    emit(value, as_json, lambda console: console.print(f"Authorization: Bearer {made}", soft_wrap=True))


@trail.command("verify")
@command
def verify(
    file: Annotated[Path | None, typer.Option(help="an exported trail; no database is needed then")] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="a copy of anchors.jsonl kept elsewhere; default this home's")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find any row of the audit trail that was changed, removed or reordered."""
    if anchors and not anchors.exists():
        raise FileNotFoundError(f"{anchors}: there is no such file")
    if file:
        faults = audit.verify_export(file, anchors)
    else:
        with open_platform(home) as platform:
            faults = audit.verify(platform.engine, anchors or platform.anchors)
    value = {"intact": not faults, "faults": [{"row": f.seq, "kind": f.kind, "message": f.message} for f in faults]}
    emit(value, as_json, lambda console: _show_faults(console, faults))
    if faults:
        raise typer.Exit(Exit.FOUND)


@trail.command("export")
@command
def export(file: Annotated[Path, typer.Argument(help="JSON lines")], home: Home = None, as_json: Json = False) -> None:
    """Write the whole trail to a file, which `lantian audit verify --file` checks anywhere."""
    with open_platform(home) as platform:
        rows = audit.export(platform.engine, file)
    emit({"file": file, "rows": rows}, as_json, lambda console: console.print(f"{file}: {rows} rows"))


@app.command("doctor")
@command
def examine(home: Home = None, as_json: Json = False) -> None:
    """Say what is wrong with this installation, and how to mend it."""
    findings = doctor.examine(home)
    signs = {"ok": "✓", "warning": "!", "problem": "✗"}

    def show(console: Console) -> None:
        for one in findings:
            console.print(f"{signs[one.level]} {one.subject}: {one.message}", style={"problem": "red"}.get(one.level))
            if one.mend:
                console.print(f"    → {one.mend}")

    emit({"findings": findings}, as_json, show)
    if any(one.level == "problem" for one in findings):
        raise typer.Exit(Exit.FOUND)


def _get(platform: Platform, login: str) -> Account:
    found = accounts.get_account(platform.engine, login)
    if found is None:
        raise LookupError(f"there is no account {login!r}; `lantian account list` shows them")
    return found


def _known_role(platform: Platform, role: str | None) -> None:
    """Refuse a role that does not exist before the account is made."""
    known = [each.code for each in accounts.list_roles(platform.engine)]
    if role is not None and role not in known:
        raise LookupError(f"no role {role!r}; there are {', '.join(known)}")


def _region(platform: Platform, text: str | None) -> str | None:
    """The code of a region; a code may be given before any places are loaded."""
    if text is None:
        return None
    try:
        level_of(text)
    except ValueError:
        found = words.place(platform, text)
        level_of(found.code)  # refuses a station
        return found.code
    return text


def _account(one: Account) -> dict[str, Any]:
    own = [grant for grant in one.grants if grant.id is not None]
    return {
        "id": one.id,
        "login": one.login,
        "name": one.name,
        "department": one.department,
        "region": one.region,
        "active": one.active,
        "example": one.example,
        "must_change_password": one.must_change_password,
        "grants": [{"id": g.id, "role": g.role, "department": g.department, "region": g.region} for g in own],
    }


def _granted(one: Account) -> str:
    own = [g for g in one.grants if g.id is not None]
    return ", ".join(" ".join(filter(None, (g.role, g.department, g.region))) for g in own) or "--"


def _show_password(console: Console, login: str, password: str) -> None:
    console.print(f"{login}: 一次性密码 one-time password {password}  (shown this once only)", soft_wrap=True)


def _show_faults(console: Console, faults: list[Fault]) -> None:
    if not faults:
        console.print("审计记录完好 the audit trail is untouched")
    for fault in faults:
        console.print(f"✗ row {fault.seq}, {fault.kind}: {fault.message}", style="red")
