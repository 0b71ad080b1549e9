"""The chain of the audit trail, as pure functions: how a row is hashed, and how a trail shows what was done to it.

Nothing here needs the database, so an export can be checked by anyone with this file and SHA-256.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Literal

GENESIS = "0" * 64
"""What the first row is chained to."""

_MANY = 200  # broken rows among which every exchange of places is still tried


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the trail: what was written, as the exact texts that were hashed.

    `at` is the server's time and `clock_at` the platform's (simulated in a replay), both `2016-12-16T12:00:00.000000Z`.
    `key`, `before` and `after` are JSON objects; an UPDATE holds the changed columns only, an INSERT has no `before`, a
    DELETE no `after`.
    """

    seq: int
    at: str
    clock_at: str
    actor: str
    reason: str
    table_name: str
    operation: str
    key: str
    before: str | None
    after: str | None
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A row number and the hash that it had when someone looked: the head of the trail, or an anchor kept outside."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the trail. `seq` is the row, or the first of the rows, that it concerns."""

    seq: int
    kind: Literal["changed", "removed", "reordered", "rewritten"]
    message: str


def canonical(entry: Entry) -> str:
    """The text that is hashed: each field but `hash` in order as `<bytes>:<text>`, missing ones as `-`, with commas."""
    fields = [None if field is None else str(field) for field in astuple(entry)[:-1]]
    return ",".join("-" if field is None else f"{len(field.encode())}:{field}" for field in fields)


def digest(entry: Entry) -> str:
    """SHA-256 of the canonical text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def check(entries: Iterable[Entry], head: Mark | None, anchors: Iterable[Mark] = ()) -> list[Fault]:
    """Go through the rows in the order of their numbers; an empty list means that nothing was touched.

    `head` is the last row as the trail itself remembers it, None if that was removed. `anchors` are marks kept
    elsewhere: only they show a trail that was rewritten from some row to its end with all hashes made anew.
    """
    faults: list[Fault] = []
    broken: list[Entry] = []
    kept = _by_seq(anchors)
    last = Mark(0, GENESIS)
    sound = True  # whether the row before agrees with its own hash
    proven = 0  # last row that an anchor vouches for
    for entry in entries:
        if entry.seq <= last.seq:
            faults.append(Fault(entry.seq, "reordered", f"row {entry.seq} comes twice"))
            continue
        if entry.seq > last.seq + 1:
            faults.append(_removed(last.seq + 1, entry.seq - 1))
        intact = digest(entry) == entry.hash
        if not intact:
            broken.append(entry)
        elif entry.seq == last.seq + 1 and entry.prev_hash != last.hash and sound:
            faults.append(_hashed_anew(max(last.seq, 1), entry.seq))
        for mark in kept.pop(entry.seq, ()):
            if mark.hash == entry.hash:
                proven = entry.seq
            else:
                faults.append(_rewritten(proven + 1, entry.seq))
        last, sound = Mark(entry.seq, entry.hash), intact
    faults += [_changed(entry, broken) for entry in broken]
    faults += _end(last, head, max(kept, default=0), sound)
    return sorted(faults, key=lambda fault: fault.seq)


def _by_seq(marks: Iterable[Mark]) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.seq > 0:
            found.setdefault(mark.seq, []).append(mark)
    return found


def _changed(entry: Entry, broken: list[Entry]) -> Fault:
    """A row that disagrees with its hash: changed, unless it is whole under another row's number."""
    numbers = [other.seq for other in broken] if len(broken) <= _MANY else [entry.seq - 1, entry.seq + 1]
    # A row that moved up into a gap at the end, or down over a removed one, has its old number just outside.
    for number in dict.fromkeys([*numbers, entry.seq - 1, entry.seq + 1]):
        if number != entry.seq and digest(replace(entry, seq=number)) == entry.hash:
            return Fault(entry.seq, "reordered", f"row {entry.seq} holds what was written as row {number}")
    what = f"{entry.operation} of {entry.table_name} {entry.key} by {entry.actor} at {entry.at}"
    return Fault(entry.seq, "changed", f"row {entry.seq} does not agree with its hash; it now reads: {what}")


def _hashed_anew(seq: int, follower: int) -> Fault:
    return Fault(
        seq, "changed", f"row {seq} is not what row {follower} was chained to: one of them was changed and hashed anew"
    )


def _rewritten(first: int, seq: int) -> Fault:
    where = f"row {seq}" if first == seq else f"some row from {first} to {seq}"
    return Fault(first, "rewritten", f"{where} was rewritten: row {seq} has another hash than its anchor outside kept")


def _removed(first: int, final: int) -> Fault:
    rows = f"row {first} is" if first == final else f"rows {first} to {final} are"
    return Fault(first, "removed", f"{rows} missing")


def _end(last: Mark, head: Mark | None, anchored: int, sound: bool) -> list[Fault]:
    """What the head, and anchors beyond the last row, say about the end of the trail."""
    known = max(head.seq if head else 0, anchored)
    if known > last.seq:
        return [_removed(last.seq + 1, known)]
    if head is None:
        message = f"the trail's head was removed: whether rows after row {last.seq} were, only an anchor can tell"
        return [Fault(last.seq + 1, "removed", message)]
    if head.seq < last.seq:
        return [Fault(head.seq + 1, "changed", f"the head stands at row {head.seq}, but rows up to {last.seq} exist")]
    if head.hash != last.hash and sound:
        return [
            Fault(last.seq, "changed", f"row {last.seq} is not the row that the head remembers: it was hashed anew")
        ]
    return []
