"""Programme 工作方案 and joint meeting 联席会议: who does what by when, how far it is, what is stuck, what was decided.

In: tasks handed down from city to enterprise, their monthly reports with proof, cases of the ledger. Out: progress as
of any day, who is late or silent, effort beside the air's result; the next meeting's agenda with reasons, and its
decisions as tasks or events of cases. ``task decompose progress rollup quadrants agenda templates sheet`` are pure;
``store service minutes meetings`` join them to the database.
"""
