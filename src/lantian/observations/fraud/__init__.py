"""Falsification screening."""
