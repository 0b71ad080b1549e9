"""A whole city from one folder: its places, observations and targets; and the example, loaded once.

Wiring only: each room reads its part of the folder's TOML file by its own rules. What is in `[[targets]]` is read here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from lantian.assessment import periods
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target
from lantian.cli import words
from lantian.forecast.service_jobs import run_job, statistics_job
from lantian.kernel.accounts import ensure_example
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, Progress, defer, task
from lantian.observations.importer import ImportReport, import_paths
from lantian.places import store as places
from lantian.places.folder import read_config

STATISTIC = {"co": "co_p95", "o3_8h": "o3_8h_p90", "good_share": "good_day_share"}
"""Quantity of a target -> column of an evaluation, where the two differ."""

_NEEDED = frozenset({"id", "place", "quantity", "period"})
_KNOWN = _NEEDED | {"name", "limit", "cut", "against", "parent"}
_MEMORY = "example.json"


@dataclass(frozen=True)
class FolderReport:
    """What a folder brought: places, observations, and the number of targets set."""

    places: places.LoadReport
    observations: ImportReport
    targets: int


def load_folder(platform: Platform, folder: Path, actor: str, progress: Progress) -> FolderReport:
    """Load places, observations, targets and the emission inventory of a folder; twice changes nothing.

    Raises:
        FileNotFoundError, ValueError: the folder, its TOML file or something that it names is missing or wrong; the
            message names it.
    """
    root, config = read_config(folder)
    progress.stage("区域与站点 places")
    placed = places.load_folder(platform.engine, folder, actor, home=platform.home)
    paths = [root / path for path in config.get("observations", {}).get("paths", [])]
    report = import_paths(platform, paths, actor, progress)
    targets = put_targets(platform, config, actor, progress)
    if "emissions" in config:
        from lantian.emissions import installed  # xarray, scipy and shapes load only where there is an inventory

        progress.stage("源清单 emissions")
        installed.install(folder, platform.home)
    if "measuring" in config:
        put_measuring(platform, root, config["measuring"], actor, progress)
    if "campaign" in config:
        put_campaign(platform, config["campaign"], actor, progress)
    return FolderReport(placed, report, targets)


def put_measuring(platform: Platform, root: Path, config: Mapping[str, Any], actor: str, progress: Progress) -> None:
    """Put in what ``[measuring]`` asks for: invented devices, feeds, sensors 示例; twice changes nothing."""
    from lantian.observations.burning import example as burning
    from lantian.observations.construction.service import Construction
    from lantian.observations.feeds import example as feeds
    from lantian.observations.fraud import example as fraud
    from lantian.observations.gateway import example as gateway
    from lantian.observations.sensors import example as sensors
    from lantian.observations.vehicles.service import Vehicles

    gateway.install(platform, config, actor, progress)
    sensors.install(platform, config, actor, progress)
    if "feeds" in config:
        burning.install(platform, root / config["feeds"], actor)
        feeds.install(platform, {**config, "feeds": root / config["feeds"]}, actor, progress)
        Construction(platform).watch()
        Vehicles(platform).watch()
    fraud.install(platform, config, actor, progress)


def put_campaign(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> None:
    """Tell the invented campaign of ``[campaign]`` 示例 with what came of it in each room; twice changes nothing."""
    from lantian.accountability import example as accountability
    from lantian.disclosure import example as public
    from lantian.disclosure import example_duties
    from lantian.supervision import example as cases
    from lantian.supervision.programme import example as programme

    cases.install(platform, config, actor, progress)
    programme.install(platform, config, actor, progress)
    accountability.install(platform, config, actor, progress)
    example_duties.install(platform, config, actor, progress)
    public.install(platform, config, actor, progress)


def put_targets(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Set the targets of a folder's ``[[targets]]``; the number of them.

    A target has ``limit``, or ``cut`` (percent) with the period ``against`` which it counts: then the limit follows
    from what was observed in that period. ``parent`` names the target from which it is decomposed. A ``group`` instead
    of a ``place`` sets the same target for each of its members.

    Raises:
        ValueError: a field is missing, unknown or wrong; the message names the target.
    """
    stated = (one for entry in config.get("targets", []) for one in _of_group(platform, entry))
    entries = {entry["id"]: entry for entry in map(_checked, stated)}
    progress.stage("目标 targets", total=len(entries))
    judge, numbers = Assessment(platform), dict[str, int]()
    for entry in _parents_first(entries):
        target = _target(platform, judge, entry)
        target = replace(
            target,
            parent=numbers.get(entry.get("parent", "")),
            source=entry.get("name", entry["id"]),
            example=bool(config.get("example", False)),
        )
        numbers[entry["id"]] = judge.records.put_target(target, actor, f"target {entry['id']}")
        progress.advance(message=target.source)
    return len(numbers)


