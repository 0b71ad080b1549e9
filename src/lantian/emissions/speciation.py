"""Speciation 物种转换: from the species of inventories to those of the engine, atoms and particles kept.

NOX (as NO2) becomes NO and NO2; NMVOC becomes ROC, reactive carbon; NH3 becomes TNH4; PM25 becomes sulfate, black
carbon, mineral dust and the rest, PPM25; PM10 less PM25 becomes PMC. A part that is not carried stays in PPM25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.emissions.ledger import Entry, Ledger
from lantian.emissions.profiles import Profile
from lantian.emissions.sectors import SPECIES, lineage
from lantian.transport.species import REGISTRY

Array = NDArray[np.floating]

_AT: Final = {code: number for number, code in enumerate(SPECIES)}
_NH3: Final = 17.031  # g mol-1
EMITTED: Final = ("NO", "NO2", "SO2", "CO", "ROC", "TNH4", "PPM25", "SO4", "BC", "DUST", "PMC")
"""Species of the engine that emissions can have."""


def speciate(amount: Array, sector: str, profile: Profile, carried: Sequence[str]) -> dict[str, Array]:
    """Amounts (species, ...) of one sector, in the order of ``SPECIES``, as those of the engine's species, same unit.

    BC beyond PM25 and PM25 beyond PM10 are faults of the inventory: BC is then cut to PM25, PM10 raised to PM25.
    Species that are not ``carried`` are left out but for those that are part of PPM25.
    """
    given = {code: amount[at] for code, at in _AT.items()}
    no2 = profile.no2 * given["NOX"]
    no = (given["NOX"] - no2) * (REGISTRY["NO"].molar_mass / REGISTRY["NO2"].molar_mass)
    made = {
        "NO": no,
        "NO2": no2,
        "SO2": given["SO2"],
        "CO": given["CO"],
        "ROC": given["NMVOC"] * profile.roc,
        "TNH4": given["NH3"] * (REGISTRY["TNH4"].molar_mass / _NH3),
        "PMC": np.maximum(coarse(amount), 0.0),
        **_fine(given["PM25"], black(amount), sector, profile, carried),
    }
    return {name: made[name] for name in EMITTED if name in carried}


def black(amount: Array) -> Array:
    """Black carbon of amounts (species, ...) as far as PM25 holds it; what is beyond that is at fault."""
    return np.asarray(np.minimum(amount[_AT["BC"]], amount[_AT["PM25"]]))


def coarse(amount: Array) -> Array:
    """Coarse particles of amounts (species, ...): PMC where it is given, else PM10 less PM25, below 0 at fault."""
    given = {code: amount[at] for code, at in _AT.items()}
    return np.asarray(np.where(given["PMC"] > 0, given["PMC"], given["PM10"] - given["PM25"]))


def _fine(pm25: Array, bc: Array, sector: str, profile: Profile, carried: Sequence[str]) -> dict[str, Array]:
    """Parts of PM25, each as the engine counts it, which add up to it."""
    soot = bc if "BC" in carried else np.zeros_like(pm25)
    sulfate = np.minimum(profile.sulfate * pm25, pm25 - soot) if "SO4" in carried else np.zeros_like(pm25)
    rest = pm25 - soot - sulfate
    mineral = "DUST" in carried and "dust" in lineage(sector)
    return {
        "BC": soot,
        "SO4": sulfate / REGISTRY["SO4"].pm25,
        "DUST": rest if mineral else np.zeros_like(rest),
        "PPM25": np.zeros_like(rest) if mineral else rest,
    }


def balance(before: Mapping[str, float], after: Mapping[str, float], made: Mapping[str, float], ledger: Ledger) -> None:
    """Write down that speciation kept atoms and particles, t a year.

    ``before``: totals of ``SPECIES``; ``after``: of `EMITTED`, those that are carried; ``made``: what ``ROC``, ``PMC``
    and ``BC`` should be, from `Profile.roc`, `coarse` and `black` of the parts.
    """
    to_no2 = REGISTRY["NO2"].molar_mass / REGISTRY["NO"].molar_mass
    parts = {
        "SO2": {"SO2": 1.0},
        "NOX": {"NO": to_no2, "NO2": 1.0},
        "CO": {"CO": 1.0},
        "NH3": {"TNH4": _NH3 / REGISTRY["TNH4"].molar_mass},
        "PM25": {"PPM25": 1.0, "BC": 1.0, "DUST": 1.0, "SO4": REGISTRY["SO4"].pm25},
    }
    for code, into in parts.items():
        total = before.get(code, 0.0)
        kept = {name: after[name] * factor for name, factor in into.items() if name in after}
        elsewhere = (
            0.0 if len(kept) == len(into) or (code == "PM25" and "PPM25" in after) else total - sum(kept.values())
        )
        note = "not carried: " + ", ".join(n for n in into if n not in after) if elsewhere else ", ".join(kept)
        if total:
            ledger.add(Entry("species", code, total, sum(kept.values()), elsewhere, "t", note))
    if before.get("NMVOC") and "ROC" in after:
        ledger.add(Entry("species", "ROC", made["ROC"], after["ROC"], 0.0, "t", f"of {before['NMVOC']:.4g} t NMVOC"))
    if "PMC" in after and (before.get("PM10") or before.get("PMC")):
        raised = max(after["PMC"] - made["PMC"], 0.0)
        note = f"PM10 raised by {raised:.4g} t where it lay below PM25" if raised > 1e-9 else "PM10 less PM25"
        ledger.add(Entry("species", "PMC", made["PMC"] + raised, after["PMC"], 0.0, "t", note))
    for code in ("BC", "OC"):  # both are part of PM25
        total, held = before.get(code, 0.0), made["BC"] if code == "BC" else min(before["OC"], before["PM25"])
        beyond = total - held
        note = f"{beyond:.4g} t left out: more than PM25 holds" if beyond > 1e-9 * total else "part of PM25"
        if total:
            ledger.add(Entry("species", code, total, after.get(code, held), beyond, "t", note))
