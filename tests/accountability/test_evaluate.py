"""Evaluation: every threshold one below, at and above; ties, short rankings, missing numbers; the same bytes always."""

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.accountability import packs
from lantian.accountability.evaluate import Result, evaluate, read_result
from lantian.accountability.facts import Facts, Subject

PACK = packs.load("2017-18")
AS_OF = date(2018, 4, 20)
JINCHENG = "140500"


def judge(
    pack: packs.Pack = PACK, period: str = "2017AW", as_of: date = AS_OF, **levels: tuple[Subject, ...]
) -> Result:
    return evaluate(pack, Facts(as_of, period, **levels))


def city(code: str, change: str | None, target: str | None = "10", **more: object) -> Subject:
    """A city whose concentration changed by so many percent of a target of 10 %: -6 is 60.0 % complete."""
    numbers = {"target_percent": target, "change_percent": change}
    exact = {key: None if text is None else Decimal(text) for key, text in numbers.items()}
    return Subject(code, f"市{code}", **exact, **more)  # type: ignore[arg-type]


def county(code: str, unfinished: int | None = 0, new: int | None = 0, parent: str = JINCHENG) -> Subject:
    return Subject(code, f"县{code}", parent, unfinished=unfinished, new=new, links=(f"/cases?county={code}",))


def posts(result: Result, where: str) -> set[tuple[str, str]]:
    return {(each.rule, each.post) for each in result.proposals if each.where == where}


GOOD = tuple(city(f"1301{n:02d}", "-20") for n in range(25))


@pytest.mark.requirement("C1", part="result type")
@pytest.mark.parametrize(
    ("change", "completion", "post"),
    [
        ("-6.1", "61.0", None),
        ("-6.0", "60.0", None),
        ("-5.99", "59.9", "vice_mayor"),
        ("-3.01", "30.1", "vice_mayor"),
        ("-3.0", "30.0", "vice_mayor"),
        ("-2.99", "29.9", "mayor"),
        ("-0.01", "0.1", "mayor"),
        ("0", "0.0", "mayor"),
        ("0.01", "-0.1", "city_secretary"),
        ("62.7", "-627.0", "city_secretary"),
    ],
)
def test_the_result_type_at_its_thresholds(change: str, completion: str, post: str | None) -> None:
    last = city(JINCHENG, change)
    result = judge(cities=(*GOOD, city("110000", "-7"), city("120000", "-7"), last))
    assert last.completion == Decimal(completion)
    assert posts(result, JINCHENG) == ({("result", post)} if post else set())
    if post:
        proposal = result.proposals[0]
        assert [fact.value for fact in proposal.facts][:2] == ["28/28", f"{completion} %"]
        assert completion in proposal.zh
        assert completion in proposal.en
        assert "环督察〔2017〕115号" in proposal.clause


@pytest.mark.requirement("C1", part="result type")
def test_a_low_completion_above_the_last_three_is_no_proposal_but_a_near_miss() -> None:
    rows = (city("110000", "-5.9"), city("120000", "-5.6"), city("130200", "-5.5"), city("130300", "-5.4"))
    result = judge(cities=(*GOOD, *rows))
    assert {each.where for each in result.proposals} == {"120000", "130200", "130300"}
    near = [each for each in result.near_misses if each.where == "110000"]
    assert [(each.way, each.post, each.distance) for each in near] == [("reach", "vice_mayor", "3.0")]


@pytest.mark.requirement("C1", part="ties among the last three")
def test_a_tie_with_the_third_last_counts_in() -> None:
    tied = tuple(city(code, "-5") for code in ("110000", "120000", "130200"))
    worse = (city("140100", "-4"), city("140300", "-4.5"))
    result = judge(cities=(*GOOD, *tied, *worse))
    assert {each.where for each in result.proposals} == {"110000", "120000", "130200", "140100", "140300"}
    stated = judge(  # published: three share place 26 of 28, so each is the third last
        cities=tuple(city(str(110000 + n), "-5", rank=min(n, 26), ranked=28) for n in range(1, 29))
    )
    assert {each.where for each in stated.proposals} == {"110026", "110027", "110028"}


@pytest.mark.requirement("C1", part="published ranks")
def test_a_published_rank_stands_for_cities_that_are_not_given() -> None:
    result = judge(cities=(city(JINCHENG, "-3.7", rank=28, ranked=28), city("140100", "-5", rank=25, ranked=28)))
    assert posts(result, JINCHENG) == {("result", "vice_mayor")}
    assert posts(result, "140100") == set()
    unranked = judge(cities=(city(JINCHENG, "-3.7", rank=28, ranked=28), city("140100", "-5")))
    assert [(gap.where, "没有名次" in gap.zh) for gap in unranked.gaps] == [("140100", True)]


@pytest.mark.requirement("C1", part="short rankings and missing targets are said")
def test_fewer_than_three_cities_are_no_ranking() -> None:
    for count in (0, 1, 2, 3):
        cities = tuple(city(str(110000 + n), "5") for n in range(count))
        result = judge(cities=cities)
        assert result.proposals == ()
        assert f"只有 {count} 个单位" in result.gaps[0].zh
    assert len(judge(cities=tuple(city(str(110000 + n), str(5 + n)) for n in range(4))).proposals) == 3


