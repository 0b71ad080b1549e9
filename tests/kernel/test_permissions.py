import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.accounts import PERMISSIONS, Account, Grant, allowed, covers, list_roles, may_grant, regions_of
from lantian.places import is_within

EVERYTHING = frozenset(PERMISSIONS)


def account(*grants: Grant, **attributes: bool) -> Account:
    return Account(1, "somebody", "某人", grants=grants, **attributes)


def county_officer(region: str | None = "130102", department: str | None = None) -> Account:
    return account(Grant("county", frozenset({"targets.read", "targets.edit"}), department, region))


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (None, "110000", True),
        ("130000", None, False),
        ("130000", "130100", True),
        ("130000", "130102", True),
        ("130000", "130102001", True),
        ("130100", "130102", True),
        ("130100", "130000", False),
        ("130100", "130200", False),
        ("130100", "Z13010201", True),
        ("130102", "Z13010201", True),
        ("130103", "Z13010201", False),
        ("130102001", "Z130102001", False),
        ("Z13010201", "Z1301020101", False),
        ("131000", "131002", True),  # Langfang: the zero belongs to the city's own two digits
        ("131000", "130102", False),
        ("110000", "110105", True),
        ("130000", "2+26", False),
    ],
)
def test_a_region_covers_itself_and_what_lies_below(outer: str | None, inner: str | None, expected: bool) -> None:
    assert covers(outer, inner) is expected


def test_coverage_agrees_with_the_order_of_regions_in_places() -> None:
    codes = [
        "110000",
        "110105",
        "110105001",
        "Z11010501",
        "130000",
        "130100",
        "130102",
        "130102001",
        "131000",
        "131002",
    ]
    for outer in codes:
        for inner in codes:
            assert covers(outer, inner) == is_within(inner, outer), (outer, inner)


two_digits = st.integers(1, 99).map("{:02d}".format)


@given(st.lists(two_digits, min_size=3, max_size=3), st.lists(two_digits, min_size=3, max_size=3))
def test_province_city_county_are_one_chain_and_others_stay_outside(mine: list[str], other: list[str]) -> None:
    def chain(parts: list[str]) -> list[str]:
        return ["".join(parts[:n]).ljust(6, "0") for n in (1, 2, 3)]

    province, city, county = chain(mine)
    assert covers(province, city)
    assert covers(province, county)
    assert covers(city, county)
    assert not covers(county, city)
    assert not covers(city, province)
    for depth, (here, there) in enumerate(zip(chain(mine), chain(other), strict=True), start=1):
        assert covers(here, chain(other)[2]) == (mine[:depth] == other[:depth])
        assert covers(here, there) == (here == there)


@pytest.mark.requirement("K1", part="roles by department and region")
def test_a_county_officer_acts_in_the_county_and_nowhere_else() -> None:
    officer = county_officer()
    assert allowed(officer, "targets.edit", "130102")
    assert allowed(officer, "targets.edit", "130102001")
    assert allowed(officer, "targets.edit")  # somewhere: the page may open
    assert not allowed(officer, "targets.edit", "130103")
    assert not allowed(officer, "targets.edit", "130100")
    assert not allowed(officer, "accounts.manage", "130102")


@pytest.mark.requirement("K1", part="roles by department and region")
def test_a_department_sees_its_own_and_not_the_next_ones() -> None:
    officer = county_officer(region=None, department="住建局")
    assert allowed(officer, "targets.edit", department="住建局")
    assert allowed(officer, "targets.edit", "110000", "住建局")
    assert not allowed(officer, "targets.edit", department="交通局")


def test_two_grants_do_not_add_up_to_a_third() -> None:
    both = account(
        Grant("county", frozenset({"targets.edit"}), "住建局", "130102"),
        Grant("county", frozenset({"targets.edit"}), "交通局", "130103"),
    )
    assert allowed(both, "targets.edit", "130102", "住建局")
    assert not allowed(both, "targets.edit", "130102", "交通局")


@pytest.mark.parametrize("attributes", [{"active": False}, {"must_change_password": True}])
def test_closed_accounts_and_one_time_passwords_allow_nothing(attributes: dict[str, bool]) -> None:
    nobody = account(Grant("admin", EVERYTHING), **attributes)
    assert not any(allowed(nobody, name) for name in PERMISSIONS)
    assert not may_grant(nobody, (), None, None)


def test_regions_of_a_permission() -> None:
    here, there = (Grant("analyst", frozenset({"data.import"}), region=code) for code in ("130102", "110000"))
    reader = Grant("county", frozenset({"data.read"}))
    assert regions_of(account(here, there, reader), "data.import") == {"130102", "110000"}
    assert regions_of(account(here, reader), "data.read") is None, "everywhere"
    assert regions_of(account(reader), "data.import") == frozenset(), "nowhere"
    assert regions_of(account(here, active=False), "data.import") == frozenset()


def test_a_misspelt_permission_is_an_error_not_a_refusal() -> None:
    with pytest.raises(ValueError, match=r"air\.raed.*air\.read"):
        allowed(account(), "air.raed")


@given(
    st.sets(st.sampled_from(sorted(PERMISSIONS))),
    st.sets(st.sampled_from(sorted(PERMISSIONS))),
    st.sampled_from([None, "130000", "130100", "130102"]),
    st.sampled_from([None, "130000", "130100", "130102", "110000"]),
    st.sampled_from([None, "住建局"]),
    st.sampled_from([None, "住建局", "交通局"]),
)
def test_nobody_gives_what_he_does_not_have(
    held: set[str], given_away: set[str], here: str | None, there: str | None, mine: str | None, theirs: str | None
) -> None:
    giver = account(Grant("some", frozenset(held), mine, here))
    if may_grant(giver, given_away, there, theirs):
        receiver = account(Grant("new", frozenset(given_away), theirs, there))
        for name in PERMISSIONS:
            for region in (None, "130102", "130200", "110105"):
                for department in (None, "住建局", "交通局"):
                    if allowed(receiver, name, region, department):
                        assert allowed(giver, name, region, department)


def test_the_seeded_roles_hold_known_permissions_only(engine) -> None:
    roles = {each.code: each for each in list_roles(engine)}
    own = [
        "admin",
        "analyst",
        "forecaster",
        "county",
        "inspector",
        "mayor",
        "citizen",
        "office",
        "department",
        "warden",
        "police",
    ]
    assert list(roles) == own
    assert roles["admin"].permissions == EVERYTHING
    assert all(each.permissions <= EVERYTHING for each in roles.values())
    assert roles["forecaster"].zh == "值班预报员"
    private = {"accounts.manage", "audit.read", "data.import", "clock.control", "targets.edit", "episodes.confirm"}
    assert not roles["citizen"].permissions & private
    assert all(each.permissions >= roles["citizen"].permissions for each in roles.values())
