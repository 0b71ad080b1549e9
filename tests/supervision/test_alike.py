"""举一反三: sites like the one with the problem, with every reason, the most alike first."""

from dataclasses import replace

import pytest

from lantian.supervision.alike import Points, Problem, of_site, similar
from lantian.supervision.sites import Site

HERE = Site(
    "A",
    "（示例）甲铸造厂",
    "130109",
    lon=114.85,
    lat=38.03,
    industry="casting",
    person="张小强",
    phone="13800001234",
    equipment="中频炉2台、球磨机1台",
    park="廉州工业园",
)
MINE = pytest.mark.requirement("V9")


def other(name, **changes):
    usual = {"lon": None, "lat": None, "industry": "", "person": "", "phone": "", "equipment": "", "park": ""}
    return replace(HERE, id=name, name=f"（示例）{name}厂", region="130181", **(usual | changes))


@MINE
def test_each_reason_is_found_and_said():
    sites = [
        other("owner", phone="138 0000 1234"),
        other("namesake", person="张小强"),
        other("machines", equipment="中频炉1台"),
        other("trade", industry="casting"),
        other("park", park="廉州工业园"),
        other("near", lon=114.85, lat=38.04),
        other("nothing", industry="food"),
    ]
    found = {one.site.id: [reason.zh for reason in one.reasons] for one in similar(of_site("smoke", HERE), sites)}
    assert found == {
        "owner": ["联系电话相同"],
        "namesake": ["负责人同名"],
        "machines": ["同有工业炉"],
        "trade": ["同行业：casting"],
        "park": ["同在廉州工业园"],
    }


@MINE
def test_the_most_alike_comes_first_whatever_the_order():
    sites = [
        other("two", industry="casting", park="廉州工业园"),
        other("three", industry="casting", equipment=HERE.equipment, lon=114.851, lat=38.031),
        other("one", industry="casting"),
        other("uno", industry="casting"),
    ]
    problem = of_site("smoke", HERE)
    found = similar(problem, sites)
    assert [one.site.id for one in found] == ["three", "two", "one", "uno"]
    assert similar(problem, sites[::-1]) == found
    assert [one.site.id for one in similar(problem, sites, most=2)] == ["three", "two"]
    assert found[0].points == pytest.approx(sum(reason.points for reason in found[0].reasons))
    assert {reason.key for reason in found[0].reasons} == {"equipment", "industry", "near"}


def test_itself_and_the_banned_are_left_out_and_points_can_be_set():
    sites = [HERE, replace(HERE, id="B", status="banned"), replace(HERE, id="C")]
    assert [one.site.id for one in similar(of_site("smoke", HERE), sites)] == ["C"]
    only = Points(owner=0, equipment=0, industry=0, park=1, near=0, region=0)
    assert [reason.key for reason in similar(of_site("x", HERE), sites, only)[0].reasons] == ["park"]
    assert similar(Problem("dust"), sites) == []
    with pytest.raises(ValueError, match="points of 0 or more"):
        Points(owner=-1)
    with pytest.raises(ValueError, match="most = 0"):
        similar(Problem("dust"), sites, most=0)
