"""The visits of deals at stages: which deals came to one in a time, what became of each there, how long it stood.

A deal counts once on each stage it came to, by its first coming in the time. Whether it went on is asked of all that happened
since, also after the time: a deal of the last day had no chance yet, and stands as still there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor, Noun, visible
from crm_core.deals.tables import StageKind, deals, stage_history, stages


class Fate(StrEnum):
    """What became of a deal that came to a stage."""

    PASSED = "passed"
    LOST = "lost"
    BACK = "back"  # to an earlier stage, and not come on since
    HERE = "here"


@dataclass(frozen=True, slots=True)
class LeaksAsked:
    """`source` "": deals without one; `nobodys`: those that nobody has."""

    pipeline_id: int
    since: datetime
    until: datetime
    owner_id: int | None = None
    source: str | None = None
    nobodys: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A deal on a stage; `seconds` it stood there, all its stays since it came together."""

    deal_id: int
    stage_id: int
    fate: Fate
    seconds: float
    amount: int
    owner_id: int | None
    source: str | None
    loss_reason_id: int | None


@dataclass(slots=True)
class Way:
    """One deal, where it has been, and when anything was noted of its way."""

    row: Row[Any]
    moves: list[tuple[int, datetime]] = field(default_factory=list)
    noted: list[datetime] = field(default_factory=list)


async def stages_of(connection: AsyncConnection, pipeline_id: int) -> dict[int, Row[Any]]:
    """Also those put away: deals went through them."""
    query = select(stages).where(stages.c.pipeline_id == pipeline_id).order_by(stages.c.position)
    return {row.id: row for row in await connection.execute(query)}


async def ways_of(connection: AsyncConnection, actor: Actor, asked: LeaksAsked) -> list[Way]:
    """The deals that came to a stage in the time, with all their moves."""
    came = select(stage_history.c.deal_id).where(stage_history.c.at >= asked.since, stage_history.c.at < asked.until)
    fits = _narrowed(select(deals).where(deals.c.id.in_(came)), actor, asked).subquery()
    ways = {row.id: Way(row) for row in await connection.execute(select(fits))}
    moves = select(stage_history.c.deal_id, stage_history.c.stage_id, stage_history.c.at, stage_history.c.from_stage_id)
    query = moves.where(stage_history.c.deal_id.in_(select(fits.c.id))).order_by(stage_history.c.at, stage_history.c.id)
    for deal_id, stage_id, at, from_stage_id in await connection.execute(query):
        ways[deal_id].noted.append(at)
        if stage_id != from_stage_id:  # a deal lost or opened again has a line, and goes nowhere by it
            ways[deal_id].moves.append((stage_id, at))
    return list(ways.values())


def visits_of(ways: Iterable[Way], order: Mapping[int, Row[Any]], asked: LeaksAsked, now: datetime) -> list[Visit]:
    """Pure. `order`: stages of the pipeline by id."""
    return [visit for way in ways for visit in _visits(way.row, way.moves, order, asked, now)]


def _visits(
    deal: Row[Any], moves: Sequence[tuple[int, datetime]], order: Mapping[int, Row[Any]], asked: LeaksAsked, now: datetime
) -> list[Visit]:
    """`moves`: (stage, when it came there), oldest first."""
    found: dict[int, Visit] = {}
    for number, (stage_id, at) in enumerate(moves):
        stage = order.get(stage_id)
        if stage is None or stage.kind != StageKind.OPEN or stage_id in found or not asked.since <= at < asked.until:
            continue
        later = moves[number + 1 :]
        found[stage_id] = Visit(
            deal.id, stage_id, _fate(deal, stage, later, order), _stood(stage_id, moves[number:], deal.closed_at or now),
            deal.amount or 0, deal.owner_id, deal.source, deal.loss_reason_id,
        )  # fmt: skip
    return list(found.values())


def _fate(deal: Row[Any], stage: Row[Any], later: Sequence[tuple[int, datetime]], order: Mapping[int, Row[Any]]) -> Fate:
    """A deal that went on and was lost later leaked there, not here."""
    known = [order[stage_id] for stage_id, _ in later if stage_id in order]
    if any(one.position > stage.position for one in known):
        return Fate.PASSED
    if deal.closed_as == StageKind.LOST:
        return Fate.LOST if deal.stage_id == stage.id else Fate.BACK
    return Fate.HERE if deal.stage_id == stage.id else Fate.BACK


def _stood(stage_id: int, moves: Sequence[tuple[int, datetime]], until: datetime) -> float:
    ends = [at for _, at in moves[1:]] + [until]
    stays = ((end - at).total_seconds() for (there, at), end in zip(moves, ends, strict=True) if there == stage_id)
    return sum(max(0.0, seconds) for seconds in stays)


def _narrowed(query: Select[Any], actor: Actor, asked: LeaksAsked) -> Select[Any]:
    query = query.where(deals.c.pipeline_id == asked.pipeline_id, visible(actor, deals))
    people = actor.people(Noun.FIGURES)
    if people is not None:
        query = query.where(deals.c.owner_id.in_(people))
    if asked.nobodys:
        query = query.where(deals.c.owner_id.is_(None))
    elif asked.owner_id is not None:
        query = query.where(deals.c.owner_id == asked.owner_id)
    if asked.source is not None:
        query = query.where(func.coalesce(deals.c.source, "") == asked.source)
    return query
