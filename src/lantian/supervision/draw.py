"""The random draw 双随机 of who is inspected: open, and the same whoever repeats it.

Method ``lantian-draw-1``, so that it can be repeated without this program:

1. The hash of a candidate is SHA-256 over the UTF-8 bytes of ``seed``, a line feed, and its id (both trimmed, NFC).
   ``h`` is that hash as a whole number, first byte highest; ``x = (h + 1/2) / 2**256``.
2. In a stratum candidates stand in the order of ``-ln(1 - x) / weight``, ties by id. Where all weights are equal
   that is the order of the hashes. The logarithm is taken to 90 digits, so no machine rounds it differently.
3. ``n`` is shared out by the stated shares with the largest remainder (ties in the order of `STRATA`).
4. `STRATA` are drawn in their order, the random one last; who is drawn is out of the others. A candidate stands in the
   stratum of each of its tags with that tag's weight, and in the random stratum with weight 1. Seats that a stratum
   cannot fill go to the random one.
5. In the random stratum each county that has no one yet, but has a candidate, gets the first of its line before the
   rest of the seats are filled; the county whose first stands foremost comes first. If seats are too few for that, the
   last drawn of the other strata make room where their county keeps another.
6. Who was inspected in an earlier round of the campaign stands behind all others, and only in the random stratum.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final, Literal

METHOD: Final = "lantian-draw-1"

Tag = Literal["hot_cell", "elevated_record", "complaint"]
Stratum = Literal["hot_cell", "elevated_record", "complaint", "random"]

STRATA: Final[dict[Stratum, tuple[str, str]]] = {
    "hot_cell": ("热点网格", "hot cell"),
    "elevated_record": ("监测高值", "elevated record"),
    "complaint": ("信访投诉", "complaint"),
    "random": ("随机", "random"),
}
"""Strata in the order in which they are drawn, Chinese and English."""

_DIGITS = Context(prec=90)


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be inspected.

    Attributes:
        id: stays the same from list to list; the draw hangs on it.
        region: code of the county.
        tags: why it is looked at more closely, each with a weight above 0 (1: as likely as the others of its stratum).
        inspected: in an earlier round of this campaign.
    """

    id: str
    name: str
    region: str
    industry: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    tags: Mapping[Tag, float] | None = None
    inspected: bool = False

    def __post_init__(self) -> None:
        """Refuse what the draw cannot use."""
        if not self.id.strip() or not self.region.strip():
            raise ValueError(f"candidate {self.id!r}, {self.name!r}: expected an id and the code of a county")
        for tag, weight in (self.tags or {}).items():
            if tag not in STRATA or str(tag) == "random":
                raise ValueError(f"candidate {self.id}, tags: {tag!r}; expected {', '.join(list(STRATA)[:-1])}")
            if not 0 < weight < 1e9:
                raise ValueError(f"candidate {self.id}, weight of {tag}: {weight}; expected a number above 0")


@dataclass(frozen=True)
class Shares:
    """Which part of the draw each stratum gets; the parts are relative, their sum need not be 1 or 100."""

    random: float = 50
    hot_cell: float = 20
    elevated_record: float = 15
    complaint: float = 15

    def __post_init__(self) -> None:
        """Refuse negative parts and an empty whole."""
        parts = self.parts()
        if any(not 0 <= part < float("inf") for part in parts.values()) or not sum(parts.values()):
            raise ValueError(f"shares {self.text}: expected numbers of 0 or more, not all 0")

    def parts(self) -> dict[Stratum, float]:
        """The parts in the order of `STRATA`."""
        return {name: getattr(self, name) for name in STRATA}

    @property
    def text(self) -> str:
        """As ``--shares`` takes them: ``hot_cell=20,elevated_record=15,complaint=15,random=50``."""
        return ",".join(f"{name}={part:.12g}" for name, part in self.parts().items())

    def seats(self, n: int) -> dict[Stratum, int]:
        """``n`` seats by largest remainder; equal remainders in the order of `STRATA`.

        Example:
            >>> Shares().seats(7)
            {'hot_cell': 1, 'elevated_record': 1, 'complaint': 1, 'random': 4}
        """
        parts = {name: Fraction(str(part)) for name, part in self.parts().items()}
        exact = {name: n * part / sum(parts.values()) for name, part in parts.items()}
        given = {name: int(value) for name, value in exact.items()}
        behind = sorted(STRATA, key=lambda name: given[name] - exact[name])
        for name in behind[: n - sum(given.values())]:
            given[name] += 1
        return given


