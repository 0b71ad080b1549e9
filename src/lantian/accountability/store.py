"""Evaluations kept so that anyone can repeat them, and what a person decided on each proposal.

Nothing kept is changed: an evaluation made again is a new row, a later decision stands beside the earlier one and is
the one that holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal, get_args

import sqlalchemy as sa

from lantian.accountability import facts as facts_files
from lantian.accountability import packs, tables
from lantian.accountability.evaluate import Proposal, Result, evaluate, read_result
from lantian.accountability.facts import Facts
from lantian.accountability.packs import Pack
from lantian.kernel import audit

Verdict = Literal["agree", "overturn"]
VERDICTS: Final = get_args(Verdict)


@dataclass(frozen=True)
class Evaluation:
    """One evaluation as it is kept: ``pack_text``, ``facts`` and ``result`` byte for byte, ``sha256`` of the result."""

    id: int
    pack: str
    edition: str
    as_of: date
    period: str
    sha256: str
    made_by: str
    made_at: datetime
    pack_text: str = field(repr=False)
    facts: str = field(repr=False)
    result_json: str = field(repr=False)

    @property
    def result(self) -> Result:
        """What was found then."""
        return read_result(self.result_json)


@dataclass(frozen=True)
class Decision:
    """A person's word on a proposal: ``agree``, or ``overturn`` it; the last one holds."""

    id: int
    evaluation: int
    proposal: str
    verdict: Verdict
    reason: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True)
class Replay:
    """An evaluation repeated from the pack and the facts that were kept: ``same`` bytes or not, and what comes out."""

    same: bool
    kept_sha256: str
    sha256: str
    result_json: str = field(repr=False)


class Evaluations:
    """Evaluations and decisions of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def keep(self, pack: Pack, facts: Facts, actor: str, at: datetime, reason: str = "") -> Evaluation:
        """Evaluate and keep it; the same pack, facts and result as the last time are not kept twice.

        ``at``: the platform's clock's time. Raises facts.FactsError for facts that could not be read back.
        """
        facts = facts_files.read(facts.to_json())
        result = evaluate(pack, facts).to_json()
        values = {
            "pack": pack.name,
            "edition": pack.edition,
            "pack_text": pack.text,
            "as_of": facts.as_of,
            "period": facts.period,
            "facts": facts.to_json(),
            "result": result,
            "sha256": digest(result),
            "made_by": actor,
            "made_at": at,
        }
        t = tables.evaluation
        if known := self.same(pack, facts, str(values["sha256"])):
            return known
        with audit.act(self._engine, actor, reason or f"accountability {pack.name} {facts.as_of}") as connection:
            return _evaluation(connection.execute(sa.insert(t).values(values).returning(t)).one())

    def same(self, pack: Pack, facts: Facts, sha256: str) -> Evaluation | None:
        """The evaluation of the same pack and facts with the same result, where one was kept."""
        t = tables.evaluation
        wanted = (t.c.sha256 == sha256) & (t.c.pack_text == pack.text) & (t.c.facts == facts.to_json())
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(t).where(wanted).order_by(t.c.id)).first()
        return None if row is None else _evaluation(row)

    def get(self, evaluation: int) -> Evaluation:
        """One evaluation. Raises LookupError for an unknown id."""
        t = tables.evaluation
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(t).where(t.c.id == evaluation)).one_or_none()
        if row is None:
            raise LookupError(f"there is no evaluation {evaluation}")
        return _evaluation(row)

    def made(
        self, as_of: datetime | None = None, limit: int = 50, *, pack: str | None = None, period: str | None = None
    ) -> list[Evaluation]:
        """The latest evaluations made by ``as_of`` (None: all), the latest first; of a pack and period where given."""
        t = tables.evaluation
        query = sa.select(t).order_by(t.c.made_at.desc(), t.c.id.desc()).limit(limit)
        for column, wanted in ((t.c.pack, pack), (t.c.period, period)):
            if wanted is not None:
                query = query.where(column == wanted)
        if as_of is not None:
            query = query.where(t.c.made_at <= as_of)
        with self._engine.connect() as connection:
            return [_evaluation(row) for row in connection.execute(query)]

    def decide(self, evaluation: int, proposal: str, verdict: str, reason: str, actor: str, at: datetime) -> Decision:
        """Write a person's decision on a proposal, beside those before it.

        Raises:
            LookupError: no such evaluation, or no such proposal in it.
            ValueError: an unknown verdict, or no reason.
        """
        if verdict not in VERDICTS:
            raise ValueError(f"verdict {verdict!r}: expected one of {', '.join(VERDICTS)}")
        if not reason.strip():
            raise ValueError(f"reason {reason!r}: expected why, in words (请写明理由)")
        found = self.get(evaluation).result.proposal(proposal)
        t = tables.decision
        values = {
            "evaluation": evaluation,
            "proposal": found.key,
            "verdict": verdict,
            "reason": reason.strip(),
            "decided_by": actor,
            "decided_at": at,
        }
        with audit.act(self._engine, actor, f"{verdict} {found.key}: {reason.strip()}") as connection:
            return _decision(connection.execute(sa.insert(t).values(values).returning(t)).one())

    def decisions(self, evaluations: Sequence[int] | None = None, as_of: datetime | None = None) -> list[Decision]:
        """Decisions made by ``as_of`` (None: all), the earliest first; of the given evaluations, None: of all."""
        t = tables.decision
        query = sa.select(t).order_by(t.c.decided_at, t.c.id)
        if evaluations is not None:
            query = query.where(t.c.evaluation.in_(list(evaluations)))
        if as_of is not None:
            query = query.where(t.c.decided_at <= as_of)
        with self._engine.connect() as connection:
            return [_decision(row) for row in connection.execute(query)]

    def holding(self, evaluation: int, as_of: datetime | None = None) -> dict[str, Decision]:
        """By key of the proposal, the decision that holds: the last one."""
        return {each.proposal: each for each in self.decisions([evaluation], as_of)}

    def agreed(self, evaluation: int, as_of: datetime | None = None) -> list[Proposal]:
        """The proposals that a person agreed to and nobody overturned since."""
        held = self.holding(evaluation, as_of)
        result = self.get(evaluation).result
        return [each for each in result.proposals if each.key in held and held[each.key].verdict == "agree"]


def replay(evaluation: Evaluation) -> Replay:
    """Evaluate again from the pack and the facts that were kept, and compare byte by byte."""
    pack = packs.read(evaluation.pack_text, f"the pack kept with evaluation {evaluation.id}")
    again = evaluate(pack, facts_files.read(evaluation.facts)).to_json()
    same = again == evaluation.result_json and digest(again) == evaluation.sha256
    return Replay(same, evaluation.sha256, digest(again), again)


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def _evaluation(row: sa.Row[tuple[object, ...]]) -> Evaluation:
    return Evaluation(
        id=row.id,
        pack=row.pack,
        edition=row.edition,
        as_of=row.as_of,
        period=row.period,
        sha256=row.sha256,
        made_by=row.made_by,
        made_at=row.made_at,
        pack_text=row.pack_text,
        facts=row.facts,
        result_json=row.result,
    )


def _decision(row: sa.Row[tuple[object, ...]]) -> Decision:
    return Decision(row.id, row.evaluation, row.proposal, row.verdict, row.reason, row.decided_by, row.decided_at)
