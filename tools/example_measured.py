"""Write the invented records 示例 of water, soil, waste, dustfall, electricity, cleaning and complaints of the example.

    python tools/example_measured.py examples/beijing/feeds

The same files each time: everything is drawn from one seed. All of it lies before 2016-12-16 20:00 in Beijing.
"""

import csv
import math
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

NOW = datetime(2016, 12, 16, 20)  # noqa: DTZ001  (Beijing, as files have it)
DISTRICTS = {
    "110101": (116.42, 39.92), "110102": (116.36, 39.91), "110105": (116.49, 39.95), "110106": (116.29, 39.84),
    "110107": (116.19, 39.93), "110108": (116.30, 39.99), "110109": (116.03, 39.95), "110111": (116.10, 39.74),
    "110112": (116.70, 39.86), "110113": (116.70, 40.15), "110114": (116.20, 40.21), "110115": (116.36, 39.71),
    "110116": (116.63, 40.35), "110117": (117.10, 40.15), "110118": (116.84, 40.38), "110119": (115.98, 40.46),
}  # fmt: skip
MONTHS = [date(2016, month, 1) for month in range(1, 13)]
SECTIONS = (
    ("SL-BH-01", "示例北河上口", "示例北河", "110119", "river", 2, 0.5),
    ("SL-BH-02", "示例北河中桥", "示例北河", "110114", "river", 3, 0.9),
    ("SL-BH-03", "示例北河东闸", "示例北河", "110112", "river", 4, 1.9),
    ("SL-DQ-01", "示例东渠入口", "示例东渠", "110105", "river", 4, 1.5),
    ("SL-DQ-02", "示例东渠出境", "示例东渠", "110112", "river", 5, 2.8),
    ("SL-NG-01", "示例南沟桥", "示例南沟", "110106", "river", 5, 2.2),
    ("SL-NG-02", "示例南沟下游", "示例南沟", "110115", "river", 5, 1.4),
    ("SL-XQ-01", "示例西溪", "示例西溪", "110109", "river", 2, 0.35),
    ("SL-MK-01", "示例水库库心", "示例水库", "110118", "lake", 2, 0.45),
    ("SL-HU-01", "示例湖心", "示例湖", "110108", "lake", 3, 1.1),
)
# Usual values of a water whose burden is 1, and what a laboratory can still detect.
ITEMS = {
    "codmn": (4.2, 0.5, 1), "cod": (17, 4, 0), "bod5": (3.1, 0.5, 1), "nh3n": (0.75, 0.025, 3), "tp": (0.14, 0.01, 3),
    "tn": (3.2, 0.05, 2), "cu": (0.004, 0.001, 3), "zn": (0.02, 0.01, 3), "fluoride": (0.55, 0.05, 2),
    "se": (0.0003, 0.0004, 4), "as": (0.0012, 0.0003, 4), "hg": (0.00002, 0.00004, 5), "cd": (0.0001, 0.0001, 4),
    "cr6": (0.003, 0.004, 3), "pb": (0.0015, 0.001, 4), "cyanide": (0.001, 0.001, 3), "phenol": (0.0008, 0.0003, 4),
    "oil": (0.02, 0.01, 2), "las": (0.04, 0.05, 2), "sulfide": (0.008, 0.005, 3), "coliform": (4200, 20, 0),
}  # fmt: skip
DUSTY = frozenset({"110119", "110109", "110111"})
ENTERPRISES = (
    ("E-SL-01", "示例顺义铸造厂", "110113", 420, 55, "day"),
    ("E-SL-02", "示例房山建材厂", "110111", 900, 120, "always"),
    ("E-SL-03", "示例大兴家具厂", "110115", 180, 30, "day"),
    ("E-SL-04", "示例通州印刷厂", "110112", 140, 26, "day"),
    ("E-SL-05", "示例昌平化工厂", "110114", 650, 90, "always"),
)
ELECTRICITY_DAYS = 10


def main(folder: Path) -> None:
    """Write every file."""
    for feed, head, rows in (
        ("water_section", "section,name,water,region,body,target,lon,lat", sections()),
        ("water_sample", "section,time,item,value,below", samples()),
        ("soil_point", "point,name,region,use,lon,lat", soil_points()),
        ("soil_sample", "point,date,item,value,below", soil_samples()),
        ("waste_manifest", MANIFEST, manifests()),
        ("dustfall_site", "site,name,region,dusty,lon,lat", sites()),
        ("dustfall", "site,month,jar,gain,blank,area,days,note", jars()),
        ("city_size", "region,counted_on,population,area", [("110000", "2015-12-31", 1880, 1400)]),
        ("electricity_line", "meter,name,enterprise,enterprise_name,kind,region,rated_kw,lon,lat", lines()),
        ("electricity", "meter,time,kwh", electricity()),
        ("stop_order", "enterprise,region,start,stop,reason", orders()),
        ("road_cleaning_track", "vehicle,time,lon,lat,working,kind,road,speed", tracks()),
        ("complaint_feed", "id,received,channel,text,subject,address,region,lon,lat,name,phone", complaints()),
    ):
        target = folder / feed / f"{feed}_example.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head.split(","))
            writer.writerows(rows)