def read_shares(text: str) -> Shares:
    """Shares as written by `Shares.text`; a stratum that is not named gets 0.

    Raises:
        ValueError: an unknown stratum, a part that is no number; the message says what is right.
    """
    parts: dict[str, float] = dict.fromkeys(STRATA, 0.0)
    for word in text.split(","):
        name, _, part = word.partition("=")
        try:
            if name.strip() not in parts:
                raise ValueError
            parts[name.strip()] = float(part)
        except ValueError:
            raise ValueError(f"shares {word!r}: expected NAME=NUMBER of {', '.join(STRATA)}") from None
    return Shares(**parts)


@dataclass(frozen=True)
class Drawn:
    """One that was drawn, and why.

    Attributes:
        stratum: whose seat it has.
        rank: its place in the line of that stratum, from 1; all candidates of the stratum are counted.
        hash: hexadecimal, to be repeated by anybody.
        for_county: drawn before its turn so that its county has one.
        again: inspected before in this campaign; nobody else was left.
    """

    candidate: Candidate
    stratum: Stratum
    rank: int
    hash: str
    for_county: bool = False
    again: bool = False


@dataclass(frozen=True)
class Note:
    """Something about a draw that its readers must know, Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Draw:
    """A draw: ``drawn`` in the order of `STRATA` and rank; ``list_hash`` of the candidates (`list_hash`)."""

    seed: str
    n: int
    shares: Shares
    drawn: tuple[Drawn, ...]
    notes: tuple[Note, ...]
    candidates: int
    list_hash: str
    method: str = METHOD


def draw(candidates: Iterable[Candidate], n: int, seed: int | str, shares: Shares | None = None) -> Draw:
    """Draw ``n`` of the candidates; the module says how. The order in which they are given does not matter.

    Raises:
        ValueError: an id twice, no seed, or ``n`` under 1.
    """
    people = sorted(candidates, key=lambda one: normal(one.id))
    seed, shares = normal(str(seed)), shares or Shares()
    twice = sorted({one.id for one, other in itertools.pairwise(people) if normal(one.id) == normal(other.id)})
    if twice:
        raise ValueError(f"candidates: the id {', '.join(twice)} stands there twice; expected each once")
    if n < 1 or not seed:
        raise ValueError(f"n = {n}, seed = {seed!r}: expected n of at least 1 and a seed")
    hat = _Hat(people, seed)
    seats = shares.seats(n)
    for stratum in list(STRATA)[:-1]:
        hat.fill(stratum, seats[stratum])
    hat.fill_random(n)
    return Draw(seed, n, shares, hat.result(), tuple(hat.notes), len(people), list_hash(people))


def hash_of(seed: str, candidate_id: str) -> str:
    """SHA-256 of a candidate under a seed, hexadecimal.

    Example:
        >>> hash_of("20171110", "A1")[:16]
        'b80d4b7d62ad508b'
    """
    return hashlib.sha256(f"{normal(seed)}\n{normal(candidate_id)}".encode()).hexdigest()


def command(path: str, seed: str, n: int, shares: str) -> str:
    """The command that repeats a draw from a list in a file.

    Example:
        >>> command("list.csv", "20171110", 140, "random=1")
        'lantian round draw --candidates list.csv --seed 20171110 --n 140 --shares random=1'
    """
    parts = ["lantian", "round", "draw", "--candidates", path, "--seed", seed, "--n", str(n), "--shares", shares]
    return shlex.join(parts)


def normal(text: str) -> str:
    """Seed or id as it enters the hash: trimmed, NFC."""
    return unicodedata.normalize("NFC", text.strip())


def list_hash(candidates: Iterable[Candidate]) -> str:
    """SHA-256 of a list of candidates, whatever its order and file format.

    Over one line a candidate, by id: a JSON array of id, name, region, industry, address, tags with weight (by name, as
    text) and whether it was inspected before, without blanks, not escaped, each line ended by a line feed, in UTF-8.
    Positions are left out: they do not enter the draw.
    """
    lines = []
    for one in sorted(candidates, key=lambda one: normal(one.id)):
        tags = {name: f"{weight:.12g}" for name, weight in sorted((one.tags or {}).items())}
        row = [normal(one.id), one.name, one.region, one.industry, one.address, tags, one.inspected]
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Hat:
    """What is in the hat while it is drawn from."""

    def __init__(self, people: Sequence[Candidate], seed: str) -> None:
        self.hashes = {one.id: hash_of(seed, one.id) for one in people}
        self.notes: list[Note] = []
        self.lines: dict[Stratum, list[Candidate]] = {
            tag: self._line([one for one in people if not one.inspected and tag in (one.tags or {})], tag)
            for tag in list(STRATA)[:-1]
        }
        fresh = self._line([one for one in people if not one.inspected], "random")
        self.lines["random"] = fresh + self._line([one for one in people if one.inspected], "random")
        self.ranks = {(s, one.id): k for s, line in self.lines.items() for k, one in enumerate(line, 1)}
        self.taken: dict[str, Drawn] = {}

    def _line(self, people: list[Candidate], stratum: Stratum) -> list[Candidate]:
        """In the order of the draw; where weights are equal the logarithm changes nothing and is not taken."""
        weights = {one.id: 1.0 if stratum == "random" else float((one.tags or {})[stratum]) for one in people}
        if len(set(weights.values())) < 2:
            return sorted(people, key=lambda one: (self.hashes[one.id], one.id))
        return sorted(people, key=lambda one: (waiting(self.hashes[one.id], weights[one.id]), one.id))

    def take(self, one: Candidate, stratum: Stratum, for_county: bool = False) -> None:
        rank = self.ranks[stratum, one.id]
        self.taken[one.id] = Drawn(one, stratum, rank, self.hashes[one.id], for_county, one.inspected)

    def fill(self, stratum: Stratum, seats: int) -> None:
        """Draw a stratum of a tag; what it lacks goes to the random one, and is said."""
        free = [one for one in self.lines[stratum] if one.id not in self.taken][:seats]
        for one in free:
            self.take(one, stratum)
        if len(free) < seats:
            zh, en = STRATA[stratum]
            self.notes.append(
                Note(
                    f"{zh}层应抽 {seats} 家，可抽 {len(free)} 家，余 {seats - len(free)} 个名额转入随机",
                    f"stratum {en}: {seats} wanted, {len(free)} there; {seats - len(free)} seats go to random",
                )
            )

    def fill_random(self, n: int) -> None:
        """First the counties that have none, then the line."""
        line = [one for one in self.lines["random"] if one.id not in self.taken]
        covered = {one.candidate.region for one in self.taken.values()}
        firsts = []
        for one in line:
            if one.region not in covered and not one.inspected:
                covered.add(one.region)
                firsts.append(one)
        self._make_room(len(firsts) - (n - len(self.taken)), firsts)
        for one in firsts[: n - len(self.taken)]:
            self.take(one, "random", for_county=True)
        left = [one.region for one in firsts if one.id not in self.taken]
        if left:
            self.notes.append(
                Note(
                    f"名额不足，{len(left)} 个县（市、区）未抽到：{'、'.join(left)}",
                    f"too few seats: none drawn in {len(left)} counties: {', '.join(left)}",
                )
            )
        for one in [one for one in line if one.id not in self.taken][: n - len(self.taken)]:
            self.take(one, "random")
        again = sum(one.again for one in self.taken.values())
        if again:
            self.notes.append(
                Note(
                    f"未查过的已抽完，{again} 家为本次行动中已查过的",
                    f"no one was left who had not been inspected: {again} are inspected again",
                )
            )
        if len(self.taken) < n:
            self.notes.append(
                Note(f"应抽 {n} 家，名单只有 {len(self.taken)} 家", f"{n} wanted, the list has {len(self.taken)}")
            )

    def _make_room(self, lacking: int, firsts: Sequence[Candidate]) -> None:
        """Give seats of the other strata to counties without any, the last drawn first, while a county keeps one."""
        counts: dict[str, int] = {}
        for one in self.taken.values():
            counts[one.candidate.region] = counts.get(one.candidate.region, 0) + 1
        moved = 0
        for one in reversed(list(self.taken.values())):
            if moved >= lacking or not firsts:
                break
            if counts[one.candidate.region] > 1:
                counts[one.candidate.region] -= 1
                del self.taken[one.candidate.id]
                moved += 1
        if moved:
            self.notes.append(
                Note(
                    f"为使每个县（市、区）至少一家，从热点、高值、投诉各层让出 {moved} 个名额",
                    f"{moved} seats of hot cells, elevated records and complaints went to counties that had none",
                )
            )

    def result(self) -> tuple[Drawn, ...]:
        order = list(STRATA)
        return tuple(sorted(self.taken.values(), key=lambda one: (order.index(one.stratum), one.rank)))


def waiting(digest: str, weight: float) -> Decimal:
    """``-ln(1 - x) / weight`` for a hash (hexadecimal): who waits least is drawn first. With weight w as likely to come
    before another of weight 1 as w to 1 (Efraimidis and Spirakis 2006, doi:10.1016/j.ipl.2005.11.003).
    """
    most = 1 << 257
    rest = Decimal(most - 2 * int(digest, 16) - 1)
    logarithm = _DIGITS.subtract(_DIGITS.ln(Decimal(most)), _DIGITS.ln(rest))
    return _DIGITS.divide(logarithm, Decimal(str(weight)))
