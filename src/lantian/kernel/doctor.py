"""What is wrong with this installation, and how to mend it (`lantian doctor`).

A check is a function from a `Patient` to findings. Rooms above add theirs to `CHECKS`; a check that fails becomes a
finding itself.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import text

from lantian.kernel import database as db
from lantian.kernel.clock import Clock
from lantian.kernel.embedded import ServerError
from lantian.kernel.settings import TIMEZONE, Settings, SettingsError, load

GIB = 2**30
SPACE_NEEDED = 1 * GIB  # a year of the nation's hours is 82 MB of segments; a server short of disk stops writing
SPACE_ADVISED = 5 * GIB
SILENT = 60  # seconds after which a worker without a sign of life is called dead; it gives one every five
SKEW = 30  # seconds by which the clocks of this machine and of the database server may differ


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, and if it is not well, how to mend it."""

    subject: str
    level: Literal["ok", "warning", "problem"]
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What a check may look at. `database` is None if it is out of reach or was never made; the findings say so."""

    settings: Settings
    database: db.Database | None


Check = Callable[[Patient], Iterable[Finding]]


def examine(home: str | Path | None = None) -> list[Finding]:
    """Look at everything; changes nothing and never raises for what is wrong with the installation."""
    try:
        settings = load(home)
    except SettingsError as error:
        return [Finding("settings", "problem", str(error), "correct it there and run this again")]
    findings = [Finding("settings", "ok", f"data directory {settings.home}")]
    patient = Patient(settings, None)
    if settings.database_url or (settings.home / "postgres").exists():
        try:
            patient = Patient(settings, db.connect(settings))
        except (db.DatabaseError, ServerError, OSError) as error:
            findings.append(Finding("database", "problem", str(error), "see that PostgreSQL runs at that address"))
    else:
        findings.append(Finding("database", "ok", "not made yet: the first start makes it"))
    try:
        for check in CHECKS:
            findings += _guarded(check, patient)
    finally:
        if patient.database:
            patient.database.stop()
    return findings


def _guarded(check: Check, patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except Exception as error:  # the doctor does not fall ill with the patient
        subject = check.__name__.removeprefix("check_")
        return [Finding(subject, "problem", f"could not be examined: {type(error).__name__}: {error}")]


def check_python(_patient: Patient) -> Iterator[Finding]:
    """Which Python runs this; pip installs Lantian on none that is too old."""
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def check_node(_patient: Patient) -> Iterator[Finding]:
    """Node is 20 or newer; only the set-up from source needs it."""
    program = shutil.which("node")
    mend = "install Node 20 or newer; only `make` needs it, to fetch the pages' libraries"
    if program is None:
        yield Finding("node", "warning", "not found", mend)
        return
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()
    new_enough = int(version.lstrip("v").split(".")[0]) >= 20
    yield Finding("node", "ok", version) if new_enough else Finding("node", "warning", f"{version} is too old", mend)


def check_home(patient: Patient) -> Iterator[Finding]:
    """The data directory can be written and has room."""
    home = patient.settings.home
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        mend = f"give yourself the right to write to {place}, or set LANTIAN_HOME to another folder"
        yield Finding("data directory", "problem", f"cannot write to {place}: {error.strerror}", mend)
    else:
        yield Finding("data directory", "ok", f"{home} can be {'written' if place == home else 'made'}")
    free = shutil.disk_usage(place).free
    message = f"{free / GIB:.1f} GiB free at {place}"
    if free >= SPACE_ADVISED:
        yield Finding("disk space", "ok", message)
    else:
        mend = f"make room: {SPACE_ADVISED // GIB} GiB are advised, below {SPACE_NEEDED // GIB} GiB writing may fail"
        yield Finding("disk space", "warning" if free >= SPACE_NEEDED else "problem", message, mend)


def check_database(patient: Patient) -> Iterator[Finding]:
    """The server's version, the state of the tables, and whether its clock agrees with this machine's."""
    if patient.database is None:
        return
    with patient.database.engine.connect() as connection:
        version = connection.scalar(text("show server_version"))
        server_time = connection.scalar(text("select clock_timestamp()"))
        found = db.revision(connection)
    kind = "given by LANTIAN_DATABASE_URL" if patient.settings.database_url else "embedded"
    yield Finding("database", "ok", f"PostgreSQL {version}, {kind}")
    yield _tables(found)
    skew = abs((server_time - datetime.now(UTC)).total_seconds()) if server_time else 0.0
    if skew > SKEW:
        mend = "synchronise both machines (NTP): deadlines go by the database server's time"
        yield Finding("server time", "warning", f"differs from this machine's by {skew:.0f} s", mend)


def _tables(found: str | None) -> Finding:
    if found == db.newest_revision():
        return Finding("tables", "ok", f"at revision {found}")
    if found in db.revisions():
        return Finding(
            "tables", "warning", f"at revision {found}, not {db.newest_revision()}", "the next start upgrades them"
        )
    if found is None:
        return Finding("tables", "ok", "none yet: the first start makes them")
    return Finding(
        "tables", "problem", f"at revision {found}, which this Lantian does not know", "install the newer Lantian"
    )


def check_clock(patient: Patient) -> Iterator[Finding]:
    """What the platform's clock shows, and how it runs."""
    if patient.database is None or not _exists(patient, "clock"):
        return
    clock = Clock(patient.database.engine)
    state = clock.state
    way = (
        "real time" if not state.simulated else "simulated, paused" if state.paused else f"simulated, x {state.speed:g}"
    )
    yield Finding("clock", "ok", f"{clock.now().astimezone(TIMEZONE):%Y-%m-%d %H:%M:%S} Beijing time, {way}")


