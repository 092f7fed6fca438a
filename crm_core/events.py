"""The kinds of rows in `events`: what happened in the business. Feeds timeline, browser, reactions and webhooks."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    CALL_STARTED = "call_started"
    PARTY_RANG = "party_rang"
    PARTY_STOPPED = "party_stopped"
    CALL_ANSWERED = "call_answered"
    CALL_TRANSFERRED = "call_transferred"
    CALL_CHANGED = "call_changed"
    CALLS_JOINED = "calls_joined"
    CALL_ENDED = "call_ended"
    RECORDING_STORED = "recording_stored"
    RECORDING_MISSING = "recording_missing"
    TRANSCRIPT_PROGRESS = "transcript_progress"
    TRANSCRIPT_READY = "transcript_ready"
    CALL_TAGGED = "call_tagged"
    CALL_REVIEWED = "call_reviewed"
    CONTACT_CHANGED = "contact_changed"
    DEAL_OPENED = "deal_opened"
    DEAL_CHANGED = "deal_changed"
    DEAL_MOVED = "deal_moved"
    TASK_OPENED = "task_opened"
    TASK_DONE = "task_done"
    TASK_OVERDUE = "task_overdue"  # and the head was told
    DEAL_STUCK = "deal_stuck"  # longer on its stage than that allows
    AUTOMATION_RAN = "automation_ran"
    MEETING_CHANGED = "meeting_changed"  # set, put off, held or cancelled
    REQUEST_TAKEN = "request_taken"
    PAYMENT_TAKEN = "payment_taken"
    COMPANY_CHANGED = "company_changed"
    RECORDS_MERGED = "records_merged"
    IMPORT_CHANGED = "import_changed"
    PIPELINE_CHANGED = "pipeline_changed"  # its stages, gates, automations or lead rules
    PLAN_CHANGED = "plan_changed"
    ACCESS_CHANGED = "access_changed"
    EXCHANGE_CHANGED = "exchange_changed"
    USER_CHANGED = "user_changed"
    DIAL_CHANGED = "dial_changed"  # a call by a click was ordered, or it is known how that went
    DIAL_CAP_NEARED = "dial_cap_neared"
    WEBHOOK_TESTED = "webhook_tested"
    DAY_AUDITED = "day_audited"  # its calls were compared with the exchange's records, or it is known what mended them


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `receivers`: ids of the users it is for beside those who see everything; None: for everybody."""

    kind: EventKind
    at: datetime
    receivers: tuple[int, ...] | None = ()
    call_id: int | None = None
    contact_id: int | None = None
    deal_id: int | None = None
    task_id: int | None = None
    recording_id: int | None = None
    user_id: int | None = None  # who did it
    facts: dict[str, Any] = field(default_factory=dict)
    key: str | None = None  # names the event where it may be told again
    id: int | None = None  # given by the log
