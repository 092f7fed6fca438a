"""Automations are set up, changed, switched, put in order and taken away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.deals.automations.checking import require_sound
from crm_core.deals.automations.registry import actions
from crm_core.deals.automations.rules import ORDER, Rule, rule_of
from crm_core.deals.automations.tables import automations
from crm_core.deals.automations.triggers import WHEN
from crm_core.deals.automations.words import Action, Trigger
from crm_core.deals.tables import stages
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.events import Event, EventKind
from crm_core.options import fitted
from crm_core.text import clean
from crm_core.users.audit import record

MOST = 300


@dataclass(frozen=True, slots=True)
class NewAutomation:
    """`when` and `settings` as a form or a program sends them; `stage_id` None: on any stage."""

    action: str
    trigger: str
    pipeline_id: int | None = None
    stage_id: int | None = None
    name: str | None = None
    when: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True
    built_in: bool = False


async def add_automation(tx: AsyncConnection, new: NewAutomation, *, by: int | None, now: datetime) -> int:
    """Set one up, after the others, and tell its id; raises Invalid, or Conflict where it would lead to itself."""
    there = await _all(tx)
    if len(there) >= MOST:
        raise Conflict("There are as many automations as there may be", why="many")
    position = ((await tx.scalar(select(func.max(automations.c.position)))) or 0) + 1
    row = {**await _row(tx, new), "position": position, "created_at": now, "created_by": by}
    automation_id: int = (await tx.execute(insert(automations).values(row).returning(automations.c.id))).scalar_one()
    await _looked_at(tx, automation_id)
    await _tell(tx, automation_id, "automation_added", by, now)
    return automation_id


async def change_automation(
    tx: AsyncConnection, automation_id: int, new: NewAutomation, *, by: int | None, now: datetime
) -> None:
    """Set it up anew; its place, and whether it came with a template, stay. Raises NotFound, Invalid, Conflict."""
    await rule(tx, automation_id)
    row = await _row(tx, new)
    row.pop("built_in")
    await tx.execute(update(automations).where(automations.c.id == automation_id).values(row))
    await _looked_at(tx, automation_id)
    await _tell(tx, automation_id, "automation_changed", by, now)


async def switch_automation(tx: AsyncConnection, automation_id: int, *, active: bool, by: int | None, now: datetime) -> None:
    """On or off; one that cannot run is not switched on. Raises NotFound, Invalid, Conflict."""
    if (await rule(tx, automation_id)).active == active:
        return
    await tx.execute(update(automations).where(automations.c.id == automation_id).values(active=active))
    if active:
        await _looked_at(tx, automation_id)
    await _tell(tx, automation_id, "automation_switched_on" if active else "automation_switched_off", by, now)


async def remove_automation(tx: AsyncConnection, automation_id: int, *, by: int | None, now: datetime) -> None:
    """It runs no more; what it did stays told. Raises NotFound."""
    await rule(tx, automation_id)
    await tx.execute(update(automations).where(automations.c.id == automation_id).values(archived_at=now, active=False))
    await _tell(tx, automation_id, "automation_removed", by, now)


async def shift_automation(tx: AsyncConnection, automation_id: int, by_places: int, *, by: int | None, now: datetime) -> None:
    """Earlier (negative) or later among those of the same trigger, which is where order counts. Raises NotFound."""
    shifted, every = await rule(tx, automation_id), await _all(tx)
    alike = [one for one in every if one.trigger is shifted.trigger]
    place = next(number for number, one in enumerate(alike) if one.id == automation_id)
    moved = [one for one in alike if one.id != automation_id]
    moved.insert(max(0, min(len(moved), place + by_places)), shifted)
    if moved == alike:
        return
    of_kind = iter(moved)
    ordered = [next(of_kind) if one.trigger is shifted.trigger else one for one in every]
    placed = [{"rule": one.id, "place": number} for number, one in enumerate(ordered, 1)]
    await tx.execute(update(automations).where(automations.c.id == bindparam("rule")).values(position=bindparam("place")), placed)
    await _tell(tx, automation_id, "automation_shifted", by, now)


async def rule(connection: AsyncConnection, automation_id: int) -> Rule:
    """Raises NotFound."""
    query = select(automations).where(automations.c.id == automation_id, automations.c.archived_at.is_(None))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="automations", id=automation_id)
    return rule_of(row)


async def _all(tx: AsyncConnection) -> Sequence[Rule]:
    rows = await tx.execute(select(automations).where(automations.c.archived_at.is_(None)).order_by(*ORDER))
    return [rule_of(row) for row in rows]


async def _looked_at(tx: AsyncConnection, automation_id: int) -> None:
    """What is written is undone with its transaction where this raises."""
    rules = await _all(tx)
    await require_sound(tx, next(one for one in rules if one.id == automation_id), rules)


async def _row(tx: AsyncConnection, new: NewAutomation) -> dict[str, Any]:
    action, trigger = _action(new.action), _trigger(new.trigger)
    if trigger not in action.on:
        raise Invalid("This does not go with that", option="trigger", why="trigger")
    settings = fitted(action.options, new.settings)
    name = None if new.name is None else clean(new.name, 200).strip() or None
    return {
        "name": name, "action": action.name, "trigger": trigger, "stage_id": new.stage_id,
        "pipeline_id": await _pipeline(tx, new, settings.get(action.moves_to or "")),
        "when": fitted(WHEN[trigger], new.when), "settings": settings, "active": new.active, "built_in": new.built_in,
    }  # fmt: skip


async def _pipeline(tx: AsyncConnection, new: NewAutomation, target: int | None) -> int | None:
    """The one of its stage, else of the stage it moves deals to, else what was said."""
    for stage_id in (new.stage_id, target if new.pipeline_id is None else None):
        if stage_id is not None:
            found: int | None = await tx.scalar(select(stages.c.pipeline_id).where(stages.c.id == stage_id))
            if found is None:
                raise Invalid("There is no such stage", fault="stage", which=str(stage_id), option="stage", why="gone")
            return found
    return new.pipeline_id


def _action(name: str) -> Action:
    found = actions().get(name)
    if found is None:
        raise Invalid("There is no such action", fault="action", which=clean(name, 60), option="action", why="gone")
    return found


def _trigger(name: str) -> Trigger:
    try:
        return Trigger(name)
    except ValueError as error:
        raise Invalid("There is no such trigger", fault="trigger", which=clean(name, 60), option="trigger", why="gone") from error


async def _tell(tx: AsyncConnection, automation_id: int, deed: str, by: int | None, now: datetime) -> None:
    await record(tx, by, deed, "automation", automation_id, now=now)
    facts = {"automation": automation_id, "deed": deed}
    await event_log.append(tx, [Event(EventKind.PIPELINE_CHANGED, now, (), user_id=by, facts=facts)])
