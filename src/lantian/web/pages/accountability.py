"""Accountability 量化问责: who is proposed for what by which rule, on which facts, who is near, what was decided."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.accountability import facts as files
from lantian.accountability import packs
from lantian.accountability.evaluate import Proposal
from lantian.accountability.packs import ACTIONS
from lantian.accountability.store import Evaluations, replay
from lantian.accountability.words import said
from lantian.assessment.periods import parse
from lantian.web.api.accountability import Evaluated, asked, evaluated
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.spans import day_words, words
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("accountability", "/accountability", "account", "accountability.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("accountability.read")]
Decider = Annotated[Viewer, allow("accountability.decide")]
Short = Annotated[str, Query(max_length=40)]
Said = Annotated[str, Form(max_length=40)]


@router.get("/accountability")
def page(
    request: Request,
    viewer: Reader,
    pack: Short = "",
    period: Short = "",
    day: Short = "",
    evaluation: Annotated[int | None, Query()] = None,
) -> Response:
    """Show what a pack gives for a period as known on a day; `evaluation`: one that was kept, as it was."""
    found = (
        _kept(viewer, evaluation) if evaluation is not None else evaluated(viewer, *asked(viewer, pack, period, day))
    )
    return _page(request, viewer, found, chosen=evaluation)


@router.post("/accountability/decide")
def decide(
    request: Request,
    viewer: Decider,
    pack: Said,
    period: Said,
    day: Said,
    sha256: Annotated[str, Form(max_length=64)],
    proposal: Annotated[str, Form(max_length=120)],
    verdict: Annotated[Literal["agree", "overturn"], Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
    evaluation: Annotated[int | None, Form()] = None,
) -> Response:
    """Agree to a proposal or overturn it, with a reason; needs the permission where it is. What was seen is kept."""
    found = (
        _kept(viewer, evaluation) if evaluation is not None else evaluated(viewer, *asked(viewer, pack, period, day))
    )
    store, account = Evaluations(viewer.platform.engine), viewer.account
    try:
        meant = found.result.proposal(proposal)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may("accountability.decide", meant.where):
        raise HTTPException(403, f"{account.login} lacks the permission accountability.decide for {meant.name}")
    if found.sha256 != sha256:
        return _page(request, viewer, found, fault="accountability.changed", status=409)
    if not reason.strip():
        return _page(request, viewer, found, fault="accountability.no_reason", status=422)
    kept = found.kept or store.keep(found.pack, found.facts, account.actor, viewer.now)
    store.decide(kept.id, proposal, verdict, reason, account.actor, viewer.now)
    return RedirectResponse(f"/accountability?evaluation={kept.id}#decisions", 303)


def _kept(viewer: Viewer, evaluation: int) -> Evaluated:
    try:
        kept = Evaluations(viewer.platform.engine).get(evaluation)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if kept.made_at > viewer.now:
        raise HTTPException(404, f"there is no evaluation {evaluation}")
    pack = packs.read(kept.pack_text, f"the pack kept with evaluation {kept.id}")
    return Evaluated(pack, files.read(kept.facts), kept.result, kept.sha256, kept)


def _page(
    request: Request, viewer: Viewer, found: Evaluated, *, chosen: int | None = None, fault: str = "", status: int = 200
) -> Response:
    desk, language = Desk(viewer), language_of(request)
    store = Evaluations(viewer.platform.engine)
    result = found.result
    # What was decided on the same pack and period, also when it was evaluated on another day.
    same = {each.id: each for each in store.made(viewer.now, pack=result.pack, period=result.period)}
    decisions = store.decisions(list(same), viewer.now) if same else []
    own = found.kept.id if found.kept else None
    rules = {rule.id: rule.zh if language == "zh" else rule.en for rule in found.pack.rules}
    return render(
        request,
        "accountability.html",
        status=status,
        found=found,
        result=result,
        pack=found.pack,
        packs=[packs.load(name) for name in packs.names()],
        again=replay(found.kept) if chosen is not None and found.kept else None,
        holding={each.proposal: each for each in decisions if each.evaluation == own},
        earlier={each.proposal: each for each in decisions if each.evaluation != own},
        decisions=[(each, same[each.evaluation].result.proposal(each.proposal)) for each in reversed(decisions)],
        made=store.made(viewer.now, limit=20),
        places=len({each.where for each in result.proposals}),
        grouped=_grouped(result.gaps),
        rule_name=lambda code: rules.get(code, code),
        post=lambda each: each.post_zh if language == "zh" else each.post_en,
        action=lambda code: ACTIONS[code][0 if language == "zh" else 1],
        condition=lambda text: said(text, language),
        passed=lambda fact: ", ".join(said(each, language) for each in fact.passed),
        name=lambda code, fallback="": _name(desk, code, fallback, language),
        text=lambda each: each.zh if language == "zh" else each.en,
        period_words=words(parse(result.period), language),
        day_words=lambda day: day_words(day, language),
        may=lambda each: _may(viewer, each),
        count=lambda kept: len(kept.result.proposals),
        fault=fault,
    )


def _may(viewer: Viewer, proposal: Proposal) -> bool:
    return viewer.may("accountability.decide", proposal.where)


def _name(desk: Desk, code: str, fallback: str, language: str) -> str:
    """The place's name in the reader's language; as the facts call it where the platform does not know it."""
    return desk.atlas.name(code, language) if code in desk.atlas.names else fallback or code


def _grouped(gaps: Any) -> dict[str, list[Any]]:
    """Gaps by rule: many cities may lack the same."""
    found: dict[str, list[Any]] = {}
    for each in gaps:
        found.setdefault(each.rule, []).append(each)
    return found
