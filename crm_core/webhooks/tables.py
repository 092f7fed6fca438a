"""Addresses that are told of calls, and each try to tell them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import Json, UtcTime, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),  # sealed, see crm_core.secrets
    Column("kinds", Json, nullable=False, default=list),  # of events; empty: every kind that can be told
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
)

# One row for each event and address; what was sent at last and what came back.
deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String(36), nullable=False, unique=True),  # what the receiver knows it by; never given twice
    Column("webhook_id", ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("call_id", Integer),
    Column("state", String(10), nullable=False),  # waiting, delivered, given_up
    Column("attempts", Integer, nullable=False, default=0),
    Column("body", Text),  # as it was sent
    Column("status", Integer),  # of the answer; null: there was none
    Column("answer", Text),  # its beginning; where there was none, a code of `Trouble`
    Column("milliseconds", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("tried_at", UtcTime),
    Column("next_at", UtcTime),  # of the next try; null: there is none
    Index("uq_webhook_deliveries_webhook_id_event_id", "webhook_id", "event_id", unique=True),
    Index("ix_webhook_deliveries_call_id", "call_id"),
    Index("ix_webhook_deliveries_webhook_id_state", "webhook_id", "state"),
)
