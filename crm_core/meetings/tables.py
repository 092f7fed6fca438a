"""Meetings of a deal: who, with whom, where, when, and what was agreed (F11, F15, F16)."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import UtcTime, metadata

meetings = Table(
    "meetings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), nullable=False, index=True),
    Column("task_id", ForeignKey("tasks.id")),  # the manager's task of the kind `meeting`: open until it was held
    Column("user_id", ForeignKey("users.id"), index=True),  # who goes; null: not said yet
    Column("contact_id", ForeignKey("contacts.id"), index=True),  # with whom
    Column("with_whom", Text),  # others, as they were named
    Column("place", Text),
    Column("at", UtcTime),
    Column("notes", Text),  # before it: what to bring, what to ask
    Column("state", String(10), nullable=False),  # planned, held, cancelled
    Column("held_at", UtcTime),
    Column("agreements", Text),  # after it
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
    Index("ix_meetings_user_at", "user_id", "at"),
    sqlite_autoincrement=True,  # an id is never given twice: events name it for ever
)
