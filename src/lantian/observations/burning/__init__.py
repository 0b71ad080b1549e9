"""Open burning 三烧: where is a fire, who goes there, when did they arrive, when was it out?

In: alerts of cameras (feed `burning_alert`), satellite hot spots (`fire_hotspot`, CSV of FIRMS), wardens (`warden`).
Out: fires with the warden who was called, each step with time and person, alerts that become cases, minutes.
"""

from lantian.observations.burning.fire import Fire, FireError, FireEvent, fold
from lantian.observations.burning.joining import Signal, joined
from lantian.observations.burning.settings import Settings, SettingsError
from lantian.observations.burning.wardens import Warden, nearest

__all__ = [
    "Fire",
    "FireError",
    "FireEvent",
    "Settings",
    "SettingsError",
    "Signal",
    "Warden",
    "fold",
    "joined",
    "nearest",
]
