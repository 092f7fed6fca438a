"""What REST answers look like. Built from the core's reads; names and shapes are the outward contract."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, model_validator

from crm_core.contacts.queries import CompanyLine, ContactLine
from crm_core.deals.queries import DealLine
from crm_core.references import CompanyRef
from crm_core.tasks.queries import TaskLine
from crm_core.transcripts.speech import Segment
from crm_core.users.queries import UserLine

T = TypeVar("T")


def written(moment: datetime) -> str:
    """`2026-11-21T23:43:56.199Z`: milliseconds, always UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


Moment = Annotated[datetime, PlainSerializer(written, return_type=str, when_used="json")]
Seconds = Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3), return_type=float, when_used="json")]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(Answer, Generic[T]):
    items: list[T]
    next_cursor: str | None


class PersonOut(Answer):
    id: int
    name: str


class StageOut(Answer):
    id: int
    name: str


class AnsweredBy(Answer):
    extension: str
    talk_seconds: Seconds
    consultation_seconds: Seconds


class Rang(Answer):
    extension: str
    outcome: str | None


class RecordingOut(Answer):
    """`sides` is 2 where the customer is left and the manager right."""

    id: int
    seconds: Seconds
    sides: int


class CallOut(Answer):
    """The call as replay tells it, with where it belongs. All keys are always present. Written by `api.rest.call_told`."""

    id: int
    exchange: str
    linkedids: list[str]
    direction: str
    started_at: Moment
    ended_at: Moment | None
    caller: str | None
    caller_name: str | None
    did: str | None
    callee: str | None
    outcome: str | None
    wait_seconds: Seconds
    talk_seconds: Seconds
    hold_seconds: Seconds
    answered_by: list[AnsweredBy]
    rang: list[Rang]
    transfers: list[dict[str, Any]]
    voicemail: bool
    forwarded_to: str | None
    queue: str | None
    click_to_call: bool
    recordings: list[RecordingOut]
    source: str
    partial: bool
    state: str
    contact_id: int | None
    deal_id: int | None
    stage: StageOut | None
    user: PersonOut | None
    tags: list[str]
    reviewed_at: Moment | None


class RemarkOut(Answer):
    """`second` of the conversation it is about, null for the call as a whole."""

    id: int
    user: PersonOut
    at: Moment
    second: Seconds | None
    text: str


class SegmentOut(Answer):
    side: Literal["manager", "customer", "unknown"]
    start: float
    end: float
    text: str
    recording_id: int

    @classmethod
    def of(cls, segment: Segment, recording_id: int) -> "SegmentOut":
        return cls.model_construct(
            side=segment.side, start=segment.start, end=segment.end, text=segment.text, recording_id=recording_id
        )


class TagOut(Answer):
    """Points to its quote: seconds of the recording."""

    tag: str
    quote: str
    start: float | None
    end: float | None
    recording_id: int


class TranscriptOut(Answer):
    """`status`: ready, working, queued, parked, recording_awaited, no_recording; `progress` 0..1; `why` in words."""

    status: str
    progress: float
    why: str | None
    language: str | None
    segments: list[SegmentOut]
    tags: list[TagOut]


class NumberOut(Answer):
    number: str
    not_customer: bool


class CompanyRefOut(Answer):
    """`id` is null where the company is not yours to open."""

    id: int | None
    name: str

    @model_validator(mode="before")
    @classmethod
    def _masked(cls, told: Any) -> Any:
        return {"id": told.id if told.may_open else None, "name": told.name} if isinstance(told, CompanyRef) else told


class WorkTypeRefOut(Answer):
    id: int
    name: str


class ContactOut(Answer):
    id: int
    name: str | None
    position: str | None
    email: str | None
    note: str | None
    company: CompanyRefOut | None
    owner: PersonOut | None
    numbers: list[NumberOut]
    created_at: Moment

    @classmethod
    def of(cls, line: ContactLine) -> "ContactOut":
        return cls.model_validate(line)


