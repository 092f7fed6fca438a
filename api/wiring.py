"""Where the product is put together: who is given what, and what follows from what."""

from collections.abc import Mapping

from api.audit import job as audit_job
from api.context import AppContext
from api.doctor import job as doctor
from api.reactor import Reactions
from api.webhooks import lanes, sending
from api.webhooks.sender import OwnResolver, Sender
from crm_core.blobs import blobs_of
from crm_core.db import Database
from crm_core.deals.automations.reactions import (
    enter_opened,
    run_on_calls,
    run_on_payments,
    run_on_requests,
    run_on_tags,
    run_on_tasks,
)
from crm_core.errors import SettingsError
from crm_core.events import EventKind
from crm_core.importing import job as import_job
from crm_core.jobs import JobKind, JobRunner
from crm_core.leads.reactions import enter_ruled
from crm_core.live import Hints, Wake
from crm_core.live_by_notify import NotifyHints
from crm_core.merging import finding
from crm_core.secrets import SecretBox
from crm_core.settings import Settings, secret_key
from crm_core.tags.tagging import tag_calls
from crm_core.webhooks.addresses import Allowed
from crm_core.webhooks.telling import tell_webhooks
from pbx import originate
from pbx.dialects.registry import dialects
from recordings import fetch
from recordings.fetch import attach_recordings
from transcribe.jobs import transcribe_recordings

# What follows from what: read this first. A reaction runs once for each event, in the transaction that marks it done,
# and usually puts a job down.
REACTIONS: Reactions = {
    EventKind.CALL_STARTED: [tell_webhooks],
    EventKind.CALL_ANSWERED: [tell_webhooks],
    EventKind.CALL_TRANSFERRED: [tell_webhooks],
    EventKind.CALLS_JOINED: [tell_webhooks],
    EventKind.CALL_ENDED: [attach_recordings, tell_webhooks, run_on_calls],
    EventKind.RECORDING_STORED: [transcribe_recordings, tell_webhooks],
    EventKind.TRANSCRIPT_READY: [tag_calls, tell_webhooks],
    EventKind.CALL_TAGGED: [tell_webhooks, run_on_tags],
    EventKind.DEAL_OPENED: [enter_opened],
    EventKind.DEAL_MOVED: [enter_ruled],
    EventKind.REQUEST_TAKEN: [tell_webhooks, run_on_requests],
    EventKind.PAYMENT_TAKEN: [run_on_payments],
    EventKind.TASK_DONE: [run_on_tasks],
}


def build(settings: Settings, *, demo: bool = False) -> AppContext:
    """Everything the parts share; touches the data folder (key, blobs), not yet the database."""
    database, wake = Database(settings.database, settings.zone), Wake()
    database.on_commit(wake.wake)
    hints = hints_between(settings, database, wake)
    if hints is not None:
        database.on_commit(hints.tell)
    return AppContext(
        settings=settings, database=database, blobs=blobs_of(settings),
        box=SecretBox(secret_key(settings)), wake=wake, hints=hints, demo=demo,
    )  # fmt: skip


def hints_between(settings: Settings, database: Database, wake: Wake) -> Hints | None:
    """What tells one process at once of what another committed: Redis where there is one, else PostgreSQL. On SQLite there is one
    process and its worker."""
    if database.is_sqlite:
        return None
    if settings.redis_url is None:
        return NotifyHints(database, wake)
    try:
        from crm_core.live_by_redis import RedisHints  # noqa: PLC0415 - it is there with the extra `redis` only
    except ModuleNotFoundError as error:
        missing = f"FIRSTRING_REDIS_URL needs {error.name}: .venv/bin/uv pip install --require-hashes -r requirements/servers.txt"
        raise SettingsError(missing) from error
    return RedisHints(settings.redis_url.get_secret_value(), wake)


def job_runner(context: AppContext) -> JobRunner:
    """The kinds of jobs that the hub itself carries out; speech is the worker's."""
    folders = {name: one.habits.recording_folders for name, one in dialects().items() if one.habits.recording_folders}
    attach = fetch.job_kind(context.database, context.blobs, context.data_dir / "scratch", context.now, folders=folders)
    kinds: Mapping[str, JobKind] = {attach.name: attach}
    return JobRunner(context.database, kinds, context.now)


def dialling_runner(context: AppContext) -> JobRunner:
    """Calls by a click and the doctor, apart from the other jobs: nobody waits for a recording before his phone rings."""
    place = originate.job_kind(context.database, context.box, context.now)
    visit = doctor.job_kind(context.settings, context.database, context.box, context.now)
    return JobRunner(context.database, {place.name: place, visit.name: visit}, context.now)


def webhook_runner(context: AppContext) -> JobRunner:
    """What webhooks are told, carried by lanes of their own (`api.webhooks.lanes`)."""
    sender = Sender(Allowed.of(context.settings.webhooks_allow), OwnResolver(lanes.MOST))
    tell = sending.job_kind(context.database, context.box, sender, context.now)
    return JobRunner(context.database, {tell.name: tell}, context.now)


def import_runner(context: AppContext) -> JobRunner:
    """Tables that are taken in, and the search for duplicates: minutes of work that nobody's recording waits for."""
    scratch = context.data_dir / "scratch"
    take_in = import_job.job_kind(context.database, context.blobs, scratch, context.settings.region, context.now)
    find = finding.job_kind(context.database, context.now)
    return JobRunner(context.database, {take_in.name: take_in, find.name: find}, context.now)


def audit_runner(context: AppContext) -> JobRunner:
    """Audits, apart from the other jobs: a busy day's takes a minute, and nobody's recording waits for it."""
    audit = audit_job.job_kind(context)
    return JobRunner(context.database, {audit.name: audit}, context.now)
