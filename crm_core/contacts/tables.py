"""Customers: people, their numbers and their companies."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import LATER, Json, UtcTime, metadata

companies = Table(
    "companies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("inn", String(12)),  # the Russian taxpayer's number: tells firms of one name apart
    Column("phone", String(80)),
    Column("email", Text),
    Column("site", Text),
    Column("address", Text),
    Column("note", Text),
    Column("owner_id", ForeignKey("users.id"), index=True),
    Column("custom", Json, nullable=False, default=dict, server_default="{}"),
    Column("merged_into", ForeignKey("companies.id", **LATER), index=True),  # a duplicate: kept, so that it can be undone
    Column("external_id", String(120), unique=True),  # of the program it was imported from
    Column("created_at", UtcTime, nullable=False),
    Index("ix_companies_name", "name"),
    Index("ix_companies_inn", "inn"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),  # null until somebody learns it
    Column("position", Text),
    Column("email", Text),
    Column("note", Text),
    Column("company_id", ForeignKey("companies.id"), index=True),
    Column("owner_id", ForeignKey("users.id"), index=True),
    Column("custom", Json, nullable=False, default=dict, server_default="{}"),  # {field's id: value}, see crm_core.fields
    Column("consent_at", UtcTime),  # to the keeping of personal data (F12); the words are with the request
    Column("merged_into", ForeignKey("contacts.id", **LATER), index=True),  # a duplicate: kept, so that it can be undone
    Column("external_id", String(120), unique=True),  # of the program he was imported from
    Column("created_at", UtcTime, nullable=False),
    Index("ix_contacts_email", "email"),
)

# One number belongs to one contact, or (contact_id null) is only known as «Не клиент».
contact_numbers = Table(
    "contact_numbers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(80), nullable=False, unique=True),  # digits without +, or as received where not understood
    Column("raw", Text, nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("not_customer_at", UtcTime),
    Column("not_customer_by", ForeignKey("users.id")),
    Column("created_at", UtcTime, nullable=False),
)
