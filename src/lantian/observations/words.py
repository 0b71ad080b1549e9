"""What readers and imports say of a file: why an entry is refused, and what was decided for a whole file.

The English is what is stored with the import and what scripts read; `chinese` finds the Chinese of it for a page.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lantian.kernel.said import Phrase
from lantian.kernel.said import chinese as _chinese

# why an entry is refused

TOO_LOW: Final = Phrase(
    "too low: {item} must lie between {low} and {high}", "低于下限：{item} 应在 {low} 至 {high} 之间"
)
TOO_HIGH: Final = Phrase(
    "too high: {item} must lie between {low} and {high}; is it in another unit?",
    "高于上限：{item} 应在 {low} 至 {high} 之间，单位是否不同？",
)
NO_NUMBER: Final = Phrase(
    "not a number: write digits only, or leave the cell empty when there is no value",
    "不是数字：只写数字；没有值就留空",
)
NO_DIRECTION: Final = Phrase(
    "not a direction: write degrees from north or one of 16 points, as NNW or 北西北",
    "不是风向：请写从北起的度数或 16 方位，如 NNW、北西北",
)
NO_LEVEL: Final = Phrase(
    "not a level: write 1 to 6 or 优, 良, 轻度污染, 中度污染, 重度污染, 严重污染",
    "不是级别：请写 1 至 6，或优、良、轻度污染、中度污染、重度污染、严重污染",
)
NO_RANGE: Final = Phrase("not a range: write it as 106~130", "不是范围：请写成 106~130")
OTHER_UNIT: Final = Phrase(
    "{item} in {unit} cannot be read: give it in {wanted}", "{item} 的单位 {unit} 无法换算：请用 {wanted}"
)
OTHER_UNIT_OF_GAS: Final = Phrase(
    "{item} in {unit} cannot be read: give it in {wanted} (or ppm, ppb)",
    "{item} 的单位 {unit} 无法换算：请用 {wanted}（或 ppm、ppb）",
)
UNKNOWN_PLACE: Final = Phrase(
    "unknown place: give its code, or map the name to a code (stations=, places=)",
    "不认识的站点或区域：请写编码，或把名称对应到编码（stations=、places=）",
)
NO_PLACE: Final = Phrase(
    "no place: write the station's or region's code or name", "没有站点或区域：请写站点、区域的编码或名称"
)
UNKNOWN_COLUMN: Final = Phrase(
    UNKNOWN_PLACE.en + "; {cells} cells of this column were not read", UNKNOWN_PLACE.zh + "；这一列 {cells} 格没有读"
)
NO_PLACE_COLUMN: Final = Phrase(
    NO_PLACE.en + "; {cells} cells of this column were not read", NO_PLACE.zh + "；这一列 {cells} 格没有读"
)
UNLOADED_PLACE: Final = Phrase(
    "unknown place, {rows} rows refused: load the place, or its name as an alias (docs/places.md)",
    "不认识的站点或区域，退回 {rows} 行：请先载入这个地点，或把名称设为别名（docs/places.md）",
)
ELSEWHERE: Final = Phrase(
    "not permitted, {rows} rows refused: data.import is not held for this place by who imports",
    "没有权限，退回 {rows} 行：导入人没有这个地点的 data.import 权限",
)
UNKNOWN_ITEM: Final = Phrase("unknown item: write one of {items}", "不认识的项目：应为 {items} 之一")
NO_TIME: Final = Phrase(
    "no readable time: write year first, as 2016-01-02 or 2016-01-02 15:00",
    "时间读不懂：年份在前，如 2016-01-02 或 2016-01-02 15:00",
)
NO_BEGINNING: Final = Phrase(
    "no readable beginning of an hour or day: write year first, as 2016-01-02 or 2016-01-02 15:00",
    "小时或日的起始时间读不懂：年份在前，如 2016-01-02 或 2016-01-02 15:00",
)
NO_HOUR: Final = Phrase("an hour is 0 to 24", "小时应为 0 至 24")
NO_WHOLE_HOUR: Final = Phrase(
    "an hourly value needs a whole hour, as 2016-01-02 15:00", "小时值应在整点，如 2016-01-02 15:00"
)
TOO_MANY_FIELDS: Final = Phrase(
    "the row has more fields than the header's {width}: quote a field that holds the delimiter",
    "这一行的字段比表头的 {width} 个多：含分隔符的字段要加引号",
)
STANDS_ALREADY: Final = Phrase(
    "this place and time already has {kept} in line {first}: the first stands",
    "同一站点同一时刻在第 {first} 行已有 {kept}：以先出现的为准",
)
NO_SPAN: Final = Phrase(
    "neither one hour nor one day: fetch /hours or /days", "既不是一小时也不是一天：请取 /hours 或 /days"
)
MEAN_OF_OZONE: Final = Phrase(
    "a daily mean of O3 is not the largest 8-hour mean that is judged: fetch /hours",
    "O3 日均值不是评价用的日最大 8 小时平均：请取 /hours",
)

# what was decided for a whole file

UNREAD_COLUMNS: Final = Phrase("columns not read: {names}", "没有读的列：{names}")
CODES: Final = Phrase(
    "{field}: {n} missing-value codes (as -999, 9999) taken as missing",
    "{field}：{n} 个缺测代码（如 -999、9999）按缺测处理",
)
ZEROS: Final = Phrase("{field}: {n} zeros taken as missing", "{field}：{n} 个 0 按缺测处理")
OZONE_OF_DAY: Final = Phrase(
    "O3 of a day is read as the largest 8-hour mean (o3_8h), as it is published",
    "日值中的 O3 按日最大 8 小时平均（o3_8h）读取，与发布口径一致",
)
HOURS_TO_24: Final = Phrase(
    "hours are counted 1 to 24: each stamp is the end of its hour", "小时按 1 至 24 计：时间为该小时的结束"
)
NAMES_AS_IDS: Final = Phrase(
    "{n} names stand as place ids because no codes were given: {names}", "没有给出编码，{n} 个名称直接作为编号：{names}"
)
REPEATS: Final = Phrase(
    "{n} values repeat an earlier equal value of the same place, time and item: dropped",
    "{n} 个值与同一站点、时刻、项目先前的值相同：略去",
)
FINE_ABOVE_COARSE: Final = Phrase(
    "{n} rows have PM2.5 above PM10: kept, and worth a look", "{n} 行 PM2.5 高于 PM10：保留，值得核查"
)
ENCODING: Final = Phrase("the text is {encoding}", "文本编码为 {encoding}")
UNREAD_SHEET: Final = Phrase(
    "sheet {sheet} holds no known table and was not read", "工作表 {sheet} 里没有认识的表格，没有读"
)
_ON_DAY = ("on {first}: {wrong} of {pairs} hourly values exceed their own maximum",
           "{first}，{pairs} 个小时值中 {wrong} 个超过自己的最大值")  # fmt: skip
_ON_DAYS = ("on {days} days from {first} to {last}: {wrong} of {pairs} hourly values exceed their own maximum",
            "{first} 至 {last} 共 {days} 天，{pairs} 个小时值中 {wrong} 个超过自己的最大值")  # fmt: skip
_SWAPPED = ("{lower} and {upper} are swapped and were put right ", "{lower} 与 {upper} 颠倒，已换回：")
_DOUBTFUL = ("{lower} and {upper} are in doubt and were left as they are ", "{lower} 与 {upper} 存疑，未改动：")
SWAPPED_DAY: Final = Phrase(_SWAPPED[0] + _ON_DAY[0], _SWAPPED[1] + _ON_DAY[1])
SWAPPED_DAYS: Final = Phrase(_SWAPPED[0] + _ON_DAYS[0], _SWAPPED[1] + _ON_DAYS[1])
DOUBTFUL_DAY: Final = Phrase(_DOUBTFUL[0] + _ON_DAY[0], _DOUBTFUL[1] + _ON_DAY[1])
DOUBTFUL_DAYS: Final = Phrase(_DOUBTFUL[0] + _ON_DAYS[0], _DOUBTFUL[1] + _ON_DAYS[1])
NOT_STORED: Final = Phrase(
    "not stored, as it follows from the values or is no measurement: {names}",
    "没有入库，因为可由数值算出或不是监测值：{names}",
)
SEEN: Final = Phrase("the same file was imported before", "同一文件以前导入过")

# why a whole file cannot be read

BROKEN_LINE: Final = Phrase("{file}, line {line}: {fault}", "{file} 第 {line} 行：{fault}")
BROKEN_GZIP: Final = Phrase(
    "{file}: the gzip file is broken or breaks off ({fault}); fetch it again",
    "{file}：gzip 文件损坏或不完整（{fault}），请重新获取",
)
BROKEN_TEXT: Final = Phrase(
    "{file}, line {line}: byte {byte} is neither UTF-8 nor GB18030; save the file as UTF-8",
    "{file} 第 {line} 行：第 {byte} 字节既不是 UTF-8 也不是 GB18030，请另存为 UTF-8",
)
BROKEN_BOOK: Final = Phrase(
    "{file}: not a readable workbook ({fault}); save it as XLSX or CSV",
    "{file}：工作簿打不开（{fault}），请另存为 XLSX 或 CSV",
)
BROKEN_JSON: Final = Phrase(
    "{file}, line {line}: not valid JSON ({fault}); fetch it again",
    "{file} 第 {line} 行：不是有效的 JSON（{fault}），请重新获取",
)
UNKNOWN_LAYOUT: Final = Phrase(
    "{file}: no known layout. Its first line is {line}. Known are: {known}",
    "{file}：不认识的表格格式，首行为 {line}。认识的有：{known}",
)

PHRASES: Final[tuple[Phrase, ...]] = tuple(
    sorted((one for one in list(globals().values()) if isinstance(one, Phrase)), key=lambda one: -len(one.en))
)
"""All of them, the longest first: a short one with slots might read a longer one's words into them."""


@lru_cache(maxsize=4096)
def chinese(text: str) -> str:
    """The Chinese of a reason or a note; the text itself where it is none of ours."""
    return _chinese(text, PHRASES) or text
