"""Rounds: every day belongs to one round; no team comes home; nobody stays twice where that can be helped."""

from datetime import date, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.supervision.rounds import STAGES, AssignmentError, Campaign, Stage, Team, assign

CITIES = ("110000", "120000", "130100", "130200", "130300", "130400", "140100", "370100", "410100")
MINE = pytest.mark.requirement("V1", part="rounds and teams")


@MINE
def test_the_plan_of_2017_has_fifteen_rounds_of_fourteen_days_in_two_stages():
    plan = Campaign("2017-18", date(2017, 9, 1), stages=STAGES).schedule()
    assert len(plan) == 15
    assert {one.days for one in plan} == {14}
    assert plan[4].end == date(2017, 11, 9)
    assert plan[5].start == date(2017, 11, 10)
    assert plan[-1].end == date(2018, 3, 29)


@MINE
@given(st.integers(1, 40), st.integers(0, 300))
def test_every_day_belongs_to_exactly_one_round(rounds, more):
    campaign = Campaign("x", date(2024, 2, 20), rounds, rounds + more)
    plan = campaign.schedule()
    assert [one.number for one in plan] == list(range(1, rounds + 1))
    days = [one.start + timedelta(k) for one in plan for k in range(one.days)]
    assert days == [campaign.start + timedelta(k) for k in range(rounds + more)]
    assert max(one.days for one in plan) - min(one.days for one in plan) <= 1
    assert campaign.round_on(plan[-1].end + timedelta(1)) is None
    assert campaign.round_on(days[-1]) == plan[-1]


def test_plans_that_cannot_be_kept_are_refused():
    with pytest.raises(ValueError, match="16 rounds in 15 days"):
        Campaign("x", date(2017, 9, 1), 16, 15)
    with pytest.raises(ValueError, match="its stages have 5 rounds in 70 days; expected 15 in 210"):
        Campaign("x", date(2017, 9, 1), stages=(Stage(5, 70),))
    with pytest.raises(ValueError, match="name is empty"):
        Campaign(" ", date(2017, 9, 1))


def repeats(before, after):
    return sum(before[team] == after[team] for team in after)


@MINE
@given(
    st.lists(st.sampled_from([*CITIES, "110105", "130102"]), min_size=1, max_size=14),
    st.integers(3, len(CITIES)),
    st.integers(0, 99),
)
def test_no_team_inspects_where_it_comes_from_and_nobody_stays_needlessly(homes, n, seed):
    teams = [Team(f"T{k:02d}", f"第{k}组", home) for k, home in enumerate(homes)]
    try:
        plan = assign(teams, CITIES[:n], 5, seed)
    except AssignmentError:
        assert max(homes.count(home) for home in homes) > 1  # only many of one home can leave too few seats
        return
    for settled in plan:
        assert set(settled) == {team.id for team in teams}
        assert all(team.may_inspect(settled[team.id]) for team in teams)
        spread = [list(settled.values()).count(city) for city in CITIES[:n]]
        assert max(spread) <= -(-len(teams) // n)
    assert plan == assign(teams[::-1], CITIES[:n][::-1], 5, seed)


@MINE
@given(st.lists(st.sampled_from(CITIES[:4]), min_size=4, max_size=4), st.integers(0, 20))
def test_as_few_stay_as_any_assignment_allows(homes, seed):
    """Against every assignment there is, of four teams to four cities."""
    teams = [Team(f"T{k}", "组", home) for k, home in enumerate(homes)]
    options = [
        dict(zip([team.id for team in teams], order, strict=True))
        for order in permutations(CITIES[:4])
        if all(team.may_inspect(city) for team, city in zip(teams, order, strict=True))
    ]
    if not options:
        with pytest.raises(AssignmentError):
            assign(teams, CITIES[:4], 1, seed)
        return
    plan = assign(teams, CITIES[:4], 4, seed)
    for before, after in pairwise(plan):
        assert repeats(before, after) == min(repeats(before, option) for option in options)


def test_with_fewer_teams_than_cities_every_city_has_its_turn():
    teams = [Team(f"T{k}", "组", "510100") for k in range(3)]
    plan = assign(teams, CITIES, 3, 1)
    assert {city for settled in plan for city in settled.values()} == set(CITIES)


def test_the_seed_decides_and_another_seed_decides_otherwise():
    teams = [Team(f"T{k}", "组", "510100") for k in range(9)]
    assert assign(teams, CITIES, 3, 1) == assign(teams, CITIES, 3, 1)
    assert assign(teams, CITIES, 3, 1) != assign(teams, CITIES, 3, 2)


def test_what_cannot_be_assigned_is_said():
    teams = [Team("T1", "一组", "130100"), Team("T2", "二组", "130102")]
    with pytest.raises(AssignmentError, match="T1 may go to none of the cities"):
        assign(teams[:1], ["130100"], 1)
    with pytest.raises(AssignmentError, match="no assignment keeps every team out of its own region"):
        assign(teams, ["130100", "130200"], 1)
    with pytest.raises(ValueError, match="team: T1 twice"):
        assign([teams[0], teams[0]], CITIES, 1)
    with pytest.raises(ValueError, match="no city was given"):
        assign(teams, [], 1)
    with pytest.raises(ValueError, match="region code '13'"):
        Team("T1", "一组", "13")
