"""Lead rules: what a first call or request becomes, the first rule that fits (F13); and when the company works."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, true

from crm_core.db import Json, UtcTime, metadata

lead_rules = Table(
    "lead_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("active", Boolean, nullable=False, default=True, server_default=true()),
    Column("when", Json, nullable=False, default=dict),  # see crm_core.leads.rules; an empty one fits everything
    Column("then", Json, nullable=False, default=dict),
    Column("last_owner_id", ForeignKey("users.id")),  # whose turn it was last, where a team's people take turns
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
    Column("archived_at", UtcTime),
)

# A weekday that has no row is as usual (crm_core.leads.calendar); a day with nulls is a day off.
working_hours = Table(
    "working_hours",
    metadata,
    Column("day", String(10), primary_key=True),  # mon … sun, or one day: 2026-12-31
    Column("begins", String(5)),  # 09:00 in the installation's zone
    Column("ends", String(5)),  # up to 24:00
)
