"""A deal is opened by hand: for a customer who is known, or for somebody who has neither rung nor written yet."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.deps import RowId
from api.web.typed import amount_typed, id_typed, moment_typed
from api.web.visit import Visit, VisitNow, back_to
from crm_core.access import Right, may_give_to, require_may_give, require_visible
from crm_core.contacts import edits as contact_edits
from crm_core.contacts.queries import company, contact, list_contacts
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.edits import NewDeal, open_deal
from crm_core.deals.filters import known_sources
from crm_core.deals.queries import list_pipelines
from crm_core.deals.tables import StageKind, deals, stages
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.products.work_types import list_work_types
from crm_core.repeats import just_made
from crm_core.tasks.deeds import NewTask, set_task
from crm_core.text import clean
from crm_core.users.queries import on_duty

router = APIRouter()

TYPED = (
    "contact_id", "company_id", "number", "name", "company", "title", "pipeline_id", "work_type_id", "amount", "source",
    "owner_id", "task", "due",
)  # fmt: skip
LONGEST = 400
MOST_OFFERED = 50

Typed = dict[str, str]


@router.get("/deals/new")
async def form(visit: VisitNow, contact_id: RowId | None = None, company_id: RowId | None = None) -> Response:
    """`contact_id`: whose deal it is, where a card asks; `company_id`: of which company's people."""
    visit.require(Right.WORK)
    given = {"contact_id": str(contact_id or ""), "company_id": str(company_id or "")}
    return await _page(visit, dict.fromkeys(TYPED, "") | given)


@router.post("/deals")
async def open_one(visit: VisitNow) -> Response:
    visit.require(Right.WORK)
    sent = await visit.request.form()
    typed = {name: str(sent.get(name, ""))[:LONGEST].strip() for name in TYPED}
    try:
        async with visit.context.database.write() as tx:
            deal_id = await _opened(visit, tx, typed)
    except Invalid as error:
        return await _page(visit, typed, _refusal(visit, error), 422)
    except Conflict:
        return await _page(visit, typed, visit.say("This number is a colleague's contact."), 409)
    return back_to(f"/deals/{deal_id}")


async def _opened(visit: Visit, tx: AsyncConnection, typed: Typed) -> int:
    """The deal with its work type and its next task; a form sent twice opens one."""
    owner_id = id_typed(typed["owner_id"]) or visit.actor.user_id
    require_may_give(visit.actor, owner_id)
    contact_id = await _customer(visit, tx, typed, owner_id)
    title = clean(typed["title"], 300).strip() or None
    row = {"contact_id": contact_id, "title": title, "owner_id": owner_id, "created_at": visit.now}
    made = await just_made(tx, deals, row, at="created_at")
    if made is not None:
        return made
    new = NewDeal(
        contact_id, title, amount_typed(typed["amount"]), await _first_stage(tx, id_typed(typed["pipeline_id"])), owner_id,
        typed["source"] or None,
    )  # fmt: skip
    deal_id = await open_deal(tx, new, by=visit.actor.user_id, now=visit.now)
    await _completed(visit, tx, deal_id, typed, owner_id)
    return deal_id


async def _completed(visit: Visit, tx: AsyncConnection, deal_id: int, typed: Typed, owner_id: int) -> None:
    by, now = visit.actor.user_id, visit.now
    if work_type_id := id_typed(typed["work_type_id"]):
        await choose_work_type(tx, deal_id, work_type_id, by=by, now=now)
    if typed["task"]:
        due = moment_typed(typed["due"], visit.context.settings.zone)
        await set_task(tx, NewTask(typed["task"], due, deal_id=deal_id, owner_id=owner_id), by=by, now=now)


async def _customer(visit: Visit, tx: AsyncConnection, typed: Typed, owner_id: int) -> int:
    """The one chosen, else the one of this number, else a new one; raises Conflict for a colleague's."""
    names_another = typed["number"] or typed["name"]
    if not names_another and (chosen := id_typed(typed["contact_id"])):
        await require_visible(tx, visit.actor, contacts, chosen)
        return chosen
    if not names_another:
        raise Invalid("A deal has a customer", field="contact_id")
    region = visit.context.settings.region
    known = await contact_edits.contact_of_number(tx, typed["number"], region) if typed["number"] else None
    if known is None:
        return await _met(visit, tx, typed, owner_id)
    try:
        await require_visible(tx, visit.actor, contacts, known)
    except NotFound as error:
        raise Conflict("This number is a colleague's contact") from error
    return known


async def _met(visit: Visit, tx: AsyncConnection, typed: Typed, owner_id: int) -> int:
    new: contact_edits.ContactChanges = {"name": typed["name"] or None, "owner_id": owner_id}
    if company_id := id_typed(typed["company_id"]):
        await require_visible(tx, visit.actor, companies, company_id)
        new["company_id"] = company_id
    elif typed["company"]:
        new["company"] = typed["company"]
    else:
        row = {"name": new["name"], "owner_id": owner_id, "company_id": None, "created_at": visit.now}
        made = None if typed["number"] else await just_made(tx, contacts, row, at="created_at")
        if made is not None:
            return made
    numbers = [typed["number"]] if typed["number"] else []
    region = visit.context.settings.region
    return await contact_edits.add_contact(tx, new, numbers, region, by=visit.actor.user_id, now=visit.now)


async def _first_stage(tx: AsyncConnection, pipeline_id: int | None) -> int | None:
    """Where a deal of this pipeline begins; raises Invalid for a pipeline that is put away."""
    if pipeline_id is None:
        return None
    query = select(stages.c.id).where(
        stages.c.pipeline_id == pipeline_id, stages.c.kind == StageKind.OPEN, stages.c.archived_at.is_(None)
    )
    found: int | None = await tx.scalar(query.order_by(stages.c.position).limit(1))
    if found is None:
        raise Invalid("This pipeline is put away", field="pipeline_id")
    return found


async def _page(visit: Visit, typed: Typed, refused: str | None = None, status: int = 200) -> Response:
    connection, actor = visit.connection, visit.actor
    contact_id, company_id = id_typed(typed["contact_id"]), id_typed(typed["company_id"])
    at_company = await company(connection, actor, company_id) if company_id else None
    facts: dict[str, Any] = {
        "typed": typed, "refused": refused, "company": at_company,
        "contact": await contact(connection, actor, contact_id) if contact_id and not at_company else None,
        "people": (await list_contacts(connection, actor, company_id=company_id, limit=MOST_OFFERED)).items if at_company else (),
        "pipelines": await list_pipelines(connection), "work_types": await list_work_types(connection),
        "sources": await known_sources(connection, actor), "owners": await on_duty(connection, may_give_to(actor)),
    }  # fmt: skip
    return await visit.page("deals/new.html", "deals", status, **facts)


def _refusal(visit: Visit, error: Invalid) -> str:
    says = {
        "contact_id": visit.say("Say who it is: by a number or by a name."),
        "number": visit.say("This is no telephone number. Write it like +7 916 111-22-33."),
        "amount": visit.say("The amount is a number such as 240 000."),
        "due": visit.say("A task has a day and a time."),
        "work_type_id": visit.say("This work type is not there any more. Choose another one."),
        "pipeline_id": visit.say("This pipeline is not there any more. Choose another one."),
    }
    return says.get(str(error.facts.get("field")), visit.look.gettext(error.say))
