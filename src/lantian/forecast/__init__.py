"""Forecast 预报: tomorrow's air for cities and stations, with its probabilities, and how good it was.

Weather, emissions and the engine give fields; station history and gradient boosting give calibrated values and their
quantiles; verification compares all of them, and files of other models, with what happened.
"""
