"""Tables of the gateway: the register of devices, what is known of each, commands, gaps, strangers, the journal."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel.database import metadata

_MOMENT = sa.DateTime(timezone=True)

device = sa.Table(
    "device",
    metadata,
    sa.Column("mn", sa.Text, primary_key=True, comment="MN of HJ 212"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("st", sa.Text, nullable=False, comment="system code of HJ 212"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False, comment="its password, sealed with the key of the data folder"),
    sa.Column("station", sa.Text, comment="its hours go on as those of this station"),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("lon", sa.Double),
    sa.Column("lat", sa.Double),
    sa.Column("units", JSONB, nullable=False, comment="unit by code, where it is not the standard's"),
    sa.Column("every", sa.Integer, nullable=False, comment="seconds between two of its averages"),
    sa.Column("tolerances", ARRAY(sa.Text), nullable=False, comment="named quirks that are let through"),
    sa.Column("version", sa.SmallInteger, nullable=False, comment="of the protocol: 2005, 2017, 2025"),
    sa.Column("cipher", sa.Text, nullable=False, server_default="", comment="how its data is enciphered; empty: not"),
    sa.Column("iv", sa.Text, nullable=False, server_default="", comment="hexadecimal, where the mode of cipher is cbc"),
    sa.Column("cipher_key", sa.LargeBinary, comment="its session key, sealed as the password; null: none"),
    sa.Column("site", sa.Text, comment="site or enterprise that it stands at"),
    sa.Column("department", sa.Text, nullable=False, comment="who should act when it is silent"),
    sa.Column("since", _MOMENT, nullable=False, comment="counts from then on"),
    sa.Column("until", _MOMENT, comment="given up then; null: in use"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("version in (2005, 2017, 2025)", name="version"),
    sa.CheckConstraint("every > 0", name="every"),
    sa.CheckConstraint("(lon is null) = (lat is null)", name="position"),
    sa.Index("ix_device_region", "region"),
)

state = sa.Table(
    "device_state",
    metadata,
    sa.Column("mn", sa.ForeignKey("device.mn", ondelete="CASCADE"), primary_key=True),
    sa.Column("heard_at", _MOMENT, nullable=False, comment="last packet, by the platform's clock"),
    sa.Column("connected_at", _MOMENT, comment="null: no connection stands"),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("cn", sa.Text, nullable=False, comment="of the last packet"),
    sa.Column("packets", sa.BigInteger, nullable=False),
    sa.Column("faults", sa.BigInteger, nullable=False, comment="frames that could not be used"),
    sa.Column("clock_off", sa.Double, comment="seconds that its clock is before ours"),
    sa.Column("told_at", _MOMENT, comment="when it was last told the time"),
)

stranger = sa.Table(
    "device_stranger",
    metadata,
    sa.Column("mn", sa.Text, primary_key=True, comment="as it was sent; empty: none"),
    sa.Column("reason", sa.Text, primary_key=True, comment="mn, pw, st, key, over"),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("st", sa.Text, nullable=False),
    sa.Column("first_at", _MOMENT, nullable=False),
    sa.Column("last_at", _MOMENT, nullable=False),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("sample", sa.Text, nullable=False, comment="its first packet, the password covered"),
)

command = sa.Table(
    "device_command",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("mn", sa.ForeignKey("device.mn", ondelete="CASCADE"), nullable=False),
    sa.Column("cn", sa.Text, nullable=False),
    sa.Column("cp", sa.Text, nullable=False, comment="what stands between && and &&; secrets covered"),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _MOMENT, nullable=False, comment="by the platform's clock"),
    sa.Column("expires_at", _MOMENT, nullable=False, comment="not sent after this"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, sent, accepted, refused, done, failed, unanswered"),
    sa.Column("qn", sa.Text, comment="under which it was sent"),
    sa.Column("sent_at", _MOMENT),
    sa.Column("qn_rtn", sa.Integer, comment="QnRtn of 9011"),
    sa.Column("exe_rtn", sa.Integer, comment="ExeRtn of 9012"),
    sa.Column("answer", sa.Text, nullable=False, server_default="", comment="data that came back"),
    sa.Column("ended_at", _MOMENT),
    sa.Column("secret", sa.LargeBinary, comment="new password or key, sealed; null: none, or it was decided"),
    sa.Index("ix_device_command_mn", "mn", "id"),
    sa.Index("ix_device_command_waiting", "mn", postgresql_where=sa.text("state = 'waiting'")),
)

gap = sa.Table(
    "device_gap",
    metadata,
    sa.Column("mn", sa.ForeignKey("device.mn", ondelete="CASCADE"), primary_key=True),
    sa.Column("cn", sa.Text, primary_key=True, comment="2051 minutes, 2061 hours"),
    sa.Column("start", _MOMENT, primary_key=True, comment="first missing period"),
    sa.Column("end", _MOMENT, nullable=False, comment="where data begin again"),
    sa.Column("found_at", _MOMENT, nullable=False),
    sa.Column("asked_at", _MOMENT, comment="when it was last asked for"),
    sa.Column("times", sa.SmallInteger, nullable=False, comment="how often it was asked for"),
    sa.Column("result", sa.Text, nullable=False, comment="open, filled, none, unanswered, refused"),
)

journal = sa.Table(
    "gateway_journal",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="file under gateway/journal"),
    sa.Column("shelved", sa.BigInteger, nullable=False, comment="bytes whose records stand in segments"),
    sa.Column("records", sa.BigInteger, nullable=False),
)
