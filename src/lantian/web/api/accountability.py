"""`/accountability`: what a rule pack gives for the platform's facts, what was kept and decided, and the same again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response

from lantian.accountability import packs, service
from lantian.accountability.evaluate import Result, evaluate
from lantian.accountability.facts import Facts
from lantian.accountability.packs import Pack
from lantian.accountability.store import Decision, Evaluation, Evaluations, digest, replay
from lantian.assessment.periods import Period, holding, parse
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

router = resource("accountability")
Reader = Annotated[Viewer, allow("accountability.read")]
Short = Annotated[str, Query(max_length=40)]

COLUMNS: dict[str, Any] = {
    "id": pl.Int64,
    "pack": pl.String,
    "edition": pl.String,
    "as_of": pl.Date,
    "period": pl.String,
    "proposals": pl.Int64,
    "sha256": pl.String,
    "made_by": pl.String,
    "made_at": pl.Datetime("us", "UTC"),
}
"""The columns of the table of evaluations."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation for one viewer: made now from the platform's facts, or as it was kept.

    ``kept``: the row where the same was kept already; None: not yet.
    """

    pack: Pack
    facts: Facts
    result: Result
    sha256: str
    kept: Evaluation | None


@router.get("/accountability")
def result(viewer: Reader, pack: Short = "", period: Short = "", day: Short = "") -> dict[str, Any]:
    """Proposals, near misses and gaps of a rule pack for the platform's own facts, as known at the end of a day.

    `pack`: name of a shipped pack, default the official one in force, else `zones`; `period`: default the autumn and
    winter in which the day lies; `day`: default today. `sha256` is that of the result's own JSON: the same pack and
    facts give the same on any day.
    """
    found = evaluated(viewer, *asked(viewer, pack, period, day))
    return {
        **found.result.plain(),
        "sha256": found.sha256,
        "evaluation": found.kept.id if found.kept else None,
    }


@router.get("/accountability/evaluations", responses=TABLE)
def evaluations(
    viewer: Reader,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Evaluations on which somebody decided, the latest first: `id, pack, edition, as_of, period, proposals, ...`."""
    made = Evaluations(viewer.platform.engine).made(viewer.now)
    rows = [
        {
            **{name: getattr(each, name) for name in COLUMNS if name != "proposals"},
            "proposals": len(each.result.proposals),
        }
        for each in made
    ]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="evaluations")


@router.get("/accountability/evaluations/{evaluation}")
def kept(viewer: Reader, evaluation: int) -> dict[str, Any]:
    """One evaluation as it was kept, the decisions on it, and whether it comes out the same again (`same`)."""
    store = Evaluations(viewer.platform.engine)
    found = _kept(store, evaluation)
    if found.made_at > viewer.now:
        raise HTTPException(404, f"there is no evaluation {evaluation}")
    return {
        **found.result.plain(),
        "evaluation": found.id,
        "sha256": found.sha256,
        "same": replay(found).same,
        "decisions": [plain(each) for each in store.decisions([found.id], viewer.now)],
    }


def asked(viewer: Viewer, pack: str, period: str, day: str) -> tuple[Pack, Period, date]:
    """What the address asks for, with what stands for an empty part; the problem 422 for what is no such thing."""
    try:
        until = date.fromisoformat(day) if day.strip() else viewer.today
    except ValueError:
        raise refuse("day", day, "a day such as 2016-12-16") from None
    try:
        span = parse(period) if period.strip() else holding(until, "autumn-winter")
    except ValueError as error:
        raise refuse("period", period, str(error)) from None
    if pack and pack not in packs.names():
        raise refuse("pack", pack, f"one of {', '.join(packs.names())}")
    if until > viewer.today or until < span.start:
        raise refuse("day", day, f"a day from {span.start} to {viewer.today}")
    return packs.load(pack or usual(min(until, span.end))), span, until


def usual(day: date) -> str:
    """The pack shown where none is asked for: the official one in force, else another official one as an exercise."""
    known = [*packs.on(day), *(packs.load(name) for name in packs.names())]
    return next((pack.name for pack in known if pack.official), "zones")


def evaluated(viewer: Viewer, pack: Pack, period: Period, day: date) -> Evaluated:
    """Evaluate the platform's facts, once for all who ask in the same minute."""
    remember = Memory(viewer)

    def compute() -> Evaluated:
        known = service.facts(viewer.platform, period, day)
        found = evaluate(pack, known)
        sha256 = digest(found.to_json())
        return Evaluated(pack, known, found, sha256, Evaluations(viewer.platform.engine).same(pack, known, sha256))

    return remember(("accountability", pack.name, pack.text, period, day), compute)


def plain(decision: Decision) -> dict[str, Any]:
    """A decision as values that JSON can hold."""
    return {**vars(decision), "decided_at": decision.decided_at}


def _kept(store: Evaluations, evaluation: int) -> Evaluation:
    try:
        return store.get(evaluation)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
