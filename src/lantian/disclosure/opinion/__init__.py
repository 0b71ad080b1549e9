"""Public opinion 舆情: what people write about the air, by topic, place and time; what rises; how one usually answers.

In: messages (CSV, the HTTP interface). Out: counts by topic, words that are new, alarms against the same weekday,
stock answers. Texts are kept with people covered.
"""
