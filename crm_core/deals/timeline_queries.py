"""One deal's card: the strip of its stages, and all that happened on it under the stage of that moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.calls.lines import CallLine, line_query, lines
from crm_core.calls.tables import calls
from crm_core.contacts.queries import ContactNumber, numbers_of
from crm_core.deals.queries import DealLine, Stage, deal, pipeline
from crm_core.deals.tables import notes, stage_history, stages
from crm_core.recordings.queries import RecordedTalk, recorded_talks
from crm_core.references import Person, StageRef
from crm_core.tasks.queries import TaskFilters, TaskLine, list_tasks
from crm_core.transcripts.queries import TranscriptState, transcript_states
from crm_core.users.tables import users


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
class CallEntry:
    """A call with what was recorded of it (nothing where the reader may not listen)."""

    at: datetime
    line: CallLine
    talks_recorded: tuple[RecordedTalk, ...]
    transcript: TranscriptState


@dataclass(frozen=True, slots=True)
class NoteEntry:
    at: datetime
    id: int
    user: Person
    text: str


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """`user` None: the product itself moved it. `from_stage` None: the deal began here."""

    at: datetime
    from_stage: StageRef | None
    stage: StageRef
    user: Person | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class TaskEntry:
    at: datetime
    task: TaskLine


Entry = CallEntry | NoteEntry | MoveEntry | TaskEntry


@dataclass(frozen=True, slots=True)
class StagePeriod:
    """A stay at a stage, until None while it lasts; `entries` newest first."""

    stage: StageRef
    since: datetime
    until: datetime | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class DealCard:
    """`periods` newest first; `tasks` are the open ones."""

    line: DealLine
    steps: tuple[Step, ...]
    numbers: tuple[ContactNumber, ...]
    tasks: tuple[TaskLine, ...]
    periods: tuple[StagePeriod, ...]


async def deal_card(connection: AsyncConnection, actor: Actor, deal_id: int) -> DealCard:
    """Raises NotFound where there is none or it is not the actor's to see."""
    line = await deal(connection, actor, deal_id)
    moves = await _moves(connection, deal_id)
    all_tasks = (await list_tasks(connection, actor, TaskFilters(done=None, deal_id=deal_id), limit=200)).items
    entries: list[Entry] = [*moves, *await _calls(connection, actor, deal_id), *await _notes(connection, deal_id)]
    entries += [TaskEntry(task.done_at, task) for task in all_tasks if task.done_at is not None]
    return DealCard(
        line=line,
        steps=steps_of((await pipeline(connection, line.pipeline_id)).stages, line.stage.id, moves),
        numbers=await numbers_of(connection, line.contact.id) if line.contact else (),
        tasks=tuple(task for task in all_tasks if task.done_at is None),
        periods=periods_of(line, moves, entries),
    )


def steps_of(strip: Sequence[Stage], current_id: int, moves: Sequence[MoveEntry]) -> tuple[Step, ...]:
    entered = {move.stage.id: move.at for move in moves}
    here = next((stage.position for stage in strip if stage.id == current_id), 0)
    return tuple(Step(stage, _step_state(stage, current_id, here), entered.get(stage.id)) for stage in strip)


def _step_state(stage: Stage, current_id: int, here: int) -> StepState:
    if stage.id == current_id:
        return StepState.CURRENT
    return StepState.PASSED if stage.position < here else StepState.AHEAD


def periods_of(line: DealLine, moves: Sequence[MoveEntry], entries: Sequence[Entry]) -> tuple[StagePeriod, ...]:
    """`moves` oldest first. Each entry stands in the stay of its moment; a call in a stay at its own frozen stage."""
    stays = [(move.stage, move.at) for move in moves] or [(line.stage, line.stage_since)]
    placed: list[list[Entry]] = [[] for _ in stays]
    for entry in entries:
        placed[_stay_of(entry, stays)].append(entry)
    ends = [since for _, since in stays[1:]] + [None]
    periods = [
        StagePeriod(stage, since, until, tuple(sorted(inside, key=lambda entry: entry.at, reverse=True)))
        for (stage, since), until, inside in zip(stays, ends, placed, strict=True)
    ]
    return tuple(reversed(periods))


def _stay_of(entry: Entry, stays: Sequence[tuple[StageRef, datetime]]) -> int:
    """The call that opens a deal began a moment before it: it stands in the first stay."""
    begun = [number for number, (_, since) in enumerate(stays) if since <= entry.at] or [0]
    if not isinstance(entry, CallEntry) or entry.line.stage is None:
        return begun[-1]
    at_its_stage = [number for number, (stage, _) in enumerate(stays) if stage.id == entry.line.stage.id]
    return next((number for number in reversed(begun) if number in at_its_stage), (at_its_stage or begun[-1:])[0])


async def _moves(connection: AsyncConnection, deal_id: int) -> list[MoveEntry]:
    before = stages.alias("before")
    query = (
        select(stage_history, stages.c.name.label("stage_name"), stages.c.short_name.label("stage_short_name"),
               before.c.name.label("before_name"), before.c.short_name.label("before_short_name"),
               users.c.name.label("user_name"))
        .join(stages, stages.c.id == stage_history.c.stage_id)
        .outerjoin(before, before.c.id == stage_history.c.from_stage_id)
        .outerjoin(users, users.c.id == stage_history.c.user_id)
        .where(stage_history.c.deal_id == deal_id)
        .order_by(stage_history.c.at, stage_history.c.id)
    )  # fmt: skip
    return [
        MoveEntry(
            row.at,
            None if row.from_stage_id is None else StageRef(row.from_stage_id, row.before_name, row.before_short_name),
            StageRef(row.stage_id, row.stage_name, row.stage_short_name),
            None if row.user_id is None else Person(row.user_id, row.user_name), row.reason,
        )
        for row in await connection.execute(query)
    ]  # fmt: skip


async def _calls(connection: AsyncConnection, actor: Actor, deal_id: int) -> list[CallEntry]:
    query = line_query(actor).where(calls.c.deal_id == deal_id).order_by(calls.c.started_at.desc()).limit(200)
    found = await lines(connection, actor, query)
    ids = [line.id for line in found]
    recorded = await recorded_talks(connection, actor, ids)
    states = await transcript_states(connection, actor, ids)
    return [CallEntry(line.started_at, line, recorded.get(line.id, ()), states[line.id]) for line in found]


async def _notes(connection: AsyncConnection, deal_id: int) -> list[NoteEntry]:
    query = (
        select(notes, users.c.name.label("user_name"))
        .join(users, users.c.id == notes.c.user_id)
        .where(notes.c.deal_id == deal_id)
        .order_by(notes.c.at.desc())
        .limit(200)
    )
    return [NoteEntry(row.at, row.id, Person(row.user_id, row.user_name), row.text) for row in await connection.execute(query)]
