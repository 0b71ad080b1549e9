"""The inventory of the example 示例: six provinces of north China, 2015, from open data and stated judgement.

Totals by province and sector are those of REAS v3.2 (Kurokawa and Ohara 2020, doi 10.5194/acp-20-12761-2020). Coal
power plants (WRI Global Power Plant Database) and steel works (Global Energy Monitor) are given as points, and what
they emit is taken off their province's total: the sum stays REAS's to the last digit. How a province's total is shared
among its plants, the branches of industry and the stacks is judgement, written down here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from lantian.emissions import reas
from lantian.emissions.folder import outlines, settings
from lantian.emissions.inventory import AREAS, POINTS, Inventory

YEAR: Final = 2015
ID: Final = "example-north-china-2015"

_BRANCHES: Final = {
    "SO2": {"cement": 0.12, "coking": 0.12, "chemicals": 0.10, "glass_bricks": 0.16, "other_industry": 0.50},
    "NOX": {"cement": 0.40, "coking": 0.08, "chemicals": 0.06, "glass_bricks": 0.08, "other_industry": 0.38},
    "CO": {"cement": 0.10, "coking": 0.15, "chemicals": 0.05, "glass_bricks": 0.25, "other_industry": 0.45},
    "PM10": {"cement": 0.30, "coking": 0.10, "chemicals": 0.04, "glass_bricks": 0.16, "other_industry": 0.40},
    "PM25": {"cement": 0.25, "coking": 0.12, "chemicals": 0.05, "glass_bricks": 0.18, "other_industry": 0.40},
    "BC": {"cement": 0.02, "coking": 0.45, "chemicals": 0.03, "glass_bricks": 0.25, "other_industry": 0.25},
    "OC": {"cement": 0.02, "coking": 0.30, "chemicals": 0.08, "glass_bricks": 0.30, "other_industry": 0.30},
}
"""Industry without steel, by branch."""

_POWER_SHARE: Final = 0.9
"""of a province's power sector is the large coal plants'; the rest is heat and small plants"""
_HOURS: Final = 4800.0
"""h a year at full load"""
_STEEL_MT: Final = {"110000": 0.0, "120000": 20.7, "130000": 188.3, "140000": 38.5, "370000": 66.2, "410000": 29.0}
"""Crude steel of 2015, Mt (China's statistical yearbook 2016)."""
_STEEL_FACTOR: Final = {
    "SO2": (5.0, 0.70), "NOX": (1.2, 0.0), "CO": (40.0, 0.0), "PM10": (26.0, 0.95), "PM25": (13.0, 0.93),
    "BC": (0.30, 0.90), "OC": (0.30, 0.90),
}  # fmt: skip
"""kg before control for a tonne of steel, from ore to coil, and the control efficiency of 2015."""
_STEEL_MOST: Final = 0.6
"""of a province's industry; where the factors say more they are lowered"""
_STEEL_UNKNOWN: Final = 3000.0
"""people, of works whose workforce is not known: about the median of the others"""


def inventory(folder: Path) -> Inventory:
    """The example's inventory from a folder such as ``examples/beijing``.

    Raises:
        FileNotFoundError, ValueError: a file that ``[emissions]`` names is missing, or not what it was.
    """
    root, table = settings(folder)
    for name in ("provinces", "power", "steel"):
        if name not in table:
            raise ValueError(
                f"[emissions] {name}: missing; the example's inventory is made of provinces, power and steel"
            )
    totals, _ = reas.table(root / table["provinces"], YEAR)
    notes = [
        "仅六省市，周边地区无排放 Only six provinces; the areas around them emit nothing",
        "REAS 不含扬尘、露天焚烧和餐饮，未另加 REAS has no fugitive dust, open burning or catering; none was added",
        "分行业、企业份额与烟囱参数为估计 Shares of branches and plants, and stacks, are judgement",
    ]
    locate = outlines(folder).locate
    power = _power(_read(root / table["power"]), totals, locate, notes)
    steel = _steel(_read(root / table["steel"]), totals, locate, notes)
    points = pl.concat([power, steel])
    areas = _areas(totals, points)
    return Inventory(
        ID,
        "示例：华北六省市排放清单 2015（REAS v3.2 总量 + 电厂与钢厂点源）",
        YEAR,
        "province",
        "REAS v3.2 (Kurokawa and Ohara 2020); WRI Global Power Plant Database; Global Energy Monitor steel tracker",
        "CC BY 4.0 (plants); REAS: free with citation",
        True,
        areas,
        points,
        notes=tuple(notes),
    )


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=0)


def _amount(totals: pl.DataFrame, region: str, source: str) -> dict[str, float]:
    rows = totals.filter(region=region, source=source)
    return dict(zip(rows["species"], rows["amount"], strict=True))


