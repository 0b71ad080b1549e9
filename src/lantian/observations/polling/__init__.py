"""Polling 定时拉取: feeds that the platform fetches by itself over HTTP, with a window that catches late hours.

In: a feed's `source: {kind: poll, ...}`. Out: the feed's records, station hours or readings of devices; how each source
stands, its attempts. See docs/polling.md.
"""
