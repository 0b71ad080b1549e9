"""Waste transfer manifests 危险废物转移联单: where each stands, and which left and never arrived.

In: manifests (feed ``waste_manifest``). Out: their states, the ledger with the overdue first, alerts of kind
``manifest``. The core is pure.
"""

from lantian.observations.waste.manifests import STATES, Rules, Standing, alerts, rules, standing

__all__ = ["STATES", "Rules", "Standing", "alerts", "rules", "standing"]
