"""Complaints 12369 举报: what citizens report, grouped by place, time and subject, opened as cases, answered in time.

In: lists of complaints (CSV, XLSX, JSON). Out: groups with reasons, cases with source ``complaint``, answers with their
deadline, counts. Who complained is kept apart: everything else holds texts with people covered.
"""
