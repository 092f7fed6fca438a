"""Imports: a table is put down, its columns are chosen over a preview, and it is taken in while the page tells how far it is."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from api.paths import PathId
from api.web import table_files
from api.web.import_preview import preview
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right, may_give_to
from crm_core.errors import Invalid, NotFound
from crm_core.exporting.csv_out import csv_line
from crm_core.fields.history import Noun
from crm_core.importing import deeds, queries
from crm_core.importing.csv_file import ENCODINGS
from crm_core.importing.house import fields_for
from crm_core.importing.job import FILE_GONE
from crm_core.importing.options import SIGNS, Options, begun, chosen, require_lawful, require_whole, reshaped
from crm_core.importing.targets import targets
from crm_core.text import msgid
from crm_core.users.queries import on_duty

router = APIRouter()

SECTION = "imports"
NO_FILE = msgid("Choose a file: CSV or XLSX.")
Cursor = Annotated[str, Query(max_length=500)]


@router.get("/imports")
async def page(visit: VisitNow) -> Response:
    return await list_page(visit)


async def list_page(visit: Visit, refused: str | None = None, status: int = 200) -> Response:
    visit.require(Right.IMPORT)
    found = await queries.list_imports(visit.connection, visit.actor)
    return await visit.page("imports/page.html", SECTION, status, imports=found, refused=refused)


@router.get("/imports/more")
async def more(visit: VisitNow, cursor: Cursor) -> Response:
    visit.require(Right.IMPORT)
    return visit.part("imports/_rows.html", imports=await queries.list_imports(visit.connection, visit.actor, cursor=cursor))


@router.post("/imports")
async def put(visit: VisitNow) -> Response:
    """The body is read here, after it is known who sends it: nobody else's thirty megabytes reach the disk."""
    visit.require(Right.IMPORT)
    try:
        async with visit.request.form(max_files=1, max_fields=5) as form:
            upload, noun = _file(form), _noun(form)
            stored = await table_files.store(visit.context, upload)
            name = upload.filename or ""
    except Invalid as refused:
        return await list_page(visit, visit.say(refused.say), 422)
    fields = await fields_for(visit.connection, visit.actor, noun)
    options = begun(noun, stored.shape, stored.heading, fields)
    async with visit.context.database.write() as tx:
        import_id = await deeds.add(tx, visit.actor, name, stored.blob, stored.sha256, options, now=visit.now)
    return back_to(f"/imports/{import_id}")


@router.get("/imports/{import_id}")
async def one(visit: VisitNow, import_id: PathId) -> Response:
    return await import_page(visit, import_id)


@router.get("/imports/{import_id}/state")
async def state(visit: VisitNow, import_id: PathId) -> Response:
    visit.require(Right.IMPORT)
    return visit.part(
        "imports/_state.html", **await _state(visit, await queries.one_import(visit.connection, visit.actor, import_id))
    )


