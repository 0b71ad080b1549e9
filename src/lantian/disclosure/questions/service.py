"""Questions over the database and the clock::

desk = Questions(platform)
desk.ask("为什么冬天容易有雾霾？")
desk.publish(desk.waiting()[0].id, "…", "…", account)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from lantian.disclosure.questions import hot, store
from lantian.disclosure.questions.store import Question
from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.supervision.personal import mask

SHORTEST, LONGEST = 4, 500
"""Signs of a question."""
ANSWER: Final = 3000
HELD: Final = 2000
"""So many questions may wait; then the portal asks people to come back later."""
PUBLIC: Final = "public"
"""In whose name a question stands in the audit trail: nobody's."""


class QuestionError(ValueError):
    """A question or answer cannot be taken; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Questions:
    """The questions of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def ask(self, text: str, region: str | None = None) -> int:
        """Take a question of the public; people in it are covered at once. Its number.

        Raises QuestionError: too short, too long, or too many wait.
        """
        words = " ".join(text.split())
        if not SHORTEST <= len(words) <= LONGEST:
            raise QuestionError(f"请写 {SHORTEST} 到 {LONGEST} 个字", f"write {SHORTEST} to {LONGEST} characters")
        with reading(self._platform.engine).connect() as connection:
            if store.count_waiting(connection) >= HELD:
                raise QuestionError("待答的提问太多，请过些时候再来", "too many questions wait; please come back later")
        with audit.act(self._platform.engine, PUBLIC, "a question of the public") as connection:
            return store.add(
                connection, mask(words), region, self._platform.clock.now(), example=self._platform.settings.example
            )

    def publish(self, key: int, shown: str, answer: str, account: Account) -> None:
        """Publish a question with its answer; both are covered once more. Raises QuestionError, LookupError."""
        self._may(account, key)
        shown, answer = mask(shown.strip()), mask(answer.strip())
        if not SHORTEST <= len(shown) <= LONGEST or not 0 < len(answer) <= ANSWER:
            raise QuestionError(
                f"提问 {SHORTEST}–{LONGEST} 字，答复 1–{ANSWER} 字",
                f"expected a question of {SHORTEST} to {LONGEST} characters and an answer of 1 to {ANSWER}",
            )
        with audit.act(self._platform.engine, account.actor, f"publish question {key}") as connection:
            if not store.publish(connection, key, shown, answer, account.actor, self._platform.clock.now()):
                raise QuestionError("此提问已搁置", "this question was declined")

    def decline(self, key: int, reason: str, account: Account) -> None:
        """Take a question aside with a reason; a published one leaves the portal. Raises QuestionError, LookupError."""
        self._may(account, key)
        if not reason.strip():
            raise QuestionError("请写明理由", "say why")
        with audit.act(self._platform.engine, account.actor, f"decline question {key}") as connection:
            if not store.decline(connection, key, reason.strip()[:300], account.actor, self._platform.clock.now()):
                raise QuestionError("此提问已搁置", "this question was declined already")

    def waiting(self, as_of: datetime | None = None) -> list[Question]:
        """Questions that wait, the oldest first."""
        with reading(self._platform.engine).connect() as connection:
            return store.waiting(connection, self._moment(as_of))

    def published(self, asked: str = "", as_of: datetime | None = None, limit: int = 50) -> list[Question]:
        """Published ones; ``asked``: found by words."""
        with reading(self._platform.engine).connect() as connection:
            return store.published(connection, self._moment(as_of), asked, limit)

    def question(self, key: int, as_of: datetime | None = None) -> Question:
        """One question. Raises LookupError."""
        with reading(self._platform.engine).connect() as connection:
            return store.get(connection, key, self._moment(as_of))

    def hot(self, as_of: datetime | None = None, days: int = 90) -> list[hot.Topic]:
        """What is asked most: waiting and published questions of so many days; a topic's keys are their numbers."""
        moment = self._moment(as_of)
        with reading(self._platform.engine).connect() as connection:
            found = [*store.waiting(connection, moment), *store.published(connection, moment, limit=500)]
        since = moment - timedelta(days=days)
        return hot.topics({one.id: one.shown or one.text for one in found if one.asked_at >= since})

    def _may(self, account: Account, key: int) -> None:
        region = self.question(key).region
        if not allowed(account, "publishing.edit", region) and not allowed(account, "publishing.edit"):
            raise NotPermitted(
                f"{account.login} 没有编辑发布权限", f"{account.login} lacks the permission publishing.edit"
            )

    def _moment(self, as_of: datetime | None) -> datetime:
        return as_of or self._platform.clock.now()
