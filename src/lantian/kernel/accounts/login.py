"""Login with a password: throttled, and as slow for a login that does not exist as for one that does."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lantian.kernel.accounts.errors import AccountError, LoginRefused, LoginThrottled
from lantian.kernel.accounts.passwords import check_new, hash_password, verify
from lantian.kernel.accounts.permissions import Account
from lantian.kernel.accounts.store import end_sessions, load, normal_login, store_password
from lantian.kernel.accounts.tables import account_password, login_attempt
from lantian.kernel.audit import act

# Five tries without waiting, for a mistyped password; then 1, 2, 4 ... s, up to a quarter of an hour, after which all
# is forgotten.
FREE_TRIES = 5
FORGET_AFTER = timedelta(minutes=15)


def authenticate(engine: Engine, login: str, password: str, address: str, *, now: datetime | None = None) -> Account:
    """Check a login and password.

    Failures are counted for each pair of login and network address, so that a stranger cannot lock anybody out from
    elsewhere.

    Args:
        engine: the database.
        login: as typed.
        password: as typed.
        address: network address of who asks, as text.
        now: real time of the attempt (aware); None: now.

    Returns:
        The account. If it must change its password, nothing is allowed to it until it did.

    Raises:
        LoginThrottled: too many failures; the password was not even looked at.
        LoginRefused: no such account, or closed, or without a password, or a wrong password: all alike, and equally
            slow.
    """
    now = now or datetime.now(UTC)
    login = normal_login(login)
    key = hashlib.sha256(
        f"{login}\0{address}".encode()
    ).digest()  # people type passwords into the wrong field: never store it
    _count_try(engine, key, now)
    with engine.connect() as connection:
        found = load(connection, "WHERE a.login = :login AND a.active", login=login)
        number = found[0].id if found else None
        stored = connection.execute(
            select(account_password.c.hash).where(account_password.c.account_id == number)
        ).scalar()
    right, renewed = verify(password, stored)
    if not right:
        raise LoginRefused("账号或密码不正确", "wrong login or password")
    with engine.begin() as connection:
        connection.execute(delete(login_attempt).where(login_attempt.c.key == key))
        if renewed is not None:
            connection.execute(
                update(account_password).where(account_password.c.account_id == number).values(hash=renewed)
            )
    return found[0]


def change_password(engine: Engine, account: Account, old: str, new: str, *, now: datetime | None = None) -> Account:
    """Change one's own password; all sessions and keys of the account end (log in again), its API tokens stay.

    Args:
        engine: the database.
        account: whose; also who acts.
        old: the present password, typed again.
        new: at least ten characters, and not too simple.
        now: real time (aware); None: now.

    Returns:
        The account, free to act.

    Raises:
        LoginThrottled: too many wrong old passwords.
        LoginRefused: the old password is wrong.
        AccountError: the new password is not acceptable, and why.
    """
    authenticate(engine, account.login, old, "change password", now=now)
    check_new(new, account.login, old)
    hashed = hash_password(new)
    with act(engine, account.actor, "change password") as connection:
        number = account.id
        if number is None:
            raise AccountError("没有登录", "nobody is logged in")
        store_password(connection, number, hashed, must_change=False)
        end_sessions(connection, number, ("session", "key"))
        return load(connection, "WHERE a.id = :id", id=number)[0]


def forget_attempts(engine: Engine, *, now: datetime | None = None) -> None:
    """Remove counted failures that no longer matter."""
    with engine.begin() as connection:
        connection.execute(
            delete(login_attempt).where(login_attempt.c.last_at < (now or datetime.now(UTC)) - FORGET_AFTER)
        )


def _count_try(engine: Engine, key: bytes, now: datetime) -> None:
    """Count a failure before the password is looked at (many tries at once cannot slip through); success removes it."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key.hex()})
        row = connection.execute(select(login_attempt).where(login_attempt.c.key == key)).one_or_none()
        failures = 0 if row is None or row.last_at < now - FORGET_AFTER else row.failures
        if row is not None and failures >= FREE_TRIES:
            wait = min(timedelta(seconds=2 ** (failures - FREE_TRIES)), FORGET_AFTER)
            if now < row.last_at + wait:
                raise LoginThrottled(int((row.last_at + wait - now).total_seconds()) + 1)
        values = {"key": key, "failures": failures + 1, "last_at": now}
        connection.execute(
            upsert(login_attempt).values(values).on_conflict_do_update(index_elements=["key"], set_=values)
        )
