"""Burning over the database and the clock, the same for pages, interface, jobs and tests::

    burning = Burning(platform)
    burning.take(signals, "camera-1")
    burning.act(7, "arrived", account)
    burning.escalate()

A warden acts on fires to which they were called; who may handle burning in the region acts on every fire there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed, list_accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.observations import alerts
from lantian.observations.burning import settings as configured
from lantian.observations.burning import store
from lantian.observations.burning.fire import ENDED, Fire, FireError, FireEvent, due, refused
from lantian.observations.burning.joining import Signal, joined, sure
from lantian.observations.burning.offices import HANDLE, WARDEN, office_of, on_duty_at
from lantian.observations.burning.settings import Settings, Step
from lantian.observations.burning.wardens import Warden, nearest, of_row
from lantian.observations.burning.words import alert_of, escalation_key, escalation_of
from lantian.observations.feeds import PLATFORM
from lantian.observations.feeds.service import Feeds
from lantian.places.outlines import OutlineSet
from lantian.places.store import PlaceStore

SYSTEM = "burning"
"""Who dispatches and escalates by itself."""

LATE = timedelta(hours=12)
"""Signals that come so much later than they were seen call nobody: an archive is no alarm."""

_OUTLINES: WeakKeyDictionary[sa.Engine, tuple[tuple[str, ...], list[OutlineSet]]] = WeakKeyDictionary()


class Burning:
    """The fires of one platform.

    ``wardens``: who there is, None: those of the feed `warden`; ``people``: accounts, None: those of the platform.
    """

    def __init__(
        self, platform: Platform, wardens: Sequence[Warden] | None = None, people: Sequence[Account] | None = None
    ) -> None:
        self._platform = platform
        self._engine = platform.engine
        self._wardens = wardens
        self._people = people

    @cached_property
    def settings(self) -> Settings:
        """``<home>/burning.yaml``, else the shipped ones."""
        return configured.load(self._platform.home)

    @cached_property
    def wardens(self) -> list[Warden]:
        """The wardens as they are known now."""
        if self._wardens is not None:
            return list(self._wardens)
        return [of_row(row) for row in Feeds(self._platform).read("warden", PLATFORM).iter_rows(named=True)]

    @cached_property
    def _accounts(self) -> list[Account]:
        return list_accounts(self._engine) if self._people is None else list(self._people)

    def take(
        self, signals: Iterable[Signal], actor: str, *, told: Callable[[Signal], datetime] | None = None
    ) -> list[int]:
        """Take in signals: join them to fires, call a warden for each new fire, raise its alert.

        A signal that is there already, is not sure enough, came too late to call anybody, or lies in no region that we
        know, changes nothing. ``told``: when the platform heard of a signal (an invented past); None: now.

        Returns:
            The numbers of the new fires.
        """
        now = self._platform.clock.now()
        heard = told or (lambda _: now)
        new = [one for one in signals if sure(one, self.settings) and heard(one) - one.at <= LATE]
        with reading(self._engine).connect() as connection:
            there = store.known(connection, ((one.sender, one.id) for one in new))
        placed = {
            (one.sender, one.id): self.region_of(one.lon, one.lat) for one in new if (one.sender, one.id) not in there
        }
        new = [one for one in new if placed.get((one.sender, one.id))]
        if not new:
            return []
        made: list[int] = []
        self._ready()
        with audit.act(self._engine, actor, "burning: signals") as connection:  # acts come one after the other
            there = store.known(connection, placed)
            span = timedelta(minutes=self.settings.join_minutes)
            around = store.near(connection, min(one.at for one in new) - span, max(one.at for one in new) + span)
            shut = self._ended(connection, list(around), now)
            standing = {number: held for number, held in around.items() if number not in shut}
            fresh = [one for one in new if (one.sender, one.id) not in there]
            numbers: dict[int, int] = {}
            for number, one in joined(fresh, standing, self.settings):
                at = heard(one)
                if number < 0 and number not in numbers:
                    region = placed[one.sender, one.id] or ""
                    numbers[number] = store.add(connection, one, region, at)
                    made.append(numbers[number])
                    store.add_event(connection, numbers[number], "found", at, actor)
                    self._call(connection, numbers[number], one.lon, one.lat, region, at)
                else:
                    store.add_event(connection, numbers.get(number, number), "joined", at, actor)
                store.add_signals(connection, numbers.get(number, number), [one])
        self._alarm(made)
        return made

    def act(
        self,
        number: int,
        kind: str,
        account: Account,
        reason: str = "",
        *,
        photos: Callable[[], Sequence[str]] | None = None,
        burnt: str = "",
    ) -> Fire:
        """Write what a person did: `seen`, `arrived`, `out`, `false` (with a reason), `note`; the fire then.

        The same step twice by two taps of one thumb is one. ``photos``: keeps what was sent with it and gives its
        SHA-256, asked only once the step is found to be allowed; ``burnt``: what burned.

        Raises LookupError, NotPermitted, FireError, and what ``photos`` raises.
        """
        now = self._platform.clock.now()
        with reading(self._engine).connect() as connection:
            self._check(connection, number, kind, account, reason, now, photos is not None)
        kept = list(photos()) if photos else []
        with audit.act(self._engine, account.actor, reason or f"fire {number}: {kind}") as connection:
            found = self._check(connection, number, kind, account, reason, now, bool(kept))
            again = found.state == kind and kind != "note"
            if again and set(kept) <= set(found.photos):
                return found
            data: dict[str, Any] = {"name": account.name, "photos": kept, "burnt": burnt}
            data = {name: value for name, value in data.items() if value}
            written = "note" if again else kind  # pictures that come after the step are a note to it
            store.add_event(connection, number, written, now, account.actor, reason.strip(), data)
            found = self._one(connection, number, now)
        if found.state in ENDED:
            alerts.end(self._engine, "burning", [str(number)], now, account.actor)
        elif found.told and kind in ("seen", "arrived"):
            unanswered = [escalation_key(step.to) for step in self.settings.escalation]
            alerts.end(self._engine, "burning", [str(number)], now, account.actor, keys=unanswered)
        return found

    def _check(
        self,
        connection: sa.Connection,
        number: int,
        kind: str,
        account: Account,
        reason: str,
        now: datetime,
        photos: bool,
    ) -> Fire:
        found = self._one(connection, number, now)
        if not self.may_act(found, account):
            raise NotPermitted(
                f"{account.login} 不能处置火点 {number}", f"{account.login} may not act on fire {number}"
            )
        again = found.state == kind and kind != "note"
        if not again and (fault := refused(found, kind, reason, photos=photos)):
            raise fault
        return found

    def escalate(self) -> int:
        """Call the next ones where nobody has answered for so long; how many steps were taken.

        A step to the county or the city tells its office: by an alert there, which stands until somebody answers, and
        by the accounts of those whose duty it is, which the event keeps.
        """
        now, taken = self._platform.clock.now(), 0
        told: list[tuple[int, Step, str]] = []
        for one in self.listed(now, since=now - timedelta(days=2)):
            if not due(one, self.settings, now):
                continue
            self._ready()
            accounts = self._accounts
            with audit.act(self._engine, SYSTEM, f"fire {one.id}: no answer") as connection:
                standing = self._one(connection, one.id, now)
                for step in due(standing, self.settings, now):
                    level = self.settings.escalation.index(step) + 1
                    data: dict[str, Any] = {"level": level, "to": step.to, "minutes": step.after}
                    if step.to != "next_warden":
                        office = office_of(one.region, step.to)
                        people = on_duty_at(accounts, office)
                        data |= {"office": office, "told": [each.login for each in people]}
                        told.append((one.id, step, office))
                    store.add_event(connection, one.id, "escalated", now, SYSTEM, data=data)
                    if step.to == "next_warden":
                        self._call(connection, one.id, one.lon, one.lat, one.region, now, but=standing.called)
                    taken += 1
        self._tell(told, now)
        return taken

    def listed(
        self, as_of: datetime | None = None, *, since: datetime | None = None, scopes: store.Scopes = ((None, None),)
    ) -> list[Fire]:
        """Fires as they stood at a moment (None: now), the newest first."""
        with reading(self._engine).connect() as connection:
            return store.fires(connection, as_of or self._platform.clock.now(), since=since, scopes=scopes)

    def fire(self, number: int, as_of: datetime | None = None) -> tuple[Fire, list[FireEvent], list[Signal]]:
        """One fire with its events and signals. Raises LookupError."""
        moment = as_of or self._platform.clock.now()
        with reading(self._engine).connect() as connection:
            found = self._one(connection, number, moment)
            events = store.events_of(connection, [number], moment).get(number, [])
            return found, events, store.signals_of(connection, number)

    def of_signal(self, sender: str, key: str) -> int | None:
        """The fire to which a signal belongs; None: it called nobody."""
        with reading(self._engine).connect() as connection:
            return store.fire_of(connection, sender, key)

    def mine(self, account: Account, as_of: datetime | None = None) -> list[Fire]:
        """Open fires on which an account may act: those it was called to or told of first, then the longest waiting."""
        moment = as_of or self._platform.clock.now()
        found = self.listed(moment, since=moment - timedelta(days=7))
        open_ = [one for one in found if one.open and self.may_act(one, account)]
        return sorted(open_, key=lambda one: (account.login not in one.called + one.told, one.told_at or one.found_at))

    def may_act(self, fire: Fire, account: Account) -> bool:
        """Whether an account may act on a fire: it was called there, or handles burning in the region as an office.

        A warden handles what they were called to, and what nobody was called to in their region.
        """
        if not allowed(account, HANDLE):
            return False
        if account.login in fire.called:
            return True
        as_ = {grant.role for grant in account.grants if HANDLE in grant.permissions}
        if as_ == {WARDEN} and fire.called:
            return False
        return allowed(account, HANDLE, fire.region)

    def _ready(self) -> int:
        """Ask for what an act needs before it begins, as others wait for its end."""
        return len(self.wardens) + len(self.settings.escalation)

    def region_of(self, lon: float, lat: float) -> str | None:
        """The smallest region that we know in which a point lies; None: none."""
        for outlines in self._outline_sets():
            if code := outlines.locate(lon, lat):
                return code
        return None

    def _outline_sets(self) -> list[OutlineSet]:
        """Sets of outlines, those with the smallest regions first; read once a platform and state of the sets."""
        places = PlaceStore(self._engine)
        ids = tuple(one.id for one in places.outline_sets())
        kept = _OUTLINES.get(self._engine)
        if kept is None or kept[0] != ids:
            sets = [one for one in (places.outlines(each) for each in ids) if one.outlines]
            sets.sort(key=lambda one: -max(len(code.rstrip("0")) for code in one.outlines))
            kept = _OUTLINES[self._engine] = (ids, sets)
        return kept[1]

    def _call(
        self,
        connection: sa.Connection,
        number: int,
        lon: float,
        lat: float,
        region: str,
        at: datetime,
        but: Iterable[str] = (),
    ) -> None:
        found = nearest(self.wardens, region, lon, lat, at, but=set(but))
        if found is not None:
            data: dict[str, Any] = {"warden": found.login, "name": found.name}
            store.add_event(connection, number, "dispatched", at, SYSTEM, data=data)

    def _one(self, connection: sa.Connection, number: int, as_of: datetime) -> Fire:
        found = store.fires(connection, as_of, numbers=[number])
        if not found:
            raise LookupError(f"there is no fire {number}")
        return found[0]

    def _ended(self, connection: sa.Connection, numbers: Sequence[int], now: datetime) -> set[int]:
        return {one.id for one in store.fires(connection, now, numbers=numbers) if not one.open}

    def _tell(self, told: Sequence[tuple[int, Step, str]], now: datetime) -> None:
        """Raise the alerts of steps to an office: fire, step, where the office sits."""
        if not told:
            return
        names = self._names()
        with reading(self._engine).connect() as connection:
            found = {one.id: one for one in store.fires(connection, now, numbers=[number for number, _, _ in told])}
        made = [
            escalation_of(found[number], step, office, names.get(found[number].region, ""), now)
            for number, step, office in told
        ]
        alerts.raised(self._engine, made, now, SYSTEM)

    def _names(self) -> dict[str, str]:
        return {one.code: one.name for one in PlaceStore(self._engine).regions()}

    def _alarm(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        now = self._platform.clock.now()
        names = self._names()
        with reading(self._engine).connect() as connection:
            found = store.fires(connection, now, numbers=numbers)
        alerts.raised(self._engine, [alert_of(one, names.get(one.region, one.region)) for one in found], now, SYSTEM)


def by_district(fires: Iterable[Fire]) -> pl.DataFrame:
    """Times by county: ``region, fires, open, out, false, to_arrival, to_out`` (median minutes, null: none)."""
    schema = {"region": pl.String(), "open": pl.Boolean(), "state": pl.String(), "a": pl.Float64(), "o": pl.Float64()}
    rows = [
        (
            one.region.lstrip("Z")[:6],
            one.open,
            one.state,
            one.to_arrival,
            one.to_out,
        )  # townships and zones: their county
        for one in fires
    ]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return (
        frame.group_by("region")
        .agg(
            pl.len().cast(pl.Int64).alias("fires"),
            pl.col("open").sum().cast(pl.Int64),
            (pl.col("state") == "out").sum().cast(pl.Int64).alias("out"),
            (pl.col("state") == "false").sum().cast(pl.Int64).alias("false"),
            pl.col("a").median().alias("to_arrival"),
            pl.col("o").median().alias("to_out"),
        )
        .sort("fires", "region", descending=[True, False])
    )


__all__ = ["HANDLE", "Burning", "FireError", "by_district"]
