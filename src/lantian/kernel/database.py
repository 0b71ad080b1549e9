"""The database: one metadata for all rooms' tables, the connection, and the migrations.

Without `database_url` an embedded PostgreSQL runs under `<home>/postgres`; with it any PostgreSQL >= 15 in UTF-8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from lantian.kernel.embedded import EmbeddedServer
from lantian.kernel.settings import Settings

OLDEST_SERVER = 15
_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x1A27  # advisory lock: one process migrates at a time

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every room's SQLAlchemy Core tables stand on this one."""


class DatabaseError(RuntimeError):
    """The database cannot be used as it is; the message says why and how to mend it. It never shows a password."""


@dataclass(frozen=True)
class Database:
    """A usable database. `engine` may be shared by all threads of a process; `stop` gives everything back."""

    engine: Engine
    _leave_server: Callable[[], None] | None = None

    @property
    def conninfo(self) -> str:
        """The address as libpq and psycopg take it, password included."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def stop(self) -> None:
        """Close the connections; the last process to leave the embedded server stops it."""
        self.engine.dispose()
        if self._leave_server:
            self._leave_server()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_READING: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def reading(engine: Engine) -> Engine:
    """The same connections, for single questions: no transaction around them, so two round trips fewer each."""
    if engine not in _READING:
        _READING[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    return _READING[engine]


def connect(settings: Settings) -> Database:
    """Reach the database that the settings name, starting the embedded server if there is none.

    Raises DatabaseError when it cannot be reached, is older than PostgreSQL 15 or not in UTF-8, and ServerError when
    the embedded server does not start. The tables may still have to be made: see `upgrade`.
    """
    if settings.database_url is None:
        server = EmbeddedServer(settings.home / "postgres")
        database = Database(_engine(_address(server.start())), server.stop)
    else:
        database = Database(_engine(_address(settings.database_url)))
    try:
        _check(database.engine)
    except BaseException:
        database.stop()
        raise
    return database


def _address(url: str) -> URL:
    """The address with psycopg as its driver; `postgres://` and plain `postgresql://` are understood."""
    right = "LANTIAN_DATABASE_URL must look like postgresql://user:password@host:5432/name"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseError(f"the database address cannot be read; {right}") from None
    if parsed.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise DatabaseError(f"{parsed.drivername} is not PostgreSQL with psycopg; {right}")
    return parsed.set(drivername="postgresql+psycopg")


def _engine(address: URL) -> Engine:
    """An engine for a web server's threads: FastAPI runs up to 40 at once, most of the time far fewer."""
    return create_engine(
        address,
        pool_size=5,
        max_overflow=35,
        pool_pre_ping=True,  # a restarted server costs one ping, not a failed page
        pool_timeout=15,
        # Compiling a question takes longer than any of ours would gain by it.
        connect_args={"options": "-c timezone=UTC -c jit=off", "connect_timeout": 10, "application_name": "lantian"},
    )


def _check(engine: Engine) -> None:
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            number = connection.scalar(text("select current_setting('server_version_num')::int")) or 0
            encoding = connection.scalar(text("select current_setting('server_encoding')"))
    except OperationalError as error:
        raise DatabaseError(f"{shown} cannot be reached: {str(error.orig).strip()}") from error
    require(number, str(encoding), shown)


def require(version_number: int, encoding: str, shown: str) -> None:
    """Raise DatabaseError unless the server is new enough (`server_version_num`, 150000 = 15.0) and holds UTF-8."""
    if version_number < OLDEST_SERVER * 10000:
        raise DatabaseError(
            f"{shown} is PostgreSQL {version_number // 10000}; Lantian needs {OLDEST_SERVER} or newer: upgrade the "
            "server, or leave LANTIAN_DATABASE_URL unset to use the embedded one"
        )
    if encoding != "UTF8":
        raise DatabaseError(
            f"{shown} stores text as {encoding}: make the database with CREATE DATABASE ... ENCODING 'UTF8'"
        )


def upgrade(engine: Engine) -> None:
    """Bring the tables to this version's state; safe to call from many processes at once.

    All missing migrations run in one transaction under an advisory lock: they happen wholly or not at all. Raises
    DatabaseError when the database was already written by a newer Lantian.
    """
    with engine.connect() as connection:
        if revision(connection) == newest_revision():
            return
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = revision(connection)
        if found is not None and found not in revisions():
            raise DatabaseError(
                f"the database is at revision {found!r}, which this Lantian (newest {newest_revision()!r}) does not "
                "know: a newer version has been here; upgrade Lantian"
            )
        from alembic import command  # a quarter of a second that a start without migrations does not need
        from alembic.config import Config

        # Migrations may write to watched tables: the trail names them.
        connection.execute(text("select set_config('lantian.actor', 'lantian upgrade', true)"))
        configuration = Config()
        configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        configuration.set_main_option("path_separator", "os")
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


def revision(connection: Connection) -> str | None:
    """The revision that the database is at; None: no table yet."""
    if connection.scalar(text("select to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text("select version_num from alembic_version"))
    return found


def newest_revision() -> str | None:
    """The revision that this version of Lantian wants."""
    return next(iter(revisions()), None)


def revisions() -> list[str]:
    """All revisions that this version of Lantian knows, the newest first: files are named by them, in their order."""
    return sorted((file.stem for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")), reverse=True)
