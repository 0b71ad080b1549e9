"""Simulated devices: stack monitors, construction dust, VOC and micro-stations that speak HJ 212, with their faults.

In: how many of which kind, what goes wrong, where the gateway listens. Out: packets over TCP, as real ones send them.
All values are invented (示例). ``Device`` is a device without a line and with a passed clock, ``Client`` carries one
over asyncio, ``drive`` many. See docs/hj212.md.
"""

from lantian.observations.simulate.client import Client
from lantian.observations.simulate.device import Device, Identity, Tally
from lantian.observations.simulate.drive import Plan, Report, chosen_faults, devices_of, drive, summed
from lantian.observations.simulate.line import LINE_FAULTS
from lantian.observations.simulate.obey import obey
from lantian.observations.simulate.profiles import PROFILES
from lantian.observations.simulate.registry import COLUMNS, identities, write_devices
from lantian.observations.simulate.source import Episode, Source

__all__ = [
    "COLUMNS",
    "LINE_FAULTS",
    "PROFILES",
    "Client",
    "Device",
    "Episode",
    "Identity",
    "Plan",
    "Report",
    "Source",
    "Tally",
    "chosen_faults",
    "devices_of",
    "drive",
    "identities",
    "obey",
    "summed",
    "write_devices",
]
