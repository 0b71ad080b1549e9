"""The example's invented records 示例 of construction sites, vehicles and open burning, always the same:

    python tools/example_works.py examples/beijing/feeds

All are invented, all end before the evening of 2016-12-16 on which the example's clock stands. Plates begin with
京示, which no vehicle has. The instruments of the sites belong to the gateway's own example.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

NOW = datetime(2016, 12, 16, 20)  # noqa: DTZ001  (all times are of Beijing, as in files)
SITES = (  # where the dust instruments of the gateway's example stand
    ("site-01", "示例·朝阳奥体南路住宅工地", "110105", 116.4032, 39.9764, "structure", 86000),
    ("site-02", "示例·海淀万柳中路商业工地", "110108", 116.2954, 39.9663, "earthwork", 120000),
    ("site-03", "示例·顺义新城五街坊工地", "110113", 116.6583, 40.1291, "foundation", 40000),
    ("site-04", "示例·昌平南环路地铁工地", "110114", 116.2368, 40.2093, "earthwork", 210000),
    ("site-05", "示例·石景山古城西路工地", "110107", 116.1782, 39.9177, "finishing", 64000),
    ("site-06", "示例·怀柔开放东路工地", "110116", 116.6354, 40.3198, "foundation", 33000),
)
POINTS = ("enclosure", "covering", "hardening", "washing", "wetting", "sealing", "video", "monitoring")
WEAK = {"site-01": ("washing",), "site-02": ("covering", "wetting", "sealing"), "site-04": ("washing", "video")}
GATES = (
    ("RS01", "示例京藏路北口", "R01", "示例京藏路", "进京", "110114", 116.2900, 40.1500),
    ("RS02", "示例京承路口", "R02", "示例京承路", "进京", "110113", 116.5600, 40.1000),
    ("RS03", "示例京哈路口", "R03", "示例京哈路", "进京", "110112", 116.7200, 39.8900),
    ("RS04", "示例京开路口", "R04", "示例京开路", "进京", "110115", 116.3600, 39.7200),
    ("RS05", "示例五环东", "R05", "示例五环路", "外环", "110105", 116.5400, 39.9300),
    ("RS06", "示例四环西", "R06", "示例四环路", "内环", "110108", 116.2900, 39.9500),
)
WARDENS = (
    ("example-warden", "示例网格员甲", "110113", "示例网格 1", 116.6500, 40.1300, "", ""),
    ("grid-tongzhou", "示例网格员乙", "110112", "示例网格 2", 116.7200, 39.8500, "", ""),
    ("grid-daxing", "示例网格员丙", "110115", "示例网格 3", 116.3800, 39.6500, "", ""),
    ("grid-changping", "示例网格员丁", "110114", "示例网格 4", 116.2300, 40.2200, "8", "20"),
    ("grid-changping-night", "示例网格员戊", "110114", "示例网格 4", 116.2200, 40.2100, "20", "8"),
    ("grid-shunyi-2", "示例网格员己", "110113", "示例网格 5", 116.8000, 40.1500, "", ""),
)
FIRES = (  # days before, hour, minute, lon, lat, kind, place
    (9, 14, 20, 116.6600, 40.1400, "straw", "示例村北玉米地"),
    (8, 16, 5, 116.7500, 39.8200, "garbage", "示例村口垃圾点"),
    (6, 11, 40, 116.3900, 39.6400, "leaves", "示例公园西侧"),
    (5, 15, 30, 116.8100, 40.1600, "straw", "示例合作社地块"),
    (4, 17, 15, 116.2400, 40.2300, "straw", "示例果园"),
    (3, 13, 0, 116.7300, 39.8600, "garbage", "示例拆迁地块"),
    (2, 12, 25, 116.6400, 40.1200, "straw", "示例河滩"),
    (1, 18, 45, 116.4000, 39.6600, "straw", "示例大棚区"),
    (0, 10, 10, 116.7100, 39.8400, "leaves", "示例小区后院"),
    (0, 14, 35, 116.2200, 40.2100, "straw", "示例山脚地块"),
    (0, 19, 31, 116.3700, 39.6500, "straw", "示例沟渠边"),
    (0, 19, 52, 116.6550, 40.1350, "straw", "示例村南地头"),
)


def main(folder: Path) -> None:
    """Write every file."""
    dice = random.Random(2016)
    _write(
        folder, "construction_site", "site,name,region,address,lon,lat,phase,urban,area,builder,camera,since", _sites()
    )
    _write(folder, "construction_check", f"site,date,{','.join(POINTS)},inspector,note,photo", _checks(dice))
    _write(folder, "remote_sensing_gate", "gate,name,road,road_name,direction,region,lon,lat", GATES)
    _write(
        folder,
        "vehicle_passing",
        "gate,time,plate,vehicle,fuel,speed,acceleration,co,co2,hc,no,opacity,valid",
        sorted(_passings(dice), key=lambda r: r[1]),
    )
    _write(folder, "traffic_flow", "road,time,region,light,heavy,speed", _flow(dice))
    _write(folder, "warden", "login,name,region,grid,lon,lat,from_hour,to_hour", WARDENS)
    _write(folder, "burning_alert", "sender,id,time,lon,lat,kind,confidence,camera,address,picture", _alerts(dice))
    _write(
        folder,
        "fire_hotspot",
        "satellite,instrument,time,lon,lat,confidence,brightness,frp,scan,track,daynight",
        _pixels(dice),
    )


def _write(folder: Path, feed: str, head: str, rows: Iterable[Sequence[object]]) -> None:
    target = folder / feed / f"{feed}_example.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split(","))
        writer.writerows(rows)


def _sites() -> Iterable[Sequence[object]]:
    for number, (site, name, region, lon, lat, phase, area) in enumerate(SITES, 1):
        camera = f"https://camera.example.org/{site}"
        builder = f"示例建设集团第{'一二三四五六'[number - 1]}公司"
        yield (
            site,
            name,
            region,
            f"示例路 {number} 号",
            lon,
            lat,
            phase,
            "是",
            area,
            builder,
            camera,
            f"2016-0{number + 1}-15",
        )


def _checks(dice: random.Random) -> Iterable[Sequence[object]]:
    for site, *_ in SITES:
        for day in (30, 16, 3):
            answers = ["partly" if dice.random() < 0.08 else "yes" for _ in POINTS]
            for weak in WEAK.get(site, ()):
                answers[POINTS.index(weak)] = "no" if day < 20 or dice.random() < 0.5 else "partly"
            note = "土堆未苫盖，出口有泥" if "no" in answers else ""
            date = f"{NOW - timedelta(days=day):%Y-%m-%d}"
            yield site, date, *answers, "示例检查员", note, f"https://photo.example.org/{site}/{date}"


def _passings(dice: random.Random) -> Iterable[Sequence[object]]:
    for number in range(16):  # trucks that come again and again; the first eight emit too much
        route = dice.sample([gate[0] for gate in GATES], 3)
        hour = dice.choice((22, 23, 0, 4, 5)) if number < 10 else dice.choice((7, 10, 15))
        smoke = 38 - 2.0 * number if number < 8 else 9.0
        for day in (*range(0, 30, 2), 45, 70, 100, 130, 160):
            start = (NOW - timedelta(days=day + 1)).replace(hour=hour) + timedelta(minutes=dice.randrange(40))
            for step, gate in enumerate(route if dice.random() < 0.8 else route[:2]):
                at = start + timedelta(minutes=18 * step + dice.randrange(6), seconds=dice.randrange(60))
                yield _heavy(dice, gate, at, f"京示H{number:04d}", smoke)
    for number in range(1100):
        day = dice.randrange(30)
        hour = dice.choices(range(24), [1, 1, 1, 1, 2, 4, 8, 12, 12, 9, 8, 8, 7, 7, 8, 9, 11, 12, 11, 8, 5, 4, 3, 2])[0]
        at = (NOW - timedelta(days=day + 1)).replace(hour=hour, minute=dice.randrange(60), second=dice.randrange(60))
        gate = dice.choice(GATES)[0]
        if dice.random() < 0.18:
            yield _heavy(dice, gate, at, f"京示D{number:04d}", 8.0)
        else:
            yield _light(dice, gate, at, f"京示A{number:04d}")


def _heavy(dice: random.Random, gate: str, at: datetime, plate: str, smoke: float) -> Sequence[object]:
    opacity = round(min(95.0, max(0.5, dice.gauss(smoke, 5 + smoke / 6))), 1)
    no = round(max(0.0, dice.gauss(620 + 8 * smoke, 180)))
    co, hc = round(max(0.0, dice.gauss(0.06 + smoke / 500, 0.03)), 2), round(max(0.0, dice.gauss(40, 20)))
    co2 = round(dice.uniform(6.5, 10), 2)
    return _row(dice, gate, at, plate, "heavy", "diesel", co, co2, hc, no, opacity)


def _light(dice: random.Random, gate: str, at: datetime, plate: str) -> Sequence[object]:
    dirty = 6.0 if dice.random() < 0.05 else 1.0
    co, hc = round(dirty * dice.expovariate(1 / 0.18), 2), round(dirty * dice.expovariate(1 / 45))
    no = round(dirty * dice.expovariate(1 / 110))
    return _row(dice, gate, at, plate, "light", "petrol", co, round(dice.uniform(13.5, 15), 2), hc, no, "")


def _row(
    dice: random.Random, gate: str, at: datetime, plate: str, vehicle: str, fuel: str, *values: object
) -> Sequence[object]:
    speed, rise = round(dice.uniform(25, 75), 1), round(dice.gauss(0.3, 0.4), 2)
    valid = "是" if dice.random() > 0.04 else "否"
    return gate, f"{at:%Y-%m-%d %H:%M:%S}", plate, vehicle, fuel, speed, rise, *values, valid


def _flow(dice: random.Random) -> Iterable[Sequence[object]]:
    course = (2, 1, 1, 1, 1, 2, 5, 9, 10, 8, 7, 7, 6, 6, 7, 8, 9, 10, 9, 7, 5, 4, 3, 2)
    night = (10, 10, 9, 8, 8, 7, 4, 2, 2, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 3, 4, 6, 8, 10)
    for number, (_, _, road, _, _, region, _, _) in enumerate(GATES):
        for back in range(7 * 24, 0, -1):
            at = NOW - timedelta(hours=back)
            light = round(course[at.hour] * (320 + 90 * number) * dice.uniform(0.9, 1.1))
            heavy = round(night[at.hour] * (46 - 5 * number) * dice.uniform(0.85, 1.15))
            yield road, f"{at:%Y-%m-%d %H:00}", region, light, heavy, round(dice.uniform(28, 62), 1)


def _alerts(dice: random.Random) -> Iterable[Sequence[object]]:
    for number, (day, hour, minute, lon, lat, kind, place) in enumerate(FIRES, 1):
        at = (NOW - timedelta(days=day)).replace(hour=hour, minute=minute)
        sure = dice.randrange(72, 99)
        picture = f"https://tower.example.org/{number:04d}"
        yield (
            "tower-example",
            f"T{number:04d}",
            f"{at:%Y-%m-%d %H:%M}",
            lon,
            lat,
            kind,
            sure,
            f"示例铁塔 {number}",
            place,
            picture,
        )


def _pixels(dice: random.Random) -> Iterable[Sequence[object]]:
    for day, clock, lon, lat, sure in (
        (7, "13:24", 116.5300, 40.3500, "n"),
        (7, "13:24", 116.5345, 40.3500, "n"),
        (7, "13:24", 116.5345, 40.3535, "h"),
        (4, "13:30", 116.9000, 39.7500, "l"),
        (2, "13:18", 115.9500, 39.7800, "n"),
        (1, "13:36", 116.1500, 39.6000, "h"),
        (1, "13:36", 116.1545, 39.6000, "n"),
    ):
        at = f"{NOW - timedelta(days=day):%Y-%m-%d} {clock}"
        yield (
            "N",
            "VIIRS",
            at,
            lon,
            lat,
            sure,
            round(dice.uniform(305, 345), 1),
            round(dice.uniform(1, 9), 1),
            0.39,
            0.36,
            "D",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "examples/beijing/feeds"))
