"""Pipelines, their stages, the deals on them and where each deal has been."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from crm_core.db import UtcTime, metadata

pipelines = Table(
    "pipelines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
)

stages = Table(
    "stages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pipeline_id", ForeignKey("pipelines.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("short_name", Text),
    Column("goal", Text),
    Column("position", Integer, nullable=False),
    Column("kind", String(8), nullable=False, default="open"),  # open, won, lost
    UniqueConstraint("pipeline_id", "position"),
)

deals = Table(
    "deals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text),  # null: named after its contact or number
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("company_id", ForeignKey("companies.id"), index=True),
    Column("pipeline_id", ForeignKey("pipelines.id"), nullable=False),
    Column("stage_id", ForeignKey("stages.id"), nullable=False, index=True),
    Column("stage_since", UtcTime, nullable=False),
    Column("owner_id", ForeignKey("users.id"), index=True),
    Column("amount", BigInteger),  # in the smallest unit of the currency (kopecks)
    Column("currency", String(3), nullable=False, default="RUB"),
    Column("source", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Index("ix_deals_open_of_contact", "contact_id", "closed_at"),
    sqlite_autoincrement=True,  # an id is never given twice: events name it for ever
)

stage_history = Table(
    "stage_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), nullable=False, index=True),
    Column("from_stage_id", ForeignKey("stages.id")),
    Column("stage_id", ForeignKey("stages.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id")),  # null: the product itself
    Column("reason", Text),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), index=True),
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("text", Text, nullable=False),
)
