"""The funnel conveyor: gates, automations, requests, meetings, products, teams, plans, merges and imports."""

import sqlalchemy as sa
from alembic import op

from crm_core.db import LATER, Json, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REACTED = (
    "call_started", "call_answered", "call_transferred", "calls_joined", "call_ended", "recording_stored", "transcript_ready",
    "call_tagged",
)  # fmt: skip
"""Kinds of events that had reactions until now. What happened of the others is history: what is new does not react to it."""

KEPT_IDS = {"sqlite_autoincrement": True}
"""SQLite makes these tables anew; an id must still never be given twice."""


def upgrade() -> None:
    with op.batch_alter_table("audit") as batch_op:
        batch_op.create_index("ix_audit_noun", ["noun", "noun_id"], unique=False)
    op.create_table(
        "fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("choices", Json, nullable=False),
        sa.Column("personal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("block", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields")),
    )
    op.create_table(
        "loss_reasons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reasoned", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss_reasons")),
    )
    op.create_table(
        "product_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_groups")),
    )
    op.create_table(
        "role_rights",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("right", sa.String(length=24), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("role", "right", name=op.f("pk_role_rights")),
    )
    op.create_table(
        "role_scopes",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("noun", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("role", "noun", name=op.f("pk_role_scopes")),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("own_figures", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
    )
    op.create_table(
        "work_types",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("least_amount", sa.BigInteger(), nullable=True),
        sa.Column("most_amount", sa.BigInteger(), nullable=True),
        sa.Column("usual_amount", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_types")),
    )
    op.create_table(
        "field_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(length=12), nullable=False),
        sa.Column("noun_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("old", Json, nullable=True),
        sa.Column("new", Json, nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("restores_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["restores_id"], ["field_changes.id"], name=op.f("fk_field_changes_restores_id_field_changes"), **LATER
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_field_changes_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_changes")),
    )
    with op.batch_alter_table("field_changes", schema=None) as batch_op:
        batch_op.create_index("ix_field_changes_noun", ["noun", "noun_id", "at"], unique=False)

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("blob", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("row_reached", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imports_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "lead_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("when", Json, nullable=False),
        sa.Column("then", Json, nullable=False),
        sa.Column("last_owner_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_lead_rules_created_by_users")),
        sa.ForeignKeyConstraint(["last_owner_id"], ["users.id"], name=op.f("fk_lead_rules_last_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_rules")),
    )
    op.create_table(
        "working_hours",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("begins", sa.String(length=5), nullable=True),
        sa.Column("ends", sa.String(length=5), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_working_hours")),
    )

    op.create_table(
        "duplicates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(length=12), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("why", Json, nullable=False),
        sa.Column("found_at", UtcTime(), nullable=False),
        sa.Column("set_aside_at", UtcTime(), nullable=True),
        sa.Column("set_aside_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["set_aside_by"], ["users.id"], name=op.f("fk_duplicates_set_aside_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicates")),
        sa.UniqueConstraint("noun", "one_id", "other_id", name=op.f("uq_duplicates_noun_one_id_other_id")),
    )

    op.create_table(
        "merges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(length=12), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("gone_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("moved", Json, nullable=False),
        sa.Column("filled", Json, nullable=False),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["undone_by"], ["users.id"], name=op.f("fk_merges_undone_by_users")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_merges_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.create_index("ix_merges_noun", ["noun", "kept_id"], unique=False)

    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("whose", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("set_at", UtcTime(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_plans_set_by_users")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_plans_team_id_teams")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_plans_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plans_team_id"), ["team_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_plans_user_id"), ["user_id"], unique=False)
        batch_op.create_index("uq_plans_of", ["indicator", "period", "begins", "whose"], unique=True)

    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name=op.f("fk_products_group_id_product_groups")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_group_id"), ["group_id"], unique=False)

    op.create_table(
        "request_forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("origins", Json, nullable=False),
        sa.Column("thanks_url", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_request_forms_created_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_forms")),
        sa.UniqueConstraint("key", name=op.f("uq_request_forms_key")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    with op.batch_alter_table("saved_views", schema=None) as batch_op:
        batch_op.create_index("ix_saved_views_section", ["section", "user_id"], unique=False)

    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id_teams")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_team_members_user_id_users")),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_team_members_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "ix_team_members_of_one_team",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("NOT leads"),
            postgresql_where=sa.text("NOT leads"),
        )

    op.create_table(
        "automations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=True),
        sa.Column("stage_id", sa.Integer(), nullable=True),
        sa.Column("when", Json, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("built_in", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("archived_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_automations_created_by_users")),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_automations_pipeline_id_pipelines")),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"], name=op.f("fk_automations_stage_id_stages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automations")),
    )
    with op.batch_alter_table("automations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_automations_pipeline_id"), ["pipeline_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_automations_stage_id"), ["stage_id"], unique=False)

    op.create_table(
        "refused_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("cells", Json, nullable=False),
        sa.Column("why", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_refused_rows_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_rows")),
    )
    with op.batch_alter_table("refused_rows", schema=None) as batch_op:
        batch_op.create_index("uq_refused_rows_row", ["import_id", "row"], unique=True)

    op.create_table(
        "automation_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("facts", Json, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_automation_runs_deal_id_deals")),
        sa.ForeignKeyConstraint(["rule_id"], ["automations.id"], name=op.f("fk_automation_runs_rule_id_automations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_runs")),
    )
    with op.batch_alter_table("automation_runs", schema=None) as batch_op:
        batch_op.create_index("ix_automation_runs_deal_at", ["deal_id", "at"], unique=False)
        batch_op.create_index("ix_automation_runs_rule_at", ["rule_id", "at"], unique=False)
        batch_op.create_index("uq_automation_runs_occasion", ["rule_id", "key"], unique=True)

    op.create_table(
        "deal_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("influence", sa.String(length=12), nullable=True),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_deal_contacts_contact_id_contacts")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_contacts_deal_id_deals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_contacts")),
        sa.UniqueConstraint("deal_id", "contact_id", name=op.f("uq_deal_contacts_deal_id_contact_id")),
    )
    with op.batch_alter_table("deal_contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deal_contacts_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "deal_products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_products_deal_id_deals")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_deal_products_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_products")),
    )
    with op.batch_alter_table("deal_products", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deal_products_deal_id"), ["deal_id"], unique=False)

    op.create_table(
        "requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone", sa.String(length=80), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("utm", Json, nullable=False),
        sa.Column("consent", sa.Text(), nullable=True),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("deal_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_requests_contact_id_contacts")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_requests_deal_id_deals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("sender", "key", name=op.f("uq_requests_sender_key")),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index("ix_requests_at", ["at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_requests_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_requests_deal_id"), ["deal_id"], unique=False)

    op.create_table(
        "meetings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("with_whom", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("at", UtcTime(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("held_at", UtcTime(), nullable=True),
        sa.Column("agreements", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_meetings_contact_id_contacts")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_meetings_created_by_users")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_meetings_deal_id_deals")),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_meetings_task_id_tasks")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_meetings_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meetings_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meetings_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index("ix_meetings_user_at", ["user_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_meetings_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("inn", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("phone", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("email", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("site", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("address", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("custom", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("merged_into", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("external_id", sa.String(length=120), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_companies_external_id"), ["external_id"])
        batch_op.create_index("ix_companies_inn", ["inn"], unique=False)
        batch_op.create_index(batch_op.f("ix_companies_merged_into"), ["merged_into"], unique=False)
        batch_op.create_index("ix_companies_name", ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_companies_owner_id"), ["owner_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_companies_owner_id_users"), "users", ["owner_id"], ["id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_companies_merged_into_companies"), "companies", ["merged_into"], ["id"], **LATER
        )

    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("custom", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("consent_at", UtcTime(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("external_id", sa.String(length=120), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_contacts_external_id"), ["external_id"])
        batch_op.create_index("ix_contacts_email", ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_merged_into"), ["merged_into"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_contacts_merged_into_contacts"), "contacts", ["merged_into"], ["id"], **LATER)

    with op.batch_alter_table("deals", table_kwargs=KEPT_IDS) as batch_op:
        batch_op.add_column(sa.Column("closed_as", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("loss_reason_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("work_type_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("amount_is_usual", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("custom", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("utm", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("handed_over_from", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("lead_rule_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("external_id", sa.String(length=120), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_deals_external_id"), ["external_id"])
        batch_op.create_unique_constraint(batch_op.f("uq_deals_handed_over_from"), ["handed_over_from"])
        batch_op.create_index("ix_deals_board", ["pipeline_id", "closed_at", "stage_id"], unique=False)
        batch_op.create_index("ix_deals_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_deals_stage_since", ["stage_since", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deals_work_type_id"), ["work_type_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_deals_loss_reason_id_loss_reasons"), "loss_reasons", ["loss_reason_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_deals_work_type_id_work_types"), "work_types", ["work_type_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_deals_lead_rule_id_lead_rules"), "lead_rules", ["lead_rule_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_deals_handed_over_from_deals"), "deals", ["handed_over_from"], ["id"], **LATER)

    # How a deal was closed was told by its stage alone until now.
    won = "SELECT id FROM stages WHERE kind = 'won'"
    op.execute(f"UPDATE deals SET closed_as = 'won' WHERE closed_at IS NOT NULL AND stage_id IN ({won})")  # noqa: S608
    op.execute("UPDATE deals SET closed_as = 'lost' WHERE closed_at IS NOT NULL AND closed_as IS NULL")

    with op.batch_alter_table("pipelines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hands_over_to", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("archived_at", UtcTime(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_pipelines_hands_over_to_pipelines"), "pipelines", ["hands_over_to"], ["id"], **LATER
        )

    with op.batch_alter_table("stage_history", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rule_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("missing", Json, nullable=True))
        batch_op.create_index("ix_stage_history_stage_at", ["stage_id", "at"], unique=False)
        batch_op.create_index(
            "ix_stage_history_set_aside", ["at"], unique=False,
            sqlite_where=sa.text("missing IS NOT NULL"), postgresql_where=sa.text("missing IS NOT NULL"),
        )  # fmt: skip
        batch_op.create_foreign_key(
            batch_op.f("fk_stage_history_rule_id_automations"), "automations", ["rule_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("stages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("criteria", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("tools", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("algorithm", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("gates", Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("entry_tasks", Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("limit_hours", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("chance", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("archived_at", UtcTime(), nullable=True))

    with op.batch_alter_table("tasks", table_kwargs=KEPT_IDS) as batch_op:
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("stage_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rule_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("escalated_at", UtcTime(), nullable=True))
        batch_op.create_index(
            "ix_tasks_overdue",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_tasks_rule_id_automations"), "automations", ["rule_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(batch_op.f("fk_tasks_stage_id_stages"), "stages", ["stage_id"], ["id"])

    op.create_index("ix_audit_deed", "audit", ["deed", "id"])
    events = sa.table("events", sa.column("kind"), sa.column("at"), sa.column("reacted_at"))
    op.execute(
        sa.update(events).where(events.c.reacted_at.is_(None), events.c.kind.not_in(REACTED)).values(reacted_at=events.c.at)
    )


def downgrade() -> None:
    op.drop_index("ix_audit_deed", "audit")
    with op.batch_alter_table("audit") as batch_op:
        batch_op.drop_index("ix_audit_noun")
    with op.batch_alter_table("tasks", table_kwargs=KEPT_IDS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_tasks_stage_id_stages"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_tasks_rule_id_automations"), type_="foreignkey")
        batch_op.drop_index(
            "ix_tasks_overdue", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )
        batch_op.drop_column("escalated_at")
        batch_op.drop_column("rule_id")
        batch_op.drop_column("stage_id")
        batch_op.drop_column("note")

    with op.batch_alter_table("stages", schema=None) as batch_op:
        batch_op.drop_column("archived_at")
        batch_op.drop_column("chance")
        batch_op.drop_column("limit_hours")
        batch_op.drop_column("entry_tasks")
        batch_op.drop_column("gates")
        batch_op.drop_column("algorithm")
        batch_op.drop_column("tools")
        batch_op.drop_column("criteria")

    with op.batch_alter_table("stage_history", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_stage_history_rule_id_automations"), type_="foreignkey")
        batch_op.drop_index("ix_stage_history_set_aside")
        batch_op.drop_index("ix_stage_history_stage_at")
        batch_op.drop_column("missing")
        batch_op.drop_column("rule_id")

    with op.batch_alter_table("pipelines", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_pipelines_hands_over_to_pipelines"), type_="foreignkey")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("hands_over_to")

    with op.batch_alter_table("deals", table_kwargs=KEPT_IDS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_deals_handed_over_from_deals"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_deals_lead_rule_id_lead_rules"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_deals_work_type_id_work_types"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_deals_loss_reason_id_loss_reasons"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_deals_work_type_id"))
        batch_op.drop_index("ix_deals_stage_since")
        batch_op.drop_index("ix_deals_created_at")
        batch_op.drop_index("ix_deals_board")
        batch_op.drop_column("lead_rule_id")
        batch_op.drop_constraint(batch_op.f("uq_deals_external_id"), type_="unique")
        batch_op.drop_column("external_id")
        batch_op.drop_constraint(batch_op.f("uq_deals_handed_over_from"), type_="unique")
        batch_op.drop_column("handed_over_from")
        batch_op.drop_column("utm")
        batch_op.drop_column("custom")
        batch_op.drop_column("amount_is_usual")
        batch_op.drop_column("work_type_id")
        batch_op.drop_column("loss_reason_id")
        batch_op.drop_column("closed_as")

    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_contacts_merged_into_contacts"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_contacts_merged_into"))
        batch_op.drop_index("ix_contacts_email")
        batch_op.drop_constraint(batch_op.f("uq_contacts_external_id"), type_="unique")
        batch_op.drop_column("external_id")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("consent_at")
        batch_op.drop_column("custom")

    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_companies_merged_into_companies"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_companies_owner_id_users"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_companies_owner_id"))
        batch_op.drop_index("ix_companies_name")
        batch_op.drop_index(batch_op.f("ix_companies_merged_into"))
        batch_op.drop_index("ix_companies_inn")
        batch_op.drop_constraint(batch_op.f("uq_companies_external_id"), type_="unique")
        batch_op.drop_column("external_id")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("custom")
        batch_op.drop_column("owner_id")
        batch_op.drop_column("note")
        batch_op.drop_column("address")
        batch_op.drop_column("site")
        batch_op.drop_column("email")
        batch_op.drop_column("phone")
        batch_op.drop_column("inn")

    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meetings_user_id"))
        batch_op.drop_index("ix_meetings_user_at")
        batch_op.drop_index(batch_op.f("ix_meetings_deal_id"))
        batch_op.drop_index(batch_op.f("ix_meetings_contact_id"))

    op.drop_table("meetings")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requests_deal_id"))
        batch_op.drop_index(batch_op.f("ix_requests_contact_id"))
        batch_op.drop_index("ix_requests_at")

    op.drop_table("requests")
    with op.batch_alter_table("deal_products", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deal_products_deal_id"))

    op.drop_table("deal_products")
    with op.batch_alter_table("deal_contacts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deal_contacts_contact_id"))

    op.drop_table("deal_contacts")
    with op.batch_alter_table("automation_runs", schema=None) as batch_op:
        batch_op.drop_index("uq_automation_runs_occasion")
        batch_op.drop_index("ix_automation_runs_rule_at")
        batch_op.drop_index("ix_automation_runs_deal_at")

    op.drop_table("automation_runs")
    with op.batch_alter_table("refused_rows", schema=None) as batch_op:
        batch_op.drop_index("uq_refused_rows_row")

    op.drop_table("refused_rows")
    with op.batch_alter_table("automations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_automations_stage_id"))
        batch_op.drop_index(batch_op.f("ix_automations_pipeline_id"))

    op.drop_table("automations")
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_team_members_of_one_team", sqlite_where=sa.text("NOT leads"), postgresql_where=sa.text("NOT leads")
        )
        batch_op.drop_index(batch_op.f("ix_team_members_user_id"))

    op.drop_table("team_members")
    with op.batch_alter_table("saved_views", schema=None) as batch_op:
        batch_op.drop_index("ix_saved_views_section")

    op.drop_table("saved_views")
    op.drop_table("request_forms")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_group_id"))

    op.drop_table("products")
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.drop_index("uq_plans_of")
        batch_op.drop_index(batch_op.f("ix_plans_user_id"))
        batch_op.drop_index(batch_op.f("ix_plans_team_id"))

    op.drop_table("plans")
    with op.batch_alter_table("merges", schema=None) as batch_op:
        batch_op.drop_index("ix_merges_noun")

    op.drop_table("merges")
    op.drop_table("working_hours")
    op.drop_table("duplicates")
    op.drop_table("lead_rules")
    op.drop_table("imports")
    with op.batch_alter_table("field_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_field_changes_noun")

    op.drop_table("field_changes")
    op.drop_table("work_types")
    op.drop_table("teams")
    op.drop_table("role_scopes")
    op.drop_table("role_rights")
    op.drop_table("product_groups")
    op.drop_table("loss_reasons")
    op.drop_table("fields")
