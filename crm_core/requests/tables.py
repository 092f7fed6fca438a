"""Requests from web forms and other programs, and the forms they come from (F12, F13)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, true

from crm_core.db import Json, UtcTime, metadata

# A form's key is public: it stands in a page's source. It opens nothing but the door for requests.
request_forms = Table(
    "request_forms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", String(40), nullable=False, unique=True),
    Column("source", Text),  # of the deals that come by it
    Column("origins", Json, nullable=False, default=list),  # sites whose pages may send it; empty: any
    Column("thanks_url", Text),  # where a browser goes after it; null: a page of ours says thanks
    Column("active", Boolean, nullable=False, default=True, server_default=true()),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", ForeignKey("users.id")),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sender", String(60), nullable=False),  # `form:<id>` or `user:<id>` whose token it was: keys are theirs
    Column("key", String(120)),
    Column("body_hash", String(64), nullable=False),  # of what was sent: the same key with other words is refused
    Column("at", UtcTime, nullable=False),
    Column("name", Text),
    Column("phone", String(80)),  # digits without +, or as received where not understood
    Column("email", Text),
    Column("text", Text),
    Column("source", Text),
    Column("utm", Json, nullable=False, default=dict),
    Column("consent", Text),  # the words that were agreed to
    Column("page", Text),  # where it was filled in
    Column("address", String(64)),  # of the sender, hashed: for limits
    Column("state", String(10), nullable=False),  # taken, spam, seen (a repeat of another)
    Column("why", Text),  # it counts as spam
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("deal_id", ForeignKey("deals.id"), index=True),
    UniqueConstraint("sender", "key"),
    Index("ix_requests_at", "at", "id"),
)
