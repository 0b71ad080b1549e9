"""Emissions 源清单: who emits how much, where, when, how high and of what.

Inventories in versions come in from tables and gridded files; allocation in space, time, height and species makes of
them the hourly emissions of any domain, with totals kept. A library: no clock, no database.
"""
