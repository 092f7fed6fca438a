"""The first rows of a table as they would become, without anything being written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.web.visit import Visit
from crm_core.fields.definitions import Field
from crm_core.importing.chunks import plan, wanted_of
from crm_core.importing.drafts import Outcome, Result, Taking
from crm_core.importing.house import read_house
from crm_core.importing.options import Options
from crm_core.importing.sheets import Row


@dataclass(frozen=True, slots=True)
class Line:
    """`cells` as they stand in the file; `wrong`: columns whose cell is refused; `why`: the reasons in words."""

    number: int
    cells: tuple[str, ...]
    outcome: Outcome
    record_id: int | None
    wrong: frozenset[int]
    why: tuple[str, ...]


async def preview(visit: Visit, options: Options, fields: Sequence[Field], rows: Sequence[Row]) -> list[Line]:
    """With what is known now: a call in between may change it."""
    house = await read_house(visit.connection, visit.actor, visit.context.settings.region)
    wanted = wanted_of(rows, options.mapping(fields), len(options.heading), house)
    taking = Taking(visit.actor, visit.now, options.known, options.identify, options.owner_id, options.override)
    results = await plan(visit.connection, options.noun, wanted, taking, house)
    return [_line(visit, result, len(options.heading)) for result in results]


def _line(visit: Visit, result: Result, width: int) -> Line:
    row = result.wanted.row
    cells = (*row.cells[:width], *("" for _ in range(width - len(row.cells))))
    return Line(
        row.number, cells, result.outcome, result.record_id,
        frozenset(fault.column for fault in result.faults if fault.column is not None),
        tuple(visit.say(fault.say) % _worded(visit, fault.facts) for fault in result.faults),
    )  # fmt: skip


def _worded(visit: Visit, facts: dict[str, Any]) -> dict[str, Any]:
    """What a value should have been is itself a text of the catalogue."""
    return {name: visit.say(value) if name == "wanted" else value for name, value in facts.items()}
