"""What the platform does for its feeds by itself: the freshness judged every ten minutes, rules told every minute of
what the clock has come to, the doctor's look.

Importing this module registers the jobs `feeds.freshness` and `feeds.tell` and a check of the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from lantian.kernel import doctor
from lantian.kernel.bootstrap import Platform
from lantian.kernel.doctor import Finding, Patient
from lantian.kernel.jobs import JobRun, task
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.alerts import Alert
from lantian.observations.feeds import loading, rights, telling
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.registry import enter
from lantian.observations.feeds.service import Feeds
from lantian.observations.feeds.tables import record
from lantian.places.regions import ancestors_of, level_of
from lantian.places.store import PlaceStore


@task("feeds.freshness", zh="检查数据资源时效", en="Judge the freshness of feeds", cron="*/10 * * * *")
def freshness_job(run: JobRun) -> None:
    """Raise an alert for each feed that has become stale, end it for each that is no more."""
    run.progress.stage("数据时效 / freshness")
    watch(run.platform, run.actor)


@task("feeds.tell", zh="告知规则新到数据", en="Tell rules what has become known", cron="* * * * *")
def tell_job(run: JobRun) -> None:
    """Every minute tell the rules that listen of what the clock has come to, as in a replay."""
    run.progress.stage("新到数据 / newly known")
    tell(run.platform, run.actor)


def tell(platform: Platform, actor: str) -> list[str]:
    """Tell the rules what is known by the platform's clock and untold; what went wrong, in words."""
    now, known = platform.clock.now(), Feeds(platform).all()
    names = telling.waiting(platform.engine, now)
    return [fault for name in names if name in known for fault in telling.tell(platform, known[name], now, actor)]


def watch(platform: Platform, actor: str) -> list[int]:
    """Judge all feeds by the platform's clock; the numbers of the alerts that are new."""
    feeds, now = Feeds(platform), platform.clock.now()
    known = feeds.all()
    table = feeds.freshness(now).to_dicts()
    quiet = [row for row in table if row["state"] == "stale"]
    alerts.end(platform.engine, "stale", [row["feed"] for row in table if row["state"] != "stale"], now, actor)
    region = _home(platform) if quiet else ""
    raised = [_alert(platform, known[row["feed"]], row["newest"], row["stale"], now, region) for row in quiet]
    new = alerts.raised(platform.engine, raised, now, actor)
    for feed in known.values():  # a definition that was changed in its file counts for the database's own lock too
        enter(platform.engine, feed, now, actor)
    return new


def _alert(platform: Platform, feed: Feed, newest: datetime, stale: datetime, now: datetime, home: str) -> Alert:
    hours = (now - newest).total_seconds() / 3600
    since = newest.astimezone(TIMEZONE)
    rule = feed.update
    assert rule is not None
    return Alert(
        kind="stale",
        subject=feed.name,
        key=newest.isoformat(),
        name=feed.zh,
        region=_region(platform, feed) or home,
        at=stale,
        zh=f"{feed.zh}已断供：最新数据为 {since:%Y-%m-%d %H:%M}，距今 {hours:.0f} 小时；"
        f"应每 {rule.every.words('zh')}更新，宽限 {rule.within.words('zh')}",
        en=f"{feed.en}: nothing newer than {since:%Y-%m-%d %H:%M}, {hours:.0f} hours ago; expected every "
        f"{rule.every.words('en')}, with {rule.within.words('en')} of grace",
        department=feed.owner,
        figures={"hours": round(hours, 1), "newest": newest.isoformat()},
        link=f"/catalogue/{feed.name}",
        example=feed.example,
    )


def _region(platform: Platform, feed: Feed) -> str | None:
    """The city in which the feed's newest record lies."""
    query = (
        sa.select(record.c.region)
        .where(record.c.feed == feed.name, record.c.region != "")
        .order_by(record.c.time.desc().nulls_last())
        .limit(1)
    )
    with platform.engine.connect() as connection:
        code: str | None = connection.scalar(query)
    return None if code is None else next((c for c in (code, *ancestors_of(code)) if level_of(c) == "city"), code)


def _home(platform: Platform) -> str:
    """Where a feed without a place belongs: the first city that the platform knows."""
    cities = PlaceStore(platform.engine).regions("city")
    return cities[0].code if cities else "110000"


def check_feeds(patient: Patient) -> Iterator[Finding]:
    """All definitions can be read, and row-level security has its roles."""
    try:
        found = loading.installed(patient.settings.home)
    except FeedError as error:
        yield Finding("feeds", "problem", str(error), f"correct the file under {patient.settings.home / 'feeds'}")
    else:
        yield Finding("feeds", "ok", f"{len(found)} definitions")
    if patient.database is None or not sa.inspect(patient.database.engine).has_table(record.name):
        return
    names = (rights.ROLE, rights.FULL, rights.DEPARTMENTS)
    with patient.database.engine.connect() as connection:
        there = rights.has(connection, *names)
    if there and rights.roles(patient.database.engine):
        yield Finding("row-level security", "ok", f"reads for people run as the database role {rights.ROLE}")
        return
    user = patient.database.engine.url.username
    mend = "; ".join(f'CREATE ROLE {one} NOLOGIN; GRANT {one} TO "{user}"' for one in names)
    yield Finding(
        "row-level security",
        "warning",
        f"the database user {user} may not make roles: what people may see is decided in each question only, without "
        "the database as the second lock, and departments get no SQL role",
        f"an administrator of the database runs: {mend}; then run `lantian feed roles`",
    )


doctor.CHECKS.append(check_feeds)
