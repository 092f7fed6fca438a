"""Plans: what a person, a team or the house should reach in a period (R11)."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, String, Table

from crm_core.db import UtcTime, metadata

# Facts are never kept: they follow from events.
plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("indicator", String(40), nullable=False),  # the file of crm_core.reports.indicators
    Column("period", String(8), nullable=False),  # month, quarter, half
    Column("begins", Date, nullable=False),
    Column("whose", String(20), nullable=False),  # user:<id>, team:<id>, house
    Column("user_id", ForeignKey("users.id"), index=True),
    Column("team_id", ForeignKey("teams.id"), index=True),
    Column("value", BigInteger, nullable=False),  # in the indicator's unit: calls, seconds, kopecks
    Column("set_at", UtcTime, nullable=False),
    Column("set_by", ForeignKey("users.id")),
    Index("uq_plans_of", "indicator", "period", "begins", "whose", unique=True),
)
