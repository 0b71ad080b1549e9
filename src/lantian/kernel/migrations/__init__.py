"""Alembic migrations of all rooms, in one line of descent; `docs/kernel.md` says how a room adds one."""
