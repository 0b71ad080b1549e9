"""Falsification screening at work: thresholds learned and kept by version, days scored, alerts raised, lists read.

fraud = Fraud(platform)
fraud.learn("cems", date(2016, 9, 1), date(2016, 11, 30), "analyst")
fraud.score(date(2016, 12, 1), date(2016, 12, 15), "analyst")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.settings import TIMEZONE
from lantian.observations.alerts import Alert, raised
from lantian.observations.fraud import thresholds
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.days import USUAL, Fleet
from lantian.observations.fraud.sources import FROM_STATIONS, KINDS, Source, minutes_of, sources
from lantian.observations.fraud.tables import fraud_score, fraud_threshold
from lantian.observations.fraud.thresholds import Learned, Scored
from lantian.observations.fraud.weeks import LOOK_BACK
from lantian.observations.fraud.words import item_name, sentence

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

ALERT_FROM = 70.0
"""Scores from here on raise an alert: 50 is as rare as the accepted rate of false alarms, and 70 far rarer."""

BEFORE = timedelta(days=USUAL + 5)
"""Days before the first that a score looks at."""

BEFORE_PEERS = timedelta(days=LOOK_BACK + 7)
"""The same where devices measure the same air and are compared with each other over weeks."""


@dataclass(frozen=True)
class Version:
    """Thresholds as they are kept: number, what was learned, by whom and when, and whether from invented data."""

    version: int
    learned: Learned
    made_by: str
    made_at: datetime
    example: bool


class Fraud:
    """Falsification screening of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine = platform.engine

    def kinds(self) -> list[str]:
        """Kinds of instrument that there is any device of."""
        return [kind for kind in KINDS if self._sources(kind)]

    def learn(self, kind: str, first: date, last: date, actor: str, *, rate: float = thresholds.RATE) -> Version:
        """Learn thresholds from the days first to last of all devices of a kind, taken as untouched; a new version.

        Raises ValueError where there are too few days, or no such kind.
        """
        now = self._platform.clock.now()
        fleet, known = self._fleet(kind, first, last, now)
        fleet = self._with_minutes(fleet, known, first, last, now)
        learned = thresholds.learn(fleet, rate=rate)
        example = all(one.example for one in self._sources(kind))
        made = fraud_threshold.insert().returning(fraud_threshold.c.version)
        values = {
            "kind": kind,
            "made_at": self._platform.clock.now(),
            "first": first,
            "last": last,
            "devices": learned.devices,
            "days": learned.days,
            "rate": rate,
            "learned": learned.as_json(),
            "made_by": actor,
            "example": example,
        }
        with audit.act(self._engine, actor, f"thresholds {kind} {first} {last}") as connection:
            number = int(connection.scalars(made.values(values)).one())
        return Version(number, learned, actor, values["made_at"], example)  # type: ignore[arg-type]

    def versions(self, as_of: datetime, kind: str | None = None, most: int = 50) -> list[Version]:
        """Versions known at `as_of`, the newest first."""
        wanted = [fraud_threshold.c.made_at <= as_of]
        wanted += [fraud_threshold.c.kind == kind] if kind is not None else []
        query = sa.select(fraud_threshold).where(*wanted).order_by(fraud_threshold.c.version.desc()).limit(most)
        with self._engine.connect() as connection:
            return [_version(row) for row in connection.execute(query).mappings()]

    def score(self, first: date, last: date, actor: str, *, kinds: Sequence[str] | None = None) -> int:
        """Score the days first to last of every device whose kind has thresholds; the number of device-days scored.

        A score that differs from the one that stood replaces it, and both stay. High scores of enterprises' devices
        raise an alert.

        Raises ValueError where the days are the wrong way round or a kind is unknown.
        """
        if first > last:
            raise ValueError(f"days {first} to {last}: expected the first before the last")
        if unknown := sorted(set(kinds or ()) - set(KINDS)):
            raise ValueError(f"kind {unknown[0]!r}: expected one of {', '.join(KINDS)}")
        now, count, told = self._platform.clock.now(), 0, []
        for kind in kinds or self.kinds():
            version = next(iter(self.versions(now, kind, most=1)), None)
            if version is None:
                continue
            try:
                before = BEFORE_PEERS if KINDS[kind].peers else BEFORE
                fleet, known = self._fleet(kind, first - before, last, now)
            except ValueError:  # no hour at all in these days
                continue
            fleet = self._with_minutes(fleet, known, first, last, now, version.learned.minute_steps)
            scored = thresholds.scores(fleet, version.learned)
            rows = _rows(fleet, scored, known, version, first, now)
            self._keep(rows, now)
            count += len(rows)
            if kind not in FROM_STATIONS:
                told += [_alert(row, known[row["device"]]) for row in rows if row["score"] >= ALERT_FROM]
        raised(self._engine, told, now, actor)
        return count

    def listed(
        self,
        *,
        as_of: datetime,
        first: date | None = None,
        last: date | None = None,
        device: str | None = None,
        least: float = 0.0,
        most: int = 500,
    ) -> list[dict[str, Any]]:
        """Scores as they stood at `as_of`, the highest first: the columns of the table."""
        column = fraud_score.c
        wanted = [column.scored_at <= as_of, sa.or_(column.replaced_at.is_(None), column.replaced_at > as_of)]
        wanted += [column.day >= first] if first is not None else []
        wanted += [column.day <= last] if last is not None else []
        wanted += [column.device == device] if device is not None else []
        wanted.append(column.score >= least)
        query = sa.select(fraud_score).where(*wanted).order_by(column.score.desc(), column.day.desc(), column.device)
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(most)).mappings()
            return [{name: value for name, value in row.items() if name != "replaced_at"} for row in rows]

    def course(
        self, kind: str, device: str, day: date, item: str, as_of: datetime, *, days: int = 1
    ) -> dict[str, list[float | None]]:
        """The hours of a device beside the fleet, of the day or of the `days` up to it: `own`, `low`, `middle`, `high`
        of the others.

        Raises ValueError for an unknown kind, LookupError where the device or the item is not known.
        """
        fleet, _ = self._fleet(kind, day - timedelta(days=days - 1), day, as_of)
        if device not in fleet.devices or item not in fleet.values:
            raise LookupError(f"{device} {item} {day}: nothing is known")
        s = fleet.devices.index(device)
        hours = fleet.values[item].transpose(1, 0, 2).reshape(len(fleet.devices), -1)
        ordered = np.sort(np.delete(hours, s, axis=0), axis=0)
        counts = (~np.isnan(ordered)).sum(axis=0)
        told: dict[str, list[float | None]] = {"own": _plain(hours[s])}
        for name, share in (("low", 0.1), ("middle", 0.5), ("high", 0.9)):
            line = [
                float(np.quantile(ordered[:known, h], share)) if known else float("nan")
                for h, known in enumerate(counts)
            ]
            told[name] = _plain(np.array(line))
        return told

    def _sources(self, kind: str) -> list[Source]:
        return sources(self._platform, kind)

    def _fleet(self, kind: str, first: date, last: date, as_of: datetime) -> tuple[Fleet, dict[str, Source]]:
        """The fleet of a kind from `first` to `last`. Raises ValueError for an unknown kind or without any hour."""
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}: expected one of {', '.join(KINDS)}")
        known = {one.device: one for one in self._sources(kind)}
        begin, end = _span(first, last, as_of)
        frame, running = KINDS[kind].hours(self._platform, list(known.values()), begin, end, as_of)
        if frame.is_empty():
            raise ValueError(f"no hour of kind {kind} from {first} to {last}: nothing to look at")
        fleet = Fleet.of(frame, kind, running=running, peers=KINDS[kind].peers, first=first, last=last)
        return fleet, known

    def _with_minutes(
        self,
        fleet: Fleet,
        known: Mapping[str, Source],
        first: date,
        last: date,
        as_of: datetime,
        steps: Mapping[str, float] | None = None,
    ) -> Fleet:
        """The fleet with what its minutes say of the days first to last, where devices send any."""
        if fleet.kind in FROM_STATIONS:
            return fleet
        begin, end = _span(first, last, as_of)
        return replace(fleet, minutes=minutes_of(self._platform, list(known.values()), begin, end, as_of, steps))

    def _keep(self, rows: Sequence[dict[str, Any]], now: datetime) -> None:
        if not rows:
            return
        column = fraud_score.c
        days, devices = [row["day"] for row in rows], sorted({row["device"] for row in rows})
        with self._engine.begin() as connection:
            connection.execute(sa.text("select pg_advisory_xact_lock(hashtext('fraud_score'))"))
            query = sa.select(column.id, column.device, column.day, column.score, column.evidence).where(
                column.replaced_at.is_(None),
                column.day.between(min(days), max(days)),
                column.device.in_(devices),
            )
            there = {(row.device, row.day): row for row in connection.execute(query)}
            new, old = [], []
            for row in rows:
                before = there.get((row["device"], row["day"]))
                if (
                    before is not None
                    and abs(before.score - row["score"]) < 0.05
                    and before.evidence == row["evidence"]
                ):
                    continue
                new.append(row)
                old += [before.id] if before is not None else []
            if old:
                connection.execute(fraud_score.update().where(column.id.in_(old)).values(replaced_at=now))
            if new:
                connection.execute(fraud_score.insert(), new)


