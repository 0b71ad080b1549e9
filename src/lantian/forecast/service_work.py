"""The long work of the forecast in a process of its own: pages stay quick, and a stop ends it at once.

    python -m lantian.forecast.service_work < request.json

reads one JSON value from standard input (the settings, in whose name, what is asked for) and writes progress as JSON
lines. `follow` starts it, passes its progress on and ends it when the platform stops.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

from lantian.forecast.store import RunStore
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE, Settings

if TYPE_CHECKING:
    from lantian.forecast.learn import Calibrator

Statistical = Literal["history", "perfect"]
"""The modes that need no weather forecast."""
ISSUE_HOUR = 20
"""Beijing; forecasts are issued then by custom."""
_LOOK_EVERY = 0.5  # seconds between two looks whether the platform stops
_POLITE = 10  # the child gives way to whoever waits for a page


class WorkError(RuntimeError):
    """The child failed; the message is what it said last."""


def statistics(
    platform: Platform,
    actor: str,
    progress: Progress,
    *,
    issue: str | None = None,
    modes: Sequence[Statistical] = ("history",),
    back: int = 0,
    weather: Sequence[str] = (),
) -> None:
    """Issue the statistical forecast of each mode, and those of the days before, as they would have been issued then.

    ``issue``: the moment with its zone; None: the last 20:00 of Beijing by the clock. ``back``: days before it. A mode
    without a model is trained first, on what lies `service_statistics.HELD_BACK` before the issue and earlier. An issue
    that has products is passed over, so a second run goes on where the first was interrupted. ``weather``: files of a
    weather forecast; then only the issue is made, in mode ``weather`` (`runner.issue_forecast`).

    Raises:
        ValueError, LookupError: there is too little to learn or to forecast from.
    """
    when = last_issue(platform.clock.now()) if issue is None else datetime.fromisoformat(issue).astimezone(UTC)
    if weather:
        _from_files(platform, actor, progress, when, weather)
        return
    from lantian.forecast import hindcast  # seconds to import, and not installed everywhere
    from lantian.forecast.runner import issue_forecast

    wanted = [when - timedelta(days=days) for days in range(back + 1)]
    done = {(each.issue, each.mode) for each in RunStore(platform).runs() if each.revision}
    past = None
    # The newest issue of every mode first: that is what people wait for.
    for part in (wanted[:1], wanted[1:]):
        for mode in modes:
            waiting = [moment for moment in part if (moment, mode) not in done]
            if not waiting:
                continue
            calibrator = _calibrator(platform, mode, when, progress)
            if past is None:
                past = hindcast.spells(platform, when)
            progress.stage(f"起报 issue · {mode}", total=len(waiting))
            for moment in waiting:
                issue_forecast(platform, moment, mode, calibrator, actor=actor, progress=Progress(), past=past)
                progress.advance(message=f"{moment.astimezone(TIMEZONE):%Y-%m-%d %H:%M}")


def engine(
    platform: Platform,
    actor: str,
    progress: Progress,
    *,
    city: str,
    issue: str | None = None,
    mode: Literal["perfect"] = "perfect",
    hours: int = 72,
    weather: Sequence[str] = (),
) -> None:
    """Run the engine over a city's nests for an issue, and put its hours, days and map beside the statistics.

    A run that was cut off goes on in the stage it was in; one that has a map is passed over. Arguments as of
    `statistics`; ``city``: the code of its region; ``hours``: how far, with ``weather`` no farther than its files.

    Raises:
        ValueError, LookupError: something that the engine needs is lacking; the message says what.
    """
    when = last_issue(platform.clock.now()) if issue is None else datetime.fromisoformat(issue).astimezone(UTC)
    if weather:
        _from_files(platform, actor, progress, when, weather, city=city, hours=hours)
        return
    from lantian.forecast import hindcast
    from lantian.forecast.runner import issue_forecast

    store = RunStore(platform)
    if any((run.issue, run.mode) == (when, mode) and store.has_fields(run) for run in store.runs()):
        return
    calibrator = _calibrator(platform, mode, when, progress)
    past = hindcast.spells(platform, when)
    issue_forecast(platform, when, mode, calibrator, actor=actor, progress=progress, city=city, hours=hours, past=past)


def _from_files(
    platform: Platform, actor: str, progress: Progress, issue: datetime, files: Sequence[str], **engine: Any
) -> None:
    """The forecast of an issue with the weather of files; ``engine``: its city and hours, without them statistics."""
    from lantian import weather
    from lantian.forecast.foreseen import around
    from lantian.forecast.runner import issue_forecast

    progress.stage("气象文件 weather files")
    with weather.read([str(file) for file in files]) as fields:
        found = around(fields, issue)  # what does not reach far enough is told before anything is trained
        calibrator = _calibrator(platform, "perfect", issue, progress)
        issue_forecast(platform, issue, "weather", calibrator, actor=actor, progress=progress, weather=found, **engine)


def combine(platform: Platform, actor: str, progress: Progress) -> None:
    """Put together again what is published of runs that other models' files came too late for (`again`)."""
    from lantian.forecast import again

    waiting = again.due(platform)
    progress.stage("重新组合 combine again", total=len(waiting))
    for run in waiting:
        again.combine(platform, run, actor=actor)
        progress.advance(message=f"{run.issue.astimezone(TIMEZONE):%Y-%m-%d %H:%M}")


