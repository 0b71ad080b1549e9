"""Surface water 地表水: the class of a sample, a month and a section by GB 3838, and what exceeds.

In: samples of sections (feeds ``water_section`` and ``water_sample``). Out: class I to V or worse, the exceeding items
with their multiples, the main pollutants, the word for the quality. The core is pure and exact: decimals, no floats.
"""

from lantian.observations.water.classes import Exceeding, Judgement, judge
from lantian.observations.water.law import WORSE, Law, law, roman
from lantian.observations.water.sections import SectionMonth, months, shares, whole

__all__ = [
    "WORSE",
    "Exceeding",
    "Judgement",
    "Law",
    "SectionMonth",
    "judge",
    "law",
    "months",
    "roman",
    "shares",
    "whole",
]
