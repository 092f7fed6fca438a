"""A call as one line of a list: who, when, how it ended, where it belongs. Shared by every page that lists calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import references
from crm_core.access import Actor, Right, hearable, visible
from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.tables import calls
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, stages
from crm_core.recordings.tables import recordings
from crm_core.references import ContactRef, DealRef, Person, StageRef
from crm_core.tags.tables import call_tags
from crm_core.users.tables import users

_TOLD = frozenset({
    "id", "direction", "state", "started_at", "answered_at", "ended_at", "outcome", "caller", "callee", "did", "caller_name",
    "contact_id", "deal_id", "stage_id", "user_id", "wait_seconds", "talk_seconds", "voicemail", "queue", "reviewed_at",
})  # fmt: skip
"""Columns of calls that a line is made of."""

customer_number = case(
    (calls.c.direction == Direction.INBOUND, calls.c.caller), (calls.c.direction == Direction.OUTBOUND, calls.c.callee)
)


@dataclass(frozen=True, slots=True)
class CallLine:
    """`number` is the customer's (None: withheld, or an internal call); `stage` is the frozen one of its moment.

    `user` answered first or dialled. `contact` and `deal` say whether the reader may open them.
    """

    id: int
    direction: Direction
    state: CallState
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    number: str | None
    caller: str | None
    callee: str | None
    did: str | None
    caller_name: str | None
    contact: ContactRef | None
    deal: DealRef | None
    stage: StageRef | None
    user: Person | None
    wait_seconds: float
    talk_seconds: float
    voicemail: bool
    queue: str | None
    has_recording: bool
    may_listen: bool
    reviewed: bool
    tags: tuple[str, ...] = ()

    @property
    def unanswered(self) -> bool:
        """An inbound call that is over and that no person answered."""
        return self.direction is Direction.INBOUND and self.outcome is not None and self.outcome is not Outcome.ANSWERED


@lru_cache(1000)
def line_query(actor: Actor) -> Select[Any]:
    """Lines of all calls the actor may see, in no order yet. Putting it together costs more than what it finds."""
    deal_stage = stages.alias("deal_stage")
    recorded = exists().where(recordings.c.call_id == calls.c.id).correlate(calls)
    return (
        select(
            calls,
            customer_number.label("number"),
            contacts.c.name.label("contact_name"), visible(actor, contacts).label("contact_opens"),
            companies.c.id.label("company_id"), companies.c.name.label("company_name"),
            deals.c.title.label("deal_title"), deals.c.amount.label("deal_amount"),
            deals.c.currency.label("deal_currency"), visible(actor, deals).label("deal_opens"),
            deal_stage.c.id.label("deal_stage_id"), deal_stage.c.name.label("deal_stage_name"),
            deal_stage.c.short_name.label("deal_stage_short_name"),
            stages.c.name.label("stage_name"), stages.c.short_name.label("stage_short_name"),
            users.c.name.label("user_name"),
            recorded.label("has_recording"), hearable(actor).label("may_listen"),
        )
        .select_from(
            calls.outerjoin(contacts, contacts.c.id == calls.c.contact_id)
            .outerjoin(companies, companies.c.id == contacts.c.company_id)
            .outerjoin(deals, deals.c.id == calls.c.deal_id)
            .outerjoin(deal_stage, deal_stage.c.id == deals.c.stage_id)
            .outerjoin(stages, stages.c.id == calls.c.stage_id)
            .outerjoin(users, users.c.id == calls.c.user_id)
        )
        .where(visible(actor, calls))
    )  # fmt: skip


@lru_cache(1000)
def brief_query(actor: Actor) -> Select[Any]:
    """`line_query` with no more than a line tells: long histories are read row by row."""
    query = line_query(actor)
    told = [column for column in query.selected_columns if getattr(column, "table", None) is not calls or column.name in _TOLD]
    return query.with_only_columns(*told, maintain_column_froms=True)


async def lines(connection: AsyncConnection, actor: Actor, query: Select[Any]) -> list[CallLine]:
    """What `line_query`, narrowed and ordered, selects."""
    return await lines_of(connection, actor, (await connection.execute(query)).all())


async def lines_of(connection: AsyncConnection, actor: Actor, rows: Sequence[Any]) -> list[CallLine]:
    """Rows of `line_query` as lines, their tags read along."""
    over = [row.id for row in rows if row.ended_at is not None]  # what tags are found in is a call's transcript
    tags = await _tags_of(connection, over) if actor.may(Right.LISTEN) else {}
    return [_line(row, tags) for row in rows]


TAGS = (
    select(call_tags.c.call_id, call_tags.c.tag)
    .where(call_tags.c.call_id.in_(bindparam("ids", expanding=True)))
    .order_by(call_tags.c.id)
)


async def _tags_of(connection: AsyncConnection, call_ids: list[int]) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = {}
    if call_ids:
        for call_id, tag in (await connection.execute(TAGS, {"ids": call_ids})).all():
            tags.setdefault(call_id, []).append(tag)
    return tags


def _line(row: Any, tags: dict[int, list[str]]) -> CallLine:
    return CallLine(
        id=row.id, direction=Direction(row.direction), state=CallState(row.state), started_at=row.started_at,
        answered_at=row.answered_at, ended_at=row.ended_at, outcome=None if row.outcome is None else Outcome(row.outcome),
        number=row.number, caller=row.caller, callee=row.callee, did=row.did, caller_name=row.caller_name,
        contact=references.contact(row), deal=references.deal(row), stage=references.stage(row),
        user=references.person(row, "user"), wait_seconds=row.wait_seconds, talk_seconds=row.talk_seconds,
        voicemail=row.voicemail, queue=row.queue, has_recording=bool(row.has_recording),
        may_listen=bool(row.may_listen), reviewed=row.reviewed_at is not None,
        tags=tuple(dict.fromkeys(tags.get(row.id, ()))) if row.may_listen else (),
    )  # fmt: skip
