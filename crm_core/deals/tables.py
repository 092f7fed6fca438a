"""Pipelines, their stages, the deals on them and where each deal has been."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from crm_core.db import LATER, Json, UtcTime, metadata
from crm_core.deals.automations.tables import automations
from crm_core.leads.tables import lead_rules
from crm_core.products.tables import work_types


class StageKind(StrEnum):
    """Of a stage: whether deals go on from it, or have ended there. `closed_as` of a deal has the same words."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


pipelines = Table(
    "pipelines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("hands_over_to", ForeignKey("pipelines.id", **LATER)),  # where a deal that was won begins anew (F1): repeat sales
    Column("archived_at", UtcTime),  # takes no new deals; those on it stay
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
    Column("kind", String(8), nullable=False, default=StageKind.OPEN),
    # What a manager is told on the card (T3), beside the goal.
    Column("criteria", Text),
    Column("tools", Text),
    Column("algorithm", Text),
    Column("gates", Json, nullable=False, default=list, server_default="[]"),  # to leave it: [{"gate": name, "settings": {…}}]
    Column("entry_tasks", Json, nullable=False, default=list, server_default="[]"),  # see crm_core.deals.entry_tasks
    Column("limit_hours", Float),  # after which a deal that still stands here is stuck
    Column("chance", Integer),  # per cent of deals here that are won: what amounts are weighted by
    Column("archived_at", UtcTime),  # deleted: history names it, no deal moves to it
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
    Column("closed_as", String(8)),  # won, lost; null while it is open
    Column("loss_reason_id", ForeignKey("loss_reasons.id")),
    Column("work_type_id", ForeignKey(work_types.c.id), index=True),
    Column("amount_is_usual", Boolean, nullable=False, default=False, server_default=false()),  # the mean of its work type
    Column("custom", Json, nullable=False, default=dict, server_default="{}"),  # {field's id: value}, see crm_core.fields
    Column("utm", Json, nullable=False, default=dict, server_default="{}"),
    Column("handed_over_from", ForeignKey("deals.id", **LATER), unique=True),  # the deal that was won before it (F1)
    Column("lead_rule_id", ForeignKey(lead_rules.c.id)),  # by which it stands where it began; null: as usual, or by hand
    Column("external_id", String(120), unique=True),  # of the program it was imported from
    Index("ix_deals_open_of_contact", "contact_id", "closed_at"),
    Index("ix_deals_board", "pipeline_id", "closed_at", "stage_id"),
    Index("ix_deals_stage_since", "stage_since", "id"),
    Index("ix_deals_created_at", "created_at", "id"),
    sqlite_autoincrement=True,  # an id is never given twice: events name it for ever
)

SET_ASIDE = text("missing IS NOT NULL")

stage_history = Table(
    "stage_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), nullable=False, index=True),
    Column("from_stage_id", ForeignKey("stages.id")),
    Column("stage_id", ForeignKey("stages.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id")),  # null: the product itself
    Column("rule_id", ForeignKey(automations.c.id, ondelete="SET NULL")),  # the automation that moved it
    Column("reason", Text),
    Column("missing", Json),  # what was set aside by the reason: an override; null: nothing was missing
    Index("ix_stage_history_stage_at", "stage_id", "at"),
    Index("ix_stage_history_set_aside", "at", sqlite_where=SET_ASIDE, postgresql_where=SET_ASIDE),
)

loss_reasons = Table(
    "loss_reasons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("reasoned", Boolean, nullable=False),  # a reasoned refusal (G38), or one that nobody can explain
    Column("position", Integer, nullable=False),
    Column("archived_at", UtcTime),
)

# Who else takes part in a deal, and how much he decides here (G26): it may differ from deal to deal.
deal_contacts = Table(
    "deal_contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False, index=True),
    Column("role", Text),
    Column("influence", String(12)),  # decides, influences, uses, none; null: not known
    Column("added_at", UtcTime, nullable=False),
    UniqueConstraint("deal_id", "contact_id"),
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
