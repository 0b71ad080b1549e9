"""Complaints over the database and the clock, the same for pages, commands and tests::

    desk = Complaints(platform)
    desk.take_in(files.read(Path("12369.csv"), desk.where), "office")
    for group in desk.groups(account):
        number = desk.open([one.id for one in group.open], account)

Everything is asked as of a moment (None: the clock's now).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import Connection

from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed, covers, scopes_of
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.places.store import PlaceStore
from lantian.standards.workdays import Calendar
from lantian.supervision.complaints import complaint as rules
from lantian.supervision.complaints import store
from lantian.supervision.complaints.complaint import Complaint, ComplaintError, Given, Group, Settings
from lantian.supervision.complaints.store import Contact
from lantian.supervision.complaints.where import Names
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import Finding, categories
from lantian.supervision.personal import mask
from lantian.supervision.service import Supervision

FILE = "complaints.yaml"
"""An office's own settings, in the data directory."""

WINDOW = timedelta(days=90)
"""Complaints of so many days are grouped."""

COUNTS: dict[str, Any] = {
    "region": pl.String, "category": pl.String, "month": pl.String, "complaints": pl.Int64, "answered": pl.Int64,
    "late": pl.Int64, "cases": pl.Int64,
}  # fmt: skip


class Complaints:
    """The complaints of one platform; ``calendar`` None is the shipped one."""

    def __init__(self, platform: Platform, calendar: Calendar | None = None) -> None:
        self._platform = platform
        self._calendar = calendar

    @cached_property
    def settings(self) -> Settings:
        """``<home>/complaints.yaml``, else the shipped ones. Raises ComplaintError."""
        own = self._platform.home / FILE
        return rules.load(own if own.is_file() else None)

    @cached_property
    def names(self) -> Names:
        """Names of all regions."""
        return Names({region.code: region.name for region in PlaceStore(self._platform.engine).regions()})

    def where(self, stated: str, words: str) -> str | None:
        """The region of a complaint: as stated (code or name), else named in its words."""
        if stated:
            try:
                return PlaceStore(self._platform.engine).resolve(stated).code
            except LookupError:
                return self.names.region(stated)
        return self.names.region(words)

    def take_in(self, given: Sequence[Given], actor: str, *, as_received: bool = False) -> int:
        """Keep complaints; how many were new. Of the texts a copy with people covered is what everybody reads.

        ``as_received``: they were known when they were received, as in an invented past.

        Raises ComplaintError for one that was received after the clock's now.
        """
        now = self._platform.clock.now()
        if early := next((one for one in given if one.received_at > now), None):
            raise ComplaintError(
                f"complaint {early.id}, received {early.received_at}: expected a time up to {now}",
                f"举报 {early.id} 的受理时间 {early.received_at.astimezone(BEIJING):%Y-%m-%d %H:%M} 在现在之后",
            )
        rows = [self._row(one, actor, one.received_at if as_received else now) for one in given]
        contacts = [{"complaint": one.id, "name": one.name, "phone": one.phone, "original": one.text} for one in given]
        with audit.act(self._platform.engine, actor, "complaints taken in") as connection:
            return store.add(connection, rows, contacts)

    def listed(self, account: Account, as_of: datetime | None = None, since: date | None = None) -> list[Complaint]:
        """Complaints of the regions where the account may see cases, the newest first."""
        with reading(self._platform.engine).connect() as connection:
            found = store.listed(connection, self._moment(as_of), since)
        regions = [region for region, _ in scopes_of(account, "cases.read")]
        return [one for one in found if any(covers(region, one.region) for region in regions)]

    def groups(self, account: Account, as_of: datetime | None = None) -> list[Group]:
        """The complaints of the last 90 days that may be of one problem together; see `complaint.groups`."""
        moment = self._moment(as_of)
        return rules.groups(self.listed(account, moment, (moment - WINDOW).astimezone(BEIJING).date()))

    def open(self, keys: Sequence[str], account: Account, *, category: str = "") -> str:
        """Open one case from complaints (the first one is its reference) and link them all; its number.

        Raises NotPermitted, LookupError, CaseError, ComplaintError where one belongs to a case already.
        """
        found = self._several(keys, account)
        if taken := next((one for one in found if one.case_number), None):
            raise ComplaintError(
                f"complaint {taken.id} belongs to case {taken.case_number} already",
                f"举报 {taken.id} 已归入 {taken.case_number}",
            )
        first = found[0]
        line = category or first.category
        what = categories()[line].zh if line in categories() else line
        title = f"{first.subject or first.address or '12369 举报'}：{what}"
        finding = Finding(
            title=title[:120],
            category=line,
            source="complaint",
            region=first.region,
            subject=first.subject,
            address=first.address,
            lon=first.lon,
            lat=first.lat,
            detail="；".join(one.text for one in found)[:1500],
            reference=first.id,
            example=first.example,
        )
        return Supervision(self._platform, self._calendar).open(
            finding, account, extra={"complaints": [one.id for one in found]}, beside=self._linking(keys, account)
        )

    def link(self, keys: Sequence[str], number: str, account: Account) -> None:
        """Say that complaints are of a standing case; a note of it is written there.

        Raises NotPermitted, LookupError, CaseError.
        """
        found = self._several(keys, account)
        desk = Supervision(self._platform, self._calendar)
        region = desk.case(number).case.finding["region"]
        if not allowed(account, "cases.report", region):
            raise _no(account, "cases.report", region)
        reason = f"关联举报 {'、'.join(one.id for one in found)}"
        desk.act(number, "note", account, reason, beside=self._linking(keys, account))

    def answer(self, key: str, text: str, account: Account) -> None:
        """Answer who complained. Raises NotPermitted, LookupError, ComplaintError (too long, or answered already)."""
        (found,) = self._several([key], account)
        if not 0 < len(text.strip()) <= 2000:
            raise ComplaintError("answer: expected 1 to 2000 characters", "答复应为 1 至 2000 字")
        now = self._platform.clock.now()
        with audit.act(self._platform.engine, account.actor, f"answer to {key}") as connection:
            if not store.answer(connection, found.id, text.strip(), account.actor, now):
                raise ComplaintError(f"complaint {key} has its answer already", f"举报 {key} 已经答复")

    def contact(self, key: str, account: Account, as_of: datetime | None = None) -> Contact:
        """Who complained: for who may assign cases in the region. Raises NotPermitted, LookupError."""
        with reading(self._platform.engine).connect() as connection:
            found = store.get(connection, key, self._moment(as_of))
            if not allowed(account, "cases.assign", found.region):
                raise _no(account, "cases.assign", found.region)
            return store.contact(connection, key)

    def counts(self, account: Account, as_of: datetime | None = None) -> pl.DataFrame:
        """By city, work line and month: ``complaints, answered, late`` (answers late or overdue), ``cases``."""
        moment = self._moment(as_of)
        day = moment.astimezone(BEIJING).date()
        rows = [
            {
                "region": one.region, "category": one.category, "month": f"{one.received_on:%Y-%m}",
                "answered": one.answer is not None, "late": one.late(day), "case": one.case_number,
            }
            for one in self.listed(account, moment)
        ]  # fmt: skip
        schema = {"region": pl.String, "category": pl.String, "month": pl.String, "answered": pl.Boolean}
        frame = pl.DataFrame(rows, schema={**schema, "late": pl.Boolean, "case": pl.String})
        keys = ["region", "category", "month"]
        return (
            frame.group_by(keys)
            .agg(
                pl.len().cast(pl.Int64).alias("complaints"),
                pl.col("answered").sum().cast(pl.Int64),
                pl.col("late").sum().cast(pl.Int64),
                pl.col("case").drop_nulls().n_unique().cast(pl.Int64).alias("cases"),
            )
            .select(*COUNTS)
            .sort(keys)
        )

    def _row(self, one: Given, actor: str, at: datetime) -> dict[str, Any]:
        names = [one.name, one.phone]
        due = self.settings.due(one.received_at.astimezone(BEIJING).date(), self._calendar)
        return {
            "id": one.id, "received_at": one.received_at, "channel": one.channel, "text": mask(one.text, names),
            "subject": mask(one.subject, names), "address": mask(one.address, names), "region": one.region,
            "lon": one.lon, "lat": one.lat, "category": self.settings.category(f"{one.subject} {one.text}"),
            "due": due.date, "provisional": due.provisional, "recorded_by": actor,
            "recorded_at": at, "example": one.example,
        }  # fmt: skip

    def _several(self, keys: Sequence[str], account: Account) -> list[Complaint]:
        if not keys:
            raise ComplaintError("no complaint is chosen; expected at least one", "请至少选择一件举报")
        now = self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            found = [store.get(connection, key, now) for key in dict.fromkeys(keys)]
        for one in found:
            if not allowed(account, "cases.report", one.region):
                raise _no(account, "cases.report", one.region)
        return sorted(found, key=lambda one: (one.received_at, one.id))

    def _linking(self, keys: Sequence[str], account: Account) -> Any:
        now = self._platform.clock.now()

        def beside(connection: Connection, number: str) -> None:
            if store.link(connection, keys, number, account.actor, now) != len(set(keys)):
                raise ComplaintError(
                    "one of the complaints belongs to a case by now: look again", "其中有举报已归入问题，请刷新后再看"
                )

        return beside

    def _moment(self, as_of: datetime | None) -> datetime:
        return as_of or self._platform.clock.now()


def _no(account: Account, permission: str, region: str) -> NotPermitted:
    return NotPermitted(
        f"{account.login} 在 {region} 没有此项权限（{permission}）",
        f"{account.login} lacks the permission {permission} for {region}",
    )
