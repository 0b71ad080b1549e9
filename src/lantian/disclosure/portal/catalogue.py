"""The catalogue of open data 开放数据目录: every file, every field with its unit, in both languages. Pure.

Addresses hold the version: what a field means never changes within one; a new field may be added at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import polars as pl

from lantian.standards.codes import ITEMS

VERSION: Final = "v1"
Format = Literal["csv", "json", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MEDIA: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class Field:
    """A column: its name, type, unit (empty: none) and meaning."""

    name: str
    type: Any
    zh: str
    en: str
    unit: str = ""


@dataclass(frozen=True)
class File:
    """A file; ``yearly``: one for each year, its name ends with it."""

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    yearly: bool = False

    def frame(self, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
        """Rows as a table with exactly these columns."""
        schema = {field.name: field.type for field in self.fields}
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


_PLACE = (
    Field("place", pl.String, "区域代码（GB/T 2260）", "code of the region (GB/T 2260)"),
    Field("name", pl.String, "区域名称", "name of the region"),
)


def _item(name: str, column: str = "") -> Field:
    item = ITEMS[name]
    return Field(column or name, pl.Float64, item.zh, item.en, item.printed_unit)


DAILY: Final = File(
    "daily",
    "城市日报",
    "Daily values of cities",
    (
        *_PLACE,
        Field("date", pl.Date, "自然日（北京时间）", "natural day (Beijing time)"),
        Field("aqi", pl.Int64, "空气质量指数", "air quality index"),
        Field("level", pl.Int64, "级别 1–6", "level 1–6"),
        Field("primary", pl.String, "首要污染物，分号隔开", "primary pollutants, parted by semicolons"),
        *(_item(name) for name in ("so2", "no2", "co", "o3_8h", "pm10", "pm25")),
        Field("origin", pl.String, "published：已公布；其余由站点计算", "published, or made from stations"),
    ),
    yearly=True,
)
RANKINGS: Final = File(
    "rankings",
    "月度排名",
    "Monthly rankings",
    (
        Field("month", pl.String, "月份", "month"),
        Field("group", pl.String, "排名范围", "which list"),
        *_PLACE,
        Field("rank", pl.Int64, "按综合指数的名次，1 最好", "rank by composite index, 1 is best"),
        Field("composite_index", pl.Float64, "环境空气质量综合指数", "composite index"),
        Field("change", pl.Float64, "综合指数同比", "change of the index on the year", "%"),
        _item("pm25"),
        _item("pm10"),
        _item("so2"),
        _item("no2"),
        _item("co", "co_p95"),
        _item("o3_8h", "o3_8h_p90"),
        Field("good_days", pl.Int64, "优良天数", "days with AQI up to 100"),
        Field("heavy_days", pl.Int64, "重度及以上污染天数", "days with AQI above 200"),
    ),
    yearly=True,
)
CASES: Final = File(
    "cases",
    "已公开的问题与整改",
    "Published cases and their outcome",
    (
        Field("number", pl.String, "编号", "number"),
        Field("title", pl.String, "问题（个人信息已遮盖）", "the problem, people covered"),
        Field("category", pl.String, "战线代码", "work line, code"),
        Field("category_name", pl.String, "战线", "work line"),
        Field("source", pl.String, "来源代码", "source, code"),
        Field("region", pl.String, "区县代码", "county, code"),
        Field("region_name", pl.String, "区县", "county"),
        Field("subject", pl.String, "单位（个人信息已遮盖）", "enterprise or site, people covered"),
        Field("owner_region", pl.String, "责任区域代码", "region that owes the rectification"),
        Field("owner_department", pl.String, "责任部门代码", "department that owes it"),
        Field("state", pl.String, "状态", "state"),
        Field("over", pl.Boolean, "是否办结", "whether it is over"),
        Field("overdue", pl.Boolean, "是否逾期", "whether its day has passed"),
        Field("opened_on", pl.Date, "发现日期", "day of the finding"),
        Field("due", pl.Date, "当前时限", "last day of the present state"),
        Field("closed_on", pl.Date, "办结日期", "day on which it was closed"),
        Field("failures", pl.Int64, "核查未过次数", "checks not passed"),
        Field("reopened", pl.Int64, "反弹次数", "times found again"),
        Field("lon", pl.Float64, "经度，约 1 公里", "longitude, to about 1 km", "°"),
        Field("lat", pl.Float64, "纬度，约 1 公里", "latitude, to about 1 km", "°"),
        Field("published_on", pl.Date, "公开日期", "day of publication"),
        Field("example", pl.Boolean, "是否为示例（虚构）", "whether it is invented"),
    ),
)
STEPS: Final = File(
    "case-steps",
    "已公开问题的办理过程",
    "Course of published cases",
    (
        Field("number", pl.String, "编号", "number of the case"),
        Field("step", pl.Int64, "第几步", "which step"),
        Field("day", pl.Date, "日期", "day"),
        Field("zh", pl.String, "做了什么", "what was done, Chinese"),
        Field("en", pl.String, "做了什么（英文）", "what was done"),
        Field("unit_region", pl.String, "单位区域代码", "region of the unit"),
        Field("unit_department", pl.String, "单位部门代码", "department of the unit"),
    ),
)
QUESTIONS: Final = File(
    "questions",
    "互动问答",
    "Questions and answers",
    (
        Field("id", pl.Int64, "编号", "number"),
        Field("published_on", pl.Date, "公开日期", "day of publication"),
        Field("question", pl.String, "提问", "question"),
        Field("answer", pl.String, "答复", "answer"),
        Field("example", pl.Boolean, "是否为示例（虚构）", "whether it is invented"),
    ),
)
DOCUMENTS: Final = File(
    "documents",
    "已发布文件",
    "Published documents",
    (
        Field("id", pl.Int64, "编号", "number"),
        Field("kind", pl.String, "种类", "kind"),
        Field("title", pl.String, "标题", "title"),
        Field("period", pl.String, "所属时段", "period"),
        Field("published_on", pl.Date, "发布日期", "day of publication"),
        Field("example", pl.Boolean, "是否为示例（虚构）", "whether it is invented"),
    ),
)
DUTIES: Final = File(
    "calendar",
    "公开职责履行情况",
    "Duties of disclosure and when they were done",
    (
        Field("kind", pl.String, "职责代码", "duty, code"),
        Field("zh", pl.String, "职责", "duty, Chinese"),
        Field("en", pl.String, "职责（英文）", "duty"),
        Field("region", pl.String, "区域代码", "region"),
        Field("trigger", pl.Date, "起因日期", "day that made the duty"),
        Field("due", pl.Date, "最后一天", "last day"),
        Field("done_on", pl.Date, "完成日期", "day on which it was done"),
        Field("state", pl.String, "done 按时、late 迟、overdue 逾期、due 未到期", "done, late, overdue or due"),
        Field("example", pl.Boolean, "是否为示例（虚构）", "whether it is invented"),
    ),
)
FILES: Final[tuple[File, ...]] = (DAILY, RANKINGS, CASES, STEPS, QUESTIONS, DOCUMENTS, DUTIES)


def find(stem: str) -> tuple[File, int | None]:
    """The file of an address without its ending, and its year: ``daily-2016``. Raises LookupError."""
    for file in FILES:
        if not file.yearly and stem == file.name:
            return file, None
        year = stem.removeprefix(f"{file.name}-")
        if file.yearly and year != stem and len(year) == 4 and year.isdigit():
            return file, int(year)
    raise LookupError(f"no file is called {stem!r}; expected one of {', '.join(one.name for one in FILES)}")


def written(frame: pl.DataFrame, form: Format) -> bytes:
    """A table as a file: CSV with the mark by which Excel knows UTF-8, JSON as a list of objects, Parquet."""
    if form == "csv":
        return b"\xef\xbb\xbf" + frame.write_csv().encode()
    if form == "json":
        return frame.write_json().encode()
    import io

    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()
