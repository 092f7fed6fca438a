"""Every table of the product, in one import: for migrations and for tests that make an empty database."""

from crm_core.calls.tables import call_linkedids, call_remarks, call_rings, call_talks, calls, exchanges, gaps, journal
from crm_core.checkups.tables import checkups
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import metadata
from crm_core.deals.tables import deals, notes, pipelines, stage_history, stages
from crm_core.dialling.tables import dial_attempts
from crm_core.event_log import events
from crm_core.jobs import jobs
from crm_core.leases import leases
from crm_core.recordings.tables import listenings, recordings
from crm_core.tags.tables import call_tags
from crm_core.tasks.tables import tasks
from crm_core.transcripts.tables import transcript_segments, transcripts
from crm_core.trust.tables import audited_days, differences
from crm_core.users.tables import api_tokens, audit, login_failures, sessions, setup_links, user_extensions, users
from crm_core.webhooks.tables import deliveries, webhooks

__all__ = [
    "api_tokens", "audit", "audited_days", "call_linkedids", "call_remarks", "call_rings", "call_tags", "call_talks",
    "calls", "checkups", "companies", "contact_numbers", "contacts", "deals", "deliveries", "dial_attempts",
    "differences", "events", "exchanges", "gaps", "jobs", "journal", "leases", "listenings", "login_failures",
    "metadata", "notes", "pipelines", "recordings", "sessions", "setup_links", "stage_history", "stages", "tasks",
    "transcript_segments", "transcripts", "user_extensions", "users", "webhooks",
]  # fmt: skip
