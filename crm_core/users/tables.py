"""Who works here, at which phone and when."""

from enum import StrEnum

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, false

from crm_core.db import Json, UtcTime, metadata


class Role(StrEnum):
    MANAGER = "manager"
    HEAD = "head"
    QA = "qa"
    ADMIN = "admin"


users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200)),
    Column("active", Boolean, nullable=False, default=True),
    Column("language", String(8)),
    Column("may_listen", Boolean, nullable=False, default=False),  # for admins, who otherwise hear nothing
    Column("may_dial_unknown", Boolean, nullable=False, default=False, server_default=false()),  # by click
    Column("may_dial_for_others", Boolean, nullable=False, default=False, server_default=false()),
    Column("created_at", UtcTime, nullable=False),
)

# A call keeps the user of its time: an extension belongs to a user from `since` until `until` (open while null).
user_extensions = Table(
    "user_extensions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("extension", String(80), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime),
    Index("ix_user_extensions_lookup", "exchange_id", "extension"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("name", String(254), primary_key=True),  # the e-mail or address that failed, hashed
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("user_id", ForeignKey("users.id"), index=True),
    Column("deed", String(64), nullable=False),
    Column("noun", String(32), nullable=False),
    Column("noun_id", Integer),
    Column("facts", Json),
    Index("ix_audit_deed", "deed", "id"),  # who read what is personal is a page
    Index("ix_audit_noun", "noun", "noun_id"),
)
