"""Vehicles 机动车: who emits too much again and again, where do they drive, which road emits most at which hour?

In: passings of remote sensing (feeds `vehicle_passing`, `remote_sensing_gate`) and counts of traffic (`traffic_flow`).
Out: confirmed high emitters by rank with their routes and hours, emissions by road and hour, alerts, lists for checks.
"""

from lantian.observations.vehicles.emitters import emitters, exceedances, judged
from lantian.observations.vehicles.limits import Confirmed, Limit, LimitError, Limits
from lantian.observations.vehicles.plates import covered
from lantian.observations.vehicles.roads import RATES, rates, road_hours
from lantian.observations.vehicles.routes import hours, routes

__all__ = [
    "RATES",
    "Confirmed",
    "Limit",
    "LimitError",
    "Limits",
    "covered",
    "emitters",
    "exceedances",
    "hours",
    "judged",
    "rates",
    "road_hours",
    "routes",
]
