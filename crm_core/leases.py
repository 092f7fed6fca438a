"""Who does what only one process may do at a time: listen to an exchange, react to events, tidy up."""

from sqlalchemy import Column, String, Table

from crm_core.db import UtcTime, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("holder", String(120), nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)
