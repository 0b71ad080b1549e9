"""Disclosure over the database and the clock, the same for pages, commands and jobs::

    with open_platform() as platform:
        desk = Disclosure(platform)
        desk.record(Event("round_ended", "130100", date(2017, 9, 29)), "admin")
        desk.calendar()

Everything is as of a moment (None: the clock's now).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from lantian.disclosure import archive, documents, drafts, duties, rules
from lantian.disclosure import brief as briefs
from lantian.disclosure.checked import Document
from lantian.disclosure.documents import FORMS, Form
from lantian.disclosure.duties import Done, Duty, Event
from lantian.disclosure.store import DisclosureStore, Kept
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards.workdays import Calendar

RULES = "duties.yaml"
"""An office's own table of duties, in the data directory."""


class Disclosure:
    """Duties and documents of one platform; ``calendar`` None is the shipped one."""

    def __init__(self, platform: Platform, calendar: Calendar | None = None) -> None:
        self._platform = platform
        self._calendar = calendar
        self.store = DisclosureStore(platform.engine, platform.home / "documents")

    @property
    def rules(self) -> rules.Rules:
        """The rules in force: ``<home>/duties.yaml``, else the shipped ones. Raises `rules.RuleError`."""
        own = self._platform.home / RULES
        return rules.load(own if own.is_file() else None)

    def calendar(self, as_of: datetime | None = None) -> list[Duty]:
        """Every duty as it stands at a moment, by due day."""
        moment = self._moment(as_of)
        return duties.on(self.store.events(moment), self.store.done(moment), _day(moment), self.rules, self._calendar)

    def duty(self, kind: str, region: str, trigger: date, as_of: datetime | None = None) -> Duty:
        """One duty. Raises LookupError where there is none such."""
        for duty in self.calendar(as_of):
            if (duty.kind, duty.region, duty.trigger) == (kind, region, trigger):
                return duty
        raise LookupError(f"there is no duty {kind} of {region} for {trigger}")

    def record(self, event: Event, actor: str) -> bool:
        """Record what happened; False where it was known already.

        Raises ValueError for an unknown kind, a region that no code can be, or a day that is yet to come.
        """
        moment = self._moment(None)
        if event.kind not in rules.EVENTS:
            raise ValueError(f"kind {event.kind!r}: expected one of {', '.join(rules.EVENTS)}")
        if not event.region.strip():
            raise ValueError("region is empty: expected the code of a region")
        if event.happened_on > _day(moment):
            raise ValueError(f"happened_on {event.happened_on}: expected a day up to {_day(moment)}")
        return bool(self.store.record([event], actor, moment))

    def mark_done(self, duty: Duty, done_on: date, actor: str, *, document: int | None = None, note: str = "") -> Done:
        """Say that a duty was done. Raises ValueError for a day that is yet to come or lies before its trigger."""
        moment = self._moment(None)
        # A month is told of after it, but its name is its first day.
        if not duty.trigger <= done_on <= _day(moment):
            raise ValueError(f"done_on {done_on}: expected a day from {duty.trigger} to {_day(moment)}")
        done = Done(duty.kind, duty.region, duty.trigger, done_on, document, actor, note.strip())
        self.store.put_done(done, moment)
        return done

    def make(
        self, values: Document, actor: str, *, title: str = "", period: str = "", duty: Duty | None = None
    ) -> Kept:
        """Print values in both forms and keep them as a draft. ``duty``: the one that publishing it does."""
        moment = self._moment(None)
        files: dict[Form, bytes] = {
            form: documents.render(values.template, values, form, home=self._platform.home) for form in FORMS
        }
        key = self.store.add(
            kind=values.template,
            title=title or values.title_zh,
            period=period,
            values=archive.to_json(values),
            example=values.example,
            duty=(duty.kind, duty.region, duty.trigger) if duty else None,
            files=files,
            actor=actor,
            at=moment,
        )
        return self.store.document(key, moment)

    def draft(self, duty: Duty, actor: str, *, issuer: str = drafts.ISSUER) -> Kept:
        """Make the draft that does a duty, from what is known now. Raises `drafts.DraftError` where nothing is."""
        values = drafts.of_duty(self._platform, duty, self._moment(None), issuer)
        title, period = drafts.title_of(values), drafts.period_of(values, duty)
        return self.make(values, actor, title=title, period=period, duty=duty)

    def brief(self, actor: str, *, region: str = "", issuer: str = drafts.ISSUER) -> Kept:
        """Make today's progress brief 每日快报 of a region (empty: the first one that is ranked)."""
        moment = self._moment(None)
        values = briefs.make(self._platform, region, self.calendar(moment), moment, issuer=issuer)
        return self.make(values, actor, title=drafts.title_of(values), period=_day(moment).isoformat())

    def publish(self, key: int, actor: str) -> Kept:
        """Publish a draft; the duty that it does is done with it. Raises LookupError, ValueError when it is out."""
        moment = self._moment(None)
        kept = self.store.document(key, moment)
        done = Done(*kept.duty, _day(moment), kept.id, actor) if kept.duty else None
        self.store.publish(kept, actor, moment, done)
        return self.store.document(key, moment)

    def documents(self, as_of: datetime | None = None) -> list[Kept]:
        """Drafts and published documents, newest first."""
        return self.store.documents(self._moment(as_of))

    def document(self, key: int, as_of: datetime | None = None) -> Kept:
        """One document. Raises LookupError."""
        return self.store.document(key, self._moment(as_of))

    def file(self, kept: Kept, form: Form) -> Path:
        """Where a document's file lies. Raises LookupError where it is gone."""
        return self.store.file(kept, form)

    def _moment(self, as_of: datetime | None) -> datetime:
        return as_of or self._platform.clock.now()


def _day(moment: datetime) -> date:
    return moment.astimezone(TIMEZONE).date()
