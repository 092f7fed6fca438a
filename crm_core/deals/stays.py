"""Where a deal has been: its moves, and the stays at stages between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import stage_history, stages
from crm_core.references import Person, StageRef
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class Move:
    """`user` None: the product itself moved it. `from_stage` None: the deal began here. `missing`: what was set aside."""

    at: datetime
    id: int
    from_stage: StageRef | None
    stage: StageRef
    user: Person | None
    reason: str | None
    missing: tuple[dict[str, Any], ...] = ()

    @property
    def stays(self) -> bool:
        """The deal was given up here, which has a reason, or was taken up again."""
        return self.from_stage is not None and self.from_stage.id == self.stage.id


@dataclass(frozen=True, slots=True)
class Stay:
    """A time at a stage; `until` None while it lasts."""

    stage: StageRef
    since: datetime
    until: datetime | None


_before = stages.alias("before")
MOVES = (
    select(stage_history, stages.c.name.label("stage_name"), stages.c.short_name.label("stage_short_name"),
           _before.c.name.label("before_name"), _before.c.short_name.label("before_short_name"),
           users.c.name.label("user_name"))
    .join(stages, stages.c.id == stage_history.c.stage_id)
    .outerjoin(_before, _before.c.id == stage_history.c.from_stage_id)
    .outerjoin(users, users.c.id == stage_history.c.user_id)
    .where(stage_history.c.deal_id == bindparam("deal"))
    .order_by(stage_history.c.at, stage_history.c.id)
)  # fmt: skip


async def moves_of(connection: AsyncConnection, deal_id: int) -> tuple[Move, ...]:
    """All of a deal, oldest first."""
    return tuple(_move(row) for row in await connection.execute(MOVES, {"deal": deal_id}))


def stays_of(moves: Sequence[Move], stage: StageRef, since: datetime) -> tuple[Stay, ...]:
    """Oldest first; a deal without a history has the one stay it is in."""
    begun = [(move.stage, move.at) for move in moves] or [(stage, since)]
    ends = [at for _, at in begun[1:]] + [None]
    return tuple(Stay(of, at, until) for (of, at), until in zip(begun, ends, strict=True))


def stay_of(at: datetime, own_stage_id: int | None, stays: Sequence[Stay]) -> int:
    """The number of the stay something belongs to: the one at its own frozen stage, else the one of its moment.

    The call that opens a deal began a moment before it: it stands in the first stay.
    """
    begun = there = None
    for number in range(len(stays) - 1, -1, -1):
        stay = stays[number]
        if own_stage_id is not None and stay.stage.id == own_stage_id:
            there = number
            if stay.since <= at:
                return number
        if begun is None and stay.since <= at:
            begun = number
            if own_stage_id is None:
                return number
    return there if there is not None else begun or 0


def _move(row: Any) -> Move:
    from_stage = None if row.from_stage_id is None else StageRef(row.from_stage_id, row.before_name, row.before_short_name)
    user = None if row.user_id is None else Person(row.user_id, row.user_name)
    stage = StageRef(row.stage_id, row.stage_name, row.stage_short_name)
    return Move(row.at, row.id, from_stage, stage, user, row.reason, tuple(row.missing or ()))
