"""What the doctor found, for the page that asked him."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from crm_core.db import Json, UtcTime, metadata

checkups = Table(
    "checkups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), index=True),  # null: the installation itself
    Column("kind", String(20), nullable=False),  # checks, test_call
    Column("state", String(10), nullable=False),  # asked, running, over
    Column("asked_by", ForeignKey("users.id")),
    Column("asked_at", UtcTime, nullable=False),
    Column("over_at", UtcTime),
    Column("findings", Json, nullable=False, default=list),
)
