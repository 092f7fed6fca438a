"""What points at a contact or company, whatever table it stands in, is pointed at another one, and back again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Table, UniqueConstraint, and_, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import UtcTime
from crm_core.fields.history import Noun
from crm_core.merging.kept import HOMES
from crm_core.tables import metadata

MOST_AT_ONCE = 500  # ids in one statement


@dataclass(slots=True)
class Moved:
    """What a merge did to other tables, as `merges.moved` keeps it.

    `rows`: {`table.column`: ids that pointed at the one that is gone}. `dropped`: {table: whole rows that the kept one had
    already, such as his part in the same deal}. `gaps`: {table: {id: {column: what the dropped row filled}}}.
    """

    rows: dict[str, list[int]] = field(default_factory=dict)
    dropped: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    gaps: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        return {"rows": self.rows, "dropped": self.dropped, "gaps": self.gaps}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Moved":
        return cls(kept.get("rows", {}), kept.get("dropped", {}), kept.get("gaps", {}))

    def add(self, more: "Moved") -> None:
        """What was found later points at the same two."""
        for pointer, ids in more.rows.items():
            self.rows[pointer] = sorted({*self.rows.get(pointer, []), *ids})
        for table, rows in more.dropped.items():
            self.dropped.setdefault(table, []).extend(rows)
        for table, gaps in more.gaps.items():
            self.gaps.setdefault(table, {}).update(gaps)


def pointers(noun: Noun) -> tuple[Column[Any], ...]:
    """Every column of another table that points at contacts or companies, as the tables themselves say: none can be forgotten."""
    home = HOMES[noun]
    return tuple(
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if table is not home and any(key.column.table is home for key in column.foreign_keys)
    )


def beside(pointer: Column[Any]) -> list[tuple[Column[Any], ...]]:
    """The other columns of each unique key with this one: by them two rows are one, once both point at the kept one."""
    table: Table = pointer.table
    keys = [tuple(key.columns) for key in table.constraints if isinstance(key, UniqueConstraint)]
    keys += [tuple(index.columns) for index in table.indexes if index.unique]
    return [tuple(column for column in key if column is not pointer) for key in keys if any(column is pointer for column in key)]


async def move_all(tx: AsyncConnection, noun: Noun, gone_id: int, kept_id: int) -> Moved:
    """Point everything at the kept one, and tell what was."""
    moved = Moved()
    for pointer in pointers(noun):
        for others in beside(pointer):
            await _drop_doubled(tx, pointer, others, gone_id, kept_id, moved)
        table: Table = pointer.table
        turned = update(table).where(pointer == gone_id).values({pointer: kept_id}).returning(table.c.id)
        if ids := sorted((await tx.scalars(turned)).all()):
            moved.rows[_name(pointer)] = list(ids)
    return moved


async def move_back(
    tx: AsyncConnection, noun: Noun, moved: Moved, gone_id: int, kept_id: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Point back what still points at the kept one; tells by table how many rows came back, and how many are elsewhere by now."""
    back: dict[str, int] = {}
    elsewhere: dict[str, int] = {}
    for pointer in pointers(noun):
        ids = moved.rows.get(_name(pointer), [])
        returned = await _turn_back(tx, pointer, ids, gone_id, kept_id)
        _count(back, pointer.table.name, returned)
        _count(elsewhere, pointer.table.name, len(ids) - returned)
        for row in moved.dropped.get(pointer.table.name, ()):
            again = await _put_back(tx, pointer, row, gone_id, kept_id, moved.gaps)
            _count(back if again else elsewhere, pointer.table.name, 1)
    return back, elsewhere


async def _turn_back(tx: AsyncConnection, pointer: Column[Any], ids: Sequence[int], gone_id: int, kept_id: int) -> int:
    table: Table = pointer.table
    returned = 0
    for start in range(0, len(ids), MOST_AT_ONCE):
        some = ids[start : start + MOST_AT_ONCE]
        turned = update(table).where(table.c.id.in_(some), pointer == kept_id).values({pointer: gone_id}).returning(table.c.id)
        returned += len((await tx.scalars(turned)).all())
    return returned


async def _drop_doubled(
    tx: AsyncConnection, pointer: Column[Any], others: Sequence[Column[Any]], gone_id: int, kept_id: int, moved: Moved
) -> None:
    table: Table = pointer.table
    kept = table.alias("kept")
    same = and_(*(kept.c[column.name] == column for column in others)) if others else true()
    twins = select(table, kept.c.id.label("kept_row_id")).join(kept, and_(kept.c[pointer.name] == kept_id, same))
    for doubled in (await tx.execute(twins.where(pointer == gone_id))).all():
        row = {column.name: doubled._mapping[column.name] for column in table.columns}
        await _fill_gaps(tx, table, doubled.kept_row_id, row, moved)
        await tx.execute(delete(table).where(table.c.id == row["id"]))
        moved.dropped.setdefault(table.name, []).append({name: _plain(value) for name, value in row.items()})


async def _fill_gaps(tx: AsyncConnection, table: Table, kept_row_id: int, dropped: Mapping[str, Any], moved: Moved) -> None:
    kept = (await tx.execute(select(table).where(table.c.id == kept_row_id))).one()._mapping
    gaps = {name: value for name, value in dropped.items() if kept[name] is None and value is not None}
    if gaps:
        await tx.execute(update(table).where(table.c.id == kept_row_id).values(gaps))
        filled = {name: _plain(value) for name, value in gaps.items()}
        moved.gaps.setdefault(table.name, {}).setdefault(str(kept_row_id), {}).update(filled)


async def _put_back(
    tx: AsyncConnection, pointer: Column[Any], row: Mapping[str, Any], gone_id: int, kept_id: int, gaps: Mapping[str, Any]
) -> bool:
    """Whether the row stands again: not where what it belonged to is gone, or where the kept one is not part of it any more."""
    table: Table = pointer.table
    values = {column.name: _read(column, row.get(column.name)) for column in table.columns if column.name != "id"}
    for others in beside(pointer):
        twin = await _row_of(tx, pointer, others, values, kept_id)
        if twin is None or await _row_of(tx, pointer, others, values, gone_id) is not None:
            return False
        await _empty_gaps(tx, table, twin, gaps.get(table.name, {}).get(str(twin.id), {}))
    await tx.execute(insert(table).values({**values, pointer.name: gone_id}))
    return True


async def _row_of(
    tx: AsyncConnection, pointer: Column[Any], others: Sequence[Column[Any]], values: Mapping[str, Any], whose: int
) -> Row[Any] | None:
    query = select(pointer.table).where(pointer == whose, *(column == values[column.name] for column in others))
    return (await tx.execute(query)).one_or_none()


async def _empty_gaps(tx: AsyncConnection, table: Table, twin: Row[Any], filled: Mapping[str, Any]) -> None:
    untouched = {name: None for name, value in filled.items() if _plain(twin._mapping[name]) == value}
    if untouched:
        await tx.execute(update(table).where(table.c.id == twin.id).values(untouched))


def _name(pointer: Column[Any]) -> str:
    return f"{pointer.table.name}.{pointer.name}"


def _count(counted: dict[str, int], table: str, more: int) -> None:
    if more:
        counted[table] = counted.get(table, 0) + more


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(column: Column[Any], value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(column.type, UtcTime) and isinstance(value, str) else value