@pytest.mark.requirement("C1", part="short rankings and missing targets are said")
def test_a_missing_target_or_change_is_said_and_never_guessed() -> None:
    result = judge(cities=(*GOOD, city("110000", "9", None), city("120000", None), city(JINCHENG, None, None)))
    assert result.proposals == ()
    said = {gap.where: gap.zh for gap in result.gaps}
    assert "没有改善目标，" in said["110000"]
    assert "没有浓度变化，" in said["120000"]
    assert "没有改善目标、没有浓度变化" in said[JINCHENG]


@pytest.mark.requirement("C1", part="task type")
@pytest.mark.parametrize(
    ("measure", "steps"),
    [
        ("unfinished", {1: None, 2: "deputy_head", 3: "deputy_head", 4: "head", 5: "head", 6: "county_secretary"}),
        ("unfinished", {0: None, 7: "county_secretary"}),
        ("new", {4: None, 5: "deputy_head", 6: "deputy_head", 9: "deputy_head", 10: "head", 11: "head"}),
        ("new", {14: "head", 15: "county_secretary", 16: "county_secretary"}),
    ],
)
def test_the_task_type_at_its_thresholds(measure: str, steps: dict[int, str | None]) -> None:
    for number, post in steps.items():
        result = judge(counties=(county("140581", **{"unfinished": 0, "new": 0, measure: number}),))
        assert posts(result, "140581") == ({(f"task-{measure}", post)} if post else set()), number


@pytest.mark.requirement("C1", part="the highest step once, lower ones named")
def test_of_a_ladder_the_highest_step_is_proposed_and_the_lower_are_named() -> None:
    result = judge(counties=(county("140581", unfinished=6),))
    own = [each for each in result.proposals if each.where == "140581"]
    assert [each.post for each in own] == ["county_secretary"]
    assert (own[0].facts[0].value, own[0].facts[0].threshold, own[0].facts[0].passed) == ("6", "≥ 6", ("≥ 2", "≥ 4"))
    assert own[0].facts[0].links == ("/cases?county=140581",)


@pytest.mark.requirement("C1", part="a post is proposed once")
def test_a_post_that_two_rules_reach_is_proposed_once_with_both() -> None:
    result = judge(counties=(county("140581", unfinished=2, new=5),))
    own = [each for each in result.proposals if each.where == "140581"]
    assert len(own) == 1
    assert (own[0].rule, own[0].also) == ("task-unfinished", ("task-new",))
    assert [fact.name for fact in own[0].facts] == ["unfinished", "new"]
    assert "未完成整改" in own[0].clause
    assert "新发现" in own[0].clause
    apart = judge(counties=(county("140581", unfinished=6, new=5),))
    assert posts(apart, "140581") == {("task-unfinished", "county_secretary"), ("task-new", "deputy_head")}


@pytest.mark.requirement("C1", part="city type")
@pytest.mark.parametrize(
    ("held", "post"), [(1, None), (2, "vice_mayor"), (3, "mayor"), (4, "city_secretary"), (5, "city_secretary")]
)
def test_the_city_type_counts_counties_with_a_proposal_only(held: int, post: str | None) -> None:
    counties = [county(f"1405{n:02d}", unfinished=2, new=5) for n in range(1, held + 1)]  # by two rules: counted once
    counties += [county(f"1406{n:02d}", unfinished=1, new=4) for n in range(9)]  # near, not held
    counties += [county(f"1504{n:02d}", unfinished=9, parent="150400") for n in range(1)]  # another city's
    result = judge(counties=tuple(counties), cities=(city(JINCHENG, "-9"),))
    assert posts(result, JINCHENG) == ({("city", post)} if post else set())
    if post:
        fact = next(each for each in result.proposals if each.where == JINCHENG).facts[0]
        assert (fact.value, fact.name) == (str(held), "held")
        assert len(fact.links) == held


@pytest.mark.requirement("C1", part="missing counts are said")
def test_a_missing_count_and_a_county_without_a_city_are_said() -> None:
    result = judge(counties=(county("140581", unfinished=None, new=0), county("140525", unfinished=2, parent="")))
    found = {(gap.rule, gap.where) for gap in result.gaps}
    assert found == {("result", ""), ("task-unfinished", "140581"), ("city", "140525")}  # no city is given at all


