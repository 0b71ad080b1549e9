"""The example's duties of disclosure 示例: what happened in the campaign, what was told in time, late, or not yet.

Everything follows from the campaign's days and its seed. A bulletin and an order letter are made as they would have
been on their day, and published.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from lantian.disclosure import archive, documents, drafts, duties, tables
from lantian.disclosure.bulletin import NothingKnownError
from lantian.disclosure.checked import Document
from lantian.disclosure.documents import FORMS
from lantian.disclosure.drafts import DraftError
from lantian.disclosure.duties import Done, Duty, Event
from lantian.disclosure.rules import Rules
from lantian.disclosure.service import Disclosure
from lantian.disclosure.store import DisclosureStore
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.places.store import PlaceStore
from lantian.standards import workdays
from lantian.standards.workdays import Calendar
from lantian.supervision.events import BEIJING
from lantian.supervision.rounds import Campaign
from lantian.supervision.story import OFFICE, round_key

_OFFICE = "example-office"
_RARELY = 0.03
"""How often a duty is done late."""
_LEFT = 3
"""Duties that nobody has done though their day is past."""


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Keep the campaign's events, what was done, and two papers; the number of events, 0 where some are there already.

    ``config``: the example's ``[campaign]``. Raises LookupError for an unknown group.
    """
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(tables.disclosure_event)):
            return 0
    progress.stage("示例公开 disclosure")
    until = datetime.fromisoformat(str(config["until"])).replace(tzinfo=BEIJING)
    campaign = Campaign(
        str(config["name"]),
        date.fromisoformat(str(config["start"])),
        int(config.get("rounds", 15)),
        int(config.get("days", 210)),
    )
    desk = Disclosure(platform)
    cities = PlaceStore(platform.engine).group(str(config["group"])).members
    events = _events(campaign, cities, until.date())
    done = _done(events, until, desk.rules, int(config.get("seed", 2016)))
    with audit.act(platform.engine, actor, f"示例 disclosure of {campaign.name}") as connection:
        connection.execute(sa.insert(tables.disclosure_event), [_event_row(one) for one in events])
        connection.execute(sa.insert(tables.duty_done), [_done_row(one) for one in done])
    _papers(platform, desk, until)
    progress.advance(message=f"{len(events)}")
    return len(events)


def _events(campaign: Campaign, cities: Sequence[str], until: date) -> list[Event]:
    """Every city's rounds that are over. The campaign itself stands for the office that leads it: one television item a
    week, one ranking a month.
    """
    begun = Event("campaign_started", OFFICE.region, campaign.start, campaign.name, True)
    ended = [
        Event("round_ended", city, one.end, f"第{one.number}轮（{round_key(campaign.name, one.number)}）", True)
        for one in campaign.schedule()
        if one.end < until
        for city in cities
    ]
    return [begun, *ended]


def _done(events: Sequence[Event], until: datetime, rules: Rules, seed: int) -> list[Done]:
    """What was done, until nothing more follows: the letter of a round makes the city's own duties."""
    today, calendar = until.date(), workdays.load()
    found: dict[tuple[str, str, date], Done] = {}
    while True:
        listed = duties.on(events, list(found.values()), today, rules, calendar)
        fresh = [duty for duty in listed if (duty.kind, duty.region, duty.trigger) not in found]
        told = [one for duty in fresh if (one := _told(duty, today, seed, calendar)) is not None]
        if not told:
            break
        found |= {(one.kind, one.region, one.trigger): one for one in told}
    # The last that fell due before this day were left: three cities that have not told.
    past = [
        duty
        for duty in duties.on(events, list(found.values()), today, rules, calendar)
        if duty.done and duty.kind == "problem_list" and duty.due.date < today
    ]
    for duty in sorted(past, key=lambda one: (one.due.date, one.region))[-_LEFT:]:
        del found[duty.kind, duty.region, duty.trigger]
    return sorted(found.values(), key=lambda one: (one.done_on, one.region, one.kind))


def _told(duty: Duty, today: date, seed: int, calendar: Calendar) -> Done | None:
    """When a duty was done; None: not by now, as its day is still to come or it takes a little longer."""
    chance = random.Random(f"{seed} duty {duty.kind} {duty.region} {duty.trigger}")  # noqa: S311 (a story)
    # A duty's name is its first day; a month is told of when it is over.
    first = max(duty.trigger, duty.due.date - timedelta(days=3))
    day = first + timedelta(days=chance.randint(0, max((duty.due.date - first).days, 0)))
    if chance.random() < _RARELY:
        day = duty.due.date + timedelta(days=chance.randint(1, 4))
    if duty.kind == "television_item":
        day = duty.due.date
    while not calendar.is_workday(day) and day > duty.trigger and duty.kind != "television_item":
        day -= timedelta(days=1)  # what is done on a weekend was done on the Friday before, where that was possible
    if day >= today or (duty.kind == "monthly_ranking" and (today - duty.due.date).days < 20):
        return None
    who = _OFFICE if duty.owed_by == "inspection" else f"example-{duty.region}"
    return Done(duty.kind, duty.region, duty.trigger, day, None, who, "示例")


def _papers(platform: Platform, desk: Disclosure, until: datetime) -> None:
    """The ranking of the last month that is told of by now, and the list of problems of the office's own city."""
    wanted = {"monthly_ranking": None, "problem_list": None} | {
        duty.kind: duty
        for duty in desk.calendar(until)
        if duty.region == OFFICE.region and duty.due.date < until.date() and duty.kind != "television_item"
    }
    for kind in ("monthly_ranking", "problem_list"):
        duty = wanted[kind]
        if duty is None:
            continue
        moment = datetime.combine(duty.due.date - timedelta(days=1), time(15), BEIJING)
        for values in _values(platform, duty, moment):
            _publish(platform, desk.store, duty, values, moment)


def _values(platform: Platform, duty: Duty, moment: datetime) -> Iterator[Document]:
    """The paper of a duty; none where nothing is known to fill it with."""
    try:
        yield drafts.of_duty(platform, duty, moment)
    except (DraftError, NothingKnownError):
        return


def _publish(platform: Platform, store: DisclosureStore, duty: Duty, values: Document, moment: datetime) -> None:
    files = {form: documents.render(values.template, values, form, home=platform.home) for form in FORMS}
    key = store.add(
        kind=values.template,
        title=drafts.title_of(values),
        period=drafts.period_of(values, duty),
        values=archive.to_json(values),
        example=values.example,
        duty=(duty.kind, duty.region, duty.trigger),
        files=files,
        actor=_OFFICE,
        at=moment,
    )
    kept, out = store.document(key, moment), moment + timedelta(hours=1)
    done = Done(duty.kind, duty.region, duty.trigger, moment.date(), key, _OFFICE, "示例")
    store.publish(kept, _OFFICE, out, done)


def _event_row(one: Event) -> dict[str, Any]:
    at = datetime.combine(one.happened_on, time(18), BEIJING)
    return {
        "kind": one.kind,
        "region": one.region,
        "happened_on": one.happened_on,
        "note": one.note,
        "example": one.example,
        "recorded_by": _OFFICE,
        "recorded_at": at,
    }


def _done_row(one: Done) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "region": one.region,
        "trigger": one.trigger,
        "done_on": one.done_on,
        "document": None,
        "who": one.who,
        "note": one.note,
        "recorded_at": datetime.combine(one.done_on, time(18), BEIJING),
    }
