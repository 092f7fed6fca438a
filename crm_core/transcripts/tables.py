"""What was said, by whom and when; one transcript a recording."""

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from crm_core.db import Json, UtcTime, metadata

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id"), nullable=False, unique=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("language", String(8)),
    Column("model", String(120), nullable=False),
    Column("speech_seconds", Json, nullable=False),  # {"customer": float, "manager": float} or {"unknown": float}
    Column("made_at", UtcTime, nullable=False),
)

transcript_segments = Table(
    "transcript_segments",
    metadata,
    Column("transcript_id", ForeignKey("transcripts.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("side", String(8), nullable=False),  # manager, customer, unknown
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    Column("words", Json, nullable=False),  # [[start, end, text, probability], …]
)
