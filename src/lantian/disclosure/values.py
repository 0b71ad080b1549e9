"""Every document's values by the name of its template: what other rooms fill in and `documents.render` prints."""

from __future__ import annotations

from lantian.disclosure.briefs import BriefAir, DailyBrief, Segment, TelevisionScript
from lantian.disclosure.bulletins import (
    Bar,
    Definition,
    FineRow,
    MonthlyBulletin,
    Named,
    RankRow,
    ScoreRow,
    VerificationBulletin,
)
from lantian.disclosure.checked import Document, Values, ValuesError
from lantian.disclosure.letters import (
    AccountabilityProposal,
    Count,
    InterviewNotice,
    OrderCase,
    OrderLetter,
    ProposalRow,
    RoundCategory,
    RoundPlace,
    RoundReport,
)

__all__ = [
    "DOCUMENTS",
    "AccountabilityProposal",
    "Bar",
    "BriefAir",
    "Count",
    "DailyBrief",
    "Definition",
    "Document",
    "FineRow",
    "InterviewNotice",
    "MonthlyBulletin",
    "Named",
    "OrderCase",
    "OrderLetter",
    "ProposalRow",
    "RankRow",
    "RoundCategory",
    "RoundPlace",
    "RoundReport",
    "ScoreRow",
    "Segment",
    "TelevisionScript",
    "Values",
    "ValuesError",
    "VerificationBulletin",
]

DOCUMENTS: dict[str, type[Document]] = {
    kind.template: kind
    for kind in (
        MonthlyBulletin,
        OrderLetter,
        InterviewNotice,
        RoundReport,
        TelevisionScript,
        DailyBrief,
        AccountabilityProposal,
        VerificationBulletin,
    )
}
"""The class of each template's values."""
