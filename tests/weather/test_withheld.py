"""The wind at stations that were left out."""

import polars as pl
import pytest
import xarray as xr

from lantian.weather import withheld


@pytest.mark.requirement("F1", part="wind at withheld stations of Beijing: better than nearest and inverse distance")
def test_a_month_of_beijing_is_told_better_than_by_the_nearest_and_by_distance(withheld_month: pl.DataFrame) -> None:
    table = withheld_month
    assert table["sites"].unique().to_list() == ["6"]  # twelve stations, six weather stations
    assert table["n"].n_unique() == 1
    rmse = dict(table.select("method", "rmse").rows())
    direction = dict(table.select("method", "direction").rows())
    ours = rmse.pop("analysis")
    assert ours < 0.98 * min(rmse["inverse distance"], rmse["nearest neighbour"])
    assert ours < 0.97 * rmse["mean of the others"]
    assert direction["analysis"] < 0.97 * min(direction["inverse distance"], direction["nearest neighbour"])


def test_all_stations_of_one_weather_station_tell_nothing(month: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="1 stations measure apart"):
        withheld(month.sel(station=["1003A", "1004A", "1005A"]))


def test_columns(month: xr.Dataset) -> None:
    table = withheld(month.isel(time=slice(0, 48)))
    assert table.columns == ["method", "sites", "n", "rmse", "speed_rmse", "speed_bias", "direction"]
    assert table.filter(pl.col("method") == "analysis")["n"].item() > 200
