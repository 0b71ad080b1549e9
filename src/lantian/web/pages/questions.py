"""Questions 互动问答: what do people ask, what waits for an answer, what is asked most?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.disclosure.opinion.service import Opinion
from lantian.disclosure.questions.service import ANSWER, LONGEST, SHORTEST, QuestionError, Questions
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("questions", "/questions", "publish", "publishing.edit")
router = APIRouter()
Editor = Annotated[Viewer, allow("publishing.edit")]


@router.get("/questions")
def page(request: Request, viewer: Editor, q: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Show what waits, what is asked most, what was published."""
    return _page(request, viewer, q)


@router.post("/questions/{key}/publish")
def publish(
    request: Request,
    viewer: Editor,
    key: int,
    shown: Annotated[str, Form(max_length=2 * LONGEST)] = "",
    answer: Annotated[str, Form(max_length=2 * ANSWER)] = "",
) -> Response:
    """Publish a question with its answer."""
    try:
        Questions(viewer.platform).publish(key, shown, answer, viewer.account)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except QuestionError as error:
        return _page(request, viewer, "", error)
    return RedirectResponse(f"/questions#q{key}", 303)


@router.post("/questions/{key}/decline")
def decline(request: Request, viewer: Editor, key: int, reason: Annotated[str, Form(max_length=300)] = "") -> Response:
    """Take a question aside, or a published one off the portal."""
    try:
        Questions(viewer.platform).decline(key, reason, viewer.account)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except QuestionError as error:
        return _page(request, viewer, "", error)
    return RedirectResponse("/questions", 303)


def _page(request: Request, viewer: Viewer, q: str, fault: QuestionError | None = None) -> Response:
    desk, opinion = Questions(viewer.platform), Opinion(viewer.platform)
    waiting = desk.waiting(viewer.now)
    return render(
        request,
        "questions.html",
        status=422 if fault else 200,
        fault=(fault.zh if language_of(request) == "zh" else fault.en) if fault else "",
        waiting=waiting,
        stock={one.id: opinion.stock(asked=one.text, as_of=viewer.now)[:2] for one in waiting[:50]},
        published=desk.published(q, viewer.now),
        hot=desk.hot(viewer.now),
        asked=q,
        shortest=SHORTEST,
        longest=LONGEST,
        most=ANSWER,
    )
