"""What intake knows and decides for one batch: rows as they are in the database and as they will be. No SQL here.

Drafts stand for rows. One with an id exists already; one without is written at the end, and then gets its id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from crm_core.calls.events import Call, Outcome
from crm_core.calls.telling import facts_told, moment_of
from crm_core.events import EventKind
from crm_core.leads.rule_set import RuleSet
from crm_core.leads.rules import Beginning
from crm_core.settings import Settings
from crm_core.tasks.tables import TaskKind
from crm_core.users.extensions import Period, holder_at


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """Set by the company: how soon a lead is classified and a missed caller called back, what a known caller opens; its zone."""

    classify_within: timedelta = timedelta(minutes=15)
    call_back_within: timedelta = timedelta(minutes=15)
    known_caller_opens_deal: bool = True
    zone: tzinfo = UTC

    @classmethod
    def of(cls, settings: Settings) -> "IntakeRules":
        return cls(
            timedelta(minutes=settings.classify_minutes),
            timedelta(minutes=settings.call_back_minutes),
            settings.known_caller_opens_deal,
            settings.zone,
        )


@dataclass(slots=True, eq=False)
class ContactDraft:
    id: int | None = None
    owner_id: int | None = None
    owner_active: bool = True
    company_id: int | None = None
    created_at: datetime | None = None
    gets_owner: bool = False
    given_from: tuple[int | None] | None = None  # a lead rule gave him from this manager to another

    @property
    def keeper(self) -> int | None:
        """Who takes his new deals: the owner, unless he left."""
        return self.owner_id if self.owner_active else None


@dataclass(slots=True, eq=False)
class NumberDraft:
    number: str
    raw: str
    contact: ContactDraft | None = None
    not_customer: bool = False
    is_new: bool = False
    gets_contact: bool = False


@dataclass(slots=True, eq=False)
class DealDraft:
    """`moves`: what lead rules did with it in this batch, after it began."""

    contact: ContactDraft | None
    pipeline_id: int
    stage_id: int
    id: int | None = None
    owner_id: int | None = None
    created_at: datetime | None = None
    open: bool = True
    gets_owner: bool = False
    rule_id: int | None = None
    opened_by: "TaskDraft | None" = None  # the task to classify it, whose call opened it; read where lead rules may ask
    since: datetime | None = None  # it stands on its stage
    moves: list["LeadMove"] = field(default_factory=list)
    ruled: bool = False  # a lead rule changed it after it was written


@dataclass(frozen=True, slots=True)
class LeadMove:
    """A lead rule whose facts came late put the deal elsewhere."""

    from_stage_id: int
    to: Beginning
    at: datetime
    rule: str  # its name


@dataclass(frozen=True, slots=True)
class Span:
    """When a call was, and who told of it (a `Source`); `ended` is None while it is up."""

    began: datetime
    ended: datetime | None
    source: str

    @classmethod
    def of(cls, call: Call, now: datetime) -> "Span":
        return cls(moment_of(call.started_at, now) or now, moment_of(call.ended_at, now), call.source)


Weighed = tuple[str | None, bool | None]
"""Of what lead rules may ask for, what a call tells after its first ring: the queue, and whether a person answered."""


def weighed(queue: str | None, answered: bool, ended: bool) -> Weighed:
    """Whether a person answers is known when one does, or when the call is over."""
    return queue, True if answered else False if ended else None


@dataclass(slots=True, eq=False)
class CallDraft:
    """One row of `calls`. `was_…`: as the row stood before this batch; all false for a new call."""

    key: str
    call: Call = field(init=False)  # its latest telling
    id: int | None = None
    contact: ContactDraft | None = None
    deal: DealDraft | None = None
    stage_id: int | None = None
    user_id: int | None = None
    told: int = 0
    was_answered: bool = False
    was_ended: bool = False
    was_unanswered: bool = False  # ended, and no person had answered
    absorbed: list["CallDraft"] = field(default_factory=list)
    touched: bool = False
    was_new: bool = False
    stored_key: str | None = None  # as the row has it
    span: Span | None = None  # likewise
    weighed: Weighed = (None, None)  # what lead rules were last asked with
    people: dict[str, int | None] = field(default_factory=dict)  # extension → whose phone it was when the call began

    def take_word(self, call: Call) -> bool:
        """Hear a telling of this call; False if it is older than what is known, and nothing was taken from it."""
        told = facts_told(call)
        if call.ended_at is None and (self.was_ended or told < self.told):
            return False
        self.call, self.told, self.touched = call, told, True
        return True

    def note_end(self, call: Call) -> None:
        self.was_ended = True
        self.was_unanswered = call.outcome is not Outcome.ANSWERED


@dataclass(slots=True, eq=False)
class TaskDraft:
    kind: TaskKind
    due_at: datetime
    created_at: datetime
    number: str | None = None
    call: CallDraft | None = None
    contact: ContactDraft | None = None
    deal: DealDraft | None = None
    owner_id: int | None = None
    title: str | None = None
    id: int | None = None
    done_at: datetime | None = None
    done_by: int | None = None
    done_by_call: CallDraft | None = None
    changed: bool = False


@dataclass(slots=True, eq=False)
class Told:
    """A row of `events` to be: it names drafts, whose ids are known only when they are written."""

    kind: EventKind
    at: datetime
    receivers: tuple[int, ...] | None
    call: CallDraft | None = None
    contact: ContactDraft | None = None
    deal: DealDraft | None = None
    task: TaskDraft | None = None
    user_id: int | None = None
    facts: dict[str, object] = field(default_factory=dict)
    key: str | None = None  # within the call


@dataclass(slots=True, eq=False)
class Ledger:
    rules: IntakeRules
    now: datetime
    house_numbers: frozenset[str]
    own_numbers: frozenset[str]
    first_stage: Beginning | None = None
    exchange_id: int | None = None
    leads: RuleSet | None = None  # None: there are no lead rules
    journal_id: int | None = None
    reached_dids: set[str] = field(default_factory=set)  # DIDs by which somebody or something of ours was reached
    by_linkedid: dict[str, CallDraft] = field(default_factory=dict)
    numbers: dict[str, NumberDraft] = field(default_factory=dict)
    open_deals: dict[ContactDraft, DealDraft] = field(default_factory=dict)
    holders: Mapping[str, list[Period]] = field(default_factory=dict)
    call_backs: dict[str, TaskDraft] = field(default_factory=dict)  # open ones, by number
    reached: dict[str, tuple[CallDraft, datetime]] = field(default_factory=dict)  # in this batch, by number
    unowned: dict[DealDraft, list[TaskDraft]] = field(default_factory=dict)  # open tasks nobody has, by deal
    new_contacts: list[ContactDraft] = field(default_factory=list)
    new_deals: list[tuple[DealDraft, CallDraft]] = field(default_factory=list)
    known_tasks: list[TaskDraft] = field(default_factory=list)  # open before the batch
    tasks: list[TaskDraft] = field(default_factory=list)  # opened in it
    told: list[Told] = field(default_factory=list)

    def note_people(self, draft: CallDraft, extensions: Iterable[str], at: datetime) -> None:
        """Whose phones these were at that moment; asked once for a call, so a call keeps the users of its time."""
        for extension in extensions:
            draft.people[extension] = holder_at(self.holders, extension, at)
