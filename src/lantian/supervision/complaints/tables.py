"""Tables of complaints: what was reported, and apart from it who reported it."""

from __future__ import annotations

import sqlalchemy as sa

from lantian.kernel.database import metadata

complaint = sa.Table(
    "complaint",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="number of the hotline"),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("channel", sa.Text, nullable=False, server_default="", comment="telephone, web, letter"),
    sa.Column("text", sa.Text, nullable=False, comment="with people covered"),
    sa.Column("subject", sa.Text, nullable=False, server_default="", comment="who is complained of"),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("lon", sa.Double),
    sa.Column("lat", sa.Double),
    sa.Column("category", sa.Text, nullable=False, comment="work line, by the words of the text"),
    sa.Column("due", sa.Date, nullable=False, comment="last day of the answer"),
    sa.Column("provisional", sa.Boolean, nullable=False, server_default="false", comment="of the due day"),
    sa.Column("case_number", sa.Text, comment="the case that was opened or joined"),
    sa.Column("linked_by", sa.Text),
    sa.Column("linked_at", sa.DateTime(timezone=True), comment="by the platform's clock"),
    sa.Column("answer", sa.Text, comment="as it was given to who complained"),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", sa.DateTime(timezone=True), comment="by the platform's clock"),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    sa.Column("example", sa.Boolean, nullable=False, server_default="false"),
    sa.CheckConstraint("(lon is null) = (lat is null)", name="position"),
    sa.CheckConstraint("(answer is null) = (answered_at is null)", name="answered"),
    sa.CheckConstraint("(case_number is null) = (linked_at is null)", name="linked"),
    sa.Index("ix_complaint_received_at", "received_at"),
    sa.Index("ix_complaint_case_number", "case_number"),
)

complaint_contact = sa.Table(
    "complaint_contact",
    metadata,
    sa.Column(
        "complaint", sa.ForeignKey("complaint.id", name="fk_complaint_contact_complaint_complaint"), primary_key=True
    ),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("phone", sa.Text, nullable=False, server_default=""),
    sa.Column("original", sa.Text, nullable=False, comment="the text as it came"),
    comment="personal: shown to who assigns cases in the region, and to nobody else",
)
