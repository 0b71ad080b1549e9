"""Accounts and grants in the database: every write stands in the audit trail, under the name of who did it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from lantian.kernel.accounts.errors import AccountError, LastAdministrator, NotPermitted
from lantian.kernel.accounts.passwords import hash_password, one_time_password
from lantian.kernel.accounts.permissions import ADMINISTRATOR, PUBLIC_ROLE, Account, Grant, allowed, may_grant
from lantian.kernel.accounts.tables import account, account_grant, account_password, role, role_permission, session
from lantian.kernel.audit import act
from lantian.kernel.database import reading

# Who acts: an account, whose own permissions are then checked, or the name of a trusted command ("lantian accounts").
Actor = Account | str

_RESERVED = frozenset({"anonymous", "lantian", "system"})


@dataclass(frozen=True)
class Role:
    """A role: code, its names, and the permissions it holds."""

    code: str
    zh: str
    en: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class NewAccount:
    """An account just made, and the one-time password to hand to its owner."""

    account: Account
    one_time_password: str


def list_roles(engine: Engine) -> list[Role]:
    """List the roles in display order, each with its permissions."""
    with engine.connect() as connection:
        held: dict[str, set[str]] = {}
        for row in connection.execute(select(role_permission)):
            held.setdefault(row.role, set()).add(row.permission)
        rows = connection.execute(select(role).order_by(role.c.position)).all()
    return [Role(row.code, row.zh, row.en, frozenset(held.get(row.code, ()))) for row in rows]


def list_accounts(engine: Engine) -> list[Account]:
    """List all accounts with their grants, active and not, by login."""
    with engine.connect() as connection:
        return load(connection, "ORDER BY a.login")


def get_account(engine: Engine, login: str) -> Account | None:
    """Look up an account by its login, in any case; None if there is none."""
    with engine.connect() as connection:
        return next(iter(load(connection, "WHERE a.login = :login", login=normal_login(login))), None)


def anonymous(engine: Engine) -> Account:
    """Give the account of those who have none: the public, with what the role `citizen` permits."""
    with reading(engine).connect() as connection:
        held = connection.execute(select(role_permission.c.permission).where(role_permission.c.role == PUBLIC_ROLE))
        return Account(None, "anonymous", "公众", grants=(Grant(PUBLIC_ROLE, frozenset(held.scalars())),))


def create_account(
    engine: Engine, actor: Actor, *, login: str, name: str, department: str | None = None, region: str | None = None
) -> NewAccount:
    """Make an account, without any grant yet.

    Args:
        engine: the database.
        actor: who makes it; an account needs `accounts.manage` for the region and department.
        login: 2 to 64 letters, digits or `. _ - @`; upper and lower case are the same.
        name: shown on pages.
        department: the person's department, for display; None if there is none.
        region: code of the person's region, for display; None if there is none.

    Returns:
        The account and its one-time password, which exists nowhere else and must be changed at the first login.

    Raises:
        AccountError: the login is taken or not a login.
        NotPermitted: the actor may not manage accounts there.
    """
    if isinstance(actor, Account) and not allowed(actor, "accounts.manage", region, department):
        raise _not_permitted(actor, f"create an account in region {region}, department {department}")
    login = normal_login(login)
    if not re.fullmatch(r"[\w.@-]{2,64}", login) or login in _RESERVED:
        raise AccountError(
            f"账号名“{login}”不可用：请用 2–64 个字母、数字或 . _ - @",
            f"login {login!r} cannot be used: 2 to 64 letters, digits or . _ - @, and none of "
            f"{', '.join(sorted(_RESERVED))}",
        )
    password = one_time_password()
    hashed = hash_password(password)  # slow on purpose, so outside the act
    try:
        with act(engine, _name(actor), "create account") as connection:
            number = _insert(connection, login, name, department, region, hashed)
            made = _get(connection, number)
    except IntegrityError:
        raise AccountError(f"账号名“{login}”已被使用", f"login {login!r} is taken") from None
    return NewAccount(made, password)


def grant(
    engine: Engine,
    actor: Actor,
    account_id: int,
    role_code: str,
    *,
    department: str | None = None,
    region: str | None = None,
) -> Account:
    """Give a role to an account; giving it twice changes nothing.

    Args:
        engine: the database.
        actor: who gives it; an account can only give what it holds itself, where it holds it.
        account_id: whom.
        role_code: which role.
        department: for this department only; None: for every department.
        region: for this region and all below it; None: everywhere.

    Returns:
        The account with all its grants.

    Raises:
        AccountError: no such role or account.
        NotPermitted: the actor would give more than it has.
    """
    roles = {each.code: each for each in list_roles(engine)}
    if role_code not in roles:
        raise AccountError(f"没有角色“{role_code}”", f"no role {role_code!r}; there are {', '.join(roles)}")
    if isinstance(actor, Account) and not may_grant(actor, roles[role_code].permissions, region, department):
        raise _not_permitted(actor, f"grant {role_code} for region {region}, department {department}")
    with act(engine, _name(actor), f"grant {role_code}") as connection:
        _get(connection, account_id)
        values = {"account_id": account_id, "role": role_code, "department": department, "region": region}
        connection.execute(upsert(account_grant).values(values).on_conflict_do_nothing())
        return _get(connection, account_id)


def revoke_grant(engine: Engine, actor: Actor, account_id: int, grant_id: int) -> Account:
    """Take a grant back.

    Returns:
        The account with the grants that remain.

    Raises:
        AccountError: no such grant on this account.
        NotPermitted: the actor could not have given it.
        LastAdministrator: nobody would be left to manage the platform.
    """
    with act(engine, _name(actor), "revoke grant") as connection:
        before = _get(connection, account_id)
        found = [each for each in before.grants if each.id == grant_id]
        if not found:
            raise AccountError(f"账号“{before.login}”没有这项授权", f"account {before.login!r} has no grant {grant_id}")
        if isinstance(actor, Account) and not may_grant(
            actor, found[0].permissions, found[0].region, found[0].department
        ):
            raise _not_permitted(actor, f"revoke {found[0].role} of {before.login}")
        connection.execute(delete(account_grant).where(account_grant.c.id == grant_id))
        _keep_an_administrator(connection)
        return _get(connection, account_id)


def set_active(engine: Engine, actor: Actor, account_id: int, active: bool) -> Account:
    """Close an account (its sessions end at once) or open it again.

    Raises:
        AccountError: no such account.
        NotPermitted: the actor may not manage it.
        LastAdministrator: nobody would be left to manage the platform.
    """
    with act(engine, _name(actor), "open account" if active else "close account") as connection:
        check_manages(actor, _get(connection, account_id))
        connection.execute(update(account).where(account.c.id == account_id).values(active=active))
        if not active:
            end_sessions(connection, account_id)
            _keep_an_administrator(connection)
        return _get(connection, account_id)


def reset_password(engine: Engine, actor: Actor, account_id: int) -> str:
    """Give an account a new one-time password and end its sessions, keys and API tokens.

    Returns:
        The one-time password.

    Raises:
        AccountError: no such account, or one of the example, which has no password.
        NotPermitted: the actor may not manage it.
    """
    password = one_time_password()
    hashed = hash_password(password)
    with act(engine, _name(actor), "reset password") as connection:
        target = _get(connection, account_id)
        check_manages(actor, target)
        if target.example:
            raise AccountError(
                "示例账号没有密码", f"account {target.login!r} belongs to the example and has no password"
            )
        store_password(connection, account_id, hashed, must_change=True)
        end_sessions(connection, account_id)
    return password


def ensure_administrator(engine: Engine) -> NewAccount | None:
    """At the first start, make the first administrator, login `admin`.

    Returns:
        The account with the one-time password to print; None if there already is an administrator.
    """
    there_is_one = select(account_grant.c.id).where(account_grant.c.role == ADMINISTRATOR)
    with engine.connect() as connection:
        if connection.execute(there_is_one).first():
            return None
    password = one_time_password()
    hashed = hash_password(password)
    with act(engine, "lantian", "first start") as connection:
        if connection.execute(there_is_one).first():  # another process was faster
            return None
        number = _insert(connection, "admin", "管理员", None, None, hashed)
        connection.execute(insert(account_grant).values(account_id=number, role=ADMINISTRATOR))
        return NewAccount(_get(connection, number), password)


def ensure_example(
    engine: Engine,
    wanted: bool,
    regions: Mapping[str, str] | None = None,
    departments: Mapping[str, str] | None = None,
) -> list[Account]:
    """Open one example account for each role but administrator, or close them all where the example is off.

    They have no password: the only ways in are a one-time key and `look_as`.

    Args:
        engine: the database.
        wanted: `settings.example`.
        regions: role -> region code that its new example account belongs to and is granted its role for.
        departments: role -> code of the department, likewise.

    Returns:
        The example accounts that are open.
    """
    with engine.connect() as connection:
        found = load(connection, _OPEN_EXAMPLE)
        roles = connection.execute(select(role.c.code).where(role.c.code != ADMINISTRATOR)).scalars().all()
    if len(found) == (len(roles) if wanted else 0):
        return found
    with act(engine, "lantian", "open the example" if wanted else "close the example") as connection:
        connection.execute(update(account).where(account.c.example, account.c.active != wanted).values(active=wanted))
        if wanted:
            _insert_example(connection, regions or {}, departments or {})
        return load(connection, _OPEN_EXAMPLE)


def example_login(role_code: str) -> str:
    """Give the login of the example account of a role."""
    return f"example-{role_code}"


def normal_login(login: str) -> str:
    """Bring a typed login to the form in which it is stored: trimmed, full-width letters made plain, lower case."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def load(connection: Connection, clause: str, **parameters: Any) -> list[Account]:
    """Read accounts and their grants in one question; `clause` follows `FROM account a`, never made from input."""
    return [_account(row) for row in connection.execute(text(f"{_ACCOUNTS} {clause}"), parameters).mappings()]