def near(region: str, chance: random.Random, spread: float = 0.03) -> tuple[float, float]:
    """A point of a district."""
    lon, lat = DISTRICTS[region]
    return round(lon + chance.uniform(-spread, spread), 5), round(lat + chance.uniform(-spread, spread), 5)


def sections() -> Iterator[Iterable[object]]:
    """The sections."""
    chance = random.Random("sections")
    for code, name, water, region, body, target, _ in SECTIONS:
        yield code, name, water, region, body, target, *near(region, chance)


def samples() -> Iterator[Iterable[object]]:
    """One sample a month and section, two where a month was bad; winter has less oxygen-taking warmth, more ammonia."""
    for code, *_, burden in SECTIONS:
        chance = random.Random(f"water {code}")
        for month in MONTHS:
            season = math.cos((month.month - 1) / 12 * 2 * math.pi)  # 1 in January
            for day in (5, 17) if chance.random() < 0.2 and month.month < 12 else (6,):
                when = datetime(month.year, month.month, day, 9, chance.randrange(60))  # noqa: DTZ001
                stamp = f"{when:%Y-%m-%d %H:%M}"
                oxygen = 8.2 + 2.2 * season - 1.7 * burden + chance.gauss(0, 0.5)
                yield code, stamp, "temperature", round(13 - 12 * season + chance.gauss(0, 1), 1), 0
                yield code, stamp, "ph", round(7.9 + chance.gauss(0, 0.25), 1), 0
                yield code, stamp, "do", round(max(0.4, oxygen), 1), 0
                for item, (usual, limit, decimals) in ITEMS.items():
                    strength = burden ** (
                        1.2 if item in ("nh3n", "tp", "cod", "codmn", "bod5", "oil", "coliform") else 0.2
                    )
                    winter = 1 + 0.5 * season if item == "nh3n" else 1
                    value = round(usual * strength * winter * math.exp(chance.gauss(0, 0.25)), decimals)
                    yield code, stamp, item, max(value, limit), int(value < limit)


# Points of soil: code, name, district, use, pH, and what is above its usual value by how much.
SOIL = (
    ("SL-T-01", "示例大兴菜地", "110115", "field", 7.9, {}),
    ("SL-T-02", "示例通州稻田", "110112", "paddy", 7.2, {"cd": 6.0}),
    ("SL-T-03", "示例昌平果园", "110114", "orchard", 6.8, {"cu": 3.4}),
    ("SL-T-04", "示例房山农田", "110111", "field", 6.3, {"cd": 26.0, "pb": 3.0}),
    ("SL-T-05", "示例顺义旧厂地块", "110113", "second", None, {"pb": 14.0}),
    ("SL-T-06", "示例朝阳拟建学校地块", "110105", "first", None, {"as": 3.5, "pb": 19.0}),
    ("SL-T-07", "示例门头沟农田", "110109", "field", None, {}),
)
SOIL_USUAL = {"cd": 0.12, "hg": 0.08, "as": 8.5, "pb": 24.0, "cr": 55.0, "cu": 23.0, "ni": 26.0, "zn": 70.0}


def soil_points() -> Iterator[Iterable[object]]:
    """The points."""
    chance = random.Random("soil")
    for code, name, region, use, *_ in SOIL:
        yield code, name, region, use, *near(region, chance)


def soil_samples() -> Iterator[Iterable[object]]:
    """One sample a point in the autumn of 2016; of one field nobody measured the pH."""
    for number, (code, _, _, use, acid, above) in enumerate(SOIL):
        chance = random.Random(f"soil {code}")
        day = date(2016, 9, 12 + number)
        if acid is not None:
            yield code, day, "ph", acid, 0
        for item, usual in SOIL_USUAL.items():
            if use in ("first", "second") and item in ("cr", "zn"):
                continue  # without a value there
            yield code, day, item, round(usual * above.get(item, 1) * math.exp(chance.gauss(0, 0.05)), 2), 0