def _power(plants: pl.DataFrame, totals: pl.DataFrame, locate: Any, notes: list[str]) -> pl.DataFrame:
    """Coal plants with their share of the province by capacity."""
    frame = plants.select(
        enterprise="Power Plant ID",
        name="Name",
        lon=pl.col.Longitude.cast(pl.Float64),
        lat=pl.col.Latitude.cast(pl.Float64),
        size=pl.col("Capacity (MW)").cast(pl.Float64),
        begun=pl.col("Commissioning Date").cast(pl.Float64, strict=False),
    ).filter(pl.col.begun.fill_null(0) <= YEAR)
    frame = _placed(frame, locate, ("电厂", "power plants"), notes)
    rows = []
    for plant in frame.to_dicts():
        share = plant["size"] / plant["all"]
        activity = plant["size"] * _HOURS
        big = plant["size"] >= 600
        stack = (210.0, 7.0, 385.0, 20.0) if big else (150.0, 4.5, 395.0, 18.0)
        for species, amount in _amount(totals, plant["province"], "PP").items():
            part = _POWER_SHARE * amount * share
            rows.append(_point(plant, "power", stack, (activity, "MWh", part * 1000 / activity, None), species, part))
    return pl.DataFrame(rows, schema=POINTS)


def _steel(works: pl.DataFrame, totals: pl.DataFrame, locate: Any, notes: list[str]) -> pl.DataFrame:
    """Steel works with their share of the province's steel by workforce, the only size that most of them have."""

    def year_of(column: str) -> pl.Expr:
        return pl.col(column).str.extract(r"^(\d{4})").cast(pl.Float64)

    frame = works.select(
        enterprise="Plant ID",
        name=pl.coalesce(pl.col("Plant name (other language)"), pl.col("Plant name (English)")),
        lon=pl.col.lon.cast(pl.Float64),
        lat=pl.col.lat.cast(pl.Float64),
        size=pl.col("Workforce size").cast(pl.Float64, strict=False).fill_null(_STEEL_UNKNOWN),
        begun=year_of("Start date"),
        ended=year_of("Retired date"),
    ).filter((pl.col.begun.fill_null(0) <= YEAR) & (pl.col.ended.fill_null(9999) >= YEAR))
    frame = _placed(frame, locate, ("钢厂", "steel works"), notes)
    rows = []
    for plant in frame.to_dicts():
        tonnes = _STEEL_MT[plant["province"]] * 1e6
        industry = _amount(totals, plant["province"], "IND")
        activity = tonnes * plant["size"] / plant["all"]
        if not activity:
            continue
        for species, (factor, control) in _STEEL_FACTOR.items():
            most = _STEEL_MOST * industry[species] * 1000 / (tonnes * (1 - control))
            used = min(factor, most)
            part = activity * used * (1 - control) / 1000
            source = (activity, "t 粗钢", used, control)
            rows.append(_point(plant, "steel", (90.0, 4.0, 400.0, 14.0), source, species, part))
    return pl.DataFrame(rows, schema=POINTS)


def _placed(frame: pl.DataFrame, locate: Any, what: tuple[str, str], notes: list[str]) -> pl.DataFrame:
    """The plants in the six provinces, with ``region`` (county), ``province`` and ``all``, the province's ``size``."""
    found = [locate(lon, lat) for lon, lat in frame.select("lon", "lat").iter_rows()]
    placed = frame.with_columns(region=pl.Series(found, dtype=pl.String)).filter(pl.col.region.is_not_null())
    placed = placed.with_columns(province=pl.col.region.str.head(2) + "0000")
    zh, en = what
    notes.append(
        f"{frame.height} 家{zh}中 {placed.height} 家在六省市内，其余未列入 "
        f"{placed.height} of {frame.height} {en} lie in the six provinces; the others were left out"
    )
    return placed.with_columns(all=pl.col.size.sum().over("province"))


def _point(
    plant: dict[str, Any],
    sector: str,
    stack: tuple[float, float, float, float],
    source: tuple[float, str, float, float | None],
    species: str,
    amount: float,
) -> dict[str, Any]:
    height, diameter, temperature, velocity = stack
    activity, unit, factor, control = source
    return {
        **{name: plant[name] for name in ("enterprise", "name", "region", "lon", "lat")},
        "outlet": "DA001", "line": "1", "sector": sector, "height": height, "diameter": diameter,
        "temperature": temperature, "velocity": velocity, "activity": activity, "unit": unit, "factor": factor,
        "control": control, "species": species, "amount": amount,
    }  # fmt: skip


def _areas(totals: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """What is left of the provinces' totals once the points are taken off, industry by branch."""
    province = (pl.col.region.str.head(2) + "0000").alias("region")
    of_point = pl.when(pl.col.sector == "steel").then(pl.lit("IND")).otherwise(pl.lit("PP")).alias("source")
    taken = points.group_by(province, of_point, "species").agg(points=pl.col.amount.sum())
    left = totals.join(taken, on=["region", "source", "species"], how="left").select(
        "region", "source", "species", amount=pl.col.amount - pl.col.points.fill_null(0.0)
    )
    plain = reas.areas(left.filter(pl.col.source != "IND"))
    branches = [
        (region, sector, species, amount * share)
        for region, _, species, amount in left.filter(source="IND").iter_rows()
        for sector, share in _BRANCHES[species].items()
    ]
    # what REAS's table does not tell by branch
    other = plain.with_columns(sector=pl.col.sector.replace({"industry": "other_industry"}))
    areas = pl.concat([other, pl.DataFrame(branches, schema=AREAS, orient="row")])
    return areas.group_by("region", "sector", "species").agg(pl.col.amount.sum()).filter(pl.col.amount > 0)
