"""A small world 示例 for the tests of feeds: two counties, a station, a feed with all that a definition can say."""

from __future__ import annotations

from datetime import UTC, datetime

from lantian.kernel.accounts import Account, Grant
from lantian.kernel.accounts.permissions import PERMISSIONS
from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import Feeds
from lantian.places.outlines import Outline, OutlineSet
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing

KILN = """
feed: kiln
zh: 示例窑炉
en: Kilns
about: {zh: 示例窑炉台账。, en: Kilns of the example.}
owner: industry
key: [kiln]
place: region
fields:
  - {name: kiln, type: text, zh: 编号, en: Id, required: true}
  - {name: name, type: text, zh: 名称, en: Name}
  - {name: region, type: region, zh: 区域, en: Region, required: true}
"""

FIRING = """
feed: firing
zh: 示例烧窑记录
en: Firings
about: {zh: 示例烧窑记录。, en: Firings of the example.}
owner: industry
sensitivity: shared
licence: 示例
lineage: {zh: 企业上报, en: Reported}
key: [kiln, at]
time: at
place: kiln
update: {every: 1 d, within: 6 h}
fields:
  - {name: kiln, type: reference, feed: kiln, zh: 窑炉, en: Kiln, required: true}
  - {name: at, type: time, zh: 点火时间, en: Lit at, required: true}
  - {name: heat, type: number, unit: GJ, zh: 热量, en: Heat, low: 0, high: 500, decimals: 1}
  - {name: loads, type: integer, zh: 批次, en: Loads, low: 0}
  - {name: fuel, type: choice, zh: 燃料, en: Fuel, codes: {gas: {zh: 天然气, en: Gas}, coal: {zh: 煤, en: Coal}}}
  - {name: clean, type: flag, zh: 有治理设施, en: Cleaned}
  - {name: camera, type: link, zh: 视频, en: Camera}
  - {name: plate, type: text, zh: 运料车号牌, en: Lorry, mask: plates.read}
  - {name: worker, type: person, zh: 司炉工, en: Stoker}
checks:
  - {rule: "fuel <> 'coal' OR heat < 400", zh: 燃煤热量偏高, en: Much heat for coal}
  - {rule: "loads < 100", zh: 批次过多, en: Too many loads, action: refuse}
page: {columns: [kiln, at, heat, fuel, plate, worker], chart: {kind: line, x: at, y: heat, by: kiln}, sort: -at}
"""


def settle(platform: Platform, *, now: datetime = NOW) -> Feeds:
    """Places, the two definitions in `<home>/feeds`, two kilns; the clock stands."""
    platform.clock.set_simulated(now, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions(
        [Region("110000", "北京市", "Beijing"), Region("110101", "东城区"), Region("110105", "朝阳区", "Chaoyang")],
        "test",
    )
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.43, 39.95)], "test")
    places.put_outlines(
        OutlineSet("counties", {"110101": box("110101", 116.4), "110105": box("110105", 116.5)}, "test"), "test"
    )
    folder = platform.home / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kiln.yaml").write_text(KILN, encoding="utf-8")
    (folder / "firing.yaml").write_text(FIRING, encoding="utf-8")
    feeds = Feeds(platform)
    feeds.put("kiln", [{"kiln": "K1", "name": "一窑", "region": "东城区"}, {"kiln": "K2", "region": "110105"}], "test")
    return feeds


def box(code: str, west: float) -> Outline:
    """A tenth of a degree, square."""
    ring = ((west, 39.9), (west + 0.1, 39.9), (west + 0.1, 40.0), (west, 40.0))
    return Outline(code, code, ((ring,),))


def account(
    login: str,
    *scopes: tuple[str | None, str | None],
    permissions: tuple[str, ...] = ("feeds.read",),
    department: str | None = None,
) -> Account:
    """An account that may read feeds for pairs of region and department."""
    assert set(permissions) <= set(PERMISSIONS)
    grants = tuple(Grant("department", frozenset(permissions), dept, region) for region, dept in scopes)
    return Account(1, login, login, department, grants=grants)
