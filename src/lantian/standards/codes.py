"""The item registry: every measured or derived quantity, with its unit and the decimals in which it is published.

Nothing else in the platform decides a unit or a number of decimals. Decimals of pollutants follow published practice
(SO2, NO2, O3, PM10, PM2.5 whole ug/m3, CO one decimal of mg/m3), indices and shares likewise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PRINTED_UNITS = {
    "ug/m3": "μg/m³",
    "mg/m3": "mg/m³",
    "m3/h": "m³/h",
    "degC": "℃",
    "degree": "°",
    "t/km2/30d": "t/(km²·30d)",
    "1": "",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One quantity 项目.

    ``name`` is the column name; ``zh`` and ``en`` the names shown to people; ``unit`` plain ASCII (``"1"`` for a pure
    number); ``decimals`` the digits after the point when published; ``symbol`` the short label of a chart or table.
    """

    name: str
    zh: str
    en: str
    unit: str
    decimals: int
    symbol: str

    @property
    def printed_unit(self) -> str:
        """The unit as people write it, for example ``μg/m³``; empty for a pure number."""
        return printed(self.unit)


def printed(unit: str) -> str:
    """A unit as people write it: ``ug/m3`` is ``μg/m³``."""
    return _PRINTED_UNITS.get(unit, unit)


_TABLE = (
    # hourly: means of the hour; daily: means of the 24 hours
    Item("so2", "二氧化硫", "sulfur dioxide", "ug/m3", 0, "SO2"),
    Item("no2", "二氧化氮", "nitrogen dioxide", "ug/m3", 0, "NO2"),
    Item("co", "一氧化碳", "carbon monoxide", "mg/m3", 1, "CO"),
    Item("o3", "臭氧", "ozone", "ug/m3", 0, "O3"),
    Item("pm10", "可吸入颗粒物", "particles up to 10 um", "ug/m3", 0, "PM10"),
    Item("pm25", "细颗粒物", "fine particles up to 2.5 um", "ug/m3", 0, "PM2.5"),
    # derived from the hours
    Item("o3_1h", "臭氧日最大1小时平均", "ozone, largest hour of the day", "ug/m3", 0, "O3-1h"),
    Item("o3_8h", "臭氧8小时滑动平均", "ozone, 8-hour mean (daily: the largest)", "ug/m3", 0, "O3-8h"),
    Item("so2_24h", "二氧化硫24小时平均", "sulfur dioxide, 24-hour mean", "ug/m3", 0, "SO2-24h"),
    Item("pm10_24h", "可吸入颗粒物24小时滑动平均", "PM10, rolling 24-hour mean", "ug/m3", 0, "PM10-24h"),
    Item("pm25_24h", "细颗粒物24小时滑动平均", "PM2.5, rolling 24-hour mean", "ug/m3", 0, "PM2.5-24h"),
    Item("aqi", "空气质量指数", "air quality index", "1", 0, "AQI"),
    # GB 3095 table 2 and what stations measure beside the six
    Item("tsp", "总悬浮颗粒物", "total suspended particles", "ug/m3", 0, "TSP"),
    Item("nox", "氮氧化物", "nitrogen oxides as NO2", "ug/m3", 0, "NOx"),
    Item("no", "一氧化氮", "nitrogen monoxide", "ug/m3", 0, "NO"),
    Item("pb", "铅", "lead in particles", "ug/m3", 2, "Pb"),
    Item("bap", "苯并[a]芘", "benzo[a]pyrene", "ug/m3", 4, "BaP"),
    Item("dustfall", "降尘", "dustfall", "t/km2/30d", 1, "降尘"),
    # weather
    Item("temperature", "气温", "air temperature", "degC", 1, "T"),
    Item("pressure", "气压", "station pressure", "hPa", 1, "P"),
    Item("dew_point", "露点", "dew point", "degC", 1, "Td"),
    Item("humidity", "相对湿度", "relative humidity", "%", 0, "RH"),
    Item("rain", "降水", "precipitation", "mm", 1, "R"),
    Item("wind_direction", "风向", "wind direction, from", "degree", 0, "WD"),
    Item("wind_speed", "风速", "wind speed", "m/s", 1, "WS"),
    # evaluation
    Item("single_index", "单项指数", "single index", "1", 2, "I"),
    Item("composite_index", "综合指数", "composite index", "1", 2, "Isum"),
    Item("good_day_share", "优良天数比例", "share of good days", "%", 1, "优良率"),
    Item("change_percent", "同比变化", "change on the year before", "%", 1, "同比"),
    Item("exceed_multiple", "超标倍数", "exceed multiple", "1", 2, "超标倍数"),
)

ITEMS: Mapping[str, Item] = MappingProxyType({item.name: item for item in _TABLE})
"""Every item by its column name."""

POLLUTANTS: tuple[str, ...] = ("so2", "no2", "co", "o3", "pm10", "pm25")
"""The six basic pollutants of GB 3095 table 1: the columns of an hourly frame."""

DAILY_ITEMS: tuple[str, ...] = ("so2", "no2", "co", "o3_1h", "o3_8h", "pm10", "pm25")
"""The columns of a daily frame."""

GASES: tuple[str, ...] = ("so2", "no2", "co", "o3", "o3_1h", "o3_8h", "so2_24h", "nox", "no")
"""Items given at the gas state of GB 3095: 273 K before 2018-09-01, 298.15 K since. Particles are not among them."""

WEATHER: tuple[str, ...] = ("temperature", "pressure", "dew_point", "humidity", "rain", "wind_direction", "wind_speed")
"""Weather columns that an hourly frame may carry."""
