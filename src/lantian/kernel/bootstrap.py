"""The one place where services are wired: settings to database to clock."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from lantian.kernel import audit
from lantian.kernel.clock import Clock
from lantian.kernel.database import Database, connect, upgrade
from lantian.kernel.settings import Settings, load


@dataclass(frozen=True)
class Platform:
    """An open platform: what every room above is given. Close it, or use it in a `with` statement."""

    settings: Settings
    database: Database
    clock: Clock

    @property
    def engine(self) -> Engine:
        """The database's engine."""
        return self.database.engine

    @property
    def home(self) -> Path:
        """The data directory."""
        return self.settings.home

    @property
    def anchors(self) -> Path:
        """Where the heads of the audit trail are noted; copy this file to another machine from time to time."""
        return self.home / "audit" / "anchors.jsonl"

    def close(self) -> None:
        """Note the head of the audit trail and leave the database."""
        try:
            audit.anchor(self.engine, self.anchors)
        finally:
            self.database.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_platform(home: str | Path | None = None, *, settings: Settings | None = None) -> Platform:
    """Open the platform of the data directory `home` (None: `LANTIAN_HOME`, else `./var`), making what is missing.

    `settings` stands in for reading them. Raises SettingsError, DatabaseError or ServerError, each of which says what
    is wrong and how to mend it.
    """
    settings = settings or load(home)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = connect(settings)
    try:
        upgrade(database.engine)
        platform = Platform(settings, database, Clock(database.engine))
        audit.anchor(database.engine, platform.anchors)
    except BaseException:
        database.stop()
        raise
    return platform
