"""Alerts 报警: what measurements say by themselves, once each, until it ends, becomes a case or is dismissed.

In: what a rule found (`Alert`). Out: the list of what stands, for pages and for the room above that makes cases of it.
An alert has a key of its own, so a rule may run as often as it likes and tells the same thing once.
"""

from lantian.observations.alerts.alert import KINDS, Alert, Kind
from lantian.observations.alerts.store import Standing, become, dismiss, end, listed, raised, tally

__all__ = ["KINDS", "Alert", "Kind", "Standing", "become", "dismiss", "end", "listed", "raised", "tally"]
