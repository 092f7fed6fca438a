"""Automations as a company set them, and each time one of them ran or declined to."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false, true

from crm_core.db import Json, UtcTime, metadata

automations = Table(
    "automations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),  # null: worded by what it does
    Column("action", String(40), nullable=False),  # the file of crm_core.deals.automations that carries it out
    Column("trigger", String(20), nullable=False),  # entry, exit, timeout, call, request, tag, payment
    Column("pipeline_id", ForeignKey("pipelines.id"), index=True),  # null: all
    Column("stage_id", ForeignKey("stages.id"), index=True),  # null: all
    Column("when", Json, nullable=False, default=dict),  # settings of the trigger: {"hours": 24}, {"tag": "meeting_agreed"}, …
    Column("settings", Json, nullable=False, default=dict),  # of the action
    Column("active", Boolean, nullable=False, default=True, server_default=true()),
    Column("built_in", Boolean, nullable=False, default=False, server_default=false()),  # came with a template
    Column("position", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
    Column("archived_at", UtcTime),
)

automation_runs = Table(
    "automation_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule_id", ForeignKey("automations.id"), nullable=False),
    Column("deal_id", ForeignKey("deals.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("trigger", String(20), nullable=False),
    Column("key", String(120), nullable=False),  # of the occasion: what was done for it once is not done again
    Column("state", String(10), nullable=False),  # done, declined, failed, looped
    Column("why", Text),  # it declined or failed, as a code or error
    Column("facts", Json, nullable=False, default=dict),  # what it did: ids of tasks, stages …
    Column("event_id", Integer),
    Index("uq_automation_runs_occasion", "rule_id", "key", unique=True),
    Index("ix_automation_runs_deal_at", "deal_id", "at"),
    Index("ix_automation_runs_rule_at", "rule_id", "at"),
)
