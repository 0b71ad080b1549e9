"""``lantian up`` and ``lantian worker``: the platform as it runs."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import loading
from lantian.cli.output import Home, Json, command, emit, table
from lantian.cli.screen import Screen
from lantian.kernel import accounts
from lantian.kernel.accounts.permissions import ADMINISTRATOR
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import BackgroundWorker, JobView, get_job, list_jobs, run_worker
from lantian.kernel.settings import Settings, load
from lantian.observations import duties as _duties  # noqa: F401  (registers its jobs)
from lantian.observations.burning import duties as _burning  # noqa: F401  (registers its job)
from lantian.observations.catalogue import duties as _catalogue  # noqa: F401  (registers its job)
from lantian.observations.construction import service as _construction  # noqa: F401  (registers its job)
from lantian.observations.feeds import duties as _feeds  # noqa: F401  (registers its job)
from lantian.observations.fraud import duties as _fraud  # noqa: F401  (registers its job)
from lantian.observations.gateway import duties as _gateway  # noqa: F401  (registers its jobs)
from lantian.observations.polling import duties as _polling  # noqa: F401  (registers its jobs)
from lantian.observations.quality import duties as _quality  # noqa: F401  (registers its jobs)
from lantian.observations.sensors import duties as _sensors  # noqa: F401  (registers its jobs)
from lantian.observations.vehicles import service as _vehicles  # noqa: F401  (registers its job)
from lantian.supervision import alerts as _alerts  # noqa: F401  (registers its job)
from lantian.web.app import create_app
from lantian.web.server import make_server

app = typer.Typer()

PORTS_TRIED = 20
"""Where the usual port is taken, so many after it are tried."""

EXAMPLE_ROLE = "analyst"
"""As whom the example opens: of the roles that a visitor may look as, the one that may do most."""

KEY_LIFE = timedelta(hours=12)
"""How long the printed address is good, for one use: a working day, as the terminal stays open."""

_LOOK_EVERY = 0.3  # seconds between two looks at the job that the terminal follows


@app.command("up")
@command
def up(
    example: Annotated[
        Path | None, typer.Option(help="load this folder once and show it as an example, as examples/beijing")
    ] = None,
    host: Annotated[str | None, typer.Option(help="address to serve on; default 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="port to serve on; default 8000 or the next free one")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open a browser, where there is one")] = True,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Serve the platform until Ctrl-C."""
    settings = load(home)
    with _listen(settings, host, port) as listening:
        if port is None and settings.port not in (0, listening.getsockname()[1]):
            Console(stderr=True).print(
                f"端口 {settings.port} 已被占用 port {settings.port} is taken, so another is used"
            )
        given = {"host": host or settings.host, "port": listening.getsockname()[1]}
        settings = settings.model_copy(update=given | ({"example": True} if example else {}))
        with _ending_well(), open_platform(settings=settings) as platform:
            loads = None
            if example:
                loads = loading.prepare_example(platform, example)
            else:
                accounts.ensure_example(platform.engine, settings.example)
            server = make_server(create_app(platform), settings.host, settings.port)
            with BackgroundWorker(platform):
                # Made last, so that nothing can fail between the making of the password and its only printing.
                _say(platform, accounts.ensure_administrator(platform.engine), as_json)
                if browser and not as_json:
                    _open_browser(_address(platform))
                with _following(platform, loads, quiet=as_json):
                    server.run(sockets=[listening])
                if not as_json:
                    Console(stderr=True).print("正在结束 stopping …", highlight=False)