@router.post("/imports/{import_id}/shape")
async def shape(
    visit: VisitNow,
    import_id: PathId,
    noun: Annotated[Noun, Form()],
    encoding: Annotated[str, Form(max_length=20)] = "",
    delimiter: Annotated[str, Form(max_length=3)] = "",
    sheet: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Read in another way: the columns are guessed anew."""
    visit.require(Right.IMPORT)
    known = await queries.one_import(visit.connection, visit.actor, import_id)
    wanted = table_files.reread(known.options, encoding=encoding, delimiter=delimiter, sheet=sheet)
    try:
        require_lawful(wanted)
        told = await table_files.begun(visit.context, known.blob, wanted)
    except NotFound:
        return await import_page(visit, import_id, refused=visit.say(FILE_GONE), status=422)
    except Invalid as refused:
        return await import_page(visit, import_id, refused=visit.say(refused.say), status=422)
    fields = await fields_for(visit.connection, visit.actor, noun)
    await _choose(visit, import_id, reshaped(known.options, wanted, told.heading, fields, noun))
    return back_to(f"/imports/{import_id}")


@router.post("/imports/{import_id}/columns")
async def columns(visit: VisitNow, import_id: PathId) -> Response:
    """What each column becomes, and how; `act=start` starts it too."""
    visit.require(Right.IMPORT)
    known = await queries.one_import(visit.connection, visit.actor, import_id)
    fields = await fields_for(visit.connection, visit.actor, known.options.noun)
    form = await visit.request.form(max_files=0, max_fields=400)
    try:
        options = _chosen(visit, known.options, fields, form)
        await _choose(visit, import_id, options)
        if form.get("act") == "start":
            require_whole(options, fields)
            async with visit.context.database.write() as tx:
                await deeds.start(tx, visit.actor, import_id, now=visit.now)
    except Invalid as refused:
        facts = {name: visit.say(str(value)) for name, value in refused.facts.items()}
        await visit.connection.rollback()
        return await import_page(visit, import_id, refused=visit.say(refused.say) % facts, status=422)
    return back_to(f"/imports/{import_id}")


@router.post("/imports/{import_id}/remove")
async def remove(visit: VisitNow, import_id: PathId) -> Response:
    """What came in stays."""
    visit.require(Right.IMPORT)
    async with visit.context.database.write() as tx:
        blob = await deeds.remove(tx, visit.actor, import_id, now=visit.now)
    await visit.context.blobs.delete(blob)
    return back_to("/imports")


@router.get("/imports/{import_id}/refused.csv")
async def refused_rows(visit: VisitNow, import_id: PathId) -> Response:
    """The rows that did not come in, as they were, with the reasons: mended, the file can be taken in again."""
    visit.require(Right.IMPORT)
    known = await queries.one_import(visit.connection, visit.actor, import_id)
    headers = {"Content-Disposition": f'attachment; filename="refused-{import_id}.csv"'}
    return StreamingResponse(_refused_lines(visit, known), media_type="text/csv; charset=utf-8", headers=headers)


async def _refused_lines(visit: Visit, known: queries.Import) -> AsyncIterator[bytes]:
    """On a connection of its own: the request's is given back before the first line is sent."""
    width = len(known.options.heading)
    yield "\N{ZERO WIDTH NO-BREAK SPACE}".encode() + csv_line(
        [*known.options.heading, visit.say("Row"), visit.say("Why it was refused")]
    )
    async with visit.context.database.read() as connection:
        async for row in queries.all_refused(connection, known.id):
            cells = [*row.cells, *("" for _ in range(width - len(row.cells)))]
            yield csv_line([*cells[: max(width, len(row.cells))], str(row.row), why_words(visit, known.options, row)])


def why_words(visit: Visit, options: Options, row: queries.Refused) -> str:
    """All reasons of a row in the reader's language, each after its column."""
    said: list[str] = []
    for column, say, facts in row.why:
        text = visit.say(say) % {name: visit.say(value) if name == "wanted" else value for name, value in facts.items()}
        heading = options.heading[column] if column is not None and column < len(options.heading) else ""
        said.append(f"{heading}: {text}" if heading else text)
    return "; ".join(said)


async def import_page(visit: Visit, import_id: int, *, refused: str | None = None, status: int = 200) -> Response:
    visit.require(Right.IMPORT)
    known = await queries.one_import(visit.connection, visit.actor, import_id)
    if known.state != deeds.NEW:
        return await visit.page("imports/one.html", SECTION, status, refused=refused, **await _state(visit, known))
    facts = await _choosing(visit, known)
    return await visit.page("imports/columns.html", SECTION, status, **{**facts, "refused": refused or facts["refused"]})


async def _choosing(visit: Visit, known: queries.Import) -> dict[str, Any]:
    """The table's beginning as it would become, and what can be chosen."""
    fields = await fields_for(visit.connection, visit.actor, known.options.noun)
    noun = known.options.noun
    facts: dict[str, Any] = {
        "imported": known, "options": known.options, "targets": targets(noun, fields), "signs": SIGNS[noun],
        "encodings": ENCODINGS,
        "people": await on_duty(visit.connection, may_give_to(visit.actor)), "refused": None, "sheets": (), "lines": (),
    }  # fmt: skip
    try:
        told = await table_files.begun(visit.context, known.blob, known.options.shape)
    except NotFound:
        return facts | {"refused": visit.say(FILE_GONE)}
    except Invalid as error:
        return facts | {"refused": visit.say(error.say)}
    return facts | {"sheets": told.sheets, "lines": await preview(visit, known.options, fields, told.rows)}


async def _state(visit: Visit, known: queries.Import) -> dict[str, Any]:
    rows = await queries.first_refused(visit.connection, known.id)
    return {"imported": known, "refusals": [(row, why_words(visit, known.options, row)) for row in rows]}


async def _choose(visit: Visit, import_id: int, options: Options) -> None:
    async with visit.context.database.write() as tx:
        await deeds.choose(tx, visit.actor, import_id, options)


def _chosen(visit: Visit, options: Options, fields: Any, form: FormData) -> Options:
    """Raises Invalid for what is not offered."""
    wanted = {column: str(form.get(f"column-{column}", "")) for column in range(len(options.heading))}
    owner = str(form.get("owner_id", ""))
    override = str(form.get("override", "")) if visit.actor.may(Right.OVERRIDE) else None
    return chosen(
        options, wanted, fields, known=str(form.get("known", options.known)),
        identify=[str(one) for one in form.getlist("identify")],
        owner_id=int(owner) if owner.isascii() and owner.isdecimal() and len(owner) < 10 else None, override=override,
    )  # fmt: skip


def _file(form: FormData) -> UploadFile:
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Invalid(NO_FILE, file=True)
    return upload


def _noun(form: FormData) -> Noun:
    try:
        return Noun(str(form.get("noun", Noun.CONTACT)))
    except ValueError as error:
        raise Invalid(msgid("Choose from what is offered.")) from error
