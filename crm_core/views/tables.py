"""Saved filters: a list as somebody likes to see it, by its address."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from crm_core.db import UtcTime, metadata

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("section", String(20), nullable=False),  # deals, board, contacts …
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),  # what stands after the question mark
    Column("shared", Boolean, nullable=False, default=False, server_default=false()),  # everybody sees his own by it
    Column("created_at", UtcTime, nullable=False),
    Index("ix_saved_views_section", "section", "user_id"),
)
