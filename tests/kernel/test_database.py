"""The database: the embedded server, a given one, and the migrations."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from lantian.kernel import database, embedded, tables
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.database import DatabaseError, connect, upgrade
from lantian.kernel.embedded import EmbeddedServer, ServerError
from lantian.kernel.settings import Settings


@pytest.fixture
def folder(server_folder: Path) -> Path:
    """An odd path."""
    odd = server_folder / "lan tian 蓝天"
    odd.mkdir()
    return odd


def alive(data: Path) -> bool:
    """Whether the server of the cluster `data` runs."""
    try:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def test_an_embedded_server_lives_in_the_home_and_ends_with_its_last_user(folder: Path):
    home = folder / ("very-" * 30 + "long")  # far beyond what a socket's path may have
    with connect(Settings(home=home)) as first:
        with connect(Settings(home=home)) as second, second.engine.connect() as connection:
            assert connection.scalar(text("select current_database()")) == "lantian"
            assert connection.scalar(text("show timezone")) == "UTC"
        assert alive(home / "postgres" / "data")
        with psycopg.connect(first.conninfo) as plain:  # what psycopg and the job queue take
            plain.execute("create table kept as select 'ü蓝' as word")
    assert not alive(home / "postgres" / "data")
    assert not embedded._socket_folder(home / "postgres" / "data").exists()
    with connect(Settings(home=home)) as again, again.engine.connect() as connection:
        assert connection.scalar(text("select word from kept")) == "ü蓝"


SHARE = """
import sys
from pathlib import Path
from lantian.kernel.database import connect
from lantian.kernel.settings import Settings
with connect(Settings(home=Path(sys.argv[1]))) as database:
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.requirement("K5", part="several processes on one embedded server")
def test_processes_share_a_server_and_a_killed_one_is_forgotten(folder: Path):
    python = [sys.executable, "-W", "error", "-c", SHARE, str(folder)]
    others = [subprocess.Popen(python, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline() == b"ready\n"
        with connect(Settings(home=folder)) as mine:
            others[0].communicate()  # leaves as it should
            others[1].send_signal(signal.SIGKILL)  # could not say goodbye
            others[1].communicate()
            with mine.engine.connect() as connection:
                assert connection.scalar(text("select 1")) == 1
        assert not alive(folder / "postgres" / "data")
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_importing_and_connecting_prints_no_warning(folder: Path):
    environment = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SHARE, str(folder)],
        env=environment,
        input=b"",
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""


def test_a_server_that_died_with_its_machine_starts_again(folder: Path):
    """In a new container the dead server's process number may belong to someone else: here, to this very test."""
    server = EmbeddedServer(folder)
    server.start()
    pid_file = folder / "data" / "postmaster.pid"
    left = pid_file.read_text()
    server.stop()
    pid_file.write_text(left.replace(left.split()[0], str(os.getpid()), 1))
    server.start()
    server.stop()


def test_a_cluster_of_another_version_is_named(folder: Path):
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 16.*this Lantian has 18"):
        EmbeddedServer(folder).start()


def test_why_a_server_does_not_start_is_told(folder: Path):
    with pytest.raises(ServerError, match="no_such_parameter"):
        EmbeddedServer(folder, no_such_parameter="1").start()
    assert not embedded._socket_folder(folder / "data").exists()


def test_a_socket_folder_that_someone_else_made_is_refused(folder: Path):
    squatted = embedded._socket_folder(folder / "data")
    squatted.mkdir(mode=0o777)
    squatted.chmod(0o777)
    try:
        with pytest.raises(ServerError, match="belongs to someone else or is open"):
            EmbeddedServer(folder).start()
    finally:
        squatted.rmdir()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_given_address_is_used_with_psycopg(empty_url: str, tmp_path: Path, scheme: str):
    url = empty_url.replace("postgresql://", f"{scheme}://", 1)
    with connect(Settings(home=tmp_path, database_url=url)) as given:
        assert given.engine.dialect.driver == "psycopg"
        with given.engine.connect() as connection:
            assert connection.scalar(text("show timezone")) == "UTC"
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://u:hush@h/d", "mysql is not PostgreSQL"),
        ("postgresql+asyncpg://u:hush@h/d", "asyncpg is not PostgreSQL with psycopg"),
        ("nonsense", "must look like postgresql://"),
        ("postgresql://u:hush@127.0.0.1:1/d", "cannot be reached"),
    ],
)
def test_an_address_that_does_not_work_is_explained_without_its_password(tmp_path: Path, url: str, why: str):
    with pytest.raises(DatabaseError, match=why) as caught:
        connect(Settings(home=tmp_path, database_url=url))
    assert "hush" not in str(caught.value)


def test_old_servers_and_other_encodings_are_refused(server: str, administration: psycopg.Connection, tmp_path: Path):
    database.require(150000, "UTF8", "shown")
    with pytest.raises(DatabaseError, match="is PostgreSQL 14; Lantian needs 15 or newer"):
        database.require(140011, "UTF8", "shown")
    name = f"lantian_latin_{os.getpid()}"
    administration.execute(f"create database {name} template template0 encoding 'LATIN1' locale 'C'")
    try:
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        with pytest.raises(DatabaseError, match="stores text as LATIN1"):
            connect(Settings(home=tmp_path, database_url=url))
    finally:
        administration.execute(f"drop database {name} with (force)")


def test_migrations_make_what_the_tables_say(engine: Engine):
    with engine.connect() as connection:
        mine = {tables.clock.name, tables.audit.name, tables.audit_head.name}
        only_mine = {"include_object": lambda thing, name, kind, *_: kind != "table" or name in mine}
        context = MigrationContext.configure(connection, opts=only_mine)
        differences = compare_metadata(context, database.metadata)
        assert differences == []
        assert database.revision(connection) == database.newest_revision()


@pytest.mark.requirement("K5", part="several processes migrate one database")
def test_many_may_upgrade_at_once(empty_url: str, tmp_path: Path):
    def go(number: int) -> None:
        with connect(Settings(home=tmp_path / str(number), database_url=empty_url)) as mine:
            upgrade(mine.engine)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(4)))
    with open_platform(settings=Settings(home=tmp_path, database_url=empty_url)) as platform:
        assert not platform.clock.state.simulated


def test_a_database_of_a_newer_version_is_not_touched(engine: Engine):
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999_future'"))
    with pytest.raises(DatabaseError, match=r"9999_future.*upgrade Lantian"):
        upgrade(engine)


def test_the_migrations_are_one_line_of_descent():
    scripts = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    assert database.revisions() == [script.revision for script in scripts.walk_revisions()]
    assert database.newest_revision() == scripts.get_current_head()


def test_threads_of_a_web_server_share_the_engine(engine: Engine):
    def ask(number: int) -> int | None:
        with engine.connect() as connection:
            return connection.scalar(text("select cast(:number as int) from pg_sleep(0.01)"), {"number": number})

    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(ask, range(120))) == list(range(120))


FORK = """
import os, sys
from pathlib import Path
from lantian.kernel.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
if os.fork() == 0:
    sys.exit()  # runs what stands in atexit
assert os.wait()[1] == 0
assert server._answers()
server.stop()
assert not server._answers()
"""


def test_a_forked_child_does_not_stop_the_server(folder: Path):
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK, str(folder)], check=True)
