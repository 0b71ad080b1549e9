"""Sites, campaigns, rounds and targets in the database. Every write is audited in the name of its actor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel import audit
from lantian.places.regions import is_within, level_of
from lantian.supervision.draw import Draw, Stratum
from lantian.supervision.rebound_levels import Frequencies, Profile, keys, profile, values
from lantian.supervision.register import tables
from lantian.supervision.rounds import Campaign, Round, Stage, Team
from lantian.supervision.sites import Site, Status

Decision = Literal["same", "other"]
_FIELDS = tuple(field.name for field in fields(Site))
_CHUNK = 2000
_COUNTS = sa.text(
    "select asked, count(*) as n from unnest(cast(:names as text[])) asked "
    "join site on site.blocks @> array[asked] group by asked"
)


@dataclass(frozen=True)
class Drawing:
    """What is kept of a draw beside its targets."""

    seed: str
    n: int
    shares: str
    candidates: int
    list_sha256: str
    method: str
    drawn_at: datetime
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PlannedRound:
    """A round of a campaign: which team goes where, and its draw if there was one."""

    campaign: str
    round: Round
    assignment: Mapping[str, str]
    drawing: Drawing | None


@dataclass(frozen=True)
class Planned:
    """A campaign as it was planned."""

    campaign: Campaign
    cities: tuple[str, ...]
    teams: tuple[Team, ...]
    rounds: tuple[PlannedRound, ...]
    example: bool


@dataclass(frozen=True)
class Target:
    """A site that was drawn for a round, and whether somebody has been there."""

    site: Site
    number: int
    stratum: Stratum
    rank: int
    hash: str
    for_county: bool
    again: bool
    inspected_at: datetime | None
    case_number: str | None


@dataclass(frozen=True)
class Review:
    """What a person said of a proposed rebound."""

    banned: str
    other: str
    decision: Decision
    score: float
    note: str
    decided_by: str
    decided_at: datetime


class RegisterStore:
    """The tables of the register of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # sites

    def put_sites(self, sites: Iterable[Site], actor: str, reason: str = "") -> int:
        """Add sites or replace those of the same id; gives how many were given.

        Raises:
            ValueError: a region that is no code of GB/T 2260.
        """
        rows = [_row(site) for site in sites]
        with audit.act(self._engine, actor, reason or f"{len(rows)} sites") as connection:
            for at in range(0, len(rows), _CHUNK):
                query = insert(tables.site).values(rows[at : at + _CHUNK])
                new = {name: query.excluded[name] for name in (*_FIELDS[1:], "blocks")}
                connection.execute(query.on_conflict_do_update(index_elements=["id"], set_=new))
        return len(rows)

    def sites(
        self,
        *,
        status: Status | None = None,
        within: Sequence[str] = (),
        text: str = "",
        industry: str = "",
        ids: Sequence[str] | None = None,
        most: int | None = None,
    ) -> list[Site]:
        """Sites by id. ``within``: in one of these regions; ``text``: in name, address or id."""
        t = tables.site
        query = sa.select(t).order_by(t.c.id)
        if status is not None:
            query = query.where(t.c.status == status)
        if within:
            query = query.where(sa.or_(*(t.c.region.startswith(_stem(code)) for code in within)))
        if text:
            some = [column.icontains(text, autoescape=True) for column in (t.c.name, t.c.address, t.c.id)]
            query = query.where(sa.or_(*some))
        if industry:
            query = query.where(t.c.industry == industry)
        if ids is not None:
            query = query.where(t.c.id.in_(list(ids)))
        found = [_site(row) for row in self._rows(query if most is None else query.limit(most))]
        return [site for site in found if not within or any(is_within(site.region, code) for code in within)]

    def site(self, site_id: str) -> Site:
        """One site. Raises LookupError for an unknown id."""
        found = self.sites(ids=[site_id])
        if not found:
            raise LookupError(f"there is no site {site_id!r} in the register")
        return found[0]

    def counts(self) -> dict[str, int]:
        """How many sites have each status."""
        query = sa.select(tables.site.c.status, sa.func.count().label("n")).group_by(tables.site.c.status)
        return {row["status"]: row["n"] for row in self._rows(query)}

    def industries(self) -> list[str]:
        """Every industry of the register, the commonest first."""
        t = tables.site.c.industry
        query = sa.select(t).where(t != "").group_by(t).order_by(sa.func.count().desc(), t)
        return [row["industry"] for row in self._rows(query)]

    def near(self, one: Profile, full: int) -> tuple[list[Profile], Frequencies]:
        """Sites that share a key with one, and how frequent their names and people are in the register; keys of more
        than ``full`` sites are not followed.
        """
        asked = sorted(set(keys(one, around=True)))
        counts = self._counts(asked)
        followed = [key for key in asked if 0 < counts[key] <= full]
        t = tables.site
        query = sa.select(t).where(t.c.blocks.overlap(followed), t.c.id != one.site.id).order_by(t.c.id)
        others = [profile(_site(row)) for row in self._rows(query)] if followed else []
        asked = sorted({value for each in (one, *others) for value in values(each)})
        found = Frequencies([])
        found.size = sum(self.counts().values())
        for value, count in self._counts(asked).items():
            (found.names if value.startswith("N:") else found.people)[value[2:]] = count
        return others, found

    def _counts(self, names: Sequence[str]) -> Counter[str]:
        """How many sites have each key."""
        if not names:
            return Counter()
        with self._engine.connect() as connection:
            return Counter({row.asked: row.n for row in connection.execute(_COUNTS, {"names": list(names)})})

    def review(self, review: Review) -> None:
        """Keep what a person said of a proposal; a later word replaces an earlier one, the trail keeps both."""
        values = {field.name: getattr(review, field.name) for field in fields(Review)}
        query = insert(tables.rebound_review).values(values)
        new = {name: query.excluded[name] for name in values if name not in ("banned", "other")}
        with audit.act(self._engine, review.decided_by, f"rebound {review.banned}: {review.note}") as connection:
            connection.execute(query.on_conflict_do_update(index_elements=["banned", "other"], set_=new))

    def reviews(self, site_id: str, as_of: datetime) -> dict[str, Review]:
        """What was said about a banned site's proposals, by the other's id."""
        t = tables.rebound_review
        query = sa.select(t).where(t.c.banned == site_id, t.c.decided_at <= as_of)
        return {row["other"]: Review(**row) for row in self._rows(query)}

    # campaigns

    def put_campaign(self, planned: Planned, seed: str, at: datetime, actor: str) -> None:
        """Keep a new campaign with its teams and rounds. Raises ValueError where there is one of that name."""
        campaign = planned.campaign
        with audit.act(self._engine, actor, f"campaign {campaign.name}") as connection:
            t = tables.inspection_campaign
            if connection.execute(sa.select(t.c.name).where(t.c.name == campaign.name)).first():
                raise ValueError(f"there is a campaign {campaign.name!r} already; give this one another name")
            connection.execute(
                sa.insert(t).values(
                    name=campaign.name,
                    start=campaign.start,
                    rounds=campaign.rounds,
                    days=campaign.days,
                    stages=[[stage.rounds, stage.days] for stage in campaign.stages],
                    cities=list(planned.cities),
                    seed=seed,
                    planned_at=at,
                    example=planned.example,
                )
            )
            teams = [{**vars(team), "campaign": campaign.name} for team in planned.teams]
            if teams:
                connection.execute(sa.insert(tables.inspection_team), teams)
            rounds = [
                {"campaign": campaign.name, **vars(one.round), "assignment": dict(one.assignment)}
                for one in planned.rounds
            ]
            connection.execute(sa.insert(tables.inspection_round), rounds)

    def campaigns(self, as_of: datetime) -> list[Planned]:
        """Campaigns known at a moment, the newest first."""
        c, t, r = tables.inspection_campaign, tables.inspection_team, tables.inspection_round
        teams = self._rows(sa.select(t).order_by(t.c.id))
        rounds = self._rows(sa.select(r).order_by(r.c.number))
        found = []
        for row in self._rows(sa.select(c).where(c.c.planned_at <= as_of).order_by(c.c.start.desc(), c.c.name)):
            stages = tuple(Stage(*stage) for stage in row["stages"])
            name = row["name"]
            found.append(
                Planned(
                    Campaign(name, row["start"], row["rounds"], row["days"], stages),
                    tuple(row["cities"]),
                    tuple(
                        Team(each["id"], each["name"], each["home_region"], each["people"])
                        for each in teams
                        if each["campaign"] == name
                    ),
                    tuple(_round(each, as_of) for each in rounds if each["campaign"] == name),
                    row["example"],
                )
            )
        return found

    def put_draw(self, campaign: str, number: int, made: Draw, at: datetime, actor: str) -> None:
        """Keep a draw. Raises LookupError for an unknown round, ValueError for one that was drawn before."""
        r = tables.inspection_round
        here = (r.c.campaign == campaign) & (r.c.number == number)
        with audit.act(self._engine, actor, f"{campaign}, round {number}: drawn with seed {made.seed}") as connection:
            row = connection.execute(sa.select(r.c.drawn_at).where(here).with_for_update()).one_or_none()
            if row is None:
                raise LookupError(f"campaign {campaign!r} has no round {number}")
            if row.drawn_at is not None:
                raise ValueError(f"{campaign}, round {number} was drawn on {row.drawn_at}: a draw is never repeated")
            connection.execute(
                sa.update(r)
                .where(here)
                .values(
                    method=made.method,
                    seed=made.seed,
                    n=made.n,
                    shares=made.shares.text,
                    candidates=made.candidates,
                    list_sha256=made.list_hash,
                    notes=[[note.zh, note.en] for note in made.notes],
                    drawn_at=at,
                )
            )
            targets = [
                {
                    "campaign": campaign,
                    "round": number,
                    "site": one.candidate.id,
                    **{key: getattr(one, key) for key in ("stratum", "rank", "hash", "for_county", "again")},
                }
                for one in made.drawn
            ]
            if targets:
                connection.execute(sa.insert(tables.round_target), targets)

    def targets(self, as_of: datetime, campaign: str | None = None, site: str | None = None) -> list[Target]:
        """Who was drawn, by round, stratum and rank, as known at a moment."""
        t, s, r = tables.round_target, tables.site, tables.inspection_round
        join = (r.c.campaign == t.c.campaign) & (r.c.number == t.c.round)
        names = ("round", "stratum", "rank", "hash", "for_county", "again", "inspected_at", "case_number")
        query = (
            sa.select(s, *(t.c[name].label(f"t_{name}") for name in names))
            .join(s, s.c.id == t.c.site)
            .join(r, join)
            .where(r.c.drawn_at <= as_of)
            .order_by(t.c.campaign, t.c.round, t.c.stratum, t.c.rank)
        )
        if campaign is not None:
            query = query.where(t.c.campaign == campaign)
        if site is not None:
            query = query.where(t.c.site == site)
        found = []
        for row in self._rows(query):
            known = row["t_inspected_at"] is not None and row["t_inspected_at"] <= as_of
            values = {name: row[f"t_{name}"] for name in names if name != "round"}
            values |= {} if known else {"inspected_at": None, "case_number": None}
            found.append(Target(_site(row), row["t_round"], **values))
        return found

    def inspected(
        self, campaign: str, number: int, site: str, at: datetime, actor: str, case_number: str | None = None
    ) -> None:
        """Note that somebody has been there, once, and the case that was opened if any.

        Raises:
            LookupError: the site was not drawn for that round. ValueError: it was noted before.
        """
        t = tables.round_target
        here = (t.c.campaign == campaign) & (t.c.round == number) & (t.c.site == site)
        with audit.act(self._engine, actor, f"{campaign}, round {number}: {site} inspected") as connection:
            row = connection.execute(sa.select(t.c.inspected_at).where(here).with_for_update()).one_or_none()
            if row is None:
                raise LookupError(f"{site!r} was not drawn for round {number} of {campaign!r}")
            if row.inspected_at is not None:
                raise ValueError(f"{site!r} was inspected on {row.inspected_at} already")
            connection.execute(sa.update(t).where(here).values(inspected_at=at, case_number=case_number or None))

    def put_visits(self, campaign: str, visits: Iterable[tuple[int, str, datetime, str | None]], actor: str) -> None:
        """Note many inspections of a campaign at once: round, site, when, and the case that was opened if any."""
        t = tables.round_target
        here = [t.c.round == sa.bindparam("b_round"), t.c.site == sa.bindparam("b_site")]
        update = sa.update(t).where(t.c.campaign == campaign, *here, t.c.inspected_at.is_(None))
        update = update.values(inspected_at=sa.bindparam("b_at"), case_number=sa.bindparam("b_case"))
        rows = [{"b_round": one, "b_site": site, "b_at": at, "b_case": case} for one, site, at, case in visits]
        with audit.act(self._engine, actor, f"{campaign}: {len(rows)} inspected") as connection:
            if rows:
                connection.execute(update, rows)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def status_on(site: Site, day: date) -> Status:
    """The status that held on a day: a ban of a later day is not known yet."""
    return "active" if site.status_on is not None and site.status_on > day else site.status


