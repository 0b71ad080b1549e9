"""Table of jobs' progress. The queue itself is procrastinate's own (`procrastinate_*`); see `schema.py`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Double, Table, Text

from lantian.kernel.database import metadata

# job_id refers to procrastinate_jobs with ON DELETE CASCADE; the migration says so, as that table is not in our
# metadata.
job_progress = Table(
    "job_progress",
    metadata,
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("stage", Text, nullable=False),
    Column("stage_started_at", DateTime(timezone=True), nullable=False),
    Column("done", Double, nullable=False),
    Column("total", Double),
    Column("message", Text, nullable=False),
    Column("error", Text),
    Column("finished_at", DateTime(timezone=True)),
    comment="real times, never the replay clock's",
)
