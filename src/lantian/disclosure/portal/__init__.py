"""The public's view 公开门户: published cases without anything of a person, and the open data with its catalogue.

In: cases that an editor published, as of a moment. Out: plain values for pages, feeds and files.
"""
