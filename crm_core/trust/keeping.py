"""What an audit found is kept: a row a day and exchange, its differences, and what became of those found before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.events import Event, EventKind
from crm_core.text import clean
from crm_core.trust.differences import LONGEST_ID, Difference
from crm_core.trust.tables import audited_days, differences
from crm_core.upserts import insert_into

LONGEST_NOTE = 1000
MOST_DIFFERENCES = 2_000
"""Of one day: more than anybody looks through; all are counted."""
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Audited:
    """One exchange's day. `sources`: what was read of each witness, as `{"cel": {"rows", "broken", "why"?}}`."""

    exchange_id: int
    day: date
    calls: int
    agreeing: int
    differences: Sequence[Difference] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None


async def keep(tx: AsyncConnection, found: Audited, *, now: datetime, by: int | None) -> int:
    """Put the newest audit of a day in the place of the one before; tells its id.

    A difference that is not found any more is mended; one that was found before keeps its row.
    """
    row = {
        "exchange_id": found.exchange_id, "day": found.day, "calls": found.calls, "agreeing": found.agreeing,
        "sources": dict(found.sources), "note": clean(found.note, LONGEST_NOTE) if found.note else None, "audited_at": now,
        "audited_by": by,
    }  # fmt: skip
    place = (audited_days.c.exchange_id, audited_days.c.day)
    newer = {name: value for name, value in row.items() if name not in ("exchange_id", "day")}
    added = insert_into(tx, audited_days).values(row).on_conflict_do_update(index_elements=place, set_=newer)
    day_id = int((await tx.execute(added.returning(audited_days.c.id))).scalar_one())
    await _keep_differences(tx, day_id, found.differences[:MOST_DIFFERENCES], now)
    facts = {"exchange_id": found.exchange_id, "day": found.day.isoformat()}
    await event_log.append(tx, [Event(EventKind.DAY_AUDITED, now, None, user_id=by, facts=facts)])
    return day_id


async def note_repair(tx: AsyncConnection, day_id: int, hows: Mapping[str, str]) -> None:
    """What was done about differences, by their keys; that it helped, the next audit says."""
    known = (await tx.execute(select(differences).where(differences.c.day_id == day_id))).all()
    for row in known:
        if (how := hows.get(_key(row))) is not None:
            wanted = differences.c.id == row.id
            await tx.execute(update(differences).where(wanted).values(mended_how=clean(how, LONGEST_NOTE)))


async def forget(tx: AsyncConnection, before: date) -> None:
    """Drop the audits of days before this one."""
    old = select(audited_days.c.id).where(audited_days.c.day < before)
    await tx.execute(delete(differences).where(differences.c.day_id.in_(old)))
    await tx.execute(delete(audited_days).where(audited_days.c.day < before))


async def _keep_differences(tx: AsyncConnection, day_id: int, found: Sequence[Difference], now: datetime) -> None:
    known = {_key(row): row for row in await tx.execute(select(differences).where(differences.c.day_id == day_id))}
    wanted = {one.key: one for one in found}
    gone = [row.id for key, row in known.items() if key not in wanted and row.mended_at is None]
    for start in range(0, len(gone), AT_ONCE):
        some = differences.c.id.in_(gone[start : start + AT_ONCE])
        await tx.execute(update(differences).where(some).values(mended_at=now))
    for key in wanted.keys() & known.keys():
        again = {**_row(wanted[key]), "mended_at": None, "mended_how": None}  # what was tried did not mend it
        await tx.execute(update(differences).where(differences.c.id == known[key].id).values(**again))
    fresh = [{"day_id": day_id, **_row(one)} for key, one in wanted.items() if key not in known]
    for start in range(0, len(fresh), AT_ONCE):
        await tx.execute(insert(differences), fresh[start : start + AT_ONCE])


def _key(row: Any) -> str:
    return Difference(row.kind, 0.0, row.call_id, row.linkedid, row.facts).key


def _row(one: Difference) -> dict[str, Any]:
    return {
        "kind": str(one.kind), "at": datetime.fromtimestamp(one.at, UTC), "call_id": one.call_id,
        "linkedid": clean(one.linkedid, LONGEST_ID) if one.linkedid else None, "facts": dict(one.facts),
    }  # fmt: skip
