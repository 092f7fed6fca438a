"""Duplicates: pairs that may be one and the same, what a merge would do, merging, and undoing it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from api.paths import PathId
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right, require_visible
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.merging import finding, merges, queries
from crm_core.merging.kept import HOMES, led_to
from crm_core.paging import LARGEST_ID

router = APIRouter()

Of = Annotated[Noun, Query(alias="noun")]
OfForm = Annotated[Noun, Form(alias="noun")]
Id = Annotated[int, Query(ge=1, le=LARGEST_ID)]
FormId = Annotated[int, Form(ge=1, le=LARGEST_ID)]
PLACES = {Noun.CONTACT: "contacts", Noun.COMPANY: "companies"}
SECTION = "duplicates"


@router.get("/duplicates")
async def page(visit: VisitNow, noun: Of = Noun.CONTACT) -> Response:
    visit.require(Right.MERGE)
    return await visit.page("duplicates/page.html", SECTION, **await _listed(visit, noun))


@router.get("/duplicates/list")
async def part(visit: VisitNow, noun: Of = Noun.CONTACT) -> Response:
    visit.require(Right.MERGE)
    return visit.part("duplicates/_list.html", **await _listed(visit, noun))


@router.get("/duplicates/more")
async def more(visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], noun: Of = Noun.CONTACT) -> Response:
    visit.require(Right.MERGE)
    found = await queries.list_duplicates(visit.connection, visit.actor, _mergeable(noun), cursor=cursor)
    return visit.part("duplicates/_rows.html", pairs=found, noun=noun)


@router.get("/duplicates/near")
async def near(visit: VisitNow, noun: Of, noun_id: Id) -> Response:
    """What the card of one record offers to merge it with."""
    visit.require(Right.MERGE)
    twins = await queries.likely_twins(visit.connection, visit.actor, _mergeable(noun), noun_id)
    return visit.part("duplicates/_near.html", twins=twins, noun=noun, noun_id=noun_id)


@router.post("/duplicates/look")
async def look(visit: VisitNow, noun: OfForm) -> Response:
    """Now, instead of tonight."""
    visit.require(Right.MERGE)
    async with visit.context.database.write() as tx:
        await finding.ask(tx, _mergeable(noun), now=visit.now)
    return back_to(f"/duplicates?noun={noun}")


@router.post("/duplicates/{duplicate_id}/apart")
async def apart(visit: VisitNow, duplicate_id: PathId) -> Response:
    """They are two: not offered again."""
    visit.require(Right.MERGE)
    async with visit.context.database.write() as tx:
        pair = await queries.duplicate(tx, visit.actor, duplicate_id)
        await queries.set_aside(tx, duplicate_id, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/duplicates?noun={pair.noun}")


@router.get("/merges/compare")
async def compare(visit: VisitNow, noun: Of, one: Id, other: Id) -> Response:
    """Both side by side, before they are merged."""
    visit.require(Right.MERGE)
    sides = await queries.sides_of(visit.connection, visit.actor, _mergeable(noun), [one, other])
    facts: dict[str, Any] = {"noun": noun, "sides": sides, "place": PLACES[noun], "refused": None}
    return await visit.page("duplicates/compare.html", SECTION, **facts)


@router.post("/merges")
async def merge(visit: VisitNow, noun: OfForm, kept: FormId, one: FormId, other: FormId) -> Response:
    """`kept`: which of the two stays."""
    visit.require(Right.MERGE)
    if kept not in (one, other) or one == other:
        raise Invalid("Choose which of the two is kept")
    gone = other if kept == one else one
    async with visit.context.database.write() as tx:
        for noun_id in (kept, gone):
            await require_visible(tx, visit.actor, HOMES[_mergeable(noun)], noun_id)
        merge_id = await merges.merge(tx, noun, kept, gone, by=visit.actor.user_id, now=visit.now)
    return back_to(f"/merges/{merge_id}")


@router.get("/merges/{merge_id}")
async def one(visit: VisitNow, merge_id: PathId) -> Response:
    return await merge_page(visit, merge_id)


@router.post("/merges/{merge_id}/undo")
async def undo(visit: VisitNow, merge_id: PathId) -> Response:
    """The answer tells what went back and what stays, so it is the page itself."""
    visit.require(Right.MERGE)
    try:
        async with visit.context.database.write() as tx:
            await queries.merge_line(tx, visit.actor, merge_id)
            undone = await merges.undo(tx, merge_id, by=visit.actor.user_id, now=visit.now)
    except Conflict:
        say = visit.say("This merge was undone already, or its record was merged into another one since: undo that first.")
        return await merge_page(visit, merge_id, refused=say, status=409)
    await visit.connection.rollback()
    return await merge_page(visit, merge_id, undone=undone)


async def merge_page(
    visit: Visit, merge_id: int, *, refused: str | None = None, undone: merges.Undone | None = None, status: int = 200
) -> Response:
    visit.require(Right.MERGE)
    line = await queries.merge_line(visit.connection, visit.actor, merge_id)
    facts = {"merged": line, "place": PLACES[line.noun], "refused": refused, "undone": undone}
    return await visit.page("duplicates/merge.html", SECTION, status, **facts)


async def kept_page(visit: Visit, noun: Noun, noun_id: int) -> Response | None:
    """Where a record that was merged leads; None if it was not. Raises NotFound where that is not the visitor's to see."""
    kept = await led_to(visit.connection, visit.actor, noun, noun_id)
    return None if kept is None else back_to(f"/{PLACES[noun]}/{kept}")


async def _listed(visit: Visit, noun: Noun) -> dict[str, Any]:
    pairs = await queries.list_duplicates(visit.connection, visit.actor, _mergeable(noun))
    done = await queries.list_merges(visit.connection, visit.actor, noun=noun, limit=10)
    return {
        "noun": noun,
        "pairs": pairs,
        "done": done.items,
        "looking": await finding.looking(visit.connection),
        "places": PLACES,
    }


def _mergeable(noun: Noun) -> Noun:
    """Raises NotFound for deals: they are not merged."""
    if noun not in PLACES:
        raise NotFound(noun="duplicates")
    return noun
