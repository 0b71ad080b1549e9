"""What quantities are called in files: by ECMWF and NCEP, and by the CF conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from lantian.weather.readers.terms import TERMS


class Meaning(NamedTuple):
    """A name in a file: the quantity, and how its values stand in time: ``instant``, ``sum`` or ``mean``."""

    name: str
    over: str = "instant"


SHORT: Final[Mapping[str, Meaning]] = {
    "u": Meaning("eastward_wind"),
    "v": Meaning("northward_wind"),
    "t": Meaning("air_temperature"),
    "q": Meaning("specific_humidity"),
    "r": Meaning("relative_humidity"),
    "z": Meaning("geopotential"),
    "gh": Meaning("geopotential_height"),
    "clwc": Meaning("specific_cloud_liquid_water_content"),
    "clwmr": Meaning("cloud_liquid_water_mixing_ratio"),
    "cc": Meaning("cloud_area_fraction_in_atmosphere_layer"),
    "lnsp": Meaning("log_surface_air_pressure"),
    "sp": Meaning("surface_air_pressure"),
    "msl": Meaning("air_pressure_at_mean_sea_level"),
    "prmsl": Meaning("air_pressure_at_mean_sea_level"),
    "orog": Meaning("surface_altitude"),
    "10u": Meaning("eastward_wind_at_10m"),
    "10v": Meaning("northward_wind_at_10m"),
    "2t": Meaning("air_temperature_at_2m"),
    "2d": Meaning("dew_point_temperature_at_2m"),
    "2r": Meaning("relative_humidity_at_2m"),
    "2sh": Meaning("specific_humidity_at_2m"),
    "blh": Meaning("boundary_layer_height"),
    "hpbl": Meaning("boundary_layer_height"),
    "zust": Meaning("friction_velocity"),
    "fricv": Meaning("friction_velocity"),
    "iews": Meaning("surface_downward_eastward_stress"),
    "inss": Meaning("surface_downward_northward_stress"),
    "ewss": Meaning("integral_of_surface_downward_eastward_stress", "sum"),
    "nsss": Meaning("integral_of_surface_downward_northward_stress", "sum"),
    "ishf": Meaning("surface_downward_sensible_heat_flux"),
    "sshf": Meaning("integral_of_surface_downward_sensible_heat_flux", "sum"),
    "avg_ishf": Meaning("surface_downward_sensible_heat_flux", "mean"),
    "msshf": Meaning("surface_downward_sensible_heat_flux", "mean"),
    "tcc": Meaning("cloud_area_fraction"),
    "tp": Meaning("precipitation_amount", "sum"),
    "avg_tprate": Meaning("precipitation_flux", "mean"),
    "mtpr": Meaning("precipitation_flux", "mean"),
    "ssrd": Meaning("integral_of_surface_downwelling_shortwave_flux", "sum"),
    "avg_sdswrf": Meaning("surface_downwelling_shortwave_flux", "mean"),
    "msdwswrf": Meaning("surface_downwelling_shortwave_flux", "mean"),
    "sdswrf": Meaning("surface_downwelling_shortwave_flux"),
    "dswrf": Meaning("surface_downwelling_shortwave_flux"),
}
"""Short names of ECMWF, whose downward fluxes are positive, and of NCEP."""

NETCDF: Final[Mapping[str, str]] = {"u10": "10u", "v10": "10v", "t2m": "2t", "d2m": "2d"}
"""Names in ECMWF's NetCDF files that are not the short ones."""

STANDARD: Final[Mapping[str, str]] = {
    **{name: name for name in TERMS if not name.startswith("integral_of_") and "_at_" not in name},
    "air_pressure_at_mean_sea_level": "air_pressure_at_mean_sea_level",
    "air_pressure_at_sea_level": "air_pressure_at_mean_sea_level",
    "atmosphere_boundary_layer_thickness": "boundary_layer_height",
    "mass_fraction_of_cloud_liquid_water_in_air": "specific_cloud_liquid_water_content",
    "surface_downwelling_shortwave_flux_in_air": "surface_downwelling_shortwave_flux",
    "integral_wrt_time_of_surface_downwelling_shortwave_flux_in_air": "integral_of_surface_downwelling_shortwave_flux",
    "integral_wrt_time_of_surface_downward_sensible_heat_flux": "integral_of_surface_downward_sensible_heat_flux",
    "integral_wrt_time_of_surface_downward_eastward_stress": "integral_of_surface_downward_eastward_stress",
    "integral_wrt_time_of_surface_downward_northward_stress": "integral_of_surface_downward_northward_stress",
    "lwe_precipitation_rate": "precipitation_flux",
    "lwe_thickness_of_precipitation_amount": "precipitation_amount",
}
"""CF standard names."""

NEAR: Final[Mapping[str, str]] = {
    "eastward_wind": "eastward_wind_at_10m",
    "northward_wind": "northward_wind_at_10m",
    "air_temperature": "air_temperature_at_2m",
    "dew_point_temperature": "dew_point_temperature_at_2m",
    "specific_humidity": "specific_humidity_at_2m",
    "relative_humidity": "relative_humidity_at_2m",
    "geopotential": "surface_geopotential",
}
"""What a quantity that elsewhere has levels is where it has none."""