def as_known(site: Site, day: date) -> Site | None:
    """A site as it stood on a day; None where it was not known to work yet."""
    if site.since is not None and site.since > day:
        return None
    standing = status_on(site, day)
    return site if standing == site.status else replace(site, status=standing)


def _row(site: Site) -> dict[str, Any]:
    try:
        level_of(site.region)
    except ValueError as error:
        raise ValueError(f"site {site.id}, region: {error}") from None
    one = profile(site)
    return {name: getattr(site, name) for name in _FIELDS} | {"blocks": sorted({*keys(one), *values(one)})}


def _site(row: Mapping[str, Any]) -> Site:
    return Site(**{name: row[name] for name in _FIELDS})


def _round(row: Mapping[str, Any], as_of: datetime) -> PlannedRound:
    drawing = None
    if row["drawn_at"] is not None and row["drawn_at"] <= as_of:
        names = ("seed", "n", "shares", "candidates", "list_sha256", "method", "drawn_at")
        notes = tuple((zh, en) for zh, en in row["notes"])
        drawing = Drawing(**{name: row[name] for name in names}, notes=notes)
    return PlannedRound(
        row["campaign"], Round(row["number"], row["start"], row["end"]), dict(row["assignment"]), drawing
    )


def _stem(code: str) -> str:
    """How codes within a region begin, or may begin."""
    plain = code.removeprefix("Z")
    return plain[:2] if plain.endswith("0000") else plain[:4] if plain.endswith("00") and len(plain) == 6 else plain
