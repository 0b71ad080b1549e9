"""Coverage of the network 监测网络覆盖: has every county the stations that it must have, every city those of HJ 664?

In: regions and stations of `places` on a day, sizes of cities (feed ``city_size``). Out: needed, present and missing
for each county and city, and which stations count. The core is pure.
"""

from lantian.observations.network.coverage import (
    KIND_NAMES,
    CityNeed,
    CountyNeed,
    Size,
    cities,
    counties,
    kind_of,
    minimum,
    rules,
)

__all__ = [
    "KIND_NAMES", "CityNeed", "CountyNeed", "Size", "cities", "counties", "kind_of", "minimum", "rules",
]  # fmt: skip
