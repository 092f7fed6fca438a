"""Every try to place a call by a click, carried out or refused: caps are counted by it."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import UtcTime, metadata

dial_attempts = Table(
    "dial_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("exchange_id", ForeignKey("exchanges.id")),
    Column("extension", String(80)),
    Column("number", String(80)),  # digits of the international form; what was typed is not kept
    Column("verdict", String(40), nullable=False),  # how far it came (attempts.Verdict), or why it was refused (refusals.Reason)
    Column("channel_id", String(80), unique=True),  # given to the exchange: the call's linkedid
    Column("note", Text),
    Index("ix_dial_attempts_user_at", "user_id", "at"),
)
