"""Telemetry: what devices say, value by value, at the resolution at which they say it.

In: long frames of readings (device, item, time, value, ...) from the gateway of HJ 212, from MQTT or from a file. Out:
lazy Polars frames of the same columns, one row a device, item and time, as it was known at any moment.

Every statement is kept; a reader sees the one with the latest QN. Rows lie in Parquet segments by day under
`<home>/telemetry`, entered in a manifest in PostgreSQL. See docs/gateway.md.
"""

from lantian.observations.telemetry.readings import COLUMNS, RESOLUTIONS
from lantian.observations.telemetry.store import TelemetryStore

__all__ = ["COLUMNS", "RESOLUTIONS", "TelemetryStore"]
