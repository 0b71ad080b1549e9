"""Who reads, and what of a feed they may see: owner, granted, or open to everybody. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from lantian.kernel.accounts.permissions import Account, covers, regions_of, scopes_of
from lantian.observations.feeds.definition import Feed, Field

READ = "feeds.read"

Via: TypeAlias = Literal["page", "api", "export", "sql"]
"""Doors through which records are read."""

Regions: TypeAlias = frozenset[str] | None
"""Codes of regions, each covering all below it; None: everywhere."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant in force: this department may read this feed, in this region (None: everywhere) until a day."""

    feed: str
    department: str
    region: str | None
    until: date


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads.

    Attributes:
        name: login, or the name of a rule; stands in the log of access.
        department: of the account, for the log.
        scopes: where and for which departments it may read feeds; pairs of region and department, None: every one.
        unmasks: permissions that it holds, which uncover masked fields.
        everything: rules that run by themselves see all.
        via: the door at which `Feeds.read` notes the reading in the log of access; None: whoever reads notes it.
    """

    name: str
    department: str | None = None
    scopes: tuple[tuple[str | None, str | None], ...] = ()
    unmasks: frozenset[str] = frozenset()
    everything: bool = False
    via: Via | None = None

    @classmethod
    def of(cls, account: Account) -> Reader:
        """What an account may read."""
        scopes = scopes_of(account, READ)
        departments = {department for _, department in scopes}
        own = account.department or (next(iter(departments)) if len(departments) == 1 else None)
        held = frozenset(name for grant in account.grants for name in grant.permissions if account.active)
        return cls(account.login, own, scopes, held if scopes else frozenset())

    @property
    def departments(self) -> frozenset[str] | None:
        """The departments for which it reads; None: every one."""
        found = {department for _, department in self.scopes}
        return None if self.everything or None in found else frozenset(one for one in found if one)

    def regions(self, feed: Feed, grants: Iterable[Granted] = ()) -> tuple[bool, Regions]:
        """Whether it may see a feed, and of which regions."""
        if self.everything or feed.sensitivity == "open":
            return True, None
        held: set[str | None] = set()
        mine = [one for one in grants if one.feed == feed.name]
        for region, department in self.scopes:
            if department is None or department == feed.owner:
                held.add(region)
            else:
                held |= {
                    narrow
                    for one in mine
                    if one.department == department
                    for narrow in ([_narrower(region, one.region)] if _meet(region, one.region) else [])
                }
        return bool(held), None if None in held else frozenset(one for one in held if one)

    def uncovers(self, feed: Feed, field: Field) -> bool:
        """Whether it sees a masked field in full."""
        if self.everything or not field.covered:
            return True
        departments = self.departments
        theirs = departments is None or feed.owner in departments
        return (field.type != "person" or theirs) and (field.mask is None or field.mask in self.unmasks)


PLATFORM = Reader("lantian", everything=True)
"""The reader of rules that run by themselves."""


def may_bring(account: Account) -> Regions:
    """The regions whose records an account may bring."""
    return regions_of(account, "data.import")


def stem(region: str) -> str:
    """How the codes below a region begin; ``=`` before one that has nothing below it (`kernel.accounts.covers`).

    Example:
        >>> stem("110000"), stem("130100"), stem("110105"), stem("Z11010501")
        ('11', '1301', '110105', '=Z11010501')
    """
    if not re.fullmatch(r"\d{6}", region):
        return f"={region}"
    return re.sub(r"(?:00){1,2}$", "", region)


def _meet(one: str | None, other: str | None) -> bool:
    return covers(one, other) or covers(other, one)


def _narrower(one: str | None, other: str | None) -> str | None:
    return other if covers(one, other) else one
