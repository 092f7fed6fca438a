"""Gaps, click-to-call, and records in the journal."""

import sqlalchemy as sa
from alembic import op

from crm_core.db import Json, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dial_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Integer(), nullable=True),
        sa.Column("extension", sa.String(length=80), nullable=True),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("channel_id", sa.String(length=80), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name=op.f("fk_dial_attempts_exchange_id_exchanges")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_dial_attempts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_attempts")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_dial_attempts_channel_id")),
    )
    with op.batch_alter_table("dial_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_dial_attempts_user_at", ["user_id", "at"], unique=False)

    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Integer(), nullable=False),
        sa.Column("lost_at", UtcTime(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("filled_at", UtcTime(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("broken", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name=op.f("fk_gaps_exchange_id_exchanges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sa.UniqueConstraint("exchange_id", "lost_at", name=op.f("uq_gaps_exchange_id_lost_at")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("queued_at", UtcTime(), nullable=True))

    with op.batch_alter_table("exchanges", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cel_file", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("dial_rules", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("learned", Json, server_default="{}", nullable=False))

    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=8), server_default="ami", nullable=False))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("may_dial_unknown", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("may_dial_for_others", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("may_dial_for_others")
        batch_op.drop_column("may_dial_unknown")

    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_column("source")

    with op.batch_alter_table("exchanges", schema=None) as batch_op:
        batch_op.drop_column("learned")
        batch_op.drop_column("dial_rules")
        batch_op.drop_column("cel_file")

    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_column("queued_at")

    op.drop_table("gaps")
    with op.batch_alter_table("dial_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_dial_attempts_user_at")

    op.drop_table("dial_attempts")
