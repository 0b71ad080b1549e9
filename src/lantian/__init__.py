"""Lantian 蓝天: measure, assess, forecast, trace, respond, supervise, hold to account, publish.

Rooms are sub-packages, standing in floors; imports go down only (``docs/design/house.md``).
``lantian.standards`` and ``lantian.observations.readers`` work without database or web.
"""

__version__ = "0.1.0"
