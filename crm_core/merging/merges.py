"""Two records of one person or firm become one, without loss; and two again, if it was wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.fields.history import Noun, custom_changes, note_changes
from crm_core.merging.kept import HOMES
from crm_core.merging.moving import Moved, move_all, move_back, pointers
from crm_core.merging.tables import merges
from crm_core.receivers import keepers
from crm_core.rows import locked_row
from crm_core.users.audit import record

OWN = frozenset({"id", "created_at", "merged_into", "external_id", "custom", "note"})
"""Columns that a merge does not fill by the simple rule "the kept one's win, the other's fill gaps"."""
CAME_AT = ("created_at", "at", "started_at", "added_at")  # when a row of another table came, whatever it calls it
LATE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Undone:
    """By table: rows that went back, rows of the merge that are elsewhere by now, rows that came since and stay with the kept
    one. `fields` were changed since and stay as they are."""

    kept_id: int
    gone_id: int
    back: dict[str, int]
    elsewhere: dict[str, int]
    since: dict[str, int]
    fields: tuple[str, ...]


async def merge(tx: AsyncConnection, noun: Noun, kept_id: int, gone_id: int, *, by: int, now: datetime) -> int:
    """Tells the merge's id. All that pointed at `gone_id` points at `kept_id`; the kept one's fields win, the other's fill gaps.

    Raises Invalid for a record and itself, NotFound, or Conflict where one of them was merged before (fact `merged_into`).
    """
    if kept_id == gone_id:
        raise Invalid("A record is not merged with itself")
    kept, gone = await _both(tx, noun, kept_id, gone_id)
    for one in (kept, gone):
        if one.merged_into is not None:
            raise Conflict("One of them was merged already; open the other one", merged_into=one.merged_into)
    moved = await move_all(tx, noun, gone_id, kept_id)
    changes = _fillings(kept, gone)
    home = HOMES[noun]
    await tx.execute(update(home).where(home.c.id == gone_id).values(merged_into=kept_id))
    await _write_fields(tx, noun, kept, {name: after for name, (_, after) in changes.items()})
    await note_changes(tx, noun, kept_id, changes, by=by, now=now)
    filled = {name: [_plain(before), _plain(after)] for name, (before, after) in changes.items()}
    row = {
        "noun": noun,
        "kept_id": kept_id,
        "gone_id": gone_id,
        "at": now,
        "user_id": by,
        "moved": moved.told(),
        "filled": filled,
    }
    merge_id: int = (await tx.execute(insert(merges).values(row).returning(merges.c.id))).scalar_one()
    await record(tx, by, "merged", noun, kept_id, now=now, facts={"gone": gone_id, "merge": merge_id})
    await _tell(tx, noun, kept, gone, now, by, {"merge_id": merge_id, "undone": False})
    return merge_id


async def undo(tx: AsyncConnection, merge_id: int, *, by: int, now: datetime) -> Undone:
    """Two again: what moved goes back, what came since stays with the kept one, a field that was changed since stays.

    Raises NotFound, or Conflict where it was undone already or the kept one was itself merged since (fact `merge_first`).
    """
    row = await locked_row(tx, merges, merge_id)
    if row.undone_at is not None:
        raise Conflict("This merge was undone already")
    noun = Noun(row.noun)
    kept, gone = await _both(tx, noun, row.kept_id, row.gone_id)
    if kept.merged_into is not None:
        raise Conflict("The record was merged into another one since; undo that first", merge_first=kept.merged_into)
    since = await _came_since(tx, noun, row)
    back, elsewhere = await move_back(tx, noun, Moved.of(row.moved), row.gone_id, row.kept_id)
    home = HOMES[noun]
    await tx.execute(update(home).where(home.c.id == row.gone_id).values(merged_into=None))
    changes, stay = _emptyings(kept, row.filled)
    await _write_fields(tx, noun, kept, {name: after for name, (_, after) in changes.items()})
    await note_changes(tx, noun, row.kept_id, changes, by=by, now=now)
    await tx.execute(update(merges).where(merges.c.id == merge_id).values(undone_at=now, undone_by=by))
    await record(tx, by, "merge_undone", noun, row.kept_id, now=now, facts={"gone": row.gone_id, "merge": merge_id})
    await _tell(tx, noun, kept, gone, now, by, {"merge_id": merge_id, "undone": True})
    return Undone(row.kept_id, row.gone_id, back, elsewhere, since, stay)


async def gather_late(tx: AsyncConnection, now: datetime) -> int:
    """A call that was being written while its contact was merged may still point at the gone one: that is moved too.

    To be called now and then; looks at the merges of the last two hours, and tells how many rows it moved.
    """
    recent = select(merges).where(merges.c.at > now - LATE, merges.c.undone_at.is_(None)).order_by(merges.c.id)
    gathered = 0
    for row in (await tx.execute(recent)).all():
        late = await move_all(tx, Noun(row.noun), row.gone_id, row.kept_id)
        if late.rows or late.dropped:
            moved = Moved.of(row.moved)
            moved.add(late)
            await tx.execute(update(merges).where(merges.c.id == row.id).values(moved=moved.told()))
            gathered += sum(map(len, late.rows.values()))
    return gathered


async def _both(tx: AsyncConnection, noun: Noun, kept_id: int, gone_id: int) -> tuple[Row[Any], Row[Any]]:
    """Both rows, locked in the order of their ids: two merges of the same pair wait for each other instead of for ever."""
    home = HOMES[noun]
    query = select(home).where(home.c.id.in_((kept_id, gone_id))).order_by(home.c.id).with_for_update()
    rows = {row.id: row for row in (await tx.execute(query)).all()}
    for wanted in (kept_id, gone_id):
        if wanted not in rows:
            raise NotFound(noun=home.name, id=wanted)
    return rows[kept_id], rows[gone_id]


def _fillings(kept: Row[Any], gone: Row[Any]) -> dict[str, tuple[Any, Any]]:
    """{field of the kept one: (before, after)}; notes of both are kept, one under the other."""
    mine, its = kept._mapping, gone._mapping
    changes = {name: (mine[name], its[name]) for name in mine if name not in OWN and mine[name] is None and its[name] is not None}
    if its["note"] and its["note"] != mine["note"]:
        changes["note"] = (mine["note"], "\n\n".join(filter(None, (mine["note"], its["note"]))))
    custom = {**{key: value for key, value in its["custom"].items() if value is not None}, **_given(mine["custom"])}
    return changes | custom_changes(mine["custom"], custom)


def _given(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in custom.items() if value is not None}


def _emptyings(kept: Row[Any], filled: Mapping[str, Any]) -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...]]:
    """What the merge filled and nobody touched since is as it was before; and the names of what was touched."""
    changes: dict[str, tuple[Any, Any]] = {}
    touched: list[str] = []
    for name, (before, after) in filled.items():
        current = kept.custom.get(name.removeprefix("custom.")) if name.startswith("custom.") else kept._mapping.get(name)
        if _plain(current) == after:
            changes[name] = (current, before)
        else:
            touched.append(name)
    return changes, tuple(touched)


async def _write_fields(tx: AsyncConnection, noun: Noun, kept: Row[Any], values: Mapping[str, Any]) -> None:
    columns = {name: value for name, value in values.items() if not name.startswith("custom.")}
    own = {name.removeprefix("custom."): value for name, value in values.items() if name.startswith("custom.")}
    if own:
        columns["custom"] = _given({**kept.custom, **own})
    if columns:
        home = HOMES[noun]
        await tx.execute(update(home).where(home.c.id == kept.id).values(columns))


async def _came_since(tx: AsyncConnection, noun: Noun, row: Row[Any]) -> dict[str, int]:
    since: dict[str, int] = {}
    for pointer in pointers(noun):
        at = next((pointer.table.c[name] for name in CAME_AT if name in pointer.table.c), None)
        if at is None:
            continue
        query = select(func.count()).select_from(pointer.table).where(pointer == row.kept_id, at > row.at)
        if found := await tx.scalar(query):
            since[pointer.table.name] = int(found)
    return since


async def _tell(
    tx: AsyncConnection, noun: Noun, kept: Row[Any], gone: Row[Any], now: datetime, by: int, facts: dict[str, Any]
) -> None:
    """Pages of either show at once what became of it."""
    told = {**facts, "noun": noun, "kept_id": kept.id, "gone_id": gone.id}
    receivers = keepers(kept.owner_id, gone.owner_id)
    for one in (kept, gone):
        contact = one.id if noun is Noun.CONTACT else None
        event = Event(EventKind.RECORDS_MERGED, now, receivers, contact_id=contact, user_id=by, facts=told)
        await event_log.append(tx, [event])
        if noun is Noun.COMPANY:
            break


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
