"""Statistics of air quality (统计与评价): hours to days, stations to cities, days to periods, periods against the
limits.

The subjects stand in their own modules; this is the door through which they are used::

    from lantian.standards import indices, statistics

    days = statistics.daily(hourly)  # 24-hour means, largest hour, MDA8, with their counts
    months = statistics.period(days, by="month")  # means, percentiles, days over the limit, validity
    judged = statistics.attainment(indices.composite(months))

Frames, names and units are those of :mod:`lantian.standards.codes`; everything is computed on scaled integers, so the
same input gives the same digits on any machine and with any number of threads.
"""

from lantian.standards.attainment import JUDGED_ITEMS, STATISTICS, Statistic, attainment, exceedance, over_limit
from lantian.standards.cities import city
from lantian.standards.percentiles import percentile
from lantian.standards.periods import Kind, Period, period
from lantian.standards.trend import CRITICAL, Trend, change, change_expr, same_period_before, spearman, year_on_year
from lantian.standards.validity import Minimum, Requirement, requirement
from lantian.standards.windows import daily, rolling

__all__ = [
    "CRITICAL",
    "JUDGED_ITEMS",
    "STATISTICS",
    "Kind",
    "Minimum",
    "Period",
    "Requirement",
    "Statistic",
    "Trend",
    "attainment",
    "change",
    "change_expr",
    "city",
    "daily",
    "exceedance",
    "over_limit",
    "percentile",
    "period",
    "requirement",
    "rolling",
    "same_period_before",
    "spearman",
    "year_on_year",
]