def store_password(connection: Connection, account_id: int, hashed: str, *, must_change: bool) -> None:
    """Store a password's hash; inside `act`, so the trail shows that (never to what) it was changed."""
    values = {"account_id": account_id, "hash": hashed}
    connection.execute(
        upsert(account_password).values(values).on_conflict_do_update(index_elements=["account_id"], set_=values)
    )
    connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(must_change_password=must_change, password_changed_at=datetime.now(UTC))
    )


_ACCOUNTS = f"""
    SELECT a.id, a.login, a.name, a.department, a.region, a.active, a.example, a.must_change_password,
           (SELECT json_agg(json_build_object(
                   'id', g.id, 'role', g.role, 'department', g.department, 'region', g.region,
                   'permissions', (SELECT json_agg(p.permission) FROM role_permission p WHERE p.role = g.role)
                   ) ORDER BY g.id)
              FROM account_grant g WHERE g.account_id = a.id) AS grants,
           (SELECT json_agg(p.permission) FROM role_permission p WHERE p.role = '{PUBLIC_ROLE}') AS public
      FROM account a
"""

_OPEN_EXAMPLE = "WHERE a.example AND a.active ORDER BY a.id"


def _account(row: RowMapping) -> Account:
    grants = tuple(
        Grant(each["role"], frozenset(each["permissions"] or ()), each["department"], each["region"], each["id"])
        for each in row["grants"] or ()
    )
    public = Grant(PUBLIC_ROLE, frozenset(row["public"] or ()))  # who logs in loses nothing that everybody may do
    own = {
        key: row[key]
        for key in ("id", "login", "name", "department", "region", "active", "example", "must_change_password")
    }
    return Account(**own, grants=(*grants, public))


