"""The draw: anybody can repeat it, no list order changes it, every county has one where seats allow, all is said."""

import hashlib
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.supervision.draw import STRATA, Candidate, Shares, draw, hash_of, list_hash, read_shares, waiting

COUNTIES = ("130102", "130104", "130105", "130108")
MINE = pytest.mark.requirement("V1", part="random draw")


@st.composite
def lists(draw_one, most=60):
    tags = st.dictionaries(st.sampled_from(list(STRATA)[:-1]), st.sampled_from([1.0, 2.0, 0.5]), max_size=3)
    rows = draw_one(
        st.lists(st.tuples(st.sampled_from(COUNTIES), tags, st.booleans()), min_size=1, max_size=most), label="rows"
    )
    return [Candidate(f"S{k:03d}", f"厂{k}", region, tags=t, inspected=i) for k, (region, t, i) in enumerate(rows)]


def plain(n, **changes):
    return [Candidate(f"S{k:03d}", f"厂{k}", COUNTIES[k % 4], **changes) for k in range(n)]


@MINE
def test_the_hash_is_what_a_shell_computes():
    told = subprocess.run(["sha256sum"], input=b"20171110\nA1", capture_output=True, check=True).stdout.decode()
    assert told.split()[0] == hash_of("20171110", "A1") == hash_of(" 20171110", "A1 ")


@MINE
def test_without_tags_the_draw_is_the_order_of_the_hashes():
    """Written out as the published method says it, without anything of the program."""
    found = draw(plain(50), 8, 7, Shares(1, 0, 0, 0))
    order = sorted(range(50), key=lambda k: hashlib.sha256(f"7\nS{k:03d}".encode()).digest())
    first = [next(k for k in order if k % 4 == county) for county in range(4)]
    wanted = sorted(first) + [k for k in order if k not in first][:4]
    assert {one.candidate.id for one in found.drawn} == {f"S{k:03d}" for k in wanted}
    assert [one.rank for one in found.drawn] == sorted(
        order.index(int(one.candidate.id[1:])) + 1 for one in found.drawn
    )


@MINE
def test_a_published_draw_comes_out_the_same_for_ever():
    people = [
        Candidate(f"S{k:02d}", f"示例厂{k}", COUNTIES[k % 3], tags={"hot_cell": 1 + k % 2} if k % 5 == 0 else {})
        for k in range(30)
    ]
    found = draw(people, 6, "20171110")
    assert [(one.candidate.id, one.stratum, one.rank) for one in found.drawn] == GOLDEN
    assert list_hash(people)[:12] == GOLDEN_LIST


@MINE
@given(lists(), st.integers(1, 30), st.integers(0, 9), st.randoms(use_true_random=False))
def test_order_of_the_list_changes_nothing_and_the_rules_hold(people, n, seed, mixed):
    found = draw(people, n, seed)
    shuffled = list(people)
    mixed.shuffle(shuffled)
    assert draw(shuffled, n, seed) == found
    ids = [one.candidate.id for one in found.drawn]
    assert len(ids) == len(set(ids)) == min(n, len(people))
    fresh = {one.id for one in people if not one.inspected}
    if len(ids) <= len(fresh):
        assert set(ids) <= fresh  # nobody twice while somebody was never inspected
    else:
        assert fresh <= set(ids)
        assert any("again" in note.en for note in found.notes)
    for one in found.drawn:
        assert one.stratum == "random" or one.stratum in one.candidate.tags
        assert one.again == one.candidate.inspected
    counties = {one.region for one in people if not one.inspected}
    if n >= len(counties):
        assert counties <= {one.candidate.region for one in found.drawn}


@MINE
@given(st.integers(0, 200), st.tuples(*[st.integers(0, 9)] * 4).filter(any))
def test_seats_follow_the_shares_to_less_than_one(n, parts):
    shares = Shares(*map(float, parts))
    seats = shares.seats(n)
    assert sum(seats.values()) == n
    for name, part in shares.parts().items():
        assert abs(seats[name] - n * part / sum(parts)) < 1
    assert read_shares(shares.text) == shares


@MINE
def test_a_stratum_with_too_few_gives_its_seats_to_random_and_says_so():
    people = [*plain(40), Candidate("H1", "热点厂", COUNTIES[0], tags={"hot_cell": 1})]
    found = draw(people, 20, 1)
    assert Counter(one.stratum for one in found.drawn) == {"hot_cell": 1, "random": 19}
    told = [note.zh for note in found.notes]
    assert "热点网格层应抽 4 家，可抽 1 家，余 3 个名额转入随机" in told
    assert len(told) == 3  # so do elevated records and complaints


def test_counties_come_before_hot_cells_where_seats_are_few():
    hot = [Candidate(f"H{k}", "厂", COUNTIES[0], tags={"hot_cell": 1}) for k in range(9)]
    found = draw([*hot, *plain(8)], 4, 3, Shares(0, 1, 0, 0))
    assert {one.candidate.region for one in found.drawn} == set(COUNTIES)
    assert sum(one.for_county for one in found.drawn) == 3
    assert any("3 seats" in note.en for note in found.notes)
    scarce = draw(plain(8), 2, 3)
    assert any("2 counties" in note.en for note in scarce.notes)


def test_a_weight_of_three_comes_first_three_times_out_of_four():
    won = sum(waiting(hash_of(str(seed), "a"), 3) < waiting(hash_of(str(seed), "b"), 1) for seed in range(2000))
    assert won / 2000 == pytest.approx(0.75, abs=0.03)
    assert waiting("00" * 32, 1) > 0
    assert waiting("ff" * 32, 1).is_finite()


def test_the_list_is_known_by_its_hash():
    people = plain(5)
    assert list_hash(people) == list_hash(people[::-1])
    assert list_hash(people) != list_hash(people[:-1])
    assert list_hash(people) != list_hash([*people[:-1], Candidate("S004", "厂4", COUNTIES[0], inspected=True)])


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda: draw([*plain(2), *plain(1)], 1, 1), "the id S000 stands there twice"),
        (lambda: draw(plain(2), 0, 1), "n = 0"),
        (lambda: draw(plain(2), 1, " "), "and a seed"),
        (lambda: Candidate("", "厂", "130102"), "expected an id"),
        (lambda: Candidate("A", "厂", "130102", tags={"random": 1}), "tags: 'random'"),
        (lambda: Candidate("A", "厂", "130102", tags={"complaint": 0}), "above 0"),
        (lambda: Shares(0, 0, 0, 0), "not all 0"),
        (lambda: read_shares("random=50,hot=3"), "'hot=3'"),
        (lambda: read_shares("random=many"), "'random=many'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(act, told):
    with pytest.raises(ValueError, match=told):
        act()


GOLDEN = [
    ("S25", "hot_cell", 1),
    ("S08", "random", 1),
    ("S06", "random", 2),
    ("S24", "random", 3),
    ("S19", "random", 4),
    ("S01", "random", 5),
]
GOLDEN_LIST = "9bfaf2d9b5e9"
