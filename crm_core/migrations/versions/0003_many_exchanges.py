"""Many exchanges with records of their own, leases, the audit, checkups and webhooks."""

import sqlalchemy as sa
from alembic import op

from crm_core.db import Json, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "audited_days",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("agreeing", sa.Integer(), nullable=False),
        sa.Column("sources", Json, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("audited_at", UtcTime(), nullable=False),
        sa.Column("audited_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["audited_by"], ["users.id"], name=op.f("fk_audited_days_audited_by_users")),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name=op.f("fk_audited_days_exchange_id_exchanges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audited_days")),
    )
    with op.batch_alter_table("audited_days", schema=None) as batch_op:
        batch_op.create_index("uq_audited_days_exchange_id_day", ["exchange_id", "day"], unique=True)

    op.create_table(
        "checkups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("over_at", UtcTime(), nullable=True),
        sa.Column("findings", Json, nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_checkups_asked_by_users")),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name=op.f("fk_checkups_exchange_id_exchanges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkups")),
    )
    with op.batch_alter_table("checkups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkups_exchange_id"), ["exchange_id"], unique=False)

    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_webhooks_created_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "audit_differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("linkedid", sa.String(length=150), nullable=True),
        sa.Column("facts", Json, nullable=False),
        sa.Column("mended_at", UtcTime(), nullable=True),
        sa.Column("mended_how", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["day_id"], ["audited_days.id"], name=op.f("fk_audit_differences_day_id_audited_days"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_differences")),
    )
    with op.batch_alter_table("audit_differences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_differences_day_id"), ["day_id"], unique=False)

    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("tried_at", UtcTime(), nullable=True),
        sa.Column("next_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id_webhooks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("uid", name=op.f("uq_webhook_deliveries_uid")),
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_deliveries_call_id", ["call_id"], unique=False)
        batch_op.create_index("ix_webhook_deliveries_webhook_id_state", ["webhook_id", "state"], unique=False)
        batch_op.create_index("uq_webhook_deliveries_webhook_id_event_id", ["webhook_id", "event_id"], unique=True)

    # Kinds that something follows from since this version: what happened before it is not told to anybody.
    kinds = "'call_started', 'call_answered', 'call_transferred', 'calls_joined', 'call_tagged'"
    op.execute(f"UPDATE events SET reacted_at = at WHERE reacted_at IS NULL AND kind IN ({kinds})")  # noqa: S608

    with op.batch_alter_table("exchanges", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ami_ca_file", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("ami_secret_file", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("dial_secret_file", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("records", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("records_secret", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("exchanges", schema=None) as batch_op:
        batch_op.drop_column("records_secret")
        batch_op.drop_column("records")
        batch_op.drop_column("dial_secret_file")
        batch_op.drop_column("ami_secret_file")
        batch_op.drop_column("ami_ca_file")

    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.drop_index("uq_webhook_deliveries_webhook_id_event_id")
        batch_op.drop_index("ix_webhook_deliveries_webhook_id_state")
        batch_op.drop_index("ix_webhook_deliveries_call_id")

    op.drop_table("webhook_deliveries")
    with op.batch_alter_table("audit_differences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_differences_day_id"))

    op.drop_table("audit_differences")
    op.drop_table("webhooks")
    with op.batch_alter_table("checkups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkups_exchange_id"))

    op.drop_table("checkups")
    with op.batch_alter_table("audited_days", schema=None) as batch_op:
        batch_op.drop_index("uq_audited_days_exchange_id_day")

    op.drop_table("audited_days")
    op.drop_table("leases")
