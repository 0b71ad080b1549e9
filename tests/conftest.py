"""The database for tests: an embedded server by default, a separately started one with `--external-postgres`.

The same tests run on both. `LANTIAN_TEST_DATABASE_URL` names a third: any server where databases may be made.
"""

import asyncio
import gc
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from lantian.kernel import embedded
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.database import connect, upgrade
from lantian.kernel.settings import Settings

gc.disable()  # until all modules are imported: to seek rubbish meanwhile took 2 s of 16 in each process

# A shared machine may be slow; that is no fault of what is tested. The same examples every time, so that a change is
# judged by itself; `--hypothesis-profile=search` draws new ones.
hypothesis.settings.register_profile("lantian", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("lantian")

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE = "lantian_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--external-postgres",
        action="store_true",
        help="run the database tests on a second, separately started server, reached over TCP with a password",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Seek rubbish again once all modules are imported."""
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What all test modules brought in stays: it need not be looked through again each time that rubbish is sought, and
    that need not be after every 700 new objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True)
def no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """The browser's driver leaves its event loop running in the main thread of a test process, where a test that comes
    later and begins a loop of its own would stumble over it.
    """
    if "chromium" in request.fixturenames:
        yield
        return
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a PostgreSQL server where databases may be made; each test process has its own."""
    given = os.environ.get("LANTIAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    start = _external if request.config.getoption("--external-postgres") else _embedded
    with _open_folder() as folder:
        url, stop = start(folder)
        try:
            yield url
        finally:
            stop()


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A new folder outside pytest's own: as root the server's account must pass through, which pytest forbids."""
    folder = Path(tempfile.mkdtemp(prefix="lantian-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """For a test that lets an embedded server of its own live in its data directory."""
    with _open_folder() as folder:
        yield folder


def _embedded(folder: Path) -> tuple[str, Callable[[], None]]:
    server = embedded.EmbeddedServer(folder, **FAST)
    return server.start(), server.stop


def _external(folder: Path) -> tuple[str, Callable[[], None]]:
    """A server as an administrator would set it up: TCP, a password, a user and a sorting order of its own."""
    password = secrets.token_hex(16)
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)  # initdb reads it as another user; it is gone a moment later
    data = folder / "data"
    embedded.initialise(data, "--auth=scram-sha-256", f"--pwfile={secret}")
    secret.unlink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [word for name, value in FAST.items() for word in ("-c", f"{name}={value}")]
    embedded.launch(
        data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", *settings
    )

    def stop() -> None:
        embedded.run_program("pg_ctl", data, "-m", "immediate", "-w", "stop")

    return f"postgresql://{embedded.USER}:{password}@127.0.0.1:{port}/postgres", stop


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def administration(server: str) -> Iterator[psycopg.Connection]:
    """A connection that makes and drops the tests' databases."""
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(server: str, administration: psycopg.Connection) -> Iterator[str]:
    """Name of a database with all tables and nothing in them; copying it takes a tenth of making it."""
    name = f"{TEMPLATE}_{os.getpid()}"
    administration.execute(f"create database {name} template template0 encoding 'UTF8'")
    with connect(Settings(home=Path("unused"), database_url=_database(server, name))) as database:
        upgrade(database.engine)
    yield name
    administration.execute(f"drop database {name} with (force)")


@pytest.fixture
def empty_url(server: str, administration: psycopg.Connection) -> Iterator[str]:
    """Address of a new database without any table."""
    name = f"lantian_empty_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template template0 encoding 'UTF8'")
    yield _database(server, name)
    administration.execute(f"drop database {name} with (force)")


@pytest.fixture
def platform(server: str, administration: psycopg.Connection, template: str, tmp_path: Path) -> Iterator[Platform]:
    """A platform of its own for each test: all tables, empty, and an empty data directory."""
    name = f"lantian_test_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template {template}")
    try:
        with open_platform(settings=Settings(home=tmp_path / "home", database_url=_database(server, name))) as opened:
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def engine(platform: Platform) -> Engine:
    """The engine of this test's platform."""
    return platform.engine
