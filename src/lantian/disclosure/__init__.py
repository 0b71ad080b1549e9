"""Disclosure 信息公开: what must be told to whom by when, the documents that tell it, what the public reads and asks.

In: what happened, as events with dates; figures of the rooms below. Out: duties with deadlines in working days,
documents (PDF and DOCX) by template, the public's pages and feeds.
"""
