"""Teams, and what the administrator set about who sees and may do what (R6)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false, text

from crm_core.db import UtcTime, metadata

teams = Table(
    "teams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("own_figures", Boolean, nullable=False, default=False, server_default=false()),  # nobody looks at others' (R7)
    Column("created_at", UtcTime, nullable=False),
    Column("archived_at", UtcTime),
)

# One team a person; a head leads any number of them.
team_members = Table(
    "team_members",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True, index=True),
    Column("leads", Boolean, nullable=False, default=False, server_default=false()),
    Index(
        "ix_team_members_of_one_team", "user_id", unique=True, sqlite_where=text("NOT leads"), postgresql_where=text("NOT leads")
    ),
)

# What differs from the usual policy of a role (crm_core.access.POLICY); no row: as usual.
role_scopes = Table(
    "role_scopes",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("noun", String(16), primary_key=True),  # calls, contacts, companies, deals, tasks, figures
    Column("scope", String(12), nullable=False),  # own, team, everybody
)

role_rights = Table(
    "role_rights",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("right", String(24), primary_key=True),
    Column("granted", Boolean, nullable=False),
)
