"""Road cleaning 道路保洁: how many kilometres sweepers and sprinklers cleaned, by road or district and day. Pure.

In: their tracks (feed ``road_cleaning_track``). Out: kilometres, hours and vehicles of a day.
"""

from lantian.observations.cleaning.tracks import cleaned

__all__ = ["cleaned"]
