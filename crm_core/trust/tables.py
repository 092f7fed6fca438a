"""How far our calls agree with what the exchange keeps itself: a row a day and exchange, and each difference."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import Json, UtcTime, metadata

audited_days = Table(
    "audited_days",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("day", Date, nullable=False),  # in the zone of the installation
    Column("calls", Integer, nullable=False),  # ours and those only the exchange knows, each once
    Column("agreeing", Integer, nullable=False),
    Column("sources", Json, nullable=False, default=dict),  # what was compared with: rows read and broken of each
    Column("note", Text),  # what could not be compared, and why
    Column("audited_at", UtcTime, nullable=False),
    Column("audited_by", ForeignKey("users.id")),  # null: the nightly job
    Index("uq_audited_days_exchange_id_day", "exchange_id", "day", unique=True),
)

differences = Table(
    "audit_differences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day_id", ForeignKey("audited_days.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("call_id", Integer),
    Column("linkedid", String(150)),
    Column("facts", Json, nullable=False, default=dict),  # what each source says
    Column("mended_at", UtcTime),
    Column("mended_how", Text),
)
