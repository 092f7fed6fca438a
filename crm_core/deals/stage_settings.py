"""What is set about a stage, checked before it is kept: words, gates, entry tasks, limit and chance."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.entry_tasks import fitted_entry_tasks
from crm_core.deals.gates.required_fields import OF_COMPANY, OF_CONTACT, OF_DEAL, added_id
from crm_core.deals.judging import all_gates, fitted_gates
from crm_core.deals.tables import StageKind
from crm_core.errors import Invalid
from crm_core.fields.tables import fields
from crm_core.options import OptionKind
from crm_core.text import clean, one_line

LONGEST_NAME = 80
LONGEST_TEXT = 4000
LONGEST_LIMIT = 24.0 * 366
MOST_GATES = 20
KINDS = (StageKind.OPEN, StageKind.WON)
"""A deal is lost with a reason and stays where it was lost: there is no stage for it (docs/decisions/0061)."""

OURS = frozenset({*OF_DEAL, *(f"contact.{name}" for name in OF_CONTACT), *(f"company.{name}" for name in OF_COMPANY)})


class StageChanges(TypedDict, total=False):
    """What to set; what is not given stays. `limit_hours`: after which a deal is stuck; `chance`: per cent that are won."""

    name: str
    short_name: str | None
    goal: str | None
    criteria: str | None
    tools: str | None
    algorithm: str | None
    kind: str
    gates: Sequence[Mapping[str, Any]]
    entry_tasks: Sequence[Mapping[str, Any]]
    limit_hours: float | None
    chance: int | None


async def fitted_stage(tx: AsyncConnection, given: StageChanges) -> dict[str, Any]:
    """What is given, as it is kept. Raises Invalid with the fact `field`, and `gate` or `row` where it is in one of several."""
    fit: dict[str, Any] = {name: _text(name, given.get(name)) for name in TEXTS if name in given}
    if "name" in given:
        fit["name"] = named(given["name"])
    if "kind" in given:
        fit["kind"] = _kind(given["kind"])
    if "limit_hours" in given:
        fit["limit_hours"] = _limit(given["limit_hours"])
    if "chance" in given:
        fit["chance"] = _chance(given["chance"])
    if "gates" in given:
        fit["gates"] = await _gates(tx, given["gates"])
    if "entry_tasks" in given:
        fit["entry_tasks"] = _entry_tasks(given["entry_tasks"])
    return fit


TEXTS = ("short_name", "goal", "criteria", "tools", "algorithm")


def named(name: str) -> str:
    """The name of a stage or pipeline. Raises Invalid."""
    fit = one_line(name, 10 * LONGEST_NAME)
    if not fit or len(fit) > LONGEST_NAME:
        raise Invalid(f"A name is a few words, at most {LONGEST_NAME} characters", field="name")
    return fit


def _text(name: str, text: Any) -> str | None:
    longest = LONGEST_NAME if name == "short_name" else LONGEST_TEXT
    fit = clean(str(text or ""), longest + 1).replace("\r\n", "\n").strip()
    if len(fit) > longest:
        raise Invalid(f"This text has more than {longest} characters", field=name)
    return fit or None


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise Invalid("A stage is open or won; a deal is lost with a reason and stays where it was lost", field="kind")
    return kind


def _limit(hours: float | None) -> float | None:
    if hours is None:
        return None
    if not isfinite(hours) or not 0 < hours <= LONGEST_LIMIT:
        raise Invalid("A time limit is more than no time and at most a year", field="limit_hours")
    return float(hours)


def _chance(chance: int | None) -> int | None:
    if chance is not None and not 0 <= chance <= 100:
        raise Invalid("A chance is between 0 and 100 per cent", field="chance")
    return chance


async def _gates(tx: AsyncConnection, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(given) > MOST_GATES:
        raise Invalid(f"A stage has at most {MOST_GATES} gates", field="gates")
    made = []
    for row, one in enumerate(given):
        try:
            made += fitted_gates([one])
        except Invalid as error:
            known = str(one.get("gate"))[:80]
            say = f"There is no gate named {known!r}" if "option" not in error.facts else f"Gate {known}: {error.say}"
            raise Invalid(say, **{"field": "gates", "gate": known, "row": row, **error.facts}) from error
    await _require_known_fields(tx, made)
    return made


async def _require_known_fields(tx: AsyncConnection, gates: Sequence[Mapping[str, Any]]) -> None:
    """A gate that asks for a field there is not would never open."""
    named_fields = [(row, gate["gate"], name) for row, gate in enumerate(gates) for name in _fields_of(gate)]
    ids = {field for _, _, name in named_fields if (field := added_id(name)) is not None}
    query = select(fields.c.id, fields.c.noun).where(fields.c.id.in_(ids), fields.c.archived_at.is_(None))
    nouns = {row.id: row.noun for row in await tx.execute(query)} if ids else {}
    for row, gate, name in named_fields:
        noun = nouns.get(added_id(name) or 0)
        if name not in OURS and (noun is None or name != custom_name(noun, added_id(name) or 0)):
            shown = clean(name, 60)
            raise Invalid(f"There is no field named {shown!r}", field="gates", gate=gate, row=row, missing_field=shown)


def custom_name(noun: str, field_id: int) -> str:
    """How gates and forms name a field that the company added: `custom.7`, `contact.custom.7`."""
    return f"custom.{field_id}" if noun == "deal" else f"{noun}.custom.{field_id}"


def _fields_of(gate: Mapping[str, Any]) -> list[str]:
    options = all_gates()[gate["gate"]].options
    several = [name for one in options if one.kind is OptionKind.FIELDS for name in gate["settings"].get(one.name) or ()]
    single = [gate["settings"].get(one.name) for one in options if one.kind is OptionKind.FIELD]
    return [*several, *(name for name in single if name)]


def _entry_tasks(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    try:
        return fitted_entry_tasks(given)
    except Invalid as error:
        raise Invalid(f"Task on entry: {error.say}", **{"field": "entry_tasks", **error.facts}) from error