def check_worker(patient: Patient) -> Iterator[Finding]:
    """A worker that takes jobs is alive."""
    if patient.database is None or not _exists(patient, "procrastinate_workers"):
        return
    alive = text(
        "select count(*) filter (where last_heartbeat > now() - make_interval(secs => :silent)) as alive, "
        "extract(epoch from now() - max(last_heartbeat)) as silent_for from procrastinate_workers"
    )
    with patient.database.engine.connect() as connection:
        row = connection.execute(alive, {"silent": SILENT}).one()
    mend = "start one: `lantian up` brings its own"
    if row.alive:
        yield Finding("worker", "ok", f"{row.alive} alive")
    elif row.silent_for is None:
        yield Finding("worker", "warning", "none is running, so no job is done", mend)
    else:
        yield Finding("worker", "warning", f"the last one has been silent for {row.silent_for:.0f} s", mend)


def check_chromium(_patient: Patient) -> Iterator[Finding]:
    """A Chromium for the browser tests and for pictures of pages; optional."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found and shutil.which(found):
        yield Finding("chromium", "ok", found)
    else:
        mend = "optional: install chromium (Debian: apt-get install chromium) or set CHROMIUM to its path"
        yield Finding("chromium", "warning", f"{found} cannot be run" if found else "not found", mend)


def check_fonts(_patient: Patient) -> Iterator[Finding]:
    """A font with Chinese characters on this machine; optional, for pictures made here."""
    program = shutil.which("fc-list")
    mend = "optional: install a Chinese font (Debian: apt-get install fonts-noto-cjk)"
    if program is None:
        yield Finding("fonts", "warning", "cannot tell: fontconfig (fc-list) is not installed", mend)
        return
    command = [program, ":lang=zh", "family"]
    families = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")
    known = sorted({line.split(",")[0] for line in families if line})
    yield (
        Finding("fonts", "ok", known[0]) if known else Finding("fonts", "warning", "none with Chinese characters", mend)
    )


def _exists(patient: Patient, table: str) -> bool:
    if patient.database is None:
        return False
    with patient.database.engine.connect() as connection:
        return bool(connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}))


CHECKS: list[Check] = [
    check_python,
    check_node,
    check_home,
    check_database,
    check_clock,
    check_worker,
    check_chromium,
    check_fonts,
]
"""Every check, in the order of the report. A room adds its own: `doctor.CHECKS.append(check_segments)`."""