@app.command("worker")
@command
def worker(
    once: Annotated[bool, typer.Option("--once", help="do what waits, then end")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Do the platform's jobs until Ctrl-C, beside those that `lantian up` does itself."""
    began = datetime.now(UTC)
    with _ending_well(), open_platform(home) as platform:
        run_worker(platform, once=once)
        done = [job for job in list_jobs(platform.engine) if job.ended_at and job.ended_at >= began]
    value = [{"id": job.id, "task": job.task, "state": job.state, "error": _error(job)} for job in done]
    rows = [(job.id, job.zh, job.en, job.state, _error(job)) for job in done]
    columns = ("job", "任务", "task", "state", "error")
    emit({"jobs": value}, as_json, lambda console: console.print(table(columns, rows)))


def _error(job: JobView) -> str | None:
    return job.progress.error if job.progress else None


@contextlib.contextmanager
def _ending_well() -> Iterator[None]:
    """Let SIGTERM and the closing of the terminal end the command as Ctrl-C does: nothing stays behind."""

    def end(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    def hang_up(_number: int, _frame: Any) -> None:
        signal.raise_signal(signal.SIGTERM)  # while the server runs, that is its affair

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, end)}
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, hang_up)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(settings: Settings, host: str | None, port: int | None) -> socket.socket:
    """Take the port that was asked for; the usual one, where nobody asked for any, gives way to the next free one."""
    address, wanted = host or settings.host, settings.port if port is None else port
    asked = port is not None or "port" in settings.model_fields_set
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for attempt in range(wanted, wanted + (1 if asked else PORTS_TRIED)):
        try:
            return socket.create_server((address, attempt), family=family)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise RuntimeError(f"cannot serve on {address}, port {attempt}: {error.strerror or error}") from None
    taken = f"port {wanted} is" if asked else f"ports {wanted} to {wanted + PORTS_TRIED - 1} are"
    raise RuntimeError(f"{taken} taken on {address}: give another with --port; --port 0 takes any free one")


def _address(platform: Platform, *, key: bool = True) -> str:
    """Where the pages are; with a one-time key that signs in once."""
    host, port = platform.settings.host, platform.settings.port
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 (shown)
    base = f"http://{host}:{port}/"
    account = _whom(platform)
    if not key or account is None:
        return base
    return f"{base}?key={accounts.create_key(platform.engine, account, life=KEY_LIFE)}"


def _whom(platform: Platform) -> accounts.Account | None:
    """Whom the printed address signs in: in the example its analyst, else the first administrator."""
    if platform.settings.example:
        return accounts.get_account(platform.engine, accounts.example_login(EXAMPLE_ROLE))
    known = [one for one in accounts.list_accounts(platform.engine) if one.active and ADMINISTRATOR in one.roles]
    return min(known, key=lambda one: one.id or 0, default=None)


def _say(platform: Platform, administrator: accounts.NewAccount | None, as_json: bool) -> None:
    address = _address(platform)
    password = administrator and {
        "login": administrator.account.login,
        "one_time_password": administrator.one_time_password,
    }

    def show(console: Console) -> None:
        if password:
            console.print(
                "管理员 administrator: {login}   一次性密码 one-time password: {one_time_password}\n".format(**password)
                + "  (只显示这一次 shown this once only)"
            )
        console.print("\n  蓝天 Lantian:  ", end="")
        console.print(address, style="bold underline", soft_wrap=True)
        console.print("  (一次有效 good for one use; Ctrl-C 结束 ends it)\n")

    emit({"address": address, "administrator": password, "home": platform.home}, as_json, show)
    sys.stdout.flush()


def _open_browser(address: str) -> None:
    """Open the address where a browser with a window is; that there is none is no fault."""
    if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    with contextlib.suppress(webbrowser.Error, OSError):
        found = webbrowser.get()
        if type(found) is not webbrowser.GenericBrowser:  # such as lynx, which would take over this terminal
            threading.Thread(target=found.open, args=(address,), daemon=True).start()


@contextlib.contextmanager
def _following(platform: Platform, number: int | None, *, quiet: bool) -> Iterator[None]:
    """Show in the terminal how far a job is, while the server serves."""
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(platform, number, stop, quiet), name="lantian-terminal")
    if number is not None:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if number is not None:
            thread.join()


def _follow(platform: Platform, number: int, stop: threading.Event, quiet: bool) -> None:
    with Screen(quiet=quiet) as screen:
        while not stop.is_set():
            job = get_job(platform.engine, number)
            if job is None:
                return None
            if job.progress:
                screen.show(job.progress)
            if job.ended_at:
                return screen.say(_ended(job))
            stop.wait(_LOOK_EVERY)
    return None


def _ended(job: JobView) -> str:
    if job.state != "succeeded":
        return f"{job.zh} {job.en}: {job.state}: {_error(job) or 'see the page of jobs'}"
    began, ended = job.started_at or job.deferred_at, job.ended_at or job.deferred_at
    return f"{job.zh} {job.en}: {(ended - began).total_seconds():.0f} s"
