"""What a stage asks for before a deal may leave it forwards (F2, F6, F7). Each kind is one file of `crm_core.deals.gates`.

A gate is judged on facts, never on a tick: a field that is filled, a meeting that is set, a call that was answered, words that
were said. What it finds is told as lacks and proofs; how they are shown is the page's and the interface's business.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import Conflict
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

Settings = Mapping[str, Any]


class LackKind(StrEnum):
    """What sort of thing is missing; the word the interface says."""

    FIELD = "field"
    ENTITY = "entity"
    TASK = "task"
    EVIDENCE = "evidence"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something a gate asks for and does not find.

    `what` names it for programs; `say` is a text of the catalogue whose %(name)s are filled from `facts` (words, numbers and
    moments as ISO 8601, so that they can be stored). `waits`: it is on its way by itself (a transcript). `asks`: what parts of
    a form would mend it, such as `amount`, `contact.name`, `meeting.place`.
    """

    kind: LackKind
    what: str
    say: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    waits: bool = False
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Something a gate asks for and finds. `second`: the place of `quote` in the recording, which a button plays."""

    what: str
    say: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    call_id: int | None = None
    recording_id: int | None = None
    second: float | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class DealAsked:
    """The deal a gate is asked about: its row, the stage it would leave, and the people that are its customers.

    `since`: when it came to the stage it stands on. A stage that it flies through has the time of that one.
    """

    deal: Row[Any]
    stage: Row[Any]
    since: datetime
    contact_ids: tuple[int, ...]

    @property
    def stands_here(self) -> bool:
        return bool(self.deal.stage_id == self.stage.id)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one gate, one stage or the whole way asks for: what is missing and what is there."""

    lacks: tuple[Lack, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.lacks

    @property
    def waits(self) -> bool:
        """Whether all that is missing is on its way."""
        return bool(self.lacks) and all(lack.waits for lack in self.lacks)


Judge = Callable[[AsyncConnection, DealAsked, Settings], Awaitable[Judged]]


@dataclass(frozen=True, slots=True)
class Gate:
    """A kind of gate: what it is called, what can be set about it, and how it is judged."""

    name: str
    label: str  # a text of the catalogue
    options: tuple[Option, ...]
    judge: Judge


SINCE = Option(
    "since", OptionKind.CHOICE, msgid("What counts"), default="stage",
    choices=(("stage", msgid("since the deal came to the stage")), ("deal", msgid("since the deal was opened"))),
)  # fmt: skip
"""From when evidence counts; every gate that looks for events has it."""


def counts_from(asked: DealAsked, settings: Settings) -> datetime:
    """The moment before which nothing counts. The call that opens a deal began before it: compare with the end of a call."""
    opened: datetime = asked.deal.created_at
    return opened if settings["since"] == "deal" else asked.since


def stored(missing: Iterable[Lack]) -> list[dict[str, Any]]:
    """Lacks as rows keep them (`stage_history.missing`); worded anew by whoever reads them."""
    return [{"kind": lack.kind.value, "what": lack.what, "say": lack.say, "facts": dict(lack.facts)} for lack in missing]


class Refused(Conflict):
    """The stage is not left yet: something it asks for is missing."""

    def __init__(self, missing: Sequence[Lack]) -> None:
        super().__init__(missing=tuple(missing))

    @property
    def missing(self) -> tuple[Lack, ...]:
        found: tuple[Lack, ...] = self.facts["missing"]  # type: ignore[assignment]
        return found

    @property
    def waits(self) -> bool:
        """Whether all that is missing is on its way."""
        return Judged(self.missing).waits
