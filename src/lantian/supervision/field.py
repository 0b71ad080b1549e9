"""Field work 现场: what an inspector's phone sends, hours later and perhaps twice, kept exactly once.

The phone makes the id of what it sends; it is kept in the same act as the case's event, so a message that comes again
finds what the first one made. How long something waited on the phone is told as a duration, so a phone whose clock is
wrong, or a platform in a replay, still knows the day of the finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lantian.kernel.accounts import Account, NotPermitted, allowed, scopes_of
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.places.outlines import OutlineSet
from lantian.places.regions import KINDS, level_of
from lantian.supervision import workflow_file
from lantian.supervision.events import BEIJING, CaseError, Kind
from lantian.supervision.evidence import EvidenceStore, Piece
from lantian.supervision.exif import FAR_M
from lantian.supervision.field_targets import Goal, Goals
from lantian.supervision.findings import Finding, categories
from lantian.supervision.ledger import Filter
from lantian.supervision.rules import allowed as moves_allowed
from lantian.supervision.service import Beside, Supervision
from lantian.supervision.store import Record
from lantian.supervision.tables import field_submission

CHECKER: Final = "checker"
"""The desk at which an inspector checks."""

VERDICTS: Final = ("pass", "fail", "note")
"""What a visit may say; ``note`` changes nothing and is what a visit becomes whose case went on without it."""

MOST_PHOTOS: Final = 9
OLDEST: Final = timedelta(days=60)
"""How long something may have waited on a phone."""

Photo = tuple[str, bytes]
"""Name and bytes of a file."""

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Spotted:
    """A finding as a phone sends it.

    Attributes:
        client_id: made by the phone (UUID).
        category: code of a work line; points: numbers of its checklist that were not met.
        region: as chosen; empty: the place decides.
        subject, detail, address: in words.
        lon, lat: where, degrees (WGS-84); accuracy_m: how sure the phone was; place_by: ``gps``, ``map``,
            ``register`` (the drawn site's) or ``typed``.
        waited: how long it waited on the phone.
        title: in one line; empty: made from subject and points.
        target: key of the drawn site that was inspected; see `field_targets`.
    """

    client_id: str
    category: str
    region: str = ""
    points: tuple[int, ...] = ()
    subject: str = ""
    detail: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    place_by: str = ""
    waited: timedelta = timedelta()
    title: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A check visit as a phone sends it; ``seen``: how many events of the case the phone knew."""

    client_id: str
    number: str
    verdict: str
    reason: str
    seen: int
    days: int | None = None
    waited: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of something sent: the case's number; ``again``: it had been kept before; ``far_m``: metres between
    the stated place and that of the picture farthest from it, where that is far.
    """

    number: str
    again: bool = False
    far_m: float | None = None


class ConflictError(CaseError):
    """The case has gone on since the phone saw it; ``record`` is the case as it stands."""

    def __init__(self, record: Record, seen: int) -> None:
        now = record.case.events
        super().__init__(
            f"case {record.number} has {now} events by now, {seen} were seen on the phone",
            f"{record.number} 现有 {now} 条记录，手机上看到的是 {seen} 条",
        )
        self.record, self.seen = record, seen


class FieldDesk:
    """Takes in what phones send; ``sets`` are the outlines that tell in which region a place lies."""

    def __init__(self, platform: Platform, sets: Iterable[OutlineSet] = ()) -> None:
        self._platform = platform
        self._sets = tuple(sets)
        self._cases = Supervision(platform)
        self._files = EvidenceStore(platform)
        self._goals = Goals(platform)

    def finding(self, spotted: Spotted, photos: Sequence[Photo], account: Account) -> Kept:
        """Open a case from a finding, or tell which one it made before.

        Raises:
            CaseError: something is missing or cannot be used; the message says what would be right.
            NotPermitted: the account may not report where it is.
            EvidenceError: a file cannot be kept.
        """
        goal = self._goals.find(spotted.target, account) if spotted.target else None
        kept = self._found(spotted, photos, account, goal)
        if goal:  # also where it had come before: the answer may have been lost in between
            self._goals.seen(goal, account, kept.number)
        return kept

    def nothing_found(self, client_id: str, target: str, account: Account) -> Kept:
        """Note that a drawn site was inspected and nothing was found there; ``number`` is the site's id.

        Raises:
            CaseError, NotPermitted: as `Goals.find`.
        """
        self._before(client_id, account)
        goal = self._goals.find(target, account)
        return Kept(goal.site.id, again=not self._goals.seen(goal, account))

    def _found(self, spotted: Spotted, photos: Sequence[Photo], account: Account, goal: Goal | None) -> Kept:
        known = self._before(spotted.client_id, account, spotted.waited, photos)
        if known:
            return known
        _worth_a_case(spotted)
        pieces = [self._files.put(content, name, account) for name, content in photos]
        finding, by = self._finding(spotted, pieces, account, goal)
        extra = {"client_id": spotted.client_id, "place_by": by, **_waiting(spotted.waited)}
        if goal:
            extra["site"] = goal.site.id
        if spotted.accuracy_m is not None and by == "gps":
            extra["accuracy_m"] = round(spotted.accuracy_m, 1)
        try:
            number = self._cases.open(
                finding,
                account,
                evidence=[piece.sha256 for piece in pieces],
                extra=extra,
                beside=self._submission(spotted.client_id, "finding", account),
            )
        except IntegrityError:  # it came twice at the same moment, and the other one was first
            return self._before(spotted.client_id, account) or _impossible(spotted.client_id)
        return Kept(number, far_m=_farthest(pieces, finding.lon, finding.lat))

    def visit(self, visit: Visit, photos: Sequence[Photo], account: Account) -> Kept:
        """Write down a check, or tell that it was written down before.

        Raises:
            ConflictError: the case has gone on since the phone saw it.
            CaseError, NotPermitted, EvidenceError, LookupError: as the case's service says.
        """
        known = self._before(visit.client_id, account, visit.waited, photos)
        if known:
            return known
        if visit.verdict not in VERDICTS:
            raise CaseError(f"verdict {visit.verdict!r}: expected one of {', '.join(VERDICTS)}", "请选择核查结论")
        self._may_check(visit, account)
        record = self._unchanged(visit)
        pieces = [self._files.put(content, name, account) for name, content in photos]
        kind: Kind = "note" if visit.verdict == "note" else "move"
        move = None if kind == "note" else visit.verdict
        data: dict[str, Any] = {"client_id": visit.client_id, **_waiting(visit.waited)}
        if move and visit.days is not None and "days" in record.case.workflow.moves[move].needs:
            data["days"] = visit.days
        try:
            self._cases.act(
                visit.number,
                kind,
                account,
                visit.reason,
                move=move,
                evidence=[piece.sha256 for piece in pieces],
                expected=visit.seen,
                beside=self._submission(visit.client_id, "visit", account),
                **data,
            )
        except IntegrityError:
            return self._before(visit.client_id, account) or _impossible(visit.client_id)
        except CaseError:
            self._unchanged(visit)  # somebody may have written between our look and our act
            raise
        where = record.case.finding
        return Kept(visit.number, far_m=_farthest(pieces, where.get("lon"), where.get("lat")))

    def to_check(self, account: Account, as_of: datetime, most: int = 60) -> list[Record]:
        """The cases that wait for a check and that the account may check, the first due first."""
        scopes, day = scopes_of(account, "cases.verify"), as_of.astimezone(BEIJING).date()
        found: list[Record] = []
        for state in _checked_states():
            rows = self._cases.ledger(Filter(scopes, state=state), as_of, limit=most).rows
            found += [self._cases.case(row["number"], as_of) for row in rows]
        mine = [one for one in found if self.may_check(one, account, as_of)]
        return sorted(mine, key=lambda one: (one.case.due.date if one.case.due else day, one.number))[:most]

    def may_check(self, record: Record, account: Account, as_of: datetime) -> bool:
        """Whether a case waits for a check that an account may make."""
        day = as_of.astimezone(BEIJING).date()
        moves = moves_allowed(record.case, self._cases.who(record.case, account), day)
        return record.case.at.desk == CHECKER and bool(moves)

    def region_at(self, lon: float, lat: float) -> str | None:
        """The smallest region whose outline holds a place; None: none does."""
        found = [code for one in self._sets if (code := one.locate(lon, lat))]
        return max(found, key=lambda code: KINDS.index(level_of(code)), default=None)

    def _finding(
        self, spotted: Spotted, pieces: Sequence[Piece], account: Account, goal: Goal | None
    ) -> tuple[Finding, str]:
        """The finding, and how its place is known; without any, a picture's own place is taken."""
        lon, lat, by = spotted.lon, spotted.lat, spotted.place_by or "typed"
        shot = next((piece for piece in pieces if piece.lon is not None), None)
        if lon is None and lat is None and shot is not None:
            lon, lat, by = shot.lon, shot.lat, "photo"
        located = self.region_at(lon, lat) if lon is not None and lat is not None else None
        region = spotted.region or located
        if not region:
            raise CaseError(
                "region: 请选择区县: the place lies in no outline that the platform knows, or there is no place; "
                "choose the county",
                "请选择区县：没有定位，或位置不在已知的区县范围内",
            )
        when = self._platform.clock.now() - spotted.waited
        finding = Finding(
            title=_title(spotted),
            category=spotted.category,
            # Only what a higher level's inspection finds counts as a new problem; a county's own patrol does not.
            source="inspection" if allowed(account, "cases.verify", region) else "patrol",
            region=region,
            subject=spotted.subject.strip(),
            address=spotted.address.strip(),
            lon=None if lon is None else round(lon, 6),
            lat=None if lat is None else round(lat, 6),
            detail=spotted.detail.strip(),
            found_on=when.astimezone(BEIJING).date() if spotted.waited else None,
            checklist=spotted.points,
            round=goal.round if goal else None,
            example=account.example,
        )
        return finding, by if lon is not None else "none"

    def _before(
        self, client_id: str, account: Account, waited: timedelta = timedelta(), photos: Sequence[Photo] = ()
    ) -> Kept | None:
        """What an id was kept as; None: it is new. Raises CaseError for what could not be kept either way."""
        if not _ID.fullmatch(client_id):
            raise CaseError(f"client_id {client_id[:60]!r}: expected a UUID in small letters")
        if not timedelta() <= waited <= OLDEST:
            raise CaseError(f"age_s {waited.total_seconds():.0f}: expected 0 to {OLDEST.days} days in seconds")
        if len(photos) > MOST_PHOTOS:
            raise CaseError(
                f"photos: {len(photos)}; at most {MOST_PHOTOS}", f"照片 {len(photos)} 张，最多 {MOST_PHOTOS} 张"
            )
        with reading(self._platform.engine).connect() as connection:
            query = sa.select(field_submission).where(field_submission.c.client_id == client_id)
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.account != account.actor:
            raise CaseError(f"client_id {client_id}: sent by {row.account}, not by {account.actor}")
        return Kept(row.number, again=True)

    def _may_check(self, visit: Visit, account: Account) -> None:
        """Before anything of the case is told, also in a conflict."""
        region = str(self._cases.case(visit.number).case.finding["region"])
        if not allowed(account, "cases.verify", region):
            raise NotPermitted(
                f"{account.login} 不能核查 {region} 的问题",
                f"{account.login} lacks the permission cases.verify for {region}",
            )

    def _unchanged(self, visit: Visit) -> Record:
        record = self._cases.case(visit.number)
        if record.case.events != visit.seen:
            raise ConflictError(record, visit.seen)
        return record

    def _submission(self, client_id: str, kind: str, account: Account) -> Beside:
        row = {
            "client_id": client_id,
            "kind": kind,
            "account": account.actor,
            "received_at": self._platform.clock.now(),
        }
        return partial(_write, row)


def far(metres: float | None) -> bool:
    """Whether a picture was taken so far from the stated place that it is told."""
    return metres is not None and metres > FAR_M


def _write(row: dict[str, Any], connection: Connection, number: str) -> None:
    connection.execute(sa.insert(field_submission).values(**row, number=number))


def _impossible(client_id: str) -> Kept:
    raise CaseError(f"client_id {client_id}: cannot be kept; send it again")


def _worth_a_case(spotted: Spotted) -> None:
    if not (spotted.points or spotted.detail.strip() or spotted.title.strip()):
        raise CaseError(
            "detail: 请勾选问题或写明情况: tick at least one point, or say what was seen", "请勾选问题或写明情况"
        )


def _title(spotted: Spotted) -> str:
    if spotted.title.strip() or spotted.category not in categories():
        return spotted.title.strip() or "?"
    line = categories()[spotted.category]
    points = [line.checklist[number] for number in spotted.points if 0 <= number < len(line.checklist)]
    what = "、".join(points) or next(iter(spotted.detail.strip().splitlines()), "")
    return f"{spotted.subject.strip() or line.zh}：{what}"[:120]


def _waiting(waited: timedelta) -> dict[str, int]:
    return {"waited_s": int(waited.total_seconds())} if waited >= timedelta(seconds=1) else {}


def _farthest(pieces: Sequence[Piece], lon: float | None, lat: float | None) -> float | None:
    away = max((metres for piece in pieces if (metres := piece.away_m(lon, lat)) is not None), default=None)
    return away if far(away) else None


def _checked_states() -> list[str]:
    """States in which a case waits at the checker's desk, in any workflow."""
    flows = [workflow_file.load(name) for name in workflow_file.names()]
    return sorted({state.name for flow in flows for state in flow.states.values() if state.desk == CHECKER})
