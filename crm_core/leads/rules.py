"""What a first call or request becomes: the first rule that fits what is known of it (F13). Pure.

A call tells its facts little by little: the number and the DID at the first ring, the queue when it stands in one, and whether a
person answered at the answer or at the end. A rule that asks for a fact fits only once that fact is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm_core.tasks.tables import TaskKind


class Way(StrEnum):
    """How a customer came."""

    CALL = "call"
    REQUEST = "request"


class Through(StrEnum):
    """How a call came to its phones."""

    QUEUE = "queue"
    DIRECT = "direct"


class Broken(StrEnum):
    """Why a rule is skipped."""

    PIPELINE = "pipeline"  # it is archived
    STAGE = "stage"  # it is deleted, closes deals, or stands in another pipeline
    OWNER = "owner"  # he left
    TEAM = "team"  # it is archived, or nobody is in it
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What is known of a call or request. `known`: the customer was, before it. None: not known, or not yet.

    `by_queue`: False once it is sure that the call came through none.
    """

    way: Way
    known: bool
    in_hours: bool
    exchange_id: int | None = None
    did: str | None = None
    queue: str | None = None
    by_queue: bool | None = None
    answered: bool | None = None
    form_id: int | None = None


@dataclass(frozen=True, slots=True)
class When:
    """What a rule asks for; what is None or empty does not matter."""

    way: Way | None = None
    exchange_id: int | None = None
    dids: tuple[str, ...] = ()
    through: Through | None = None
    queues: tuple[str, ...] = ()
    forms: tuple[int, ...] = ()
    known: bool | None = None
    answered: bool | None = None
    in_hours: bool | None = None

    @property
    def of_calls(self) -> bool:
        """It asks for what only calls have."""
        calls_only = (self.exchange_id, self.through, self.answered)
        return bool(self.dids or self.queues) or any(asked is not None for asked in calls_only)

    @property
    def late(self) -> bool:
        """It asks for what is not known at the first ring."""
        return self.answered is not None or self.through is not None or bool(self.queues)


@dataclass(frozen=True, slots=True)
class RuleTask:
    """A task of a kind that the product sets anyway (to classify, to call back) is shaped by it; any other is set beside it."""

    kind: TaskKind = TaskKind.CLASSIFY
    title: str | None = None
    within_minutes: int = 15
    in_hours: bool = False  # only working time counts


@dataclass(frozen=True, slots=True)
class Then:
    """What is None stays as usual. Of a team, the people take turns.

    `over_keeper`: also a customer who has a manager already goes to the rule's owner.
    """

    pipeline_id: int | None = None
    stage_id: int | None = None
    owner_id: int | None = None
    team_id: int | None = None
    over_keeper: bool = False
    task: RuleTask | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a deal begins."""

    pipeline_id: int
    stage_id: int


@dataclass(frozen=True, slots=True)
class LeadRule:
    """A rule with what it names looked up. `takers`: who may get the lead, in the order of their turns."""

    id: int
    name: str
    when: When
    then: Then
    beginning: Beginning | None = None
    takers: tuple[int, ...] = ()
    broken: tuple[Broken, ...] = ()
    active: bool = True
    last_owner_id: int | None = None

    @property
    def works(self) -> bool:
        return self.active and not self.broken


def first_fitting(rules: Iterable[LeadRule], facts: LeadFacts) -> LeadRule | None:
    """The first of the rules, in their order, that fits what is known; one that is broken or switched off is skipped."""
    return next((rule for rule in rules if rule.works and fits(rule.when, facts)), None)


def fits(when: When, facts: LeadFacts) -> bool | None:
    """Whether everything that is asked for holds; None: that depends on what is not known yet."""
    answers = [
        _is(when.way, facts.way),
        not when.of_calls or facts.way is Way.CALL,
        not when.forms or (facts.way is Way.REQUEST and facts.form_id in when.forms),
        _is(when.exchange_id, facts.exchange_id),
        not when.dids or facts.did in when.dids,
        _is(when.known, facts.known),
        _is(when.in_hours, facts.in_hours),
        _through(when, facts),
        _is_told(when.answered, facts.answered),
    ]
    if False in answers:
        return False
    return None if None in answers else True


def takes_over(rules: Sequence[LeadRule], applied: int | None, found: LeadRule, facts: LeadFacts) -> bool:
    """Whether a rule found by facts that came later replaces the one by which the deal began (None: none fitted then).

    An old telling, with fewer facts, never takes back what a newer one decided.
    """
    if applied is None:
        return True
    order = {rule.id: place for place, rule in enumerate(rules)}
    if found.id == applied or applied not in order:
        return False
    return order[found.id] < order[applied] or fits(rules[order[applied]].when, facts) is False


def next_taker(takers: Sequence[int], last: int | None) -> int | None:
    """Whose turn it is after `last`, who may have left the row meanwhile; None where nobody is in it."""
    if not takers:
        return None
    return next((taker for taker in takers if last is not None and taker > last), takers[0])


def _is(asked: object, fact: object) -> bool:
    return asked is None or asked == fact


def _is_told(asked: object, fact: object) -> bool | None:
    if asked is None:
        return True
    return None if fact is None else asked == fact


def _through(when: When, facts: LeadFacts) -> bool | None:
    if when.queues:
        if facts.queue is not None:
            return facts.queue in when.queues
        return False if facts.by_queue is False else None
    return _is_told(None if when.through is None else when.through is Through.QUEUE, facts.by_queue)
