"""One deal's card: the strip of its stages, what stands beside the timeline, and the timeline's newest page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.contacts.queries import ContactNumber
from crm_core.deals.entry import Place, TimelineAsked
from crm_core.deals.people import DealPerson, people_of
from crm_core.deals.queries import DealLine, Stage, deal, strip_of
from crm_core.deals.stays import Move, moves_of, stays_of
from crm_core.deals.timeline import StagePeriod, Timeline, timeline
from crm_core.fields.definitions import Field, definitions
from crm_core.fields.history import Noun
from crm_core.meetings.queries import Meeting, meetings_of
from crm_core.products.deal_lines import DealProducts, products_of
from crm_core.tasks.queries import TaskLine, open_tasks_of

PAGE = 50
"""Entries of a timeline that are shown at once."""


class StepState(StrEnum):
    PASSED = "passed"
    CURRENT = "current"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on the strip; `entered_at` last, if the deal ever was there."""

    stage: Stage
    state: StepState
    entered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DealCard:
    """`tasks` are the open ones, the most urgent first; `fields` those that were added to cards of deals."""

    line: DealLine
    steps: tuple[Step, ...]
    tasks: tuple[TaskLine, ...]
    people: tuple[DealPerson, ...]
    meetings: tuple[Meeting, ...]
    products: DealProducts
    fields: tuple[Field, ...]
    timeline: Timeline

    @property
    def numbers(self) -> tuple[ContactNumber, ...]:
        """Of the main contact."""
        return next((person.numbers for person in self.people if person.main), ())

    @property
    def periods(self) -> tuple[StagePeriod, ...]:
        return self.timeline.periods


async def deal_card(connection: AsyncConnection, actor: Actor, deal_id: int, *, shown: int = PAGE) -> DealCard:
    """With the newest `shown` entries. Raises NotFound where there is none or it is not the actor's to see."""
    line = await deal(connection, actor, deal_id)
    moves = await moves_of(connection, deal_id)
    meetings = await meetings_of(connection, actor, deal_id)
    asked = TimelineAsked(actor, deal_id, moves, shown, meetings=meetings)
    return DealCard(
        line=line,
        steps=steps_of(await strip_of(connection, line.pipeline_id, stands_on=line.stage.id), line.stage.id, moves),
        tasks=await open_tasks_of(connection, actor, deal_id),
        people=await people_of(connection, actor, deal_id),
        meetings=meetings,
        products=await products_of(connection, deal_id),
        fields=await definitions(connection, Noun.DEAL),
        timeline=await timeline(connection, asked, stays_of(moves, line.stage, line.stage_since)),
    )


async def older(connection: AsyncConnection, actor: Actor, deal_id: int, cursor: str | None, limit: int = PAGE) -> Timeline:
    """The timeline's next page; raises NotFound, and Invalid for a cursor that is not ours."""
    before = None if cursor is None else Place.read(cursor)
    line = await deal(connection, actor, deal_id)
    moves = await moves_of(connection, deal_id)
    asked = TimelineAsked(actor, deal_id, moves, limit, before)
    return await timeline(connection, asked, stays_of(moves, line.stage, line.stage_since))


def steps_of(strip: Sequence[Stage], current_id: int, moves: Sequence[Move]) -> tuple[Step, ...]:
    entered = {move.stage.id: move.at for move in moves}
    here = next((stage.position for stage in strip if stage.id == current_id), 0)
    return tuple(Step(stage, _step_state(stage, current_id, here), entered.get(stage.id)) for stage in strip)


def _step_state(stage: Stage, current_id: int, here: int) -> StepState:
    if stage.id == current_id:
        return StepState.CURRENT
    return StepState.PASSED if stage.position < here else StepState.AHEAD