WORKS: Mapping[str, Callable[..., None]] = {"statistics": statistics, "engine": engine, "combine": combine}


def last_issue(now: datetime) -> datetime:
    """The last moment at or before ``now`` at which forecasts are issued by custom."""
    local = now.astimezone(TIMEZONE)
    today = local.replace(hour=ISSUE_HOUR, minute=0, second=0, microsecond=0)
    return (today if today <= local else today - timedelta(days=1)).astimezone(UTC)


def follow(
    platform: Platform, actor: str, progress: Progress, arguments: Mapping[str, Any], work: str = "statistics"
) -> None:
    """Do one of `WORKS` in a process of its own and pass its progress on.

    Raises:
        Stopped: the worker is shutting down; the child is ended, and what it has finished stays.
        WorkError: it failed.
    """
    request = {
        "settings": platform.settings.model_dump(mode="json"),
        "actor": actor,
        "work": work,
        "arguments": dict(arguments),
    }
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    child = subprocess.Popen(
        [sys.executable, "-m", "lantian.forecast.service_work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": threads},
    )
    said: SimpleQueue[str] = SimpleQueue()
    complaints: list[str] = []

    def hear() -> None:
        for line in child.stdout or ():
            said.put(line)

    readers = [threading.Thread(target=hear), threading.Thread(target=lambda: complaints.extend(child.stderr or ()))]
    try:
        for reader in readers:
            reader.start()
        if child.stdin:
            child.stdin.write(json.dumps(request))
            child.stdin.close()
        _listen(child, said, progress)
    finally:
        child.kill()
        child.wait()
        for reader in readers:
            reader.join()
        for pipe in (child.stdout, child.stderr):
            if pipe:
                pipe.close()
    if child.returncode:
        raise WorkError(complaints[-1].strip() if complaints else f"the work ended with {child.returncode}")


def _listen(child: subprocess.Popen[str], said: SimpleQueue[str], progress: Progress) -> None:
    """Pass progress on until the child has ended; a report raises when the worker stops."""
    ended = False
    while True:
        try:
            told = json.loads(said.get(timeout=_LOOK_EVERY))
        except Empty:
            if ended:
                return
            ended = child.poll() is not None  # once more round, for what it said last
            progress.advance(0)
            continue
        if "stage" in told:
            progress.stage(told["stage"], told["total"])
        else:
            progress.advance(told["done"], told["message"] or None)


def _calibrator(platform: Platform, mode: Statistical, issue: datetime, progress: Progress) -> Calibrator:
    from lantian.forecast import service_statistics, shelf

    versions = shelf.of(platform)
    card = versions.latest(mode)
    if card is None:
        until = issue.astimezone(TIMEZONE).date() - service_statistics.HELD_BACK
        (card,) = shelf.train(platform, [mode], until=until, progress=progress)
    return versions.open(card.version)


class _Told(Progress):
    """Progress that is written down for the process that follows."""

    def stage(self, name: str, total: float | None = None) -> None:
        """Begin a stage."""
        print(json.dumps({"stage": name, "total": total}), flush=True)

    def advance(self, amount: float = 1.0, message: str | None = None) -> None:
        """Say that some more is done."""
        print(json.dumps({"done": amount, "message": message}), flush=True)


def _main() -> None:
    with suppress(OSError):
        os.nice(_POLITE)
    request = json.load(sys.stdin)
    settings = Settings.model_validate(request["settings"])
    with open_platform(settings=settings) as platform:
        WORKS[request["work"]](platform, request["actor"], _Told(), **request["arguments"])


if __name__ == "__main__":
    _main()
