"""What must still be done by people."""

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from crm_core.db import UtcTime, metadata
from crm_core.deals.automations.tables import automations


class TaskKind(StrEnum):
    CLASSIFY = "classify"
    CALL_BACK = "call_back"
    MEETING = "meeting"
    REQUEST = "request"  # somebody whose deal is open has written: he waits for an answer
    OTHER = "other"


tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("title", Text),  # null: worded by its kind in the reader's language
    Column("deal_id", ForeignKey("deals.id"), index=True),
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("call_id", ForeignKey("calls.id")),  # the call it came from
    Column("number", String(80)),
    Column("owner_id", ForeignKey("users.id")),
    Column("due_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("done_by", ForeignKey("users.id")),
    Column("done_by_call_id", ForeignKey("calls.id")),  # the call that reached the customer
    Column("note", Text),
    Column("stage_id", ForeignKey("stages.id")),  # whose entry set it
    Column("rule_id", ForeignKey(automations.c.id, ondelete="SET NULL")),  # the automation that set it
    Column("escalated_at", UtcTime),  # the head was told that it is overdue
    Index("ix_tasks_overdue", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),
    Index("ix_tasks_open", "owner_id", "done_at", "due_at"),
    # One open call-back for a number, however often it rang.
    Index(
        "uq_tasks_open_call_back",
        "number",
        unique=True,
        sqlite_where=text("kind = 'call_back' AND done_at IS NULL"),
        postgresql_where=text("kind = 'call_back' AND done_at IS NULL"),
    ),
    sqlite_autoincrement=True,  # an id is never given twice: events name it for ever
)
