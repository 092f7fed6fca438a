"""Lead rules: what a first call or request becomes, the first rule that fits (F13)."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, true

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
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
    Column("archived_at", UtcTime),
)
