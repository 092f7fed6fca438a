"""Exchanges, what they said (the journal) and the calls derived from it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from crm_core.db import Json, UtcTime, metadata

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("dialect", String(40), nullable=False, default="asterisk"),
    Column("region", String(2), nullable=False),
    Column("language", String(8)),  # of the speech on its lines; null: detected
    Column("ami_host", String(255), nullable=False),
    Column("ami_port", Integer, nullable=False),
    Column("ami_tls", Boolean, nullable=False, default=False),
    Column("ami_user", String(80), nullable=False),
    Column("ami_ca_file", Text),  # whose certificates count with TLS; null: those the system trusts
    Column("ami_secret", Text, nullable=False),  # sealed, see crm_core.secrets; empty where a file holds it
    Column("ami_secret_file", Text),
    Column("dial_user", String(80)),
    Column("dial_secret", Text),
    Column("dial_secret_file", Text),
    Column("recordings_root", Text),
    Column("cel_file", Text),  # its CEL as CSV, where the listener can read it; null: gaps stay unfilled
    Column("records", Json, nullable=False, default=dict, server_default="{}"),  # where else its records are: pbx.records.sources
    Column("records_secret", Text),  # sealed: the passwords to them
    Column("dial_rules", Json, nullable=False, default=dict, server_default="{}"),  # see crm_core.dialling.rules
    Column("learned", Json, nullable=False, default=dict, server_default="{}"),  # phones and trunks, as it told them itself
    Column("trunks", Json, nullable=False, default=list),  # globs on channel names
    Column("extensions", Json, nullable=False, default=list),
    Column("own_numbers", Json, nullable=False, default=list),  # digits without +; empty: not told
    Column("active", Boolean, nullable=False, default=True),
    # What the listener last knew, for the Exchange page.
    Column("state", String(20), nullable=False, default="new"),  # new, connecting, up, down, refused
    Column("state_since", UtcTime),
    Column("state_note", Text),
    Column("version", String(120)),
    Column("created_at", UtcTime, nullable=False),
)

# The journal is a capture: the raw bytes of each connection, a row a batch, stored with what was derived from them.
# What was read in the exchange's own records to fill a gap stands there too (`source` cel), as it was written.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("source", String(8), nullable=False, default="ami", server_default="ami"),  # ami, cel
    Column("connection", String(32), nullable=False),
    Column("offset", BigInteger, nullable=False),  # of the first byte of `data` in this connection
    Column("received_at", UtcTime, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("fault", Text),  # why deriving raised, if it did: the bytes are kept all the same
    UniqueConstraint("exchange_id", "connection", "offset"),
)

# When the listener was away: from the last moment it heard the exchange until it was back.
gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("lost_at", UtcTime, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("filled_at", UtcTime),  # null: not yet, for the reason in `note`
    Column("rows", Integer, nullable=False, default=0),  # records read for it
    Column("broken", Integer, nullable=False, default=0),  # records that could not be read
    Column("tries", Integer, nullable=False, default=0),
    Column("note", Text),
    UniqueConstraint("exchange_id", "lost_at"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("exchange_id", ForeignKey("exchanges.id"), nullable=False),
    Column("key", String(150), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("caller", String(80)),
    Column("caller_raw", Text),
    Column("caller_name", Text),
    Column("did", String(80)),
    Column("callee", String(80)),
    Column("callee_raw", Text),
    Column("outcome", String(20)),
    Column("wait_seconds", Float, nullable=False, default=0.0),
    Column("talk_seconds", Float, nullable=False, default=0.0),
    Column("hold_seconds", Float, nullable=False, default=0.0),
    Column("voicemail", Boolean, nullable=False, default=False),
    Column("forwarded_to", String(80)),
    Column("queue", String(120)),
    Column("queued_at", UtcTime),  # since when the caller stands in it
    Column("click_to_call", Boolean, nullable=False, default=False),
    Column("source", String(10), nullable=False, default="live"),
    Column("partial", Boolean, nullable=False, default=False),
    Column("transfers", Json, nullable=False, default=list),
    Column("announced", Json, nullable=False, default=list),  # recording paths as the exchange said them: not trusted
    # Where the call belongs. The stage is that of the deal when the call began and never changes afterwards.
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("deal_id", ForeignKey("deals.id"), index=True),
    Column("stage_id", ForeignKey("stages.id")),
    Column("user_id", ForeignKey("users.id")),  # who answered first, or who dialled
    Column("journal_id", ForeignKey("journal.id", ondelete="SET NULL")),  # the batch it began in
    Column("told", Integer, nullable=False, default=0),  # how many facts we know of it: an older telling has fewer
    Column("reviewed_at", UtcTime),
    Column("reviewed_by", ForeignKey("users.id")),
    UniqueConstraint("exchange_id", "key"),
    Index("ix_calls_started_at", "started_at", "id"),
    Index("ix_calls_user_started", "user_id", "started_at"),
    Index("ix_calls_open", "exchange_id", "state"),
    Index("ix_calls_did", "exchange_id", "did"),
    Index("ix_calls_journal", "journal_id"),  # for forgetting batches
    sqlite_autoincrement=True,  # an id is never given twice: events and jobs outlive a joined call
)

# Every linkedid a call is or was known by on its exchange; joined calls share one row of `calls`.
call_linkedids = Table(
    "call_linkedids",
    metadata,
    Column("exchange_id", ForeignKey("exchanges.id"), primary_key=True),
    Column("linkedid", String(150), primary_key=True),
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, index=True),
)

call_rings = Table(
    "call_rings",
    metadata,
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("extension", String(80), nullable=False),
    Column("user_id", ForeignKey("users.id"), index=True),
    Column("rang_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", String(20)),
)

call_talks = Table(
    "call_talks",
    metadata,
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("extension", String(80), nullable=False),
    Column("user_id", ForeignKey("users.id"), index=True),
    Column("joined_at", UtcTime, nullable=False),
    Column("left_at", UtcTime),
    Column("talk_seconds", Float, nullable=False),
    Column("consultation_seconds", Float, nullable=False),
)

call_remarks = Table(
    "call_remarks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("second", Float),
    Column("text", Text, nullable=False),
)