MANIFEST = (
    "manifest,planned_on,producer,region,carrier,receiver,receiver_region,waste_name,category,waste_code,hazard,packages,"
    "planned_kg,dispatched_at,loaded_kg,plate,driver,received_at,received_kg,opinion,mode,reason"
)
WASTES = (
    ("废矿物油", "HW08", "900-214-08", "T,I", "R9"), ("废油漆渣", "HW12", "900-252-12", "T,I", "D10"),
    ("废铅蓄电池", "HW31", "900-052-31", "T,C", "R4"), ("含铬污泥", "HW17", "336-068-17", "T", "D1"),
    ("废活性炭", "HW49", "900-039-49", "T", "D10"), ("医药废物", "HW02", "272-005-02", "T", "D10"),
)  # fmt: skip


def manifests() -> Iterator[Iterable[object]]:
    """Manifests of five weeks: most arrived, two never did, one was refused, two differ in weight."""
    chance = random.Random("manifests")
    makers = (
        ("示例顺义机械厂", "110113"),
        ("示例房山化工厂", "110111"),
        ("示例大兴制药厂", "110115"),
        ("示例通州电镀厂", "110112"),
    )
    takers = (("示例危废处置中心", "110111"), ("示例再生资源公司", "110115"), ("示例河北处置公司", "130600"))
    for number in range(41):
        planned = datetime(2016, 11, 10) + timedelta(days=number * 0.9)  # noqa: DTZ001
        (maker, region), (taker, target) = chance.choice(makers), chance.choice(takers)
        name, category, code, hazard, mode = chance.choice(WASTES)
        kg = chance.randrange(800, 9000, 20)
        left = planned + timedelta(hours=chance.randint(8, 34), minutes=chance.randrange(60))
        arrived = left + timedelta(hours=chance.uniform(2, 30))
        loaded, received, opinion, reason = kg + chance.randrange(-60, 60, 20), 0, "accept", ""
        received = loaded + chance.choice((0, 0, -10, 10, -20))
        if number in (12, 27):
            received, reason = round(loaded * 0.86), "示例：途中泄漏待查"
        if number == 19:
            opinion, reason = "refuse", "示例：包装破损，拒收"
        if number in (22, 33):
            arrived = None  # it never arrived
        driver, plate = f"示例{chance.choice('赵钱孙李周吴')}师傅", f"京A{chance.randrange(10000, 99999)}"
        gone, there = left < NOW, arrived is not None and arrived < NOW
        yield (
            f"SL2016110000{number:04d}", f"{planned:%Y-%m-%d}", maker, region, "示例危货运输公司", taker, target, name,
            category, code, hazard, chance.randint(1, 40), kg, f"{left:%Y-%m-%d %H:%M}" if gone else "",
            loaded if gone else "", plate if gone else "", driver if gone else "",
            f"{arrived:%Y-%m-%d %H:%M}" if there and arrived else "", received if there and opinion != "refuse" else "",
            opinion if there else "", mode if there else "", reason if there else "",
        )  # fmt: skip


def sites() -> Iterator[Iterable[object]]:
    """One site a district, two in the large ones."""
    chance = random.Random("sites")
    for region in DISTRICTS:
        for number in range(1, 3 if region in ("110105", "110106", "110108", "110112") else 2):
            lon, lat = near(region, chance)
            yield f"JC{region}-{number}", f"示例降尘点{region[-2:]}-{number}", region, int(region in DUSTY), lon, lat


def jars() -> Iterator[Iterable[object]]:
    """Two jars a site and month; spring is dusty. Three weighings are wrong on purpose."""
    for site, *_ in sites():
        chance = random.Random(f"jar {site}")
        level = chance.uniform(4.5, 9.5)
        for month in MONTHS[:11]:
            spring = 1 + 0.55 * max(0.0, math.cos((month.month - 4) / 12 * 2 * math.pi))
            for jar in ("1", "2"):
                days = chance.choice((29, 30, 30, 31))
                tonnes = level * spring * math.exp(chance.gauss(0, 0.12))
                blank = round(chance.uniform(0.0008, 0.004), 4)
                gain = round(tonnes * 176.71 * days / 300_000 + blank, 4)
                note = ""
                if (str(site), month.month, jar) == ("JC110107-1", 11, "2"):
                    blank, note = round(gain + 0.01, 4), "示例：空白受污染"
                if (str(site), month.month, jar) == ("JC110116-1", 11, "1"):
                    days, note = 42, "示例：大雪未及时收样"
                if (str(site), month.month, jar) == ("JC110102-1", 8, "2"):
                    days, note = 21, "示例：提前收样"
                yield site, f"{month}", jar, f"{gain:.4f}", f"{blank:.4f}", 176.71, days, note


