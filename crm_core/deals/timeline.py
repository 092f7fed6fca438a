"""All that happened on a deal, newest first, each thing under the stage of its moment. Read a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals import entries
from crm_core.deals.entry import Entry, EntryKind, Found, Place, TimelineAsked, in_order
from crm_core.deals.stays import Stay, stay_of
from crm_core.plugins import plugins
from crm_core.references import StageRef


@dataclass(frozen=True, slots=True)
class StagePeriod:
    """A stay at a stage, until None while it lasts; `entries` newest first. `number`: of the stay, the oldest is 0."""

    number: int
    stage: StageRef
    since: datetime
    until: datetime | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """`periods` newest first; `next_cursor`: where it goes on, None at the deal's beginning."""

    periods: tuple[StagePeriod, ...]
    next_cursor: str | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the entries in it."""
        return tuple(dict.fromkeys(entry.kind for period in self.periods for entry in period.entries))


@cache
def entry_kinds() -> Mapping[str, EntryKind]:
    return plugins(entries, "ENTRY")


async def timeline(connection: AsyncConnection, asked: TimelineAsked, stays: Sequence[Stay]) -> Timeline:
    """A page of it; the deal itself must have been found visible before."""
    one_more = replace(asked, limit=asked.limit + 1)
    found: list[Found] = []
    for kind in entry_kinds().values():
        found += await kind.find(connection, one_more)
    found.sort(key=lambda one: one[:3], reverse=True)
    shown = found[: asked.limit]
    next_cursor = Place(*shown[-1][:3]).written() if len(found) > len(shown) else None
    return Timeline(periods_of(await _told(connection, asked, shown), stays, asked.before), next_cursor)


async def _told(connection: AsyncConnection, asked: TimelineAsked, shown: Sequence[Found]) -> list[Entry]:
    entries: list[Entry] = []
    for kind in entry_kinds().values():
        rows = [one.row for one in shown if one.kind == kind.name]
        if rows:
            entries += await kind.tell(connection, asked, rows)
    return sorted(entries, key=in_order, reverse=True)


def periods_of(shown: Iterable[Entry], stays: Sequence[Stay], before: Place | None = None) -> tuple[StagePeriod, ...]:
    """Each entry in its stay. A stay nothing happened in is left out, but for the one that lasts and stands first."""
    placed: dict[int, list[Entry]] = {} if before else {len(stays) - 1: []}
    for entry in shown:
        placed.setdefault(stay_of(entry.at, entry.own_stage_id, stays), []).append(entry)
    return tuple(
        StagePeriod(number, stays[number].stage, stays[number].since, stays[number].until, tuple(placed[number]))
        for number in sorted(placed, reverse=True)
    )