@pytest.mark.requirement("C1", part="near misses")
def test_near_misses_say_how_far_the_next_step_is() -> None:
    result = judge(counties=(county("140581", unfinished=5, new=14), county("140525", unfinished=1)))
    near = {(each.rule, each.where, each.way): each for each in result.near_misses}
    assert near["task-unfinished", "140581", "reach"].post == "county_secretary"
    assert "再多 1 个" in near["task-unfinished", "140581", "reach"].zh
    assert near["task-new", "140581", "reach"].post == "county_secretary"
    assert near["task-unfinished", "140525", "reach"].post == "deputy_head"
    assert near["city", JINCHENG, "reach"].post == "vice_mayor"
    assert ("task-unfinished", "140581", "leave") not in near  # two fewer, not one
    spared = judge(cities=(*GOOD, city("110000", "-6.03"), city("120000", "-5.97"), city(JINCHENG, "-9")))
    near = {(each.where, each.way): each.distance for each in spared.near_misses}
    assert near["110000", "reach"] == "0.4"  # 60.3 %: at 59.9 % the vice mayor is reached
    assert near["120000", "leave"] == "0.3"
    assert (JINCHENG, "reach") not in near


@pytest.mark.requirement("C1", part="outside the days in force")
def test_facts_outside_the_days_in_force_are_an_exercise_and_say_so() -> None:
    assert "仅供推演" in judge(period="2016AW", as_of=date(2016, 12, 16)).gaps[0].zh
    assert all("仅供推演" not in gap.zh for gap in judge().gaps)  # judged in April for the winter that was in force


numbers = st.one_of(st.none(), st.integers(0, 20))
some_counties = st.lists(st.tuples(numbers, numbers, st.sampled_from([JINCHENG, "140100", ""])), max_size=8)
some_cities = st.lists(st.one_of(st.none(), st.decimals(-40, 40, places=1)), max_size=8)


@pytest.mark.requirement("C1", part="same pack and facts, same bytes")
@given(some_counties, some_cities, st.randoms())
def test_the_same_facts_in_any_order_give_the_same_bytes(
    counties: list[tuple[int | None, int | None, str]], cities: list[Decimal | None], random: Random
) -> None:
    facts = {
        "counties": [county(f"1405{n:02d}", *row) for n, row in enumerate(counties)],
        "cities": [city(f"1301{n:02d}", None if row is None else str(row)) for n, row in enumerate(cities)],
    }
    first = judge(**{level: tuple(rows) for level, rows in facts.items()})
    for rows in facts.values():
        random.shuffle(rows)
    second = judge(**{level: tuple(rows) for level, rows in facts.items()})
    assert first.to_json() == second.to_json()
    assert read_result(first.to_json()) == first
    keys = [each.key for each in first.proposals]
    assert len(set(keys)) == len(keys)


def zone(code: str, value: str, mean: str | None = "50") -> Subject:
    return Subject(code, f"开发区{code}", value=Decimal(value), mean=None if mean is None else Decimal(mean))


@pytest.mark.requirement("C4", part="zones: last N and worse than the county's mean")
def test_zones_are_proposed_when_last_and_worse_than_the_mean() -> None:
    pack = packs.load("zones")
    zones = [zone(f"Z1101050{n}", str(40 + n)) for n in range(4)]
    zones += [zone("Z11010507", "61"), zone("Z11010508", "62", "62"), zone("Z11010509", "63")]
    result = judge(pack, zones=tuple(zones))
    found = {each.where: (each.action, each.post) for each in result.proposals}
    assert found == {"Z11010507": ("warning", "zone_deputy"), "Z11010509": ("interview", "zone_director")}
    spared = [each for each in result.near_misses if each.where == "Z11010508"]
    assert [(each.way, each.distance) for each in spared] == [("reach", "0")]
    assert "last 3" not in result.proposals[0].zh
    assert "后 3 位" in result.proposals[0].zh
    nearly = [each for each in result.near_misses if each.where == "Z11010507"]
    assert [(each.post, each.distance) for each in nearly] == [("zone_director", "1")]


@pytest.mark.requirement("C4", part="lists of warning, criticism and interview")
@pytest.mark.parametrize(
    ("unfinished", "new", "found"),
    [
        (0, 2, set()),
        (1, 0, {"warning"}),
        (2, 0, {"criticism"}),
        (3, 0, {"interview"}),
        (4, 0, {"interview"}),
        (0, 3, {"warning"}),
        (0, 4, {"warning"}),
        (0, 5, {"criticism"}),
        (0, 7, {"criticism"}),
        (0, 8, {"interview"}),
        (1, 9, {"warning", "interview"}),
    ],
)
def test_counties_come_onto_the_lists(unfinished: int, new: int, found: set[str]) -> None:
    result = judge(packs.load("zones"), counties=(county("140581", unfinished, new),))
    assert {each.action for each in result.proposals} == found


@pytest.mark.requirement("C1", part="a county's own pack")
@pytest.mark.parametrize(
    ("unfinished", "found"),
    [
        (0, set()),
        (1, {("deputy_head", "warning")}),
        (2, {("head", "interview")}),
        (3, {("head", "accountable")}),
    ],
)
def test_a_county_judges_its_townships(unfinished: int, found: set[tuple[str, str]]) -> None:
    town = Subject("110105001", "示例街道", "110105", unfinished=unfinished, new=0)
    result = judge(packs.load("county"), townships=(town,))
    assert {(each.post, each.action) for each in result.proposals} == found
