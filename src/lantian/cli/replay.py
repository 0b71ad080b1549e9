"""``lantian replay``: the platform's clock as a simulated one, over what was imported.

The clock's state is in the database, so the command works on a platform that another process serves: its pages show at
once what was known at the clock's time, and nothing later.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Home, Json, command, emit
from lantian.cli.screen import Screen
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.clock import ClockError
from lantian.kernel.settings import TIMEZONE

app = typer.Typer()

SPEED = 3600.0
"""How fast a replay runs where nobody says: an hour a second."""

_LOOK_EVERY = 0.5  # seconds between two looks at the clock, which others may change meanwhile

Moment = Annotated[str | None, typer.Option(metavar="TIME", help="such as 2016-12-16T20:00, Beijing time")]


@app.command("replay")
@command
def replay(
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="stand still at this time")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="run from this time")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="wait until this time, then pause")] = None,
    speed: Annotated[float | None, typer.Option(help="times as fast as real time; default for --from 3600")] = None,
    jump: Annotated[str | None, typer.Option("--jump", metavar="TIME", help="go to this time, running or not")] = None,
    pause: Annotated[bool, typer.Option("--pause", help="stand still")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="run on")] = False,
    real: Annotated[bool, typer.Option("--real", help="end the replay: back to real time")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="only say what the clock shows (as without any option)")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Replay: run the clock over past data; times such as 2016-12-16T20:00 are Beijing time 回放."""
    asked = {"--at": at, "--from": start, "--jump": jump, "--pause": pause, "--resume": resume, "--real": real}
    given = [name for name, value in asked.items() if value] + (["--status"] if status else [])
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} cannot be asked at once: give one of them")
    if speed is not None and not 0 < speed < float("inf"):
        raise ValueError(f"--speed {speed:g}: expected a positive number, such as 3600 for an hour a second")
    if to and (at or pause or real or status):
        raise ValueError(f"--to goes with --from, --jump, --resume or alone, not with {given[0]}")
    until = words.moment(to) if to else None
    with open_platform(home) as platform:
        try:
            _set(platform, at=at, start=start, jump=jump, pause=pause, resume=resume, real=real, speed=speed)
            if until:
                _run_until(platform, until, quiet=as_json)
        except ClockError:
            raise ValueError("the clock shows real time: begin a replay with --at TIME or --from TIME") from None
        value = _status(platform)
    emit(value, as_json, lambda console: _show(console, value))


def _set(
    platform: Platform,
    *,
    at: str | None,
    start: str | None,
    jump: str | None,
    pause: bool,
    resume: bool,
    real: bool,
    speed: float | None,
) -> None:
    clock, actor = platform.clock, words.actor()
    if at:
        clock.set_simulated(words.moment(at), paused=True, speed=speed or 1.0, actor=actor)
    elif start:
        clock.set_simulated(words.moment(start), speed=speed or SPEED, actor=actor)
    elif real:
        clock.set_real(actor=actor)
    else:
        if jump:
            clock.jump(words.moment(jump), actor=actor)
        if speed:
            clock.speed(speed, actor=actor)
        if pause:
            clock.pause(actor=actor)
        if resume:
            clock.resume(actor=actor)


def _run_until(platform: Platform, until: datetime, *, quiet: bool) -> None:
    """Let the clock run, and pause it at ``until`` exactly; Ctrl-C, or anyone who pauses it, ends the waiting."""
    clock, actor = platform.clock, words.actor()
    began = clock.now()
    if until < began:
        raise ValueError(f"--to {_beijing(until)} lies before the clock's {_beijing(began)}")
    if clock.state.paused or not clock.state.simulated:
        clock.resume(actor=actor)
    with Screen(quiet=quiet) as screen:
        progress = screen.progress()
        progress.stage("回放 replay", total=round((until - began).total_seconds() / 3600, 1))
        try:
            done = 0.0
            while (state := clock.state).simulated and not state.paused and (now := clock.now()) < until:
                hours = (now - began).total_seconds() / 3600
                progress.advance(hours - done, f"{_beijing(now)}")
                done = hours
                time.sleep(min(_LOOK_EVERY, (until - now).total_seconds() / state.speed))
        except KeyboardInterrupt:
            clock.pause(actor=actor)
            return
    if clock.state.simulated and not clock.state.paused:
        clock.pause(actor=actor)
        clock.jump(until, actor=actor)


def _beijing(at: datetime) -> str:
    return f"{at.astimezone(TIMEZONE):%Y-%m-%d %H:%M}"


def _status(platform: Platform) -> dict[str, Any]:
    state = platform.clock.state
    return {
        "now": platform.clock.now().astimezone(TIMEZONE).isoformat(timespec="seconds"),
        "simulated": state.simulated,
        "paused": state.simulated and state.paused,
        "speed": state.speed if state.simulated else 1.0,
    }


def _show(console: Console, value: dict[str, Any]) -> None:
    if not value["simulated"]:
        way = "真实时间 real time"
    elif value["paused"]:
        way = "回放，已暂停 replay, paused"
    else:
        way = f"回放 replay, x {value['speed']:g}"
    console.print(f"{value['now'].replace('T', ' ')}  {way}")
