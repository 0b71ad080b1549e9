"""Rebound: returns are found and explained, innocents mostly left alone, nothing compared whole, nothing merged."""

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import rebound as bench
from lantian.supervision.identity import phones
from lantian.supervision.rebound import CLASSES, Index, Weights, propose, score, usual, weights_of
from lantian.supervision.rebound_learn import counted, estimated
from lantian.supervision.rebound_levels import FIELDS, Frequencies, levels, phone_level, profile
from lantian.supervision.sites import Site
from tests.supervision.moves import World

MINE = pytest.mark.requirement("V5", part="rebound of banned enterprises")
BANNED = Site(
    "B1",
    "（示例）藁城区鑫旺塑料加工厂",
    "130109",
    "石家庄市藁城区廉州镇张家庄村东",
    114.85,
    38.03,
    "plastics",
    "张小强",
    "13800001234",
    equipment="注塑机3台、破碎机1台",
    status="banned",
)


@lru_cache(maxsize=1)
def world():
    """One invented land for all tests, not the one in which the weights were learned."""
    return World(77, 4000, 400)


@lru_cache(maxsize=1)
def index():
    return Index(world().register)


@lru_cache(maxsize=1)
def proposals():
    return tuple(one for site in world().banned for one in index().returns(site))


@MINE
def test_returns_are_found_far_better_than_by_the_named_references():
    land = world()
    measured = {name: bench.quality(bench.ours(proposals(), name), land) for name in CLASSES}
    assert measured["certain"][0] > 0.97
    assert measured["likely"][0] > 0.93
    assert measured["likely"][1] > 0.6
    assert measured["possible"][0] > 0.8
    assert measured["possible"][1] > 0.75
    assert bench.quality(bench.exact_name(land), land)[1] < 0.1
    assert bench.quality(bench.token_sort(land), land)[1] < 0.1


@MINE
def test_blocking_loses_less_than_three_percent_and_compares_little():
    land, found = world(), index()
    number = {one.site.id: k for k, one in enumerate(found.profiles)}
    near = {site.id: found.near(profile(site)) for site in land.banned}
    lost = sum(number[other] not in near[one] for one, other in land.truth.items())
    assert lost / len(land.truth) < 0.03
    assert sum(map(len, near.values())) < 0.03 * len(land.banned) * len(land.register)


@MINE
@settings(max_examples=60)
@given(st.integers(0, 399), st.integers(0, 3999))
def test_a_score_is_symmetric_and_its_parts_add_up(one, other):
    a, b = profile(world().banned[one]), profile(world().register[other])
    frequencies = index().frequencies
    there, back = score(a, b, frequencies), score(b, a, frequencies)
    assert there == back
    assert there.total == pytest.approx(sum(part.weight for part in there.parts))
    assert [part.field for part in there.parts] == ["prior", *FIELDS]
    assert all(part.zh and part.en for part in there.parts)
    assert 0 <= there.probability <= 1


@MINE
def test_every_proposal_reaches_its_class_and_the_best_comes_first():
    for one in world().banned[:50]:
        found = index().returns(one)
        totals = [proposal.score.total for proposal in found]
        assert totals == sorted(totals, reverse=True)
        assert all(total >= CLASSES["possible"][0] for total in totals)
        assert all(proposal.score.rating for proposal in found)
        assert index().returns(one) == found


def frequencies(size=10_000):
    made = Frequencies([])
    made.size = size
    return made


@MINE
def test_who_renames_and_moves_but_keeps_the_telephone_is_found_and_said_why():
    back = Site(
        "S1",
        "正定县红星橡塑厂",
        "130123",
        "正定县曲阳桥镇西里村",
        114.60,
        38.20,
        "plastics",
        "张*强",
        "138****1234",
        equipment="注塑机3台",
    )
    found = score(profile(BANNED), profile(back), frequencies())
    assert found.rating == "likely"
    told = {part.field: part for part in found.parts}
    assert told["phone"].zh == "电话未遮部分一致"
    assert told["person"].en == "the same as far as the name is shown"
    assert told["place"].zh == "相距 29 公里"
    assert told["name"].weight < 0
    assert told["code"].weight == 0


@MINE
def test_a_cousin_next_door_in_the_same_trade_is_not_called_a_return():
    cousin = Site(
        "S2",
        "藁城区宏达塑料厂",
        "130109",
        "石家庄市藁城区廉州镇张家庄村西",
        114.851,
        38.031,
        "plastics",
        "张小刚",
        "13911112222",
        equipment="注塑机1台",
    )
    found = score(profile(BANNED), profile(cousin), frequencies())
    assert found.rating not in ("certain", "likely")