def lines() -> Iterator[Iterable[object]]:
    """A production line and a treatment facility each, and a second production line of the large ones."""
    chance = random.Random("lines")
    for code, name, region, making, treating, _ in ENTERPRISES:
        lon, lat = near(region, chance)
        yield f"{code}-P1", "一号生产线", code, name, "production", region, making, lon, lat
        if making > 500:
            yield f"{code}-P2", "二号生产线", code, name, "production", region, making // 2, lon, lat
        yield f"{code}-T1", "除尘与废气治理设施", code, name, "treatment", region, treating, lon, lat


def electricity() -> Iterator[Iterable[object]]:
    """Half hours of ten days. One works two nights without treatment, one goes on although it had to stop."""
    start = NOW - timedelta(days=ELECTRICITY_DAYS)
    for code, _, _, making, treating, rhythm in ENTERPRISES:
        chance = random.Random(f"power {code}")
        meters = [("P1", making), ("T1", treating), *([("P2", making // 2)] if making > 500 else [])]
        for half in range(ELECTRICITY_DAYS * 48):
            when = start + timedelta(minutes=30 * half)
            runs = _runs(code, rhythm, when)
            treats = runs and not (code == "E-SL-03" and when.day in (13, 15) and when.hour in (10, 11, 12, 13, 14))
            for suffix, rated in meters:
                on = treats if suffix == "T1" else runs
                share = chance.uniform(0.68, 0.86) if on else chance.uniform(0.01, 0.035)
                yield f"{code}-{suffix}", f"{when:%Y-%m-%d %H:%M}", round(rated * share / 2, 2)


def _runs(code: str, rhythm: str, when: datetime) -> bool:
    ordered = datetime(2016, 12, 11) <= when < datetime(2016, 12, 13)  # noqa: DTZ001
    if ordered and code == "E-SL-05":
        return False
    if ordered and code == "E-SL-01":
        return 1 <= when.hour < 5  # at night, against the order
    if rhythm == "always":
        return not (when.weekday() == 6 and 8 <= when.hour < 16)
    return 8 <= when.hour < 18 and when.weekday() < 6


def orders() -> Iterator[Iterable[object]]:
    """Two enterprises had to stop for two days; three more have to from the evening of the replay on."""
    for code, _, region, *_ in ENTERPRISES:
        if code in ("E-SL-01", "E-SL-05"):
            yield code, region, "2016-12-11 00:00", "2016-12-13 00:00", "示例：橙色预警停产"
    for code, _, region, *_ in ENTERPRISES[:3]:
        yield code, region, "2016-12-16 20:00", "2016-12-22 00:00", "示例：红色预警停产"


def tracks() -> Iterator[Iterable[object]]:
    """Three vehicles in the night before the warning, a point a minute."""
    roads = (("SL-SW-01", "sweep", "示例东大街", "110105", 9), ("SL-SP-02", "spray", "示例北环路", "110108", 14),
             ("SL-WA-03", "wash", "示例南大街", "110106", 11))  # fmt: skip
    for vehicle, kind, road, region, speed in roads:
        chance = random.Random(vehicle)
        lon, lat = DISTRICTS[region]
        for minute in range(90):
            when = datetime(2016, 12, 15, 22, 0) + timedelta(minutes=minute)  # noqa: DTZ001
            works = not 40 <= minute < 48  # filling up
            pace = max(0.0, speed + chance.gauss(0, 1)) if works else 0.0
            lon += pace / 60 / 85.0 * (1 if minute < 45 else -1)
            yield (
                vehicle,
                f"{when:%Y-%m-%d %H:%M:%S}",
                round(lon, 6),
                round(lat, 6),
                int(works),
                kind,
                road,
                round(pace, 1),
            )


def complaints() -> Iterator[Iterable[object]]:
    """Twelve complaints of two weeks."""
    chance = random.Random("complaints")
    texts = (
        ("夜间有刺鼻气味", "示例化工厂"), ("工地土方未覆盖，扬尘大", "示例工地"), ("饭店油烟直排", "示例烧烤店"),
        ("有人焚烧垃圾", ""), ("渣土车遗撒", "示例渣土运输车队"), ("小作坊喷漆味道大", "示例喷漆店"),
    )  # fmt: skip
    for number in range(12):
        text, subject = texts[number % len(texts)]
        region = chance.choice(sorted(DISTRICTS))
        when = datetime(2016, 12, 3, 8) + timedelta(hours=number * 26 + chance.randint(0, 9))  # noqa: DTZ001
        lon, lat = near(region, chance)
        yield (
            f"SLJB{number:04d}", f"{when:%Y-%m-%d %H:%M}", chance.choice(("12369电话", "微信举报")), f"示例：{text}",
            subject, f"示例路{chance.randint(1, 200)}号", region, lon, lat, f"示例{chance.choice('张王李赵')}先生",
            f"139{chance.randrange(10**8):08d}",
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
