"""Words of automations: what sets one going (a trigger, an occasion) and what it asks to be done (deeds)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import FirstringError
from crm_core.options import Option
from crm_core.tasks.tables import TaskKind

Settings = Mapping[str, Any]


class Trigger(StrEnum):
    """What sets an automation going."""

    ENTRY = "entry"  # the deal came to the stage
    EXIT = "exit"  # it left the stage
    TIMEOUT = "timeout"  # it stands on the stage for so long
    CALL = "call"  # a call of the deal ended
    REQUEST = "request"  # a request came for it
    TAG = "tag"  # a conversation of it was tagged
    PAYMENT = "payment"
    TASK = "task"  # a task of it was done


class RunState(StrEnum):
    DONE = "done"
    DECLINED = "declined"  # there was nothing to do, or something forbids it
    FAILED = "failed"  # the automation is broken
    LOOPED = "looped"  # it led to itself, so it was not run again


@dataclass(frozen=True, slots=True)
class DealNow:
    """What automations know of a deal. Amounts in kopecks."""

    id: int
    contact_id: int | None
    company_id: int | None
    pipeline_id: int
    stage_id: int
    stage_since: datetime
    owner_id: int | None
    amount: int | None
    source: str | None
    work_type_id: int | None
    created_at: datetime

    @classmethod
    def of(cls, row: Any, **changed: Any) -> "DealNow":
        """From a row of `deals`, with what has changed since it was read."""
        return cls(**{one.name: changed.get(one.name, getattr(row, one.name)) for one in fields(cls)})


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that sets automations going. What was done for its `key` once is not done again (`may_repeat`: it may come
    twice, so that is looked at). `facts`: what the trigger knows (a call's outcome, a tag's name …)."""

    trigger: Trigger
    deal: DealNow
    at: datetime
    key: str
    event_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    may_repeat: bool = True


@dataclass(frozen=True, slots=True)
class SetTask:
    """Without an owner it is the deal owner's; `for_head`: his head's instead. Without a title it is worded by its kind.

    `in_hours`: `due_in` is counted in working time.
    """

    title: str | None
    due_in: timedelta
    kind: str = TaskKind.OTHER
    owner_id: int | None = None
    for_head: bool = False
    in_hours: bool = False


@dataclass(frozen=True, slots=True)
class MoveDeal:
    """Through the gates, like everybody."""

    stage_id: int


@dataclass(frozen=True, slots=True)
class LoseDeal:
    """It will not be: for this reason of the list, and in these words."""

    reason_id: int
    words: str | None = None


@dataclass(frozen=True, slots=True)
class GiveDeal:
    """To this person, or to whoever of the team is next."""

    owner_id: int | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetField:
    """`field`: a column of the deal that people may edit, or `custom.<id>`. `is_usual`: an amount that nobody said."""

    field: str
    value: Any
    is_usual: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Words in the deal's timeline."""

    text: str


Deed = SetTask | MoveDeal | LoseDeal | GiveDeal | SetField | Note


class Declined(FirstringError):
    """The automation has nothing to do here."""

    def __init__(self, why: str, **facts: object) -> None:
        super().__init__(why, **facts)
        self.why = why


Plan = Callable[[AsyncConnection, Occasion, Settings], Awaitable[Sequence[Deed]]]


@dataclass(frozen=True, slots=True)
class Action:
    """What an automation can do: one file of `crm_core.deals.automations.actions`. `on`: the triggers it fits; `moves_to`: the
    option that names the stage it moves deals to; `templates`: options whose text may name fields of the deal in braces."""

    name: str
    label: str
    on: frozenset[Trigger]
    options: tuple[Option, ...]
    plan: Plan
    moves_to: str | None = None
    templates: tuple[str, ...] = ()


def automation(
    *, on: frozenset[Trigger] | set[Trigger], label: str, options: tuple[Option, ...] = (), moves_to: str | None = None,
    templates: tuple[str, ...] = (),
) -> Callable[[Plan], Action]:  # fmt: skip
    """Make a function an action: it reads what it needs and tells deeds, or raises Declined; it writes nothing itself."""

    def made(plan: Plan) -> Action:
        return Action(plan.__name__, label, frozenset(on), options, plan, moves_to, templates)

    return made


ANY = frozenset(Trigger)
"""All triggers."""
