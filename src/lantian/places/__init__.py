"""Places 区域与站点: what is where, what belongs to what, and what it is called.

In: lists of stations and regions (CSV), outlines (GeoJSON), terrain (NetCDF), or a whole folder of them. Out: frozen
values (`Region`, `Station`, `Group`, `Outline`), the codes of the stations that count for a region, and the place a
name means.

`regions`, `stations`, `outlines`, `names`, `groups`, `folder` need nothing but Python; `terrain` needs the extra
``lantian[terrain]``; `store` needs the database; `grid` (with `projection` and `levels`) and `regrid` (with `overlap`)
lay out the model and need ``lantian[model]``.
"""

from lantian.places.folder import PlaceFolder, read_folder
from lantian.places.groups import Group
from lantian.places.names import Gazetteer, Place, PlaceLookupError
from lantian.places.outlines import SKETCH, Outline, OutlineSet, read_geojson
from lantian.places.regions import Region, ancestors_of, is_within, level_of, parent_of
from lantian.places.stations import PlaceFileError, Station, read_stations

__all__ = [
    "SKETCH",
    "Gazetteer",
    "Group",
    "Outline",
    "OutlineSet",
    "Place",
    "PlaceFileError",
    "PlaceFolder",
    "PlaceLookupError",
    "Region",
    "Station",
    "ancestors_of",
    "is_within",
    "level_of",
    "parent_of",
    "read_folder",
    "read_geojson",
    "read_stations",
]
