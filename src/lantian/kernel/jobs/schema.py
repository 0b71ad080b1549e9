"""The queue's own tables: made, and brought up to date, by the SQL scripts that procrastinate ships."""

from __future__ import annotations

from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text


def newest() -> str:
    """Name of the newest schema script of the installed procrastinate; the state that its code expects."""
    return _scripts()[-1].stem


def present(connection: Connection) -> str | None:
    """Name of the newest script that this database has seen; None if there is no queue yet."""
    question = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
    found = connection.execute(question).scalar()
    return None if found is None else str(found)


def apply(connection: Connection) -> None:
    """Make the queue's tables, or bring them to the state that the installed procrastinate expects.

    Which scripts a database has seen stands in the comment on `procrastinate_jobs`, because a new database gets the
    whole schema of the procrastinate of its day at once. A migration calls this after each upgrade of procrastinate
    that brings new scripts.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the queue needs psycopg, not {type(driver)}")
    seen = present(connection)
    scripts = (
        [SchemaManager.get_schema()]
        if seen is None
        else [path.read_text(encoding="utf-8") for path in _scripts() if path.stem > seen]
    )
    for script in scripts:
        driver.execute(script.encode())
    connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{newest()}'")


def _scripts() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
