"""Instruments that send by HJ 212: the register, their packets and telemetry."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lantian.kernel import audit

revision = "0019_devices"
down_revision = "0018_feeds"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _device()
    _device_state()
    _device_stranger()
    _device_command()
    _device_gap()
    _gateway_journal()
    _telemetry_segment()
    for name in ("device", "device_command"):
        audit.watch(op.get_bind(), name)


def _device() -> None:
    op.create_table(
        "device",
        sa.Column("mn", sa.Text, nullable=False, comment="MN of HJ 212"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("st", sa.Text, nullable=False, comment="system code of HJ 212"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column(
            "secret", sa.LargeBinary, nullable=False, comment="its password, sealed with the key of the data folder"
        ),
        sa.Column("station", sa.Text, comment="its hours go on as those of this station"),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("units", JSONB, nullable=False, comment="unit by code, where it is not the standard's"),
        sa.Column("every", sa.Integer, nullable=False, comment="seconds between two of its averages"),
        sa.Column("tolerances", ARRAY(sa.Text), nullable=False, comment="named quirks that are let through"),
        sa.Column("version", sa.SmallInteger, nullable=False, comment="of the protocol: 2005, 2017, 2025"),
        sa.Column("site", sa.Text, comment="site or enterprise that it stands at"),
        sa.Column("department", sa.Text, nullable=False, comment="who should act when it is silent"),
        sa.Column("since", MOMENT, nullable=False, comment="counts from then on"),
        sa.Column("until", MOMENT, comment="given up then; null: in use"),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("mn", name="pk_device"),
        sa.CheckConstraint("version in (2005, 2017, 2025)", name="ck_device_version"),
        sa.CheckConstraint("every > 0", name="ck_device_every"),
        sa.CheckConstraint("(lon is null) = (lat is null)", name="ck_device_position"),
        sa.Index("ix_device_region", "region"),
    )


def _device_state() -> None:
    op.create_table(
        "device_state",
        sa.Column("mn", sa.Text, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False, comment="last packet, by the platform's clock"),
        sa.Column("connected_at", MOMENT, comment="null: no connection stands"),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("cn", sa.Text, nullable=False, comment="of the last packet"),
        sa.Column("packets", sa.BigInteger, nullable=False),
        sa.Column("faults", sa.BigInteger, nullable=False, comment="frames that could not be used"),
        sa.Column("clock_off", sa.Double, comment="seconds that its clock is before ours"),
        sa.Column("told_at", MOMENT, comment="when it was last told the time"),
        sa.PrimaryKeyConstraint("mn", name="pk_device_state"),
        sa.ForeignKeyConstraint(["mn"], ["device.mn"], name="fk_device_state_mn_device", ondelete="CASCADE"),
    )


def _device_stranger() -> None:
    op.create_table(
        "device_stranger",
        sa.Column("mn", sa.Text, nullable=False, comment="as it was sent; empty: none"),
        sa.Column("reason", sa.Text, nullable=False, comment="mn, pw, st, over"),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("st", sa.Text, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("sample", sa.Text, nullable=False, comment="its first packet, the password covered"),
        sa.PrimaryKeyConstraint("mn", "reason", "address", name="pk_device_stranger"),
    )


def _device_command() -> None:
    op.create_table(
        "device_command",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("mn", sa.Text, nullable=False),
        sa.Column("cn", sa.Text, nullable=False),
        sa.Column("cp", sa.Text, nullable=False, comment="what stands between && and &&"),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False, comment="by the platform's clock"),
        sa.Column("expires_at", MOMENT, nullable=False, comment="not sent after this"),
        sa.Column(
            "state", sa.Text, nullable=False, comment="waiting, sent, accepted, refused, done, failed, unanswered"
        ),
        sa.Column("qn", sa.Text, comment="under which it was sent"),
        sa.Column("sent_at", MOMENT),
        sa.Column("qn_rtn", sa.Integer, comment="QnRtn of 9011"),
        sa.Column("exe_rtn", sa.Integer, comment="ExeRtn of 9012"),
        sa.Column("answer", sa.Text, nullable=False, server_default="", comment="data that came back"),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_device_command"),
        sa.ForeignKeyConstraint(["mn"], ["device.mn"], name="fk_device_command_mn_device", ondelete="CASCADE"),
        sa.Index("ix_device_command_mn", "mn", "id"),
        sa.Index("ix_device_command_waiting", "mn", postgresql_where=sa.text("state = 'waiting'")),
    )


def _device_gap() -> None:
    op.create_table(
        "device_gap",
        sa.Column("mn", sa.Text, nullable=False),
        sa.Column("cn", sa.Text, nullable=False, comment="2051 minutes, 2061 hours"),
        sa.Column("start", MOMENT, nullable=False, comment="first missing period"),
        sa.Column("end", MOMENT, nullable=False, comment="where data begin again"),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, comment="when it was last asked for"),
        sa.Column("times", sa.SmallInteger, nullable=False, comment="how often it was asked for"),
        sa.Column("result", sa.Text, nullable=False, comment="open, filled, none, unanswered, refused"),
        sa.PrimaryKeyConstraint("mn", "cn", "start", name="pk_device_gap"),
        sa.ForeignKeyConstraint(["mn"], ["device.mn"], name="fk_device_gap_mn_device", ondelete="CASCADE"),
    )


def _gateway_journal() -> None:
    op.create_table(
        "gateway_journal",
        sa.Column("name", sa.Text, nullable=False, comment="file under gateway/journal"),
        sa.Column("shelved", sa.BigInteger, nullable=False, comment="bytes whose records stand in segments"),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_gateway_journal"),
    )


def _telemetry_segment() -> None:
    op.create_table(
        "telemetry_segment",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resolution", sa.Text, nullable=False, comment="real, minute, hour, day; packet: the raw log"),
        sa.Column("day", sa.Date, nullable=False, comment="day in Beijing"),
        sa.Column("level", sa.SmallInteger, nullable=False, comment="how often its rows were merged"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("first", MOMENT, nullable=False, comment="earliest time"),
        sa.Column("last", MOMENT, nullable=False, comment="latest time"),
        sa.Column("known_first", MOMENT, nullable=False, comment="earliest known_at"),
        sa.Column("known_last", MOMENT, nullable=False, comment="latest known_at"),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("taken_at", MOMENT, comment="when its hours had gone on to the observations"),
        sa.Column("retired_at", MOMENT, comment="since then no new reader sees it"),
        sa.PrimaryKeyConstraint("id", name="pk_telemetry_segment"),
        sa.Index("ix_telemetry_segment_live", "resolution", "day", postgresql_where=sa.text("retired_at IS NULL")),
    )
