"""The engine's first page says what the code says."""

import re
from pathlib import Path

from lantian.transport.species import COMPACT, REGISTRY

INDEX = Path(__file__).parents[2] / "docs" / "transport" / "index.md"


def test_the_table_of_species_is_the_registry():
    rows = re.findall(r"^\| ([A-Z0-9]+) \| (.+) \|$", INDEX.read_text(encoding="utf-8"), re.M)
    assert [name for name, _ in rows] == list(REGISTRY)
    for name, told in rows:
        species = REGISTRY[name]
        words, _, molar_mass, pm25, pm10, compact = (cell.strip() for cell in told.split("|"))
        assert words == f"{species.long_name}, {species.zh}"
        assert tuple(map(float, (molar_mass, pm25, pm10))) == (species.molar_mass, species.pm25, species.pm10)
        assert bool(compact) == (name in COMPACT)
