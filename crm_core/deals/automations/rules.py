"""Automations as they stand in the database, ready to run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.registry import actions
from crm_core.deals.automations.tables import automations
from crm_core.deals.automations.triggers import met
from crm_core.deals.automations.words import Action, DealNow, Occasion, Settings, Trigger
from crm_core.errors import Invalid
from crm_core.options import fitted


@dataclass(frozen=True, slots=True)
class Rule:
    """One automation. `action` None: the file that carried it out is gone. `stage_id` None: on any stage."""

    id: int
    name: str | None
    action_name: str
    trigger: Trigger
    pipeline_id: int | None
    stage_id: int | None
    when: Settings
    settings: Settings
    active: bool
    built_in: bool
    position: int
    created_at: datetime
    action: Action | None = field(default=None, compare=False)

    @property
    def moves_to(self) -> int | None:
        """The stage it moves deals to, if it does."""
        if self.action is None or self.action.moves_to is None:
            return None
        return self.settings.get(self.action.moves_to)

    def is_for(self, occasion: Occasion) -> bool:
        """Whether this occasion sets it going."""
        return self.fits(occasion.deal) and met(self.trigger, self.when, occasion.facts)

    def fits(self, deal: DealNow) -> bool:
        return self.pipeline_id in (None, deal.pipeline_id) and self.stage_id in (None, deal.stage_id)

    def set_up(self) -> dict[str, Any]:
        """Its settings, fitted to what the action takes today; raises Invalid."""
        return fitted(self.action.options, self.settings) if self.action else {}


def rule_of(row: Any) -> Rule:
    return Rule(
        row.id, row.name, row.action, Trigger(row.trigger), row.pipeline_id, row.stage_id, row.when, row.settings, row.active,
        row.built_in, row.position, row.created_at, actions().get(row.action),
    )  # fmt: skip


LIVE = and_(automations.c.active, automations.c.archived_at.is_(None))
ORDER = (automations.c.position, automations.c.id)


@lru_cache(1)
def _on_stages() -> Select[Any]:
    """Those that a move from one stage to another sets going."""
    left = and_(automations.c.trigger == Trigger.EXIT, _here_or_anywhere(bindparam("left")))
    entered = and_(automations.c.trigger == Trigger.ENTRY, _here_or_anywhere(bindparam("entered")))
    in_pipeline = or_(automations.c.pipeline_id.is_(None), automations.c.pipeline_id == bindparam("pipeline"))
    return select(automations).where(LIVE, in_pipeline, or_(left, entered)).order_by(*ORDER)


def _here_or_anywhere(stage: Any) -> ColumnElement[bool]:
    return or_(automations.c.stage_id.is_(None), automations.c.stage_id == stage)


async def rules_on_stages(connection: AsyncConnection, pipeline_id: int, left: int | None, entered: int) -> Sequence[Rule]:
    """What a move between these stages sets going, in its order; nothing is left by a deal that is opened."""
    asked = {"pipeline": pipeline_id, "left": left or 0, "entered": entered}
    found = [rule_of(row) for row in await connection.execute(_on_stages(), asked)]
    return [rule for rule in found if left is not None or rule.trigger is Trigger.ENTRY]


async def rules_on(connection: AsyncConnection, trigger: Trigger) -> Sequence[Rule]:
    """All that wait for this trigger, in their order."""
    rows = await connection.execute(select(automations).where(LIVE, automations.c.trigger == trigger).order_by(*ORDER))
    return [rule_of(row) for row in rows]


def fault_of(rule: Rule) -> str | None:
    """Why it cannot run as it stands, as a code; what it names in other tables is looked at by `checking`."""
    return ready(rule)[1]


def ready(rule: Rule) -> tuple[Settings, str | None]:
    """Its settings as its action takes them today, or why it cannot run."""
    if rule.action is None:
        return {}, "no_action"
    if rule.trigger not in rule.action.on:
        return {}, "trigger"
    try:
        return rule.set_up(), None
    except Invalid as error:
        return {}, f"option:{error.facts.get('option')}"
