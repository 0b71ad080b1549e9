"""Soil 土壤: is a sample below the screening value 筛选值, above it, or above the intervention value 管制值?

In: points and samples (feeds ``soil_point`` and ``soil_sample``). Out: each item's level by GB 15618 (farmland, by its
pH) or GB 36600 (land to build on), the worst of a sample, what exceeds with its multiple. The core is pure and exact.
"""

from lantian.observations.soil.judging import LEVELS, Found, Judgement, judge
from lantian.observations.soil.law import Law, SoilError, load

__all__ = ["LEVELS", "Found", "Judgement", "Law", "SoilError", "judge", "load"]
