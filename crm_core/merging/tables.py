"""Merges of contacts and of companies, with all that is needed to undo them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from crm_core.db import Json, UtcTime, metadata

merges = Table(
    "merges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noun", String(12), nullable=False),  # contact, company
    Column("kept_id", Integer, nullable=False),
    Column("gone_id", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("moved", Json, nullable=False),  # {table: [ids of rows that pointed at the one that is gone]}
    Column("filled", Json, nullable=False),  # {field of the kept one: [before, after]}
    Column("undone_at", UtcTime),
    Column("undone_by", ForeignKey("users.id")),
    Index("ix_merges_noun", "noun", "kept_id"),
)
