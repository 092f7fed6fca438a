"""What a conversation was about, each tag with the words that say so."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import UtcTime, metadata

call_tags = Table(
    "call_tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("transcript_id", ForeignKey("transcripts.id", ondelete="CASCADE")),
    Column("tag", String(40), nullable=False),  # name of the rule; worded in the reader's language
    Column("segment", Integer),  # position in the transcript
    Column("word_start", Integer),  # first and last word of the quote within the segment
    Column("word_end", Integer),
    Column("start", Float),
    Column("end", Float),
    Column("quote", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_call_tags_tag", "tag", "call_id"),
)
