"""Questions and answers on the portal 互动问答: read, search, ask."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.disclosure.questions.service import LONGEST, SHORTEST, QuestionError, Questions
from lantian.web.pages.portal import OPEN, Language, language_of, link, page
from lantian.web.security import Viewer
from lantian.web.shelf import Made, shelf_of

router = APIRouter()
SHOWN = 60


class Limiter:
    """At most so many in so many seconds of the machine, by address. It forgets: nothing is written down."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def passes(self, address: str) -> bool:
        """Whether one more may come from there now; counts it."""
        now = time.monotonic()
        with self._lock:
            seen = self._seen.setdefault(address, deque())
            self._seen.move_to_end(address)
            while len(self._seen) > 10_000:
                self._seen.popitem(last=False)
            while seen and now - seen[0] > self.seconds:
                seen.popleft()
            if len(seen) >= self.most:
                return False
            seen.append(now)
            return True


ASKING = Limiter(5, 3600)
"""Questions of one address in an hour. Behind a proxy that hides addresses this counts for all readers together."""


@router.get("/public/questions", dependencies=[OPEN])
async def listed(
    request: Request,
    q: Annotated[str, Query(max_length=60)] = "",
    said: Annotated[str, Query(pattern="^(|thanks|slow|form)$")] = "",
    lang: Language = "zh",
) -> Response:
    """Published questions, or those found by words; the form for a new one."""
    language, words = language_of(lang), q.strip()
    return await shelf_of(request).answer(
        request, ("questions", words, said, language), lambda viewer: _page(request, viewer, words, said, language)
    )


@router.post("/public/questions", dependencies=[OPEN])
def ask(
    request: Request,
    text: Annotated[str, Form(max_length=4 * LONGEST)] = "",
    website: Annotated[str, Form(max_length=300)] = "",
    lang: Language = "zh",
) -> Response:
    """Take a question. `website` is a field that no person sees: who fills it is a machine and is not heard."""
    language = language_of(lang)
    said = "thanks"
    if not website:
        if not ASKING.passes(request.client.host if request.client else ""):
            said = "slow"
        else:
            try:
                Questions(request.app.state.platform).ask(text)
            except QuestionError:
                said = "form"
    return RedirectResponse(link(language, "/public/questions", said=said), 303)


def _page(request: Request, viewer: Viewer, words: str, said: str, language: str) -> Made:
    desk = Questions(viewer.platform)
    return page(
        request,
        viewer,
        "portal_questions.html",
        language,
        asked=words,
        said=said,
        rows=desk.published(words, viewer.now, SHOWN),
        hot=[topic.words[0] for topic in desk.hot(viewer.now)],
        shortest=SHORTEST,
        longest=LONGEST,
    )
