"""Where deals leak away (F3): of those that came to a stage in a time, how many went on, how long it took, how many were lost."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.tables import StageKind, loss_reasons
from crm_core.references import StageRef
from crm_core.reports.periods import Part
from crm_core.reports.visits import Fate, LeaksAsked, Visit, Way, stages_of, visits_of, ways_of
from crm_core.users.tables import users


@dataclass(frozen=True, slots=True)
class Reason:
    """`name` None: lost without a reason of the list. `reasoned`: a refusal somebody can explain (G38)."""

    name: str | None
    reasoned: bool
    deals: int


@dataclass(frozen=True, slots=True)
class Leak:
    """`median_seconds` of those that went on or were lost; `lost_amount` in the smallest unit of the currency."""

    stage: StageRef
    entered: int
    passed: int
    lost: int
    back: int
    here: int
    median_seconds: float | None
    lost_amount: int
    reasons: tuple[Reason, ...]

    @property
    def conversion(self) -> float | None:
        return self.passed / self.entered if self.entered else None


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one stage, for one manager, source or part of the time; `median_seconds` as in `Leak`."""

    stage_id: int
    entered: int
    passed: int
    lost: int
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """The same of one manager (`key` his id), one source (its name) or one part of the time (its first day, in ISO 8601); "" are
    deals without. `by_stage` in the order of the stages; `won` of `entered`."""

    key: str
    name: str | None
    entered: int
    won: int
    lost: int
    by_stage: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Leaks:
    """`stages` that are no end, in order; `managers` and `sources` with most deals first; `parts` of the time in order."""

    stages: tuple[Leak, ...]
    managers: tuple[Slice, ...]
    sources: tuple[Slice, ...]
    parts: tuple[Slice, ...]
    deals: int
    won: int
    lost: int


async def leaks(connection: AsyncConnection, actor: Actor, asked: LeaksAsked, now: datetime, parts: Sequence[Part] = ()) -> Leaks:
    """Of the deals the actor sees, by the owners whose figures he sees; `parts` of the time as if each were asked alone."""
    order = await stages_of(connection, asked.pipeline_id)
    ways = await ways_of(connection, actor, asked)
    found = visits_of(ways, order, asked, now)
    reasons = {row.id: row for row in await connection.execute(select(loss_reasons))}
    owners = select(users.c.id, users.c.name).where(users.c.id.in_({way.row.owner_id for way in ways} - {None}))
    names = {row.id: row.name for row in await connection.execute(owners)}
    closed = Counter(way.row.closed_as for way in ways)
    return Leaks(
        tuple(_leak(stage, [one for one in found if one.stage_id == stage.id], reasons) for stage in _open(order)),
        _slices(ways, found, order, lambda row: row.owner_id, names.get),
        _slices(ways, found, order, lambda row: row.source, lambda key: key),
        tuple(_part(ways, order, replace(asked, since=part.since, until=part.until), part, now) for part in parts),
        len(ways), closed[StageKind.WON], closed[StageKind.LOST],
    )  # fmt: skip


async def behind_all(
    connection: AsyncConnection, actor: Actor, asked: LeaksAsked, closed_as: str | None = None
) -> tuple[int, ...]:
    """Ids of the deals of that time, or of those of them that were won or lost since; the newest first."""
    ways = await ways_of(connection, actor, asked)
    return tuple(sorted((way.row.id for way in ways if closed_as in (None, way.row.closed_as)), reverse=True))


async def behind(
    connection: AsyncConnection, actor: Actor, asked: LeaksAsked, stage_id: int, fate: Fate | None, now: datetime
) -> tuple[int, ...]:
    """Ids of the deals behind a figure of a stage, those that stood longest first; all that came while `fate` is None."""
    order = await stages_of(connection, asked.pipeline_id)
    found = visits_of(await ways_of(connection, actor, asked), order, asked, now)
    chosen = [one for one in found if one.stage_id == stage_id and (fate is None or one.fate is fate)]
    return tuple(one.deal_id for one in sorted(chosen, key=lambda one: -one.seconds))


def _open(order: Mapping[int, Row[Any]]) -> list[Row[Any]]:
    return [stage for stage in order.values() if stage.kind == StageKind.OPEN and stage.archived_at is None]


def _leak(stage: Row[Any], found: Sequence[Visit], reasons: Mapping[int, Row[Any]]) -> Leak:
    fates = Counter(one.fate for one in found)
    lost = [one for one in found if one.fate is Fate.LOST]
    return Leak(
        StageRef(stage.id, stage.name, stage.short_name), len(found), fates[Fate.PASSED], fates[Fate.LOST], fates[Fate.BACK],
        fates[Fate.HERE], _usual_time(found), sum(one.amount for one in lost), _reasons(lost, reasons),
    )  # fmt: skip


def _usual_time(found: Iterable[Visit]) -> float | None:
    over = [one.seconds for one in found if one.fate in (Fate.PASSED, Fate.LOST)]
    return median(over) if over else None


def _reasons(lost: Iterable[Visit], known: Mapping[int, Row[Any]]) -> tuple[Reason, ...]:
    counted = Counter(one.loss_reason_id for one in lost).most_common()
    rows = [(None if reason_id is None else known.get(reason_id), times) for reason_id, times in counted]
    return tuple(Reason(row.name if row else None, bool(row and row.reasoned), times) for row, times in rows)


def _slices(
    ways: Sequence[Way], found: Sequence[Visit], order: Mapping[int, Row[Any]],
    key_of: Callable[[Row[Any]], Any], name_of: Callable[[Any], str | None],
) -> tuple[Slice, ...]:  # fmt: skip
    groups: dict[Any, list[Way]] = {}
    for way in ways:
        groups.setdefault(key_of(way.row), []).append(way)
    visits: dict[Any, list[Visit]] = {}
    key_by_deal = {way.row.id: key_of(way.row) for way in ways}
    for visit in found:
        visits.setdefault(key_by_deal[visit.deal_id], []).append(visit)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), str(group[0])))
    return tuple(
        _slice("" if key is None else str(key), name_of(key), theirs, visits.get(key, ()), order) for key, theirs in ordered
    )


def _part(ways: Sequence[Way], order: Mapping[int, Row[Any]], asked: LeaksAsked, part: Part, now: datetime) -> Slice:
    came = [way for way in ways if any(asked.since <= at < asked.until for at in way.noted)]
    return _slice(part.first.isoformat(), None, came, visits_of(came, order, asked, now), order)


def _slice(key: str, name: str | None, ways: Sequence[Way], found: Sequence[Visit], order: Mapping[int, Row[Any]]) -> Slice:
    closed = Counter(way.row.closed_as for way in ways)
    cells = tuple(_cell(stage.id, [one for one in found if one.stage_id == stage.id]) for stage in _open(order))
    return Slice(key, name, len(ways), closed[StageKind.WON], closed[StageKind.LOST], cells)


def _cell(stage_id: int, found: Sequence[Visit]) -> Cell:
    fates = Counter(one.fate for one in found)
    return Cell(stage_id, len(found), fates[Fate.PASSED], fates[Fate.LOST], _usual_time(found))
