"""The gateway of HJ 212: devices, their connections, and what they said, never lost once acknowledged.

In: TCP connections of registered devices, and commands that people ask for. Out: answers of the standard, telemetry,
hours for the observation store, a raw log, alerts about devices that are silent or unknown. See docs/gateway.md.

Nothing is imported here: the listening process must start at once, and needs no Polars.
"""
