"""Which automations and lead rules name a stage or a pipeline: what they name is not taken away under them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.tables import automations
from crm_core.leads.tables import lead_rules

AUTOMATION, LEAD_RULE = "automation", "lead_rule"


@dataclass(frozen=True, slots=True)
class Naming:
    """What names it. `name` None: an automation that is called after what it does (`action`)."""

    noun: str
    id: int
    name: str | None
    action: str | None = None


async def named_by_stage(connection: AsyncConnection, stage_id: int) -> tuple[Naming, ...]:
    return await _named(connection, "stage", stage_id)


async def named_by_pipeline(connection: AsyncConnection, pipeline_id: int) -> tuple[Naming, ...]:
    return await _named(connection, "pipeline", pipeline_id)


async def _named(connection: AsyncConnection, noun: str, noun_id: int) -> tuple[Naming, ...]:
    """Those that were put away do nothing any more; those that are switched off may be switched on."""
    column = automations.c[f"{noun}_id"].name
    all_automations = select(automations).where(automations.c.archived_at.is_(None)).order_by(automations.c.id)
    rules = select(lead_rules).where(lead_rules.c.archived_at.is_(None)).order_by(lead_rules.c.position, lead_rules.c.id)
    return (
        *(
            Naming(AUTOMATION, row.id, row.name, row.action)
            for row in await connection.execute(all_automations)
            if row._mapping[column] == noun_id or _names(row, noun, noun_id, ("when", "settings"))
        ),
        *(
            Naming(LEAD_RULE, row.id, row.name)
            for row in await connection.execute(rules)
            if _names(row, noun, noun_id, ("when", "then"))
        ),
    )


def _names(row: Row[Any], noun: str, noun_id: int, columns: tuple[str, ...]) -> bool:
    return any(_values(getattr(row, column), noun, noun_id) for column in columns)


def _values(settings: Any, noun: str, noun_id: int) -> bool:
    """Settings name a row under the noun's own word: `stage`, `stage_id`, `to_stage` …"""
    return any(noun in name and value == noun_id for name, value in _leaves(settings))


def _leaves(settings: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(settings, Mapping):
        for inner, value in settings.items():
            yield from _leaves(value, str(inner))
    elif isinstance(settings, list):
        for value in settings:
            yield from _leaves(value, name)
    else:
        yield name, settings
