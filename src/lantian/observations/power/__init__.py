"""Electricity 用电监控: what the half-hourly power of production lines and of their treatment facilities says.

In: readings of lines (rows of the feed ``electricity`` joined to ``electricity_line``). Out: when production ran, when
its treatment facility ran, production without treatment, and stop orders that were not kept. The core is pure; which
power counts as running is learned from each line's own history and shown.
"""

from lantian.observations.power.running import Threshold, learned, power, working
from lantian.observations.power.violations import Order, Violation, not_stopped, untreated

__all__ = ["Order", "Threshold", "Violation", "learned", "not_stopped", "power", "untreated", "working"]
