"""Files of weather models in, one canonical dataset out: WRF, ECMWF and GFS GRIB, ERA5 NetCDF, plain CF NetCDF.

`read` joins any number of files: hours one after the other, levels and surface side by side. What a file lacks is
derived from what it has; what cannot be is told, with what would help. Values are read one moment at a time, when
they are asked for.
"""

from __future__ import annotations
