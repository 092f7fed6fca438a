"""Records as they will be once some rows of a table are in: known ones with what is to be changed, and new ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.access import Actor
from crm_core.events import Event, EventKind
from crm_core.fields.history import Noun, custom_changes, note_changes
from crm_core.importing.fitting import Fault, Wanted
from crm_core.receivers import keepers
from crm_core.text import msgid


class Known(StrEnum):
    """What becomes of a record that is known already."""

    FILL = "fill"  # only what it lacks is written
    CHANGE = "change"  # what the table says is written over it
    LEAVE = "leave"  # it stays as it is


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Taking:
    """Who takes a table in, when, and how. `identify`: by which targets a known record is recognised; `owner_id`: of new ones."""

    actor: Actor
    now: datetime
    known: Known = Known.FILL
    identify: frozenset[str] = frozenset({"external_id", "number", "email", "inn", "name"})
    owner_id: int | None = None
    override: str | None = None  # why gates are set aside for deals that were further already; None: they are not


@dataclass(frozen=True, slots=True)
class Result:
    """`record_id` None: new, or refused."""

    wanted: Wanted
    outcome: Outcome
    record_id: int | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True, eq=False)
class Draft:
    """`was`: the row as it stands, {} for a new one; `now`: as it will be, where `company_id` may still be a draft."""

    id: int | None
    was: Mapping[str, Any]
    now: dict[str, Any]
    mine: bool = True  # the importer may see it
    gives: bool = True  # he may say whose it is
    numbers: set[str] = field(default_factory=set)
    added_numbers: dict[str, str] = field(default_factory=dict)  # {digits: as written}

    @classmethod
    def of(cls, row: Mapping[str, Any], *, mine: bool, gives: bool = True) -> "Draft":
        return cls(row["id"], row, {**row, "custom": {**row["custom"]}}, mine, gives)

    @classmethod
    def new(cls, taking: Taking) -> "Draft":
        return cls(None, {}, {"custom": {}, "owner_id": taking.owner_id})

    def take(self, values: Mapping[str, Any], known: Known) -> bool:
        """Whether anything of it changes."""
        if known is Known.LEAVE and self.id is not None:
            return False
        touched = False
        for name, value in values.items():
            place, key = (self.now["custom"], name.removeprefix("custom.")) if name.startswith("custom.") else (self.now, name)
            if _writes(place.get(key), value, known):
                place[key] = value
                touched = True
        return touched

    def keeps_owner(self, owner_id: int | None, known: Known) -> Fault | None:
        """Why the row is refused, where it would give on a record that is not the importer's to give."""
        gives = self.gives or self.id is None or known is Known.LEAVE
        return None if gives or not _writes(self.now.get("owner_id"), owner_id, known) else Fault(None, NOT_TO_GIVE)

    def changes(self) -> dict[str, tuple[Any, Any]]:
        """{field: (old, new)} of a known record."""
        plain = {
            name: (self.was.get(name), value)
            for name, value in self.now.items()
            if name != "custom" and self.was.get(name) != value
        }
        return plain | custom_changes(self.was.get("custom", {}), self.now["custom"])


def _writes(current: Any, value: Any, known: Known) -> bool:
    return value is not None and current != value and (known is Known.CHANGE or current in (None, ""))


NOT_TO_GIVE = msgid("whose the record is that is known already, you may not say")
NOT_YOURS = msgid("the record that is known already belongs to a colleague")
TWO_RECORDS = msgid("what the row says is known of two different records")
SHARED = msgid("several records have “%(what)s”: it does not say which one is meant")
NOTHING = msgid("nothing in the row says who it is")


def one_of(found: Iterable[Draft]) -> tuple[Draft | None, Fault | None]:
    """The one record that all signs point at."""
    different = list(dict.fromkeys(found))
    if len(different) > 1:
        return None, Fault(None, TWO_RECORDS)
    if different and not different[0].mine:
        return None, Fault(None, NOT_YOURS)
    return (different[0] if different else None), None


async def write(tx: AsyncConnection, noun: Noun, table: Table, drafts: Sequence[Draft], taking: Taking) -> None:
    """New ones get their ids; what changed of known ones is written, kept in their history and told."""
    new = [draft for draft in drafts if draft.id is None]
    if new:
        rows = [{**{name: _plain(value) for name, value in draft.now.items()}, "created_at": taking.now} for draft in new]
        names = sorted({name for row in rows for name in row})
        whole = [{name: row.get(name) for name in names} for row in rows]
        added = await tx.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), whole)
        for draft, row_id in zip(new, added, strict=True):
            draft.id = row_id
    for draft in drafts:
        if draft not in new and (changed := draft.changes()):
            await _write_changes(tx, noun, table, draft, changed, taking)


async def _write_changes(
    tx: AsyncConnection, noun: Noun, table: Table, draft: Draft, changed: Mapping[str, tuple[Any, Any]], taking: Taking
) -> None:
    if draft.id is None:
        return
    values = {name: _plain(new) for name, (_, new) in changed.items() if not name.startswith("custom.")}
    if any(name.startswith("custom.") for name in changed):
        values["custom"] = draft.now["custom"]
    await tx.execute(update(table).where(table.c.id == draft.id).values(values))
    told = {name: (_plain(old), _plain(new)) for name, (old, new) in changed.items()}
    await note_changes(tx, noun, draft.id, told, by=taking.actor.user_id, now=taking.now)
    kind = EventKind.CONTACT_CHANGED if noun is Noun.CONTACT else EventKind.COMPANY_CHANGED
    facts = {"company_id": draft.id} if noun is Noun.COMPANY else {}
    contact = draft.id if noun is Noun.CONTACT else None
    event = Event(kind, taking.now, keepers(draft.was.get("owner_id"), draft.now.get("owner_id")), contact_id=contact,
                  user_id=taking.actor.user_id, facts=facts)  # fmt: skip
    await event_log.append(tx, [event])


def _plain(value: Any) -> Any:
    return value.id if isinstance(value, Draft) else value
