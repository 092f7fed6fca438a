"""The fields a company adds to its cards: which there are, and how they are added, changed and put away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypedDict

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.fields.tables import fields
from crm_core.text import one_line
from crm_core.users.audit import record

MOST_FIELDS = 100
MOST_CHOICES = 100


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Field:
    """`choices`: the words of choice and choices, in order. `personal`: reading it is restricted and logged.

    `block`: the heading it stands under, None: among those without one.
    """

    id: int
    noun: Noun
    name: str
    kind: FieldKind
    choices: tuple[str, ...]
    personal: bool
    block: str | None
    position: int
    archived: bool = False

    @property
    def key(self) -> str:
        """How forms, gates and histories name it."""
        return f"custom.{self.id}"


@dataclass(frozen=True, slots=True)
class NewField:
    noun: Noun
    name: str
    kind: FieldKind
    choices: Sequence[str] = ()
    personal: bool = False
    block: str | None = None


class FieldChanges(TypedDict, total=False):
    """What to change; what is not given stays. The kind of a field never changes: values of it are stored."""

    name: str
    choices: Sequence[str]
    personal: bool
    block: str | None
    archived: bool
    position: int


async def definitions(connection: AsyncConnection, noun: Noun | None = None, *, archived: bool = False) -> tuple[Field, ...]:
    """In the order of the card: block by block as the blocks first come, fields by position."""
    found = [_field(row) for row in await connection.execute(_defined(noun, archived))]
    blocks = list(dict.fromkeys((field.noun, field.block) for field in found))
    return tuple(sorted(found, key=lambda field: (field.archived, blocks.index((field.noun, field.block)), field.position)))


@cache
def _defined(noun: Noun | None, archived: bool) -> Select[Any]:
    query = select(fields).order_by(fields.c.noun, fields.c.position, fields.c.id)
    query = query if noun is None else query.where(fields.c.noun == noun)
    return query if archived else query.where(fields.c.archived_at.is_(None))


def in_blocks(fields: Iterable[Field]) -> list[tuple[str | None, list[Field]]]:
    """Under the headings they stand under, in their order."""
    blocks: dict[str | None, list[Field]] = {}
    for one in fields:
        blocks.setdefault(one.block, []).append(one)
    return list(blocks.items())


async def field(connection: AsyncConnection, field_id: int) -> Field:
    """Raises NotFound."""
    return _field(await _row(connection, field_id))


async def add_field(tx: AsyncConnection, new: NewField, *, by: int | None, now: datetime) -> int:
    """Raises Invalid, or Conflict for a name that the noun has a field of already."""
    values = _fit({"name": new.name, "choices": new.choices, "personal": new.personal, "block": new.block}, new.kind)
    known = await definitions(tx, new.noun)
    if len(known) >= MOST_FIELDS:
        raise Invalid(f"A card has at most {MOST_FIELDS} fields", field="name")
    _require_new(known, values["name"])
    last = await tx.scalar(select(func.max(fields.c.position)).where(fields.c.noun == new.noun))
    row = {**values, "noun": new.noun, "kind": new.kind, "position": 0 if last is None else last + 1}
    field_id: int = (await tx.execute(insert(fields).values(row).returning(fields.c.id))).scalar_one()
    await record(tx, by, "field_added", "field", field_id, now=now, facts={"noun": new.noun, "name": values["name"]})
    return field_id


async def edit_field(tx: AsyncConnection, field_id: int, changes: FieldChanges, *, by: int | None, now: datetime) -> None:
    """Raises NotFound, Invalid or Conflict. A choice that is taken away stays where it was chosen."""
    row = await _row(tx, field_id)
    given: dict[str, Any] = dict(changes)
    archived = given.pop("archived", None)
    values = _fit(given, FieldKind(row.kind))
    if archived is not None and archived != (row.archived_at is not None):
        values["archived_at"] = now if archived else None
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if "name" in changed or changed.get("archived_at", now) is None:
        others = [known for known in await definitions(tx, Noun(row.noun)) if known.id != field_id]
        _require_new(others, changed.get("name", row.name))
    if changed:
        await tx.execute(update(fields).where(fields.c.id == field_id).values(changed))
        facts = {name: [_told(getattr(row, name)), _told(value)] for name, value in changed.items()}
        await record(tx, by, "field_edited", "field", field_id, now=now, facts=facts)


async def shift_field(tx: AsyncConnection, field_id: int, by_places: int, *, by: int | None, now: datetime) -> None:
    """Before (-1) or after (+1) its neighbour of the same card; at the end it stays."""
    row = await _row(tx, field_id)
    known = list(await definitions(tx, Noun(row.noun)))
    ids = [one.id for one in known]
    if field_id not in ids:
        return
    place = ids.index(field_id)
    ids.insert(max(0, min(len(ids) - 1, place + by_places)), ids.pop(place))
    for position, one in enumerate(ids):
        await tx.execute(update(fields).where(fields.c.id == one).values(position=position))
    await record(tx, by, "field_shifted", "field", field_id, now=now)


def _fit(given: dict[str, Any], kind: FieldKind) -> dict[str, Any]:
    values: dict[str, Any] = {name: given[name] for name in ("name", "personal", "position") if name in given}
    if "name" in values:
        values["name"] = one_line(values["name"], 120)
        if not values["name"]:
            raise Invalid("A field has a name", field="name")
    if "block" in given:
        values["block"] = one_line(given["block"], 120) or None
    if "choices" in given:
        values["choices"] = _choices(given["choices"], kind)
    return values


def _choices(given: Sequence[str], kind: FieldKind) -> list[str]:
    if kind not in (FieldKind.CHOICE, FieldKind.CHOICES):
        return []
    words = list(dict.fromkeys(word for word in (one_line(one, 120) for one in given) if word))
    if not 1 <= len(words) <= MOST_CHOICES:
        raise Invalid(f"A field to choose from has 1 to {MOST_CHOICES} choices", field="choices")
    return words


def _require_new(known: Sequence[Field], name: str) -> None:
    if any(one.name.casefold() == name.casefold() for one in known):
        raise Conflict("There is a field of this name already", field="name")


async def _row(connection: AsyncConnection, field_id: int) -> Row[Any]:
    row = (await connection.execute(select(fields).where(fields.c.id == field_id))).one_or_none()
    if row is None:
        raise NotFound(noun="fields", id=field_id)
    return row


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _field(row: Row[Any]) -> Field:
    return Field(
        row.id, Noun(row.noun), row.name, FieldKind(row.kind), tuple(row.choices), row.personal, row.block, row.position,
        row.archived_at is not None,
    )  # fmt: skip
