"""Judgement 评价: rankings, targets, episodes and dust days over the standards' statistics.

In: daily and hourly frames (``docs/design/house.md``). Out: published digits with the edition, coverage and splice
they rest on. The pure files (``periods ranking targets chance episodes dust evaluate``) know no database; ``service``
joins them to the store and asks the clock what was known.
"""