class CompanyOut(Answer):
    """`phone` as digits where it could be understood."""

    id: int
    name: str
    inn: str | None
    phone: str | None
    email: str | None
    site: str | None
    address: str | None
    note: str | None
    owner: PersonOut | None
    created_at: Moment

    @classmethod
    def of(cls, line: CompanyLine) -> "CompanyOut":
        return cls.model_validate(line)


class DealOut(Answer):
    """`amount` in the smallest unit of the currency (kopecks); `amount_is_usual`: an estimate nobody typed."""

    id: int
    title: str | None
    contact_id: int | None
    company: CompanyRefOut | None
    work_type: WorkTypeRefOut | None
    pipeline_id: int
    stage_id: int
    stage: StageOut
    stage_since: Moment
    owner: PersonOut | None
    amount: int | None
    amount_is_usual: bool
    currency: str
    source: str | None
    next_due_at: Moment | None
    created_at: Moment
    closed_at: Moment | None
    closed_as: str | None

    @classmethod
    def of(cls, line: DealLine) -> "DealOut":
        return cls.model_construct(
            id=line.id, title=line.title, contact_id=line.contact.id if line.contact and line.contact.may_open else None,
            pipeline_id=line.pipeline_id, stage_id=line.stage.id, stage=StageOut(id=line.stage.id, name=line.stage.name),
            stage_since=line.stage_since, owner=PersonOut.model_validate(line.owner) if line.owner else None,
            amount=line.amount, currency=line.currency, source=line.source, created_at=line.created_at,
            closed_at=line.closed_at, closed_as=line.closed_as, amount_is_usual=line.amount_is_usual,
            next_due_at=line.next_due_at,
            company=CompanyRefOut.model_validate(line.company) if line.company else None,
            work_type=WorkTypeRefOut.model_validate(line.work_type) if line.work_type else None,
        )  # fmt: skip


class TaskOut(Answer):
    """`title` is null where `kind` says it all."""

    id: int
    kind: str
    title: str | None
    deal_id: int | None
    contact_id: int | None
    call_id: int | None
    number: str | None
    owner: PersonOut | None
    due_at: Moment
    created_at: Moment
    done_at: Moment | None
    done_by: PersonOut | None

    @classmethod
    def of(cls, line: TaskLine) -> "TaskOut":
        return cls.model_construct(
            id=line.id, kind=line.kind, title=line.title,
            deal_id=line.deal.id if line.deal and line.deal.may_open else None,
            contact_id=line.contact.id if line.contact and line.contact.may_open else None,
            call_id=line.call_id, number=line.number, due_at=line.due_at, created_at=line.created_at, done_at=line.done_at,
            owner=PersonOut.model_validate(line.owner) if line.owner else None,
            done_by=PersonOut.model_validate(line.done_by) if line.done_by else None,
        )  # fmt: skip


class ExtensionOut(Answer):
    exchange: str
    extension: str
    since: Moment
    until: Moment | None


class UserOut(Answer):
    id: int
    email: str
    name: str
    role: str
    active: bool
    language: str | None
    may_listen: bool
    may_dial_unknown: bool
    may_dial_for_others: bool
    extensions: list[ExtensionOut]
    created_at: Moment

    @classmethod
    def of(cls, line: UserLine) -> "UserOut":
        return cls.model_validate(line)


class ExchangeOut(Answer):
    """`state`: new, connecting, up, down or refused. Secrets never leave."""

    id: int
    name: str
    dialect: str
    region: str
    language: str | None
    ami_host: str
    ami_port: int
    ami_tls: bool
    ami_user: str
    ami_ca_file: str | None
    ami_secret_file: str | None
    dial_user: str | None
    dial_secret_file: str | None
    recordings_root: str | None
    cel_file: str | None
    records: dict[str, Any]
    trunks: list[str]
    extensions: list[str]
    own_numbers: list[str]
    active: bool
    state: str
    state_since: Moment | None
    state_note: str | None
    version: str | None
