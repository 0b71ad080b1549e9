"""Accountability 考核问责: dated rule packs over rankings, targets and cases, so that anyone can recompute who answers.

In: facts as known on a date. Out: proposals with rule, clause and facts, near misses, and what a person decided;
rewards, deductions and fines with their sums. The pure files (``packs facts ladders evaluate money fines letters
interviews``) know no database; ``store`` keeps what was evaluated and decided, ``service`` asks the rooms below.
"""
