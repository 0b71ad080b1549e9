"""Dustfall 降尘: from the weights of a jar to tonnes per square kilometre and 30 days, ranked.

In: weights of jars (feed ``dustfall``) and their sites (``dustfall_site``). Out: the value of each site and county,
rank, share within the limit, and weights that cannot be right, each named. The core is pure and exact.
"""

from lantian.observations.dustfall.values import Jar, Ranked, Site, SiteMonth, attainment, counties, ranked, site_months
from lantian.observations.dustfall.weights import Exposure, Fault, Rules, dustfall, faults, rules

__all__ = [
    "Exposure", "Fault", "Jar", "Ranked", "Rules", "Site", "SiteMonth", "attainment", "counties", "dustfall", "faults",
    "ranked", "rules", "site_months",
]  # fmt: skip
