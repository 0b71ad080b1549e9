"""An invented county land of scattered workshops: some are banned and come back elsewhere, others only look alike.

Everything is drawn from `random.Random(seed)`. Surnames, given names and names of firms are as frequent as a small
table says; nobody in here exists.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from math import cos, exp, log, pi, radians, sin

from lantian.supervision.sites import Site

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
    "尹黎易常武乔贺赖龚文"
)
GIVEN = (
    "伟强军勇杰涛明超刚平辉鹏华飞建国志文海波斌宇浩凯健俊帆帅旭宁龙林欢佳玉兰英芳敏静丽娟艳娜秀"
    "霞桂梅红云莲春燕庆忠义德福贵生根柱山河江川树森松柏"
)
CORES = (
    (
        "兴旺 鑫源 宏达 永盛 华美 利民 金鑫 顺达 恒通 万通 天成 富强 东升 光明 红星 新兴 隆昌"
        " 瑞丰 祥和 德胜 鸿运 昌盛 宝丰 佳美 长城 友谊 聚鑫 博远 恒源 泰和"
    )
    .replace("東", "东")
    .split()
)
SYLLABLES = "鑫宏永华利金顺恒万天富东光红新隆瑞祥德鸿昌宝佳长友聚博泰凯创益诚信卓越飞腾润泽丰源茂林冠宇"
TRADES = {
    "plastics": (("塑料", "塑料制品", "塑料颗粒"), ("注塑机", "造粒机", "破碎机", "拌料罐")),
    "casting": (("铸造", "铸件"), ("中频炉", "冲天炉", "车床", "抛丸机")),
    "furniture": (("家具", "木器", "板材"), ("推台锯", "喷漆房", "热压机", "雕刻机")),
    "stone": (("石材", "石料"), ("颚破", "振动筛", "切割机", "球磨机")),
    "brick": (("砖瓦", "建材"), ("隧道窑", "搅拌机", "轮窑", "破碎机")),
    "rubber": (("橡胶", "橡胶制品"), ("硫化机", "密炼机", "开炼机", "燃煤锅炉")),
    "metal": (("五金", "金属制品", "标准件"), ("冲床", "车床", "酸洗槽", "折弯机")),
    "printing": (("印刷", "包装"), ("印刷机", "覆膜机", "烘干机", "切割机")),
    "food": (("食品", "饲料"), ("生物质锅炉", "烘干机", "粉碎机", "搅拌机")),
}
FORMS = ("厂", "厂", "加工厂", "加工点", "经营部", "有限公司", "制品厂")
PREFIXES = ("", "", "{county}", "{county}{town}", "{town}", "{city}{county}")
COUNTIES = [
    (f"1301{k:02d}", f"{a}县", 114.0 + 0.35 * (k % 4), 37.6 + 0.3 * (k // 4))
    for k, a in enumerate("甲乙丙丁戊己庚辛壬癸子丑寅卯", 21)
]
SWAPS = {"鑫": "新", "宏": "红", "盛": "胜", "源": "元", "永": "勇", "华": "桦", "金": "锦", "利": "力"}


class World:
    """A register and its banned sites, with the truth about who came back as whom."""

    def __init__(self, seed: int, size: int, banned: int, returning: float = 0.3, alike: float = 1.0) -> None:
        """``returning``: part of the banned that came back; ``alike``: innocent look-alikes for each banned site."""
        self.random = random.Random(seed)
        self.names = [
            f"{a}{b}"
            for a in "张王李赵刘东西南北前后大小新旧"
            for b in ("家庄", "村", "庄", "营", "屯", "各庄", "石桥", "流")
        ]
        self.banned = [
            replace(self.site(f"B{k:06d}"), status="banned", status_on=date(2017, 6, 1)) for k in range(banned)
        ]
        self.truth: dict[str, str] = {}
        others: list[Site] = []
        for site in self.banned:
            if self.random.random() < returning:
                back = self.move(site, f"R{len(self.truth):06d}")
                self.truth[site.id] = back.id
                others.append(back)
            if self.random.random() < alike:
                others.append(self.lookalike(site, f"L{len(others):06d}"))
        others += [self.site(f"S{k:06d}") for k in range(max(0, size - len(others)))]
        self.random.shuffle(others)
        self.register = others[: max(size, len(others))]

    def skewed(self, letters: str | list[str]) -> str:
        """One of them, the first far more often than the last."""
        return letters[min(int(len(letters) * self.random.random() ** 2.2), len(letters) - 1)]

    def person(self) -> str:
        return self.skewed(SURNAMES) + "".join(
            self.skewed(GIVEN) for _ in range(1 if self.random.random() < 0.25 else 2)
        )

    def phone(self) -> str:
        if self.random.random() < 0.1:
            return f"0311-{self.random.randint(2, 8)}{self.random.randint(0, 10**7 - 1):07d}"
        return f"1{self.random.choice('3358')}{self.random.randint(0, 10**9 - 1):09d}"

    def code(self) -> str:
        return f"91130{self.random.randint(10**12, 10**13 - 1)}"

    def core(self) -> str:
        if self.random.random() < 0.35:
            return self.skewed(CORES)
        return "".join(self.skewed(SYLLABLES) for _ in range(2 if self.random.random() < 0.8 else 3))

    def name(self, core: str, industry: str, county: str, town: str) -> str:
        prefix = self.random.choice(PREFIXES).format(city="石家庄市", county=county, town=town)
        return prefix + core + self.random.choice(TRADES[industry][0]) + self.random.choice(FORMS)

    def machines(self, industry: str) -> str:
        chosen = self.random.sample(TRADES[industry][1], self.random.choice((1, 2, 2, 3)))
        return "、".join(f"{one}{self.random.randint(1, 6)}台" for one in chosen)

    def place(self, lon: float | None = None, lat: float | None = None) -> dict[str, object]:
        """A village near a point, or anywhere."""
        if lon is None or lat is None:
            _, _, x, y = self.random.choice(COUNTIES)
            lon, lat = x + self.random.uniform(-0.2, 0.2), y + self.random.uniform(-0.17, 0.17)
        code, county, _, _ = min(COUNTIES, key=lambda c: (c[2] - lon) ** 2 + (c[3] - lat) ** 2)
        village = self.names[hash_of(round(lon * 30), round(lat * 30)) % len(self.names)]
        town = f"{'东西南北中'[hash_of(round(lon * 8), round(lat * 8)) % 5]}关镇"
        tail = self.random.choice(("", "村东", "村北往西{n}米", "{n}号", "往北{n}米路东", "原兴华砖厂院内", "村南"))
        suffix = "" if village.endswith(("庄", "村", "营", "屯")) else "村"
        address = f"石家庄市{county}{town}{village}{suffix}{tail.format(n=self.random.randint(1, 40) * 10)}"
        return {"region": code, "county": county, "town": town, "address": address, "lon": lon, "lat": lat}

    def site(self, number: str) -> Site:
        """An honest new site."""
        at, industry = self.place(), self.random.choice(list(TRADES))
        return Site(
            number,
            self.name(self.core(), industry, str(at["county"]), str(at["town"])),
            str(at["region"]),
            str(at["address"]),
            float(at["lon"]),  # type: ignore[arg-type]
            float(at["lat"]),  # type: ignore[arg-type]
            industry,
            self.masked(self.person(), 0.05),
            self.masked(self.phone(), 0.08) if self.random.random() < 0.92 else "",
            "" if self.random.random() < 0.7 else self.code(),
            self.machines(industry) if self.random.random() < 0.85 else "",
            since=date(2016, 1, 1) + timedelta(self.random.randint(0, 900)),
            example=True,
        )

    def masked(self, text: str, chance: float) -> str:
        """With a chance, as a list that hides people writes it."""
        if self.random.random() >= chance or not text:
            return text
        if text[0] == "0":
            return f"0311-****{text[-4:]}"
        return f"{text[:3]}****{text[-4:]}" if text[0] == "1" else text[0] + "*" + text[2:]

    def typo(self, text: str) -> str:
        """One digit or character wrong."""
        if not text:
            return text
        k = self.random.randrange(len(text))
        wrong = self.random.choice("0123456789") if text[0] in "01" else self.skewed(GIVEN)
        return text[:k] + wrong + text[k + 1 :] if k else text

    def move(self, site: Site, number: str) -> Site:
        """Its return: 0.5 to 40 km away, mostly renamed, one of person and telephone mostly changed."""
        roll, angle = self.random.random, self.random.uniform(0, 2 * pi)
        km = exp(self.random.uniform(log(0.5), log(40)))
        lat = (site.lat or 0) + km * sin(angle) / 111.2
        lon = (site.lon or 0) + km * cos(angle) / (111.2 * cos(radians(lat)))
        at = self.place(lon, lat)
        industry = site.industry if roll() < 0.93 else self.random.choice(list(TRADES))
        core = core_of(site)
        if roll() < 0.75:
            core = "".join(SWAPS.get(c, c) for c in core) if roll() < 0.2 else self.core()
        person, phone = site.person, site.phone
        changed = roll()
        if changed < 0.4:
            person = self.masked((site.person[:1] if roll() < 0.4 else self.skewed(SURNAMES)) + self.person()[1:], 0.05)
        elif changed < 0.8:
            phone = self.phone()
        person = self.masked(self.typo(person) if roll() < 0.04 else person, 0.1)
        phone = self.masked(self.typo(phone) if roll() < 0.05 else phone, 0.1) if roll() < 0.95 else ""
        equipment = site.equipment if roll() < 0.65 else self.machines(industry)
        if industry == site.industry and roll() < 0.3 and "、" in equipment:
            equipment = "、".join(equipment.split("、")[:-1])
        return replace(
            site,
            id=number,
            name=self.name(core, industry, str(at["county"]), str(at["town"])),
            industry=industry,
            person=person,
            phone=phone,
            equipment=equipment if roll() < 0.9 else "",
            credit_code="" if roll() < 0.8 else self.code() if roll() < 0.5 else site.credit_code,
            status="active",
            status_on=None,
            since=date(2017, 6, 1) + timedelta(self.random.randint(10, 400)),
            **{key: at[key] for key in ("region", "address", "lon", "lat")},  # type: ignore[arg-type]
        )

    def lookalike(self, site: Site, number: str) -> Site:
        """Somebody else: a neighbour of the same trade, a namesake, a relative, or a firm of the same common name."""
        other, kind = self.site(number), self.random.random()
        near = self.place((site.lon or 0) + self.random.gauss(0, 0.01), (site.lat or 0) + self.random.gauss(0, 0.01))
        where = {key: near[key] for key in ("region", "address", "lon", "lat")}
        trade = {"industry": site.industry, "equipment": self.machines(site.industry)}
        if kind < 0.4:  # the workshop next door
            return replace(other, **where, **trade)  # type: ignore[arg-type]
        if kind < 0.6:  # a cousin in the same village and trade
            return replace(other, person=site.person[:2] + self.skewed(GIVEN), **where, **trade)  # type: ignore[arg-type]
        if kind < 0.8:  # the same common name in the same trade
            name = self.name(core_of(site), site.industry, str(near["county"]), str(near["town"]))
            return replace(other, name=name, **trade)
        return replace(other, person=site.person)  # a namesake


def core_of(site: Site) -> str:
    """The name's own part, as the generator made it."""
    from lantian.supervision.identity import name

    return name(site.name).core or "兴旺"


def hash_of(*numbers: int) -> int:
    """A number that depends on the numbers only, not on the process."""
    found = 17
    for number in numbers:
        found = (found * 1_000_003 + number * 7919) % 2_147_483_647
    return found