def _get(connection: Connection, account_id: int) -> Account:
    found = load(connection, "WHERE a.id = :id", id=account_id)
    if not found:
        raise AccountError("没有这个账号", f"no account with id {account_id}")
    return found[0]


def _insert(
    connection: Connection, login: str, name: str, department: str | None, region: str | None, hashed: str
) -> int:
    statement = insert(account).values(login=login, name=name, department=department, region=region)
    number = int(connection.execute(statement.returning(account.c.id)).scalar_one())
    store_password(connection, number, hashed, must_change=True)
    return number


def _insert_example(connection: Connection, regions: Mapping[str, str], departments: Mapping[str, str]) -> None:
    there = set(connection.execute(select(account.c.login).where(account.c.example)).scalars())
    for each in connection.execute(select(role).where(role.c.code != ADMINISTRATOR).order_by(role.c.position)).all():
        if example_login(each.code) in there:
            continue
        held = {"region": regions.get(each.code), "department": departments.get(each.code)}
        values = {"login": example_login(each.code), "name": f"示例{each.zh}", "example": True, **held}
        number = connection.execute(insert(account).values(values).returning(account.c.id)).scalar_one()
        connection.execute(insert(account_grant).values(account_id=number, role=each.code, **held))


def end_sessions(connection: Connection, account_id: int, kinds: Sequence[str] = ("session", "key", "api")) -> None:
    """End an account's open sessions, keys and tokens of these kinds."""
    open_ones = session.c.account_id == account_id, session.c.revoked_at.is_(None), session.c.kind.in_(kinds)
    connection.execute(update(session).where(*open_ones).values(revoked_at=datetime.now(UTC)))


def _keep_an_administrator(connection: Connection) -> None:
    question = (
        select(account.c.id)
        .join(account_grant)
        .where(
            account.c.active,
            ~account.c.example,
            account_grant.c.role == ADMINISTRATOR,
            account_grant.c.region.is_(None),
            account_grant.c.department.is_(None),
        )
    )
    if connection.execute(question).first() is None:
        raise LastAdministrator(
            "不能没有管理员：请先指定另一位管理员", "the platform would have no administrator; name another one first"
        )


def check_manages(actor: Actor, target: Account) -> None:
    """Raise NotPermitted unless the actor could have given the target all that it holds.

    Who could reset the password of somebody with more rights would own those rights.
    """
    if isinstance(actor, str):
        return
    own = [each for each in target.grants if each.id is not None]
    if not allowed(actor, "accounts.manage", target.region, target.department) or not all(
        may_grant(actor, each.permissions, each.region, each.department) for each in own
    ):
        raise _not_permitted(actor, f"manage account {target.login}")


def _not_permitted(actor: Account, what: str) -> NotPermitted:
    return NotPermitted("您没有这项操作的权限", f"{actor.login} may not {what}")


def _name(actor: Actor) -> str:
    return actor.actor if isinstance(actor, Account) else actor
