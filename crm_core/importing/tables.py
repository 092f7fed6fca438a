"""Imports of contacts, companies and deals from CSV and XLSX."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from crm_core.db import Json, UtcTime, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("blob", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("options", Json, nullable=False, default=dict),  # encoding, delimiter, sheet, mapping of columns
    Column("state", String(10), nullable=False),  # new, running, done, failed
    Column("rows", Integer, nullable=False, default=0),
    Column("row_reached", Integer, nullable=False, default=0),  # all before it are in: goes on there after a kill
    Column("created", Integer, nullable=False, default=0),
    Column("changed", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Column("note", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)

refused_rows = Table(
    "refused_rows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", ForeignKey("imports.id", ondelete="CASCADE"), nullable=False),
    Column("row", Integer, nullable=False),  # its place in the file, the heading is 1
    Column("cells", Json, nullable=False),
    Column("why", Json, nullable=False),  # [[column, reason], …]
    Index("uq_refused_rows_row", "import_id", "row", unique=True),
)
