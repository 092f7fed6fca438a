"""Fields that a company adds to its cards, and what every field was before (G7)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from crm_core.db import LATER, Json, UtcTime, metadata

fields = Table(
    "fields",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noun", String(12), nullable=False),  # deal, contact, company
    Column("name", Text, nullable=False),
    Column("kind", String(12), nullable=False),  # text, number, money, date, choice, choices, yes_no
    Column("choices", Json, nullable=False, default=list),  # of choice and choices: their words in order
    Column("personal", Boolean, nullable=False, default=False, server_default=false()),  # reading it is restricted and logged
    Column("block", Text),  # the heading it stands under
    Column("position", Integer, nullable=False),
    Column("archived_at", UtcTime),
)

# One row a field and deed; values as they stood in the row, custom ones by their kind.
field_changes = Table(
    "field_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noun", String(12), nullable=False),
    Column("noun_id", Integer, nullable=False),
    Column("field", String(40), nullable=False),  # a column's name, or `custom.<id>`
    Column("old", Json),
    Column("new", Json),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id")),  # null: the product itself
    Column("restores_id", ForeignKey("field_changes.id", **LATER)),  # the change that was taken back by this one
    Index("ix_field_changes_noun", "noun", "noun_id", "at"),
)
