"""Exports of what lists show, to a spreadsheet or to CSV: with the same filters, and only what the visitor may see."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from api.web.call_names import CallNames
from api.web.calls import Asked as CallsAsked
from api.web.deal_filters import Asked as DealsAsked
from api.web.deal_filters import filters_of
from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.calls.queries import list_calls
from crm_core.contacts.queries import list_companies, list_contacts
from crm_core.deals.queries import list_deals
from crm_core.exporting import tables
from crm_core.exporting.cells import Cell
from crm_core.exporting.csv_out import BOM, csv_line, text_of
from crm_core.exporting.xlsx_out import Workbook
from crm_core.fields.history import Noun
from crm_core.users.audit import record

router = APIRouter()

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Search = Annotated[str, Query(max_length=200)]
Rows = AsyncIterator[Sequence[Any]]


class Form(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Export:
    """`pages` are lines of a list; `cells` what stands in the row of one."""

    noun: str
    heading: tuple[str, ...]
    pages: Rows
    cells: Callable[[Any], list[Cell]]
    personal: bool = False


@router.get("/exports/contacts.{form}")
async def contacts(visit: VisitNow, form: Form, search: Search = "") -> Response:
    visit.require(Right.EXPORT)
    own = await tables.own_fields(visit.connection, visit.actor, Noun.CONTACT)
    pages = tables.all_pages(
        visit.context.database, lambda db, cursor, most: list_contacts(db, visit.actor, search=search, cursor=cursor, limit=most)
    )
    return await _answer(visit, form, _export(visit, "contacts", pages, lambda line: tables.contact_cells(line, own), own))


@router.get("/exports/companies.{form}")
async def companies(visit: VisitNow, form: Form, search: Search = "") -> Response:
    visit.require(Right.EXPORT)
    own = await tables.own_fields(visit.connection, visit.actor, Noun.COMPANY)
    pages = tables.all_pages(
        visit.context.database, lambda db, cursor, most: list_companies(db, visit.actor, search=search, cursor=cursor, limit=most)
    )
    return await _answer(visit, form, _export(visit, "companies", pages, lambda line: tables.company_cells(line, own), own))


@router.get("/exports/deals.{form}")
async def deals(visit: VisitNow, form: Form, asked: Annotated[DealsAsked, Depends()]) -> Response:
    visit.require(Right.EXPORT)
    own = await tables.own_fields(visit.connection, visit.actor, Noun.DEAL)
    filters = filters_of(visit, asked)
    pages = tables.all_pages(
        visit.context.database, lambda db, cursor, most: list_deals(db, visit.actor, filters, cursor=cursor, limit=most)
    )
    return await _answer(visit, form, _export(visit, "deals", pages, lambda line: tables.deal_cells(line, own), own))


@router.get("/exports/calls.{form}")
async def calls(visit: VisitNow, form: Form, asked: Annotated[CallsAsked, Depends()]) -> Response:
    visit.require(Right.EXPORT)
    filters, names = asked.filters(visit.context.settings.zone), CallNames(visit.look.wording.texts)
    pages = tables.all_pages(
        visit.context.database, lambda db, cursor, most: list_calls(db, visit.actor, filters, cursor=cursor, limit=most)
    )

    def cells(line: Any) -> list[Cell]:
        return tables.call_cells(line, names.outcome_name(line), names.direction_name(line.direction))

    return await _answer(visit, form, _export(visit, "calls", pages, cells, None))


def _export(visit: Visit, noun: str, pages: Rows, cells: Callable[[Any], list[Cell]], own: tables.OwnFields | None) -> Export:
    words = visit.look.environment.globals["export_column"]
    heading = [words(column) for column in tables.COLUMNS[noun]]  # type: ignore[operator]
    fields = own.fields if own else ()
    return Export(noun, (*heading, *(field.name for field in fields)), pages, cells, own is not None and own.any_personal)


async def _answer(visit: Visit, form: Form, export: Export) -> Response:
    """Who took what out of the house is written down before the first row goes."""
    async with visit.context.database.write() as tx:
        facts = {"form": form, "filters": visit.request.url.query[:500], "personal": export.personal}
        await record(tx, visit.actor.user_id, "exported", export.noun, None, now=visit.now, facts=facts)
    name = f"{export.noun}-{visit.now.astimezone(visit.context.settings.zone):%Y-%m-%d}.{form}"
    if form is Form.CSV:
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(_csv(visit, export), media_type="text/csv; charset=utf-8", headers=headers)
    return await _xlsx(visit, export, name)


async def _csv(visit: Visit, export: Export) -> AsyncIterator[bytes]:
    zone = visit.context.settings.zone
    yield BOM + csv_line(export.heading)
    async for lines in export.pages:
        yield b"".join(csv_line([text_of(cell, zone) for cell in export.cells(line)]) for line in lines)


async def _xlsx(visit: Visit, export: Export, name: str) -> Response:
    """Into a file of its own, which is gone when it was sent: a workbook is whole only at its end."""
    scratch = visit.context.data_dir / "scratch"
    await asyncio.to_thread(scratch.mkdir, parents=True, exist_ok=True)
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="export-", dir=scratch)
    file = Path(folder.name) / "table.xlsx"
    try:
        book = await asyncio.to_thread(Workbook, file, export.noun, visit.context.settings.zone)
        await asyncio.to_thread(book.heading, export.heading)
        async for lines in export.pages:
            await asyncio.to_thread(_write, book, [export.cells(line) for line in lines])
        await asyncio.to_thread(book.close)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(file, media_type=XLSX, filename=name, background=BackgroundTask(folder.cleanup))


def _write(book: Workbook, rows: Sequence[Sequence[Cell]]) -> None:
    for row in rows:
        book.row(row)
