"""Sessions, API tokens and one-time keys: random tokens of which only the SHA-256 is stored.

All three expire on real time, never on the replay clock.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from lantian.kernel.accounts.errors import AccountError, LoginRefused, NotPermitted
from lantian.kernel.accounts.permissions import ADMINISTRATOR, Account, allowed
from lantian.kernel.accounts.store import Actor, check_manages, example_login, load
from lantian.kernel.accounts.tables import session
from lantian.kernel.database import reading
from lantian.kernel.settings import Settings

IDLE = timedelta(hours=12)  # a duty shift
ABSOLUTE = timedelta(days=7)
KEY_LIFE = timedelta(minutes=15)
API_LIFE = timedelta(days=365)
NOTED_AT_MOST = 10_000
SEEN_EVERY = timedelta(minutes=1)  # how exactly the last use is known; a write at each request would be waste
KEEP = timedelta(days=30)  # ended sessions stay listed for so long


@dataclass(frozen=True)
class SessionView:
    """A session or API token as its owner sees it: never the token itself. Times are real, aware, UTC."""

    id: int
    kind: str
    label: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def open_session(engine: Engine, account: Account, *, label: str = "", now: datetime | None = None) -> str:
    """Open a session after a login.

    Args:
        engine: the database.
        account: whose.
        label: what the owner will recognise it by, such as the browser's name and the address.
        now: real time (aware); None: now.

    Returns:
        The token, for the cookie. It ends after `IDLE` without use, and after `ABSOLUTE` anyway.
    """
    return _issue(engine, account, "session", ABSOLUTE, label, now)


def create_api_token(
    engine: Engine, account: Account, *, label: str, life: timedelta = API_LIFE, now: datetime | None = None
) -> str:
    """Make a token for a script, which then may do what the account may.

    Args:
        engine: the database.
        account: whose; needs `api.read`.
        label: what it is for.
        life: how long it is good, at most `API_LIFE`.
        now: real time (aware); None: now.

    Raises:
        NotPermitted: the account may not use the interface.
        AccountError: the life is too long, or not positive.
    """
    if account.must_change_password:
        raise NotPermitted("请先登录并修改一次性密码", f"{account.login} must change the one-time password first")
    if not allowed(account, "api.read"):
        raise NotPermitted("您没有使用数据接口的权限", f"{account.login} may not use the HTTP interface")
    if not timedelta(0) < life <= API_LIFE:
        raise AccountError(
            f"令牌有效期最长 {API_LIFE.days} 天", f"a token lives more than 0 and at most {API_LIFE.days} days"
        )
    return _issue(engine, account, "api", life, label, now)


def create_key(engine: Engine, account: Account, *, life: timedelta = KEY_LIFE, now: datetime | None = None) -> str:
    """Make a one-time key for an address such as `http://127.0.0.1:8000/?key=...`; it opens one session, once, soon."""
    return _issue(engine, account, "key", life, "one-time key", now)


def redeem_key(engine: Engine, key: str, *, label: str = "", now: datetime | None = None) -> str:
    """Exchange a one-time key for a session.

    Returns:
        The session's token.

    Raises:
        LoginRefused: the key is unknown, used, expired, or its account is closed.
    """
    now = now or datetime.now(UTC)
    # One statement uses the key up: of two that come with it at once, one gets nothing.
    statement = (
        update(session)
        .where(session.c.token_sha256 == _digest(key), session.c.kind == "key", *_open(now))
        .values(revoked_at=now)
        .returning(session.c.account_id)
    )
    with engine.begin() as connection:
        number = connection.execute(statement).scalar()
        if not load(connection, "WHERE a.id = :id AND a.active", id=number):
            raise LoginRefused("这个一次性链接无效或已用过", "this one-time key is unknown, used or expired")
        return _insert(connection, int(number or 0), "session", ABSOLUTE, label, now)


def account_of_token(engine: Engine, token: str, *, now: datetime | None = None) -> Account | None:
    """Find whose token this is, and note that it was used.

    Args:
        engine: the database.
        token: of a session or for a script; one-time keys do not count.
        now: real time (aware); None: now.

    Returns:
        The account with its grants as they are at this moment; None if the token is unknown, ended, expired or idle
        for too long, or the account is closed.
    """
    now = now or datetime.now(UTC)
    with reading(engine).connect() as connection:
        found = load(
            connection,
            """JOIN session s ON s.account_id = a.id
               WHERE a.active AND s.token_sha256 = :digest AND s.revoked_at IS NULL AND s.expires_at > :now
                 AND (s.kind = 'api' OR s.kind = 'session' AND s.last_seen_at > :idle)""",
            digest=_digest(token),
            now=now,
            idle=now - IDLE,
        )
        if not found:
            return None
        _note_use(connection, _digest(token), now)
    return found[0]


_noted: dict[bytes, datetime] = {}  # when this process last wrote the use of a token, by digest


def _note_use(connection: Connection, digest: bytes, now: datetime) -> None:
    """Write when a token was used, at most once in `SEEN_EVERY`, and without asking the database in between."""
    if (last := _noted.get(digest)) is not None and abs(now - last) < SEEN_EVERY:
        return
    seen = update(session).where(session.c.token_sha256 == digest, session.c.last_seen_at <= now - SEEN_EVERY)
    if connection.execute(seen.values(last_seen_at=now)).rowcount:
        _remember_use(digest, now)


def _remember_use(digest: bytes, now: datetime) -> None:
    if len(_noted) >= NOTED_AT_MOST:
        _noted.clear()
    _noted[digest] = now


def close_session(engine: Engine, token: str, *, now: datetime | None = None) -> None:
    """End a session by its token: log out. An unknown or ended one is not an error."""
    with engine.begin() as connection:
        ended = update(session).where(session.c.token_sha256 == _digest(token), session.c.revoked_at.is_(None))
        connection.execute(ended.values(revoked_at=now or datetime.now(UTC)))


def list_sessions(engine: Engine, account: Account, *, now: datetime | None = None) -> list[SessionView]:
    """List the open sessions and API tokens of an account, the newest first."""
    columns = (
        session.c.id,
        session.c.kind,
        session.c.label,
        session.c.created_at,
        session.c.last_seen_at,
        session.c.expires_at,
    )
    now = now or datetime.now(UTC)
    question = (
        select(*columns)
        .where(session.c.account_id == account.id, session.c.kind.in_(("session", "api")), *_open(now))
        .where(or_(session.c.kind == "api", session.c.last_seen_at > now - IDLE))
        .order_by(session.c.id.desc())
    )
    with engine.connect() as connection:
        return [SessionView(**row) for row in connection.execute(question).mappings()]


def revoke_session(engine: Engine, actor: Actor, session_id: int, *, now: datetime | None = None) -> None:
    """End a session or API token by its number: one's own, or that of an account which the actor manages.

    Raises:
        AccountError: there is none of this number.
        NotPermitted: it is somebody else's.
    """
    with engine.begin() as connection:
        found = load(connection, "JOIN session s ON s.account_id = a.id WHERE s.id = :id", id=session_id)
        if not found:
            raise AccountError("没有这个会话", f"no session {session_id}")
        if isinstance(actor, str) or actor.id != found[0].id:
            check_manages(actor, found[0])
        ended = update(session).where(session.c.id == session_id, session.c.revoked_at.is_(None))
        connection.execute(ended.values(revoked_at=now or datetime.now(UTC)))


def look_as(
    engine: Engine, settings: Settings, token: str, role: str, *, label: str = "", now: datetime | None = None
) -> str:
    """In the example, go on as another role: the session ends and one of that role's example account begins.

    Args:
        engine: the database.
        settings: `example` must be true.
        token: of an open session of an example account.
        role: code of the role; every role has an example account, but the administrator.
        label: as in `open_session`.
        now: real time (aware); None: now.

    Returns:
        The new session's token.

    Raises:
        NotPermitted: this is not the example, or the session is not one of the example.
        AccountError: there is no example account of this role.
    """
    now = now or datetime.now(UTC)
    present = account_of_token(engine, token, now=now)
    if not settings.example or present is None or not present.example:
        raise NotPermitted(
            "只有在示例中才能切换身份",
            "only a session of the example may look as another role, and only in the example",
        )
    with engine.begin() as connection:
        found = load(connection, "WHERE a.login = :login AND a.example AND a.active", login=example_login(role))
        if not found or role == ADMINISTRATOR:
            raise AccountError(f"示例中没有角色“{role}”", f"the example has no account of role {role!r}")
        old = update(session).where(session.c.token_sha256 == _digest(token), session.c.kind == "session", *_open(now))
        if connection.execute(old.values(revoked_at=now)).rowcount != 1:
            raise NotPermitted("只有在示例中才能切换身份", "an API token cannot look as another role")
        return _insert(connection, found[0].id or 0, "session", ABSOLUTE, label, now)


def forget_sessions(engine: Engine, *, now: datetime | None = None) -> int:
    """Remove what ended or expired more than `KEEP` ago; give the number of rows."""
    before = (now or datetime.now(UTC)) - KEEP
    with engine.begin() as connection:
        gone = delete(session).where(or_(session.c.revoked_at < before, session.c.expires_at < before))
        return connection.execute(gone).rowcount


def _open(now: datetime) -> tuple:  # type: ignore[type-arg]
    return session.c.revoked_at.is_(None), session.c.expires_at > now


def _issue(engine: Engine, account: Account, kind: str, life: timedelta, label: str, now: datetime | None) -> str:
    if account.id is None:
        raise AccountError("没有登录", "the public has no sessions")
    with engine.begin() as connection:
        return _insert(connection, account.id, kind, life, label, now or datetime.now(UTC))


def _insert(connection: Connection, account_id: int, kind: str, life: timedelta, label: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    values = {
        "token_sha256": _digest(token),
        "kind": kind,
        "account_id": account_id,
        "label": label[:200],
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + life,
    }
    connection.execute(insert(session).values(values))
    _remember_use(_digest(token), now)
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
