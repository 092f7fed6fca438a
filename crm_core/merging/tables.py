"""Pairs that may be one and the same, and merges of contacts and of companies with all that is needed to undo them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from crm_core.db import Json, UtcTime, metadata

# Found by a job; ids of contacts or companies, the lesser first.
duplicates = Table(
    "duplicates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noun", String(12), nullable=False),  # contact, company
    Column("one_id", Integer, nullable=False),
    Column("other_id", Integer, nullable=False),
    Column("why", Json, nullable=False),  # what they have in common, see crm_core.merging.likeness
    Column("found_at", UtcTime, nullable=False),
    Column("set_aside_at", UtcTime),  # somebody said that they are two
    Column("set_aside_by", ForeignKey("users.id")),
    UniqueConstraint("noun", "one_id", "other_id"),
)

merges = Table(
    "merges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noun", String(12), nullable=False),  # contact, company
    Column("kept_id", Integer, nullable=False),
    Column("gone_id", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("moved", Json, nullable=False),  # what pointed at the one that is gone, see crm_core.merging.moving
    Column("filled", Json, nullable=False),  # {field of the kept one: [before, after]}
    Column("undone_at", UtcTime),
    Column("undone_by", ForeignKey("users.id")),
    Index("ix_merges_noun", "noun", "kept_id"),
)
