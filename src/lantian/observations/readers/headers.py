"""Column names, Chinese and English, and what they mean: a role (place, time, ...) or an item with its unit."""

import re
import unicodedata
from dataclasses import dataclass

_BRACKETS = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]")

# role -> names, the most exact first: where two columns could be the place, the earlier name wins.
ROLES: dict[str, tuple[str, ...]] = {
    "place": (
        "place", "stationcode", "stationid", "siteid", "sitecode", "code", "station", "site", "location",
        "站点编码", "站点编号", "站点代码", "监测点编码", "点位编码", "点位编号", "测站编码", "编码", "编号",
        "站点", "监测站", "测站", "点位", "监测点", "监测点位",
        "city", "城市", "城市名称", "area", "区域", "地区", "区县", "行政区",
        "stationname", "sitename", "站点名称", "点位名称", "监测点名称", "站名", "name", "名称",
    ),
    "time": (
        "time", "datetime", "timestamp", "timepoint", "datatime", "时间", "监测时间", "日期时间", "数据时间", "时间点",
    ),
    "date": ("date", "日期", "监测日期"),
    "year": ("year", "年", "年份"),
    "month": ("month", "月", "月份"),
    "day": ("day", "日"),
    "hour": ("hour", "小时", "时", "时刻"),
    "type": ("type", "类型"),
    "item": (
        "item", "parameter", "pollutant",
        "项目", "监测项目", "监测项", "因子", "监测因子", "污染物", "指标", "参数",
    ),
    "value": ("value", "concentration", "数值", "监测值", "浓度", "浓度值", "值", "测量值"),
    "unit": ("unit", "units", "单位"),
    "range": ("range", "aqirange", "aqi范围", "范围"),
    "ignored": ("no", "序号", "lon", "lat", "longitude", "latitude", "经度", "纬度", "locationid"),
    "sensor": ("sensorsid", "sensorid"),
}  # fmt: skip

ITEMS: dict[str, tuple[str, ...]] = {
    "so2": ("so2", "二氧化硫"),
    "no2": ("no2", "二氧化氮"),
    "o3": ("o3", "臭氧", "ozone"),
    "co": ("co", "一氧化碳"),
    "pm10": ("pm10", "可吸入颗粒物"),
    "pm25": ("pm25", "细颗粒物"),
    "no": ("一氧化氮",),  # "no" alone heads a column of row numbers
    "nox": ("nox", "氮氧化物"),
    "tsp": ("tsp", "总悬浮颗粒物"),
    "o3_1h": ("o31h", "o31小时", "臭氧1小时", "o3max1h", "o31hmax"),
    "o3_8h": ("o38h", "mda8", "o3mda8", "mda8o3", "o38小时", "臭氧8小时", "o38hmax", "臭氧日最大8小时"),
    "o3_8h_24h": ("o38h24h",),
    "aqi": ("aqi", "空气质量指数", "aqi指数"),
    "level": ("level", "级别", "等级", "质量等级", "空气质量等级", "空气质量级别", "空气质量类别", "质量类别", "类别"),
    "rank": ("rank", "排名", "名次"),
    "temperature": ("temp", "temperature", "温度", "气温"),
    "pressure": ("pres", "pressure", "气压", "大气压"),
    "dew_point": ("dewp", "dewpoint", "露点", "露点温度"),
    "humidity": ("rh", "humidity", "relativehumidity", "湿度", "相对湿度"),
    "rain": ("rain", "precipitation", "降水", "降水量", "雨量"),
    "wind_direction": ("wd", "winddirection", "风向"),
    "wind_speed": ("wspm", "ws", "windspeed", "风速"),
    **{
        f"{item}_24h": (f"{item}24h", f"{item}24小时", f"{item}24小时平均")
        for item in ("so2", "no2", "o3", "co", "pm10", "pm25")
    },
}  # fmt: skip

_ROLE_OF = {name: role for role, names in ROLES.items() for name in names}
_ITEM_OF = {name: item for item, names in ITEMS.items() for name in names}

# What an item is called when its value belongs to a whole day, and to an hour.
_OF_DAY = {f"{item}_24h": item for item in ("so2", "no2", "co", "pm10", "pm25")} | {
    "o3": "o3_8h", "o3_8h_24h": "o3_8h", "o3_24h": "o3_1h",
}  # fmt: skip
_OF_HOUR = {"o3_1h": "o3"}


@dataclass(frozen=True)
class Column:
    """One column: its number, the text in the file, and a role or an item with the unit that stood in brackets (or
    None).
    """

    index: int
    text: str
    role: str | None
    item: str | None
    unit: str | None

    @property
    def name(self) -> str:
        """Its name in a `Table`."""
        return f"c{self.index}"


def key(text: str) -> str:
    """A name without case, blanks, points and signs: `PM₂.₅ _24h` -> `pm2524h`."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def item_of(text: str) -> str | None:
    """The item that a text names, or None."""
    bare = key(_BRACKETS.sub("", text))
    return "no" if bare == "no" else _ITEM_OF.get(bare)


def at(item: str, resolution: str) -> str:
    """The item's name at a resolution: in a table of days `pm25_24h` is `pm25`, and `o3` is published as MDA8,
    `o3_8h`.
    """
    return (_OF_DAY if resolution == "day" else _OF_HOUR).get(item, item)


def columns(header: list[str]) -> list[Column]:
    """Read a header; a column that means nothing here has neither role nor item."""
    found = []
    for index, text in enumerate(header):
        bracket = _BRACKETS.search(text)
        bare = key(_BRACKETS.sub("", text))
        role = _ROLE_OF.get(bare)
        unit = bracket.group(1).strip() if bracket else None
        found.append(Column(index, text.strip(), role, None if role else _ITEM_OF.get(bare), unit or None))
    return found


def by_role(found: list[Column]) -> dict[str, Column]:
    """The one column for each role present, the most exactly named (see `ROLES`)."""
    chosen: dict[str, Column] = {}
    for column in found:
        if column.role is None:
            continue
        rank = ROLES[column.role].index
        rival = chosen.get(column.role)
        bare = key(_BRACKETS.sub("", column.text))
        if rival is None or rank(bare) < rank(key(_BRACKETS.sub("", rival.text))):
            chosen[column.role] = column
    return chosen
