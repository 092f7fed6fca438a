"""Some rows of a table are taken in, in one transaction with how far it is: cut off anywhere, they are in once or not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.fields.history import Noun
from crm_core.importing.drafts import Outcome, Result, Taking
from crm_core.importing.firms import plan_firms, write_firms
from crm_core.importing.fitting import House, Wanted, fitted
from crm_core.importing.openings import Openings
from crm_core.importing.people import plan_people
from crm_core.importing.sheets import Row
from crm_core.importing.tables import imports, refused_rows
from crm_core.importing.targets import Target
from crm_core.text import clean


def wanted_of(rows: Sequence[Row], mapping: Mapping[int, Target], width: int, house: House) -> list[Wanted]:
    return [fitted(row, mapping, width, house) for row in rows]


async def plan(connection: AsyncConnection, noun: Noun, wanted: Sequence[Wanted], taking: Taking, house: House) -> list[Result]:
    """What would become of the rows."""
    if noun is Noun.CONTACT:
        return (await plan_people(connection, wanted, taking))[0]
    if noun is Noun.COMPANY:
        return (await plan_firms(connection, wanted, taking))[0]
    return await Openings(taking, house).plan(connection, wanted)


async def take(
    tx: AsyncConnection, import_id: int, noun: Noun, wanted: Sequence[Wanted], taking: Taking, house: House
) -> list[Result]:
    """Write the rows, those that are refused with their reasons, and that they are in."""
    results = await _written(tx, noun, wanted, taking, house)
    counted = Counter(result.outcome for result in results)
    refused = [
        {"import_id": import_id, "row": result.wanted.row.number,
         "cells": [clean(cell, 2000) for cell in result.wanted.row.cells],
         "why": [[fault.column, fault.say, fault.facts] for fault in result.faults]}
        for result in results
        if result.outcome is Outcome.REFUSED
    ]  # fmt: skip
    if refused:
        await tx.execute(insert(refused_rows), refused)
    added = {imports.c[outcome.value]: imports.c[outcome.value] + counted[outcome] for outcome in Outcome}
    reached = {imports.c.row_reached: wanted[-1].row.number}
    await tx.execute(update(imports).where(imports.c.id == import_id).values(added | reached))
    return results


async def _written(tx: AsyncConnection, noun: Noun, wanted: Sequence[Wanted], taking: Taking, house: House) -> list[Result]:
    if noun is Noun.CONTACT:
        results, people = await plan_people(tx, wanted, taking)
        await people.write(tx)
        return results
    if noun is Noun.COMPANY:
        results, firms = await plan_firms(tx, wanted, taking)
        await write_firms(tx, firms, taking)
        return results
    openings = Openings(taking, house)
    await openings.plan(tx, wanted)
    return await openings.write(tx)
