"""Stored conversations and who listened to them."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from crm_core.db import Json, UtcTime, metadata

recordings = Table(
    "recordings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),  # base name of the mix on the exchange; never shown, never in an address
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("deal_id", ForeignKey("deals.id"), index=True),
    Column("stage_id", ForeignKey("stages.id")),  # frozen with the call's
    Column("blob", String(200), nullable=False),  # the original audio (sides joined where there were sides)
    Column("play_blob", String(200)),  # the small copy that browsers play; null until it is made
    Column("peaks", Json),  # {"per_second": number, "sides": [[0..255, …], …]}
    Column("seconds", Float, nullable=False),
    Column("sides", Integer, nullable=False),  # 1 mixed; 2 left customer, right manager
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("started_at", UtcTime),  # the moment of its first sample, where known
    Column("stored_at", UtcTime, nullable=False),
    UniqueConstraint("call_id", "name"),
)

listenings = Table(
    "listenings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id"), nullable=False, index=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
)
