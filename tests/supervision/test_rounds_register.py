"""The register: what is planned, drawn and inspected is kept once; returns are found in the database as in memory."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from lantian.kernel.bootstrap import Platform
from lantian.supervision.draw import draw, list_hash
from lantian.supervision.rebound import Index
from lantian.supervision.register.service import Register
from lantian.supervision.rounds import AssignmentError, Campaign, Team
from lantian.supervision.sites import Site
from tests.supervision.moves import World

COUNTIES = ("130102", "130104", "130109")
NOW = datetime(2017, 9, 3, 2, tzinfo=UTC)


def sites(n=30):
    return [
        Site(
            f"S{k:03d}",
            f"（示例）第{k}塑料厂",
            COUNTIES[k % 3],
            lon=114.4 + k / 100,
            lat=38.0 + (k % 5) / 50,
            industry="plastics",
            tags={"hot_cell": 1.0} if k % 7 == 0 else {},
            example=True,
        )
        for k in range(n)
    ]


@pytest.fixture
def register(platform: Platform) -> Register:
    """A register of thirty sites, and a campaign of two rounds in two cities with two teams."""
    platform.clock.set_simulated(NOW, paused=True)
    made = Register(platform)
    made.store.put_sites(sites(), "test")
    teams = [Team("T1", "一组", "130200"), Team("T2", "二组", "120000")]
    made.plan(Campaign("秋冬", date(2017, 9, 1), 2, 28), ["130100", "130200"], teams, "test", example=True)
    return made


@pytest.mark.requirement("V1", part="plan, draw and inspections kept")
def test_a_round_is_drawn_once_and_anybody_can_repeat_it(register: Register, tmp_path):
    from lantian.supervision import candidates

    made = register.draw("秋冬", 1, 9, "20170903", "test")
    assert {one.site.id for one in register.targets("秋冬", 1)} == {one.candidate.id for one in made.drawn}
    (planned,) = register.campaigns()
    kept = planned.rounds[0].drawing
    assert kept.drawn_at == NOW
    assert kept.list_sha256 == made.list_hash
    path = tmp_path / "list.csv"
    path.write_text(register.list_of(kept.list_sha256), encoding="utf-8")
    again = candidates.read(path)
    assert list_hash(again) == kept.list_sha256
    assert draw(again, kept.n, kept.seed).drawn == made.drawn
    with pytest.raises(ValueError, match="a draw is never repeated"):
        register.draw("秋冬", 1, 9, "other", "test")
    with pytest.raises(LookupError, match="has no round 7"):
        register.draw("秋冬", 7, 9, "1", "test")


@pytest.mark.requirement("V1", part="coverage report")
def test_who_was_inspected_is_last_in_line_and_coverage_counts_it(register: Register):
    first = register.draw("秋冬", 1, 12, "1", "test")
    for one in first.drawn[:8]:
        register.inspected("秋冬", 1, one.candidate.id, "test", case_number="2017-000001")
    second = register.draw("秋冬", 2, 22, "2", "test")
    seen = {one.candidate.id for one in first.drawn[:8]}
    assert not seen & {one.candidate.id for one in second.drawn}
    found = register.coverage("秋冬", number=1)
    assert (found.total.candidates, found.total.drawn, found.total.inspected) == (30, 12, 8)
    assert [one.key for one in found.counties] == list(COUNTIES)
    with pytest.raises(ValueError, match="was inspected on"):
        register.inspected("秋冬", 1, first.drawn[0].candidate.id, "test")
    with pytest.raises(LookupError, match="was not drawn"):
        register.inspected("秋冬", 1, "nobody", "test")


def test_what_was_not_yet_is_not_shown(register: Register):
    register.draw("秋冬", 1, 6, "1", "test")
    before = NOW - timedelta(hours=1)
    assert register.campaigns(before) == []
    register._platform.clock.jump(NOW + timedelta(days=1))
    target = register.targets("秋冬", 1)[0]
    register.inspected("秋冬", 1, target.site.id, "test", case_number="2017-000009")
    assert [one.inspected_at for one in register.targets("秋冬", 1, NOW) if one.inspected_at] == []
    assert len([one for one in register.targets("秋冬", 1) if one.case_number == "2017-000009"]) == 1


def test_teams_stay_out_of_their_own_city_and_get_a_route(register: Register):
    register.draw("秋冬", 1, 10, "1", "test")
    planned = register.campaign("秋冬")
    assert all(one.assignment["T1"] == "130100" for one in planned.rounds)
    found = register.route(planned, 1, "T1")
    beside = list(planned.rounds[0].assignment.values()).count("130100")
    assert sum(len(day.visits) for day in found.days) == -(-10 // beside)
    assert register.route(planned, 1, "T1", start=(114.4, 38.0), days=1).days[0].back <= 18 * 60
    with pytest.raises(AssignmentError):
        register.plan(Campaign("x", date(2018, 1, 1), 1, 1), ["130200"], [Team("T", "组", "130200")], "test")
    with pytest.raises(ValueError, match="already"):
        register.plan(planned.campaign, ["130100"], [], "test")
    with pytest.raises(LookupError, match="known: 秋冬"):
        register.campaign("春")


@pytest.mark.requirement("V5", part="proposals from the register, decided by a person")
def test_returns_in_the_database_are_those_found_in_memory(platform: Platform):
    platform.clock.set_simulated(datetime(2019, 1, 1, tzinfo=UTC), paused=True)
    world = World(9, 300, 40, returning=0.5)
    register = Register(platform)
    register.store.put_sites([*world.banned, *world.register], "test")
    index = Index([*world.register, *world.banned])
    found = 0
    for site in world.banned:
        wanted = [one for one in index.returns(site) if one.other.status != "banned"]
        made = register.returns(site.id)
        assert [(one.other.id, one.score) for one in made] == [(one.other.id, one.score) for one in wanted]
        found += len(made)
    assert found > 5
    banned, other = next((one, world.truth[one.id]) for one in world.banned if register.returns(one.id))
    other = register.returns(banned.id)[0].other.id
    register.review(banned.id, other, "same", "test", "同一老板")
    kept = register.store.reviews(banned.id, platform.clock.now())[other]
    assert (kept.decision, kept.note, kept.decided_by) == ("same", "同一老板", "test")
    assert register.store.site(other).status == "active"  # nothing is merged
    with pytest.raises(LookupError, match="is not proposed"):
        register.review(banned.id, banned.id, "same", "test")


@pytest.mark.requirement("V9", part="similar sites from the register")
def test_similar_sites_come_from_the_register(register: Register):
    found = register.alike("S000")
    assert len(found) == 29
    assert {reason.key for reason in found[0].reasons} >= {"industry", "near"}


def test_sites_are_found_by_status_region_and_text_and_every_write_is_in_the_trail(register: Register):
    store = register.store
    assert len(store.sites(within=["130100"])) == 30
    assert len(store.sites(within=["130102"])) == 10
    assert store.sites(within=["130200"]) == []
    assert [one.id for one in store.sites(text="第7塑料")] == ["S007"]
    assert store.sites(text="100%") == []
    store.put_sites([Site("S000", "（示例）第0塑料厂", "130102", status="banned", status_on=date(2017, 9, 10))], "test")
    assert store.counts() == {"active": 29, "banned": 1}
    assert len(register.candidates()) == 30  # the ban is not known yet on the third
    with pytest.raises(LookupError, match="no site 'X'"):
        store.site("X")
    with pytest.raises(ValueError, match="region"):
        store.put_sites([Site("X", "厂", "999999")], "test")
    query = text(
        "select count(*), count(*) filter (where after like '%n:%plastics%') from audit where table_name = 'site'"
    )
    with register._platform.engine.connect() as connection:
        assert connection.execute(query).one() == (31, 0)  # the computed keys are not repeated there