def _of_group(platform: Platform, entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An entry as it is, or one for each member of its group."""
    if "group" not in entry:
        return [entry]
    kept = {key: value for key, value in entry.items() if key not in ("group", "except")}
    store = places.PlaceStore(platform.engine)
    return [
        kept
        | {"id": f"{entry.get('id', '')}-{code}", "place": code, "name": f"{store.region(code).name}{entry['name']}"}
        for code in store.group(entry["group"]).members
        if code not in entry.get("except", [])
    ]


def _checked(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    where = f"[[targets]] {entry.get('id', '(without id)')}"
    if missing := sorted(_NEEDED - entry.keys()):
        raise ValueError(f"{where}: {', '.join(missing)} missing")
    if unknown := sorted(entry.keys() - _KNOWN):
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; expected {', '.join(sorted(_KNOWN))}")
    if ("limit" in entry) == ("cut" in entry) or ("cut" in entry) != ("against" in entry):
        raise ValueError(f"{where}: expected either limit, or cut (percent) and against (a period)")
    return entry


def _parents_first(entries: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    done: dict[str, Mapping[str, Any]] = {}

    def visit(entry: Mapping[str, Any], below: tuple[str, ...]) -> None:
        parent = entry.get("parent")
        if parent is not None and parent not in entries:
            raise ValueError(f"[[targets]] {entry['id']}: parent {parent!r} is no target of this file")
        if entry["id"] in below:
            raise ValueError(f"[[targets]] {entry['id']}: is its own parent ({' < '.join((*below, entry['id']))})")
        if parent is not None:
            visit(entries[parent], (*below, entry["id"]))
        done.setdefault(entry["id"], entry)

    for entry in entries.values():
        visit(entry, ())
    return list(done.values())


def _target(platform: Platform, judge: Assessment, entry: Mapping[str, Any]) -> Target:
    place, quantity = judge.places.resolve(entry["place"]).code, entry["quantity"]
    period = periods.parse(str(entry["period"]))
    if "limit" in entry:
        return Target(place, quantity, period, float(entry["limit"]))
    before = periods.parse(str(entry["against"]))
    # All that the folder brought counts, also where a replay stands before it.
    known = max(platform.clock.now(), datetime.now(UTC))
    rows = judge.evaluate([place], before, known).to_dicts()
    base = rows[0].get(STATISTIC.get(quantity, quantity)) if rows else None
    if base is None:
        raise ValueError(
            f"[[targets]] {entry['id']}: nothing is known of {quantity} at {place} in {before.label}, against which "
            "the cut counts"
        )
    return Target.from_cut(place, quantity, period, base=float(base), percent=float(entry["cut"]))


def prepare_example(platform: Platform, folder: Path) -> int | None:
    """Open the example's accounts and, where the folder is not loaded yet, set the clock and ask for the loading.

    Returns:
        The number of the job that loads; None if the folder, as it is now, was loaded before. Then the clock stays as
        people left it.

    Raises:
        FileNotFoundError, ValueError: the folder's TOML file is missing or wrong.
    """
    root, config = read_config(folder)
    regions = {str(one["role"]): str(one["region"]) for one in config.get("accounts", []) if "region" in one}
    departments = {
        str(one["role"]): str(one["department"]) for one in config.get("accounts", []) if "department" in one
    }
    ensure_example(platform.engine, platform.settings.example, regions, departments)
    if _remembered(platform) == _fingerprint(platform, config):
        return None
    if "replay" in config:
        platform.clock.set_simulated(words.moment(str(config["replay"]["at"])), paused=True, actor="lantian")
    return defer(platform.engine, load_example, folder=str(root.absolute()))


@task("example.load", zh="装入示例", en="Load the example", lock="example.load", once=True)
def load_example(run: JobRun, *, folder: str) -> None:
    """Load the folder of the example, ask for the forecasts that it names, and remember it; a second run finds what is
    there and changes nothing.
    """
    load_folder(run.platform, Path(folder), run.actor, run.progress)
    config = read_config(Path(folder))[1]
    if asked := dict(config.get("forecast", {})):
        nests = asked.pop("engine", None)
        defer(run.platform.engine, statistics_job, **asked)
        if nests is not None:
            defer(run.platform.engine, run_job, **nests)
    memory = {"example": _fingerprint(run.platform, config)}
    (run.platform.home / _MEMORY).write_text(json.dumps(memory), encoding="utf-8")


def _remembered(platform: Platform) -> str | None:
    file = platform.home / _MEMORY
    return json.loads(file.read_text(encoding="utf-8"))["example"] if file.exists() else None


def _fingerprint(platform: Platform, config: Mapping[str, Any]) -> str:
    """What is loaded where: the content of the TOML file, and the database that it went into."""
    with platform.engine.connect() as connection:
        database = connection.scalar(text("select oid from pg_database where datname = current_database()"))
    return hashlib.sha256(f"{database} {json.dumps(config, sort_keys=True, default=str)}".encode()).hexdigest()
