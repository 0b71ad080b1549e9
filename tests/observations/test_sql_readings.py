"""Departments that ask with SQL: what they see follows from grants, and each reading is in the log of access."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy.engine import make_url

from lantian.observations import catalogue
from lantian.observations.catalogue import rls
from lantian.observations.feeds import Feeds

from .feeds.world import FIRING, NOW, account, settle

VIEW = "lantian_feeds.firing"
SECRET = "a-secret-of-the-test"

Ask = Callable[..., AbstractContextManager[psycopg.Connection]]


@pytest.fixture
def asked(platform) -> Ask:
    """A world with records in two counties, and connections as the role of the housing department."""
    feeds = settle(platform)
    rows = [{"kiln": kiln, "at": f"2016-12-1{day} 08:00", "heat": day} for kiln in ("K1", "K2") for day in (4, 5, 6)]
    feeds.put("firing", rows, "test")
    rls.sql_role(platform.engine, "housing", SECRET, feeds.all().values())

    @contextmanager
    def connect(login: str = "lantian_dept_housing", **options: bool) -> Iterator[psycopg.Connection]:
        url = make_url(platform.database.conninfo).set(username=login, password=SECRET)
        with psycopg.connect(url.render_as_string(hide_password=False), **options) as connection:
            yield connection

    return connect


def grant(platform, region: str | None = None, days: int = 3) -> None:
    feed = Feeds(platform).feed("firing")
    number = catalogue.request(platform.engine, feed, "housing", None, "核对", NOW, "test")
    owner = account("owner", (None, "industry"), permissions=("feeds.read", "feeds.manage"))
    until = NOW.date() + timedelta(days=days)
    catalogue.decide(platform.engine, feed, number, "granted", NOW, owner, until=until, region=region)


def times(platform) -> int:
    """Readings of the feed by SQL that the log has."""
    return int(catalogue.readings(platform.engine, "firing", platform.clock.now()).filter(via="sql")["times"].sum())


@pytest.mark.requirement("M6", part="SQL role without a grant, with one, after its end")
def test_what_a_role_sees_follows_its_grant_and_every_reading_is_counted(platform, asked):
    with asked(autocommit=True) as sql:
        assert sql.execute(f"select count(*) from {VIEW}").fetchone() == (0,)
        grant(platform, "110105")
        assert sql.execute(f"select distinct kiln from {VIEW}").fetchall() == [("K2",)]
        platform.clock.jump(NOW + timedelta(days=4))
        assert sql.execute(f"select count(*) from {VIEW}").fetchone() == (0,)
        tables = ("feed_record", "feed_grant", "feed_access", "feed_untold", "observation_segment", "telemetry_segment")
        for door in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sql.execute(f"select 1 from {door}")
    read = catalogue.readings(platform.engine, "firing", platform.clock.now())
    assert read.rows() == [(date(2016, 12, 20), "lantian_dept_housing", "housing", "sql", 3, None)]


@pytest.mark.requirement("M6", part="readings by SQL are logged")
def test_a_reading_is_counted_once_a_statement_however_it_ends(platform, asked):
    grant(platform)
    with asked() as sql:
        assert len(sql.execute(f"select * from {VIEW} where heat > 4 order by at limit 3").fetchall()) == 3
        assert times(platform) == 1  # before the transaction has ended
        sql.rollback()
        assert times(platform) == 1  # and however it ends
        with sql.cursor().copy(f"copy (select kiln from {VIEW}) to stdout") as copy:
            assert sorted(b"".join(copy).decode().split()) == ["K1"] * 3 + ["K2"] * 3
        assert times(platform) == 2
        sql.execute(f"select a.kiln from {VIEW} a join {VIEW} b using (kiln, at)")
        assert times(platform) == 4  # twice in one statement
        sql.execute(f"explain select * from {VIEW}")
        assert times(platform) == 4
        sql.commit()
        sql.read_only = True
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="who reads firing is counted") as refused:
            sql.execute(f"select * from {VIEW}")
        assert "READ WRITE" in str(refused.value)
    assert rls.collect(platform.engine, platform.clock.now()) == 0  # booked once
    assert times(platform) == 4


@pytest.mark.requirement("M6", part="an index answers a department's question")
def test_a_condition_goes_through_the_view_to_the_index(platform, asked):
    grant(platform)
    rows = [{"kiln": "K1", "at": f"2016-{1 + n // 1440:02}-{1 + n // 60 % 24:02} 08:{n % 60:02}"} for n in range(9000)]
    Feeds(platform).put("firing", rows, "test")
    with asked() as sql:
        plan = "\n".join(row[0] for row in sql.execute(f"explain select kiln from {VIEW} where at > '2016-12-15'"))
        assert "Index Cond: ((feed = 'firing'::text) AND (\"time\" > '2016-12-15" in plan
        assert "One-Time Filter" in plan


def test_a_person_who_is_a_member_reads_as_the_department_and_states_nothing_else(platform, asked):
    grant(platform, "110101")
    login = "lantian_person_of_housing"
    with platform.engine.begin() as connection:
        connection.exec_driver_sql(f"create role {login} login password '{SECRET}'")
        connection.exec_driver_sql(f"grant lantian_dept_housing to {login}")
    try:
        with asked(login, autocommit=True) as sql:
            sql.execute('set lantian.scope = \'{"firing": ["*"]}\'')
            assert sql.execute(f"select distinct kiln from {VIEW}").fetchall() == [("K1",)]
            for role in ("lantian_departments", "lantian_reader", "lantian_reader_full"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    sql.execute(f"set role {role}")
        assert times(platform) == 1
    finally:
        with platform.engine.begin() as connection:
            connection.exec_driver_sql(f"drop role {login}")


def test_views_follow_the_definitions_and_their_counts_go_on(platform, asked):
    grant(platform)
    feeds = Feeds(platform)
    with asked(autocommit=True) as sql:
        sql.execute(f"select kiln from {VIEW}")
        feeds.add(FIRING.replace("checks:", "  - {name: note, type: text, zh: 备注, en: Note}\nchecks:"), "test")
        assert f"{VIEW}" in rls.refresh(platform.engine, feeds.all().values())
        assert sql.execute(f"select note from {VIEW} limit 1").fetchall() == [(None,)]
    assert times(platform) == 2
