"""Weather 气象: files and stations in, the air that carries the pollution out.

Readers turn what models and stations give into one canonical dataset (CF names, SI units); ``downscale`` makes of it
the winds, temperatures, mixing and rain of any domain, closed in mass, as the engine's door wants them; ``at_points``
what stations would measure. A library: no clock, no database.
"""

from lantian.weather.downscaling import downscale, write
from lantian.weather.points import at_points
from lantian.weather.readers import Look, ReadError, look, read
from lantian.weather.stations import from_stations
from lantian.weather.withheld import withheld

__all__ = ["Look", "ReadError", "at_points", "downscale", "from_stations", "look", "read", "withheld", "write"]
