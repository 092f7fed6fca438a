"""Every table of the product, in one import: for migrations and for tests that make an empty database."""

from crm_core.calls.tables import call_linkedids, call_remarks, call_rings, call_talks, calls, exchanges, gaps, journal
from crm_core.checkups.tables import checkups
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import metadata
from crm_core.deals.automations.tables import automation_runs, automations
from crm_core.deals.tables import deal_contacts, deals, loss_reasons, notes, pipelines, stage_history, stages
from crm_core.dialling.tables import dial_attempts
from crm_core.event_log import events
from crm_core.fields.tables import field_changes, fields
from crm_core.importing.tables import imports, refused_rows
from crm_core.jobs import jobs
from crm_core.leads.tables import lead_rules, working_hours
from crm_core.leases import leases
from crm_core.meetings.tables import meetings
from crm_core.merging.tables import duplicates, merges
from crm_core.products.tables import deal_products, product_groups, products, work_types
from crm_core.recordings.tables import listenings, recordings
from crm_core.reports.tables import plans
from crm_core.requests.tables import request_forms, requests
from crm_core.tags.tables import call_tags
from crm_core.tasks.tables import tasks
from crm_core.teams.tables import role_rights, role_scopes, team_members, teams
from crm_core.transcripts.tables import transcript_segments, transcripts
from crm_core.trust.tables import audited_days, differences
from crm_core.users.tables import api_tokens, audit, login_failures, sessions, setup_links, user_extensions, users
from crm_core.views.tables import saved_views
from crm_core.webhooks.tables import deliveries, webhooks

__all__ = [
    "api_tokens", "audit", "audited_days", "automation_runs", "automations", "call_linkedids", "call_remarks",
    "call_rings", "call_tags", "call_talks", "calls", "checkups", "companies", "contact_numbers", "contacts",
    "deal_contacts", "deal_products", "deals", "deliveries", "dial_attempts", "differences", "duplicates", "events", "exchanges",
    "field_changes", "fields", "gaps", "imports", "jobs", "journal", "lead_rules", "leases", "listenings",
    "login_failures", "loss_reasons", "meetings", "merges", "metadata", "notes", "pipelines", "plans",
    "product_groups", "products", "recordings", "refused_rows", "request_forms", "requests", "role_rights",
    "role_scopes", "saved_views", "sessions", "setup_links", "stage_history", "stages", "tasks", "team_members",
    "teams", "transcript_segments", "transcripts", "user_extensions", "users", "webhooks", "work_types",
    "working_hours",
]  # fmt: skip
