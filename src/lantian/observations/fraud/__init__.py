"""Falsification screening 弄虚作假筛查: which days of which devices look made rather than measured, and why.

In: hours of a fleet of devices of one kind. Out: a score per device and day with its evidence in plain words. What
counts as rare is learned from the fleet's own history at a stated rate of false alarms, kept by version with the days
it was learned from, and shown. A score says where to look; nothing here says that anybody cheated. See docs/fraud.md.

`days` lays hours out as days x devices x 24; `features` and `process` measure what falsified days have in common;
`thresholds` learn and judge; `words` say it; `service` joins them to the platform.
"""

from lantian.observations.fraud.days import Fleet
from lantian.observations.fraud.thresholds import Learned, Scored, learn, scores

__all__ = ["Fleet", "Learned", "Scored", "learn", "scores"]
