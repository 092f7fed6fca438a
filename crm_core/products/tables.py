"""What is sold: work types with their usual amount, products in groups, and the lines of a deal."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, String, Table, Text

from crm_core.db import UtcTime, metadata

# Amounts are in the smallest unit of the currency (kopecks).
work_types = Table(
    "work_types",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("least_amount", BigInteger),  # the range that is usual: 50–300 thousand
    Column("most_amount", BigInteger),
    Column("usual_amount", BigInteger),  # while no deal of it was won; then their mean counts
    Column("position", Integer, nullable=False),
    Column("archived_at", UtcTime),
)

product_groups = Table(
    "product_groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("archived_at", UtcTime),
)

products = Table(
    "products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("group_id", ForeignKey("product_groups.id"), index=True),
    Column("name", Text, nullable=False),
    Column("sku", String(80)),
    Column("unit", String(20)),
    Column("price", BigInteger),
    Column("cost", BigInteger),
    Column("archived_at", UtcTime),
)

# A line keeps the words and prices of its day: a price list that changes later changes no deal.
deal_products = Table(
    "deal_products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("deal_id", ForeignKey("deals.id"), nullable=False, index=True),
    Column("product_id", ForeignKey("products.id")),
    Column("name", Text, nullable=False),
    Column("unit", String(20)),
    Column("quantity", Float, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("cost", BigInteger),
    Column("position", Integer, nullable=False),
)