def _span(first: date, last: date, as_of: datetime) -> tuple[datetime, datetime]:
    """From the first midnight of Beijing to the last, as far as `as_of` reaches."""
    begin, end = (datetime.combine(day, time(), TIMEZONE).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    return begin, min(end, as_of)


def _rows(
    fleet: Fleet, scored: Scored, known: Mapping[str, Source], version: Version, first: date, now: datetime
) -> list[dict[str, Any]]:
    names = {code: one.name for code, one in known.items()}
    rows = []
    for day in range((first - fleet.first).days, fleet.shape[0]):
        for s, device in enumerate(fleet.devices):
            if np.isnan(scored.score[day, s]):
                continue
            evidence = []
            for one in scored.evidence.get((day, s), ()):
                zh, en, figures = sentence(fleet, one, day, s, names)
                evidence.append(
                    {"feature": one.feature, "item": one.item, "zh": zh, "en": en, "figures": figures}
                    | {"rarity": round(one.rarity, 2)}
                )
            source = known[device]
            rows.append(
                {
                    "device": device,
                    "name": source.name,
                    "kind": fleet.kind,
                    "region": source.region,
                    "day": fleet.day(day),
                    "score": round(float(scored.score[day, s]), 1),
                    "evidence": evidence,
                    "version": version.version,
                    "scored_at": now,
                    "example": source.example or version.example,
                }
            )
    return rows


def _alert(row: Mapping[str, Any], source: Source) -> Alert:
    first = row["evidence"][0]
    what = FEATURES[first["feature"]]
    return Alert(
        "fraud",
        row["device"],
        row["day"].isoformat(),
        row["name"],
        row["region"],
        datetime.combine(row["day"], time(), TIMEZONE).astimezone(UTC),
        f"{row['day'].month}月{row['day'].day}日数据疑似失真（{what.zh}，得分 {row['score']:.0f}）：{first['zh']}",
        f"Data of {row['day']} look falsified ({what.en.lower()}, score {row['score']:.0f}): {first['en']}",
        department=source.department,
        figures={"score": row["score"], "features": [one["feature"] for one in row["evidence"]]}
        | {"item": item_name(first["item"], "zh")},
        link=f"/fraud?device={row['device']}&day={row['day'].isoformat()}",
        category=source.category,
        lon=source.lon,
        lat=source.lat,
        example=row["example"],
    )


def _version(row: sa.RowMapping) -> Version:
    rest = {name: row[name] for name in ("kind", "rate", "first", "last", "devices", "days")}
    return Version(
        row["version"], Learned.of_json(row["learned"], **rest), row["made_by"], row["made_at"], row["example"]
    )


def _plain(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
