"""Devices whose data is enciphered (HJ 212-2025), and commands that bring a new password or key."""

import sqlalchemy as sa
from alembic import op

from lantian.kernel import audit

revision = "0024_gateway_keys"
down_revision = "0023_water"


def upgrade() -> None:
    for name, comment in (
        ("cipher", "how its data is enciphered; empty: not"),
        ("iv", "hexadecimal, where the mode of cipher is cbc"),
    ):
        op.add_column("device", sa.Column(name, sa.Text, nullable=False, server_default="", comment=comment))
    key = sa.Column("cipher_key", sa.LargeBinary, comment="its session key, sealed as the password; null: none")
    op.add_column("device", key)
    audit.watch(op.get_bind(), "device", redact=("cipher_key",))
    secret = sa.Column("secret", sa.LargeBinary, comment="new password or key, sealed; null: none, or it was decided")
    op.add_column("device_command", secret)
    op.alter_column("device_command", "cp", comment="what stands between && and &&; secrets covered")
    op.alter_column("device_stranger", "reason", comment="mn, pw, st, key, over")
