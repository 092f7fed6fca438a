"""Customers: people, their numbers and their companies."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from crm_core.db import UtcTime, metadata

companies = Table(
    "companies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
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
    Column("created_at", UtcTime, nullable=False),
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
