"""Supervision 督查督办: a problem that is found is handed over, owned, dated, mended, checked by someone else, watched.

In: findings, complaints, alerts and letters; what each unit did, with evidence. Out: cases whose state, owner and
deadline follow from their events alone; rounds of inspection; the ledger; rebounds; the work programme.
"""
