"""Which concentrations give a sub-index, edition by edition: HJ 633-2012 and HJ 633-2026."""

from dataclasses import dataclass, field
from datetime import date

from lantian.standards import breakpoints as rows
from lantian.standards.frames import StandardsError


@dataclass(frozen=True)
class SubIndex:
    """One sub-index of the index.

    ``item`` names the result (``iaqi_<item>`` and in ``primary``), ``column`` the concentration it is made from,
    ``row`` the breakpoints. ``stand_in`` is made from another column where ``row`` gives none because the
    concentration is above it.
    """

    item: str
    column: str
    row: rows.Row
    stand_in: "SubIndex | None" = None

    @property
    def pollutant(self) -> str:
        """The pollutant behind the item: ``o3`` for ``o3_8h``."""
        return self.item.partition("_")[0]


@dataclass(frozen=True)
class Edition:
    """One edition of HJ 633.

    ``start`` is its first day in force. ``daily`` and ``hourly`` are its sub-indices. ``least`` is the smallest
    index it knows. ``publish_incomplete``: whether an index of 100 or less is given although a pollutant is missing.
    ``exceedance``: whether it defines exceedance pollutants 超标污染物 (sub-index above 100).
    """

    year: int
    name: str
    start: date
    daily: tuple[SubIndex, ...] = field(repr=False)
    hourly: tuple[SubIndex, ...] = field(repr=False)
    least: int
    publish_incomplete: bool
    exceedance: bool


EDITIONS: tuple[Edition, ...] = (
    Edition(
        year=2012,
        name="HJ 633-2012",
        start=date(2016, 1, 1),
        # the daily report: seven sub-indices
        daily=(
            SubIndex("so2", "so2", rows.SO2_24H),
            SubIndex("no2", "no2", rows.NO2_24H),
            SubIndex("co", "co", rows.CO_24H),
            SubIndex("o3_1h", "o3_1h", rows.O3_1H),
            SubIndex("o3_8h", "o3_8h", rows.O3_8H_2012),
            SubIndex("pm10", "pm10", rows.PM10_24H_2012),
            SubIndex("pm25", "pm25", rows.PM25_24H_2012),
        ),
        # the real-time report: particles are judged by their rolling 24-hour mean
        hourly=(
            SubIndex("so2", "so2", rows.SO2_1H_2012, stand_in=SubIndex("so2", "so2_24h", rows.SO2_24H)),
            SubIndex("no2", "no2", rows.NO2_1H),
            SubIndex("co", "co", rows.CO_1H),
            SubIndex("o3", "o3", rows.O3_1H),
            SubIndex("o3_8h", "o3_8h", rows.O3_8H_2012),
            SubIndex("pm10", "pm10_24h", rows.PM10_24H_2012),
            SubIndex("pm25", "pm25_24h", rows.PM25_24H_2012),
        ),
        least=0,
        publish_incomplete=True,
        exceedance=True,
    ),
    Edition(
        year=2026,
        name="HJ 633-2026",
        start=date(2026, 3, 1),
        daily=(
            SubIndex("so2", "so2", rows.SO2_24H),
            SubIndex("no2", "no2", rows.NO2_24H),
            SubIndex("co", "co", rows.CO_24H),
            SubIndex("o3_8h", "o3_8h", rows.O3_8H_2026),
            SubIndex("pm10", "pm10", rows.PM10_24H_2026),
            SubIndex("pm25", "pm25", rows.PM25_24H_2026),
        ),
        # one-hour means only; particles go through the 24-hour row
        hourly=(
            SubIndex("so2", "so2", rows.SO2_1H_2026),
            SubIndex("no2", "no2", rows.NO2_1H),
            SubIndex("co", "co", rows.CO_1H),
            SubIndex("o3", "o3", rows.O3_1H),
            SubIndex("pm10", "pm10", rows.PM10_24H_2026),
            SubIndex("pm25", "pm25", rows.PM25_24H_2026),
        ),
        least=1,
        publish_incomplete=False,
        exceedance=False,
    ),
)
"""The editions, oldest first."""

DAILY_SUB_INDICES: tuple[str, ...] = ("so2", "no2", "co", "o3_1h", "o3_8h", "pm10", "pm25")
"""Sub-indices of a day in any edition, in the order in which ties are listed."""

HOURLY_SUB_INDICES: tuple[str, ...] = ("so2", "no2", "co", "o3", "o3_8h", "pm10", "pm25")
"""Sub-indices of an hour in any edition, in the order in which ties are listed."""


def on(day: date) -> Edition:
    """The edition by which a natural day of Asia/Shanghai is judged.

    Days before 2016-01-01 are judged by HJ 633-2012 as well: the pilot cities used its method from 2013 on.
    """
    return next((edition for edition in reversed(EDITIONS) if day >= edition.start), EDITIONS[0])


def edition_of(edition: int | Edition | None, day: date | None = None) -> Edition:
    """The edition that a caller means: by object, by year, or by ``day``. Raises `StandardsError` when neither says."""
    if isinstance(edition, Edition):
        return edition
    if edition is not None:
        found = next((known for known in EDITIONS if known.year == edition), None)
        if found is None:
            raise StandardsError(f"edition {edition!r} of HJ 633 is not known; there are {[e.year for e in EDITIONS]}")
        return found
    if day is None:
        raise StandardsError("give an edition (2012 or 2026) or the date of the values")
    return on(day)