def test_a_common_name_says_less_than_a_rare_one():
    back = Site("S3", "鑫旺塑料厂", "130123", industry="plastics", person="李四")
    rare, common = frequencies(), frequencies()
    common.names["鑫旺"] = 300
    weight = {
        kind: next(part.weight for part in score(profile(BANNED), profile(back), f).parts if part.field == "name")
        for kind, f in (("rare", rare), ("common", common))
    }
    assert weight["rare"] > weight["common"] + 3


def test_the_weight_of_a_distance_falls_steadily():
    weights = []
    for km in (0.2, 1, 2, 4, 8, 16, 32, 64, 128, 300):
        away = Site("S", "厂", "130100", lon=114.85, lat=38.03 + km / 111.195)
        parts = score(profile(BANNED), profile(away), frequencies()).parts
        weights.append(next(part.weight for part in parts if part.field == "place"))
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 3
    assert weights[-1] < -1


def test_the_banned_themselves_are_not_proposed_and_earlier_yards_are_pointed_out():
    from dataclasses import replace
    from datetime import date

    ban = replace(BANNED, status_on=date(2017, 6, 1))
    earlier = replace(BANNED, id="S4", status="active", since=date(2016, 1, 1))
    other = replace(BANNED, id="B2")
    found = list(propose([ban], [ban, other, earlier]))
    assert [one.other.id for one in found] == ["S4"]
    assert "before the ban of 2017-06-01" in found[0].notes[0][1]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("13800001234", "13800001234", "same"),
        ("13800001234", "138****1234", "partly"),
        ("13800001234", "13800001235", "typo"),
        ("13800001234", "13800002134", "typo"),
        ("13800001234", "13800005678", "different"),
        ("13800001234", "0311-88880000", "different"),
        ("13800001234、0311-88880000", "88880000", "same"),
        ("13800001234", "", "unknown"),
    ],
)
def test_telephones_agree_by_levels(one, other, level):
    assert phone_level(phones(one), phones(other)) == phone_level(phones(other), phones(one)) == level


@MINE
def test_the_weights_are_those_that_the_generator_teaches():
    learned, held = bench.learn(1500, 10_000), usual()
    for field, names in FIELDS.items():
        for level in names:
            if held.m[field][level] > 0.05:
                assert learned.m[field][level] == pytest.approx(held.m[field][level], rel=0.35), (field, level)
    assert bench.as_yaml(held).startswith("returning: 0.1\nm:")


@MINE
def test_em_finds_the_share_of_returns_without_being_told():
    """Among pairs of one person: most are namesakes, some are returns."""
    land, flat = World(78, 3000, 1500), Weights(FLAT, usual().u)
    found = Index(land.register)
    pairs, right = [], []
    for site in land.banned:
        one = profile(site)
        for number in found.near(one):
            pair = levels(one, found.profiles[number])
            if pair["person"] == "same":
                pairs.append(pair)
                right.append(land.truth.get(site.id) == found.profiles[number].site.id)
    learned, share = estimated(pairs, flat, "person")
    assert 0.02 < sum(right) / len(right) < 0.9
    assert share == pytest.approx(sum(right) / len(right), rel=0.25)
    true = counted([pair for pair, yes in zip(pairs, right, strict=True) if yes])
    for field, level in (("phone", "same"), ("industry", "same"), ("equipment", "same"), ("name", "same")):
        assert learned.m[field][level] == pytest.approx(true[field][level], abs=0.12), field
    assert learned.m["person"] == FLAT["person"]


FLAT = {
    field: {level: 2.0**-k / (2 - 2.0 ** (1 - len(names))) for k, level in enumerate(names)}
    for field, names in FIELDS.items()
}
"""A guess that knows nothing but that closer levels are more likely."""


def test_what_cannot_be_weighed_is_refused():
    table = {"m": usual().m, "u": {**usual().u, "phone": {"same": 0.1}}, "returning": 0.1}
    with pytest.raises(ValueError, match="weights, u, phone"):
        weights_of(table)
    with pytest.raises(ValueError, match=r"returning: 0\.0"):
        Weights(usual().m, usual().u, 0.0)
    with pytest.raises(ValueError, match="at least one pair"):
        estimated([], usual(), "phone")
    assert sum(counted([])["phone"].values()) == pytest.approx(1)
