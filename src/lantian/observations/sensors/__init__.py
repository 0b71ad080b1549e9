"""Low-cost sensors 微站与低成本传感器: their values over MQTT, calibrated beside a reference or within the network.

In: messages of sensors (`message`), hours of reference stations. Out: raw values in the telemetry store, calibrations
with their scores and versions, calibrated hours, alerts of kind `drift`. See docs/sensors.md.
"""
