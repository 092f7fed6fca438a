"""Puts in what a gate asked for: fields of deal, contact and company, a meeting, tasks that are done. Each by its own deed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.company_edits import CompanyChanges, edit_company
from crm_core.contacts.edits import ContactChanges, add_contact, add_number, company_named, edit_contact
from crm_core.contacts.tables import contacts
from crm_core.deals.deed import locked
from crm_core.deals.edits import DealChanges, edit_deal
from crm_core.deals.meetings_of import best_planned
from crm_core.deals.people import make_main, set_company
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import NotFound
from crm_core.fields.history import Noun
from crm_core.fields.values import set_values
from crm_core.meetings.deeds import MeetingChanges, NewMeeting, change_meeting, hold_meeting, set_meeting
from crm_core.tasks.deeds import do_task
from crm_core.tasks.tables import tasks

OF_DEAL = ("title", "amount", "source")


@dataclass(frozen=True, slots=True)
class Filling:
    """Who puts it in, when, and in which region's manner numbers are typed."""

    by: int | None
    now: datetime
    region: str


async def fill(tx: AsyncConnection, deal_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    """Write what is given, by the names gates ask with: `amount`, `contact.name`, `company.custom.7`, `meeting.place`, `task.12`.

    Values are those of the deeds: amounts in kopecks, moments aware, custom fields as JSON. What is not given stays.
    Raises what the deeds raise: Invalid, Conflict, NotFound.
    """
    await locked(tx, deal_id)
    await _fill_deal(tx, deal_id, given, filling)
    await _fill_contact(tx, deal_id, _part(given, "contact."), filling)
    await _fill_company(tx, deal_id, _part(given, "company."), filling)
    await _fill_meeting(tx, deal_id, _part(given, "meeting."), filling)
    for number in _part(given, "task."):
        await _do_its_task(tx, deal_id, int(number), filling)


async def company_of(tx: AsyncConnection, deal: Row[Any]) -> int | None:
    """The deal's own, else that of its contact."""
    if deal.company_id is not None or deal.contact_id is None:
        return cast("int | None", deal.company_id)
    of_contact: int | None = await tx.scalar(select(contacts.c.company_id).where(contacts.c.id == deal.contact_id))
    return of_contact


async def _fill_deal(tx: AsyncConnection, deal_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    if "work_type_id" in given:  # before the amount: it brings the usual one
        await choose_work_type(tx, deal_id, given["work_type_id"], by=filling.by, now=filling.now)
    changes = {name: given[name] for name in OF_DEAL if name in given}
    if changes:
        await edit_deal(tx, deal_id, cast("DealChanges", changes), by=filling.by, now=filling.now)
    await _fill_added(tx, Noun.DEAL, deal_id, given, filling)


async def _fill_contact(tx: AsyncConnection, deal_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    if not given:
        return
    deal, by, now = await locked(tx, deal_id), filling.by, filling.now
    contact_id: int | None = deal.contact_id
    if contact_id is None:
        contact_id = await add_contact(tx, {}, (), filling.region, by=by, now=now)
        await make_main(tx, deal_id, contact_id, by=by, now=now)
    changes = {name: given[name] for name in ("name", "position", "email") if name in given}
    if changes:
        await edit_contact(tx, contact_id, cast("ContactChanges", changes), by=by, now=now)
    if given.get("number"):
        await add_number(tx, contact_id, given["number"], filling.region, by=by, now=now)
    await _fill_added(tx, Noun.CONTACT, contact_id, given, filling)


async def _fill_company(tx: AsyncConnection, deal_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    """Where there is none yet, it is that of the name; nothing of a company that nobody named can be written."""
    deal = await locked(tx, deal_id) if given else None
    company_id = await company_of(tx, deal) if deal is not None else None
    if deal is not None and company_id is None and given.get("name"):
        company_id = await _with_company(tx, deal, given["name"], filling)
    if company_id is None:
        return
    names = ("name", "inn", "phone", "email", "site", "address")
    changes = {name: given[name] for name in names if name in given}
    if changes:
        await edit_company(tx, company_id, cast("CompanyChanges", changes), filling.region, by=filling.by, now=filling.now)
    await _fill_added(tx, Noun.COMPANY, company_id, given, filling)


async def _with_company(tx: AsyncConnection, deal: Row[Any], name: str, filling: Filling) -> int:
    company_id = await company_named(tx, name, now=filling.now)
    if deal.contact_id is not None:
        await edit_contact(tx, deal.contact_id, {"company_id": company_id}, by=filling.by, now=filling.now)
    await set_company(tx, deal.id, company_id, by=filling.by, now=filling.now)
    return company_id


async def _fill_added(tx: AsyncConnection, noun: Noun, noun_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    """Personal ones too: whoever is asked for an empty one may write it, though he could not read it."""
    values = _part(given, "custom.")
    if values:
        await set_values(tx, noun, noun_id, values, by=filling.by, now=filling.now, may_personal=True)


async def _fill_meeting(tx: AsyncConnection, deal_id: int, given: Mapping[str, Any], filling: Filling) -> None:
    """The one that is planned is completed, else one is set; with agreements it was held."""
    if not given:
        return
    by, now = filling.by, filling.now
    changes = {name: value for name, value in given.items() if name in MeetingChanges.__annotations__}
    planned = await best_planned(tx, deal_id)
    if planned is None:
        meeting_id = await _newly_set(tx, deal_id, changes, filling, held="agreements" in given)
    else:
        meeting_id = int(planned.id)
        if changes:
            await change_meeting(tx, meeting_id, cast("MeetingChanges", changes), by=by, now=now)
    if given.get("agreements"):
        await hold_meeting(tx, meeting_id, given["agreements"], by=by, now=now)


async def _newly_set(tx: AsyncConnection, deal_id: int, changes: Mapping[str, Any], filling: Filling, *, held: bool) -> int:
    """A meeting that is told when it is over: whoever tells it was there, with the deal's contact."""
    deal = await locked(tx, deal_id)
    there = {"at": filling.now, "user_id": filling.by, "contact_id": deal.contact_id} if held else {}
    return await set_meeting(tx, NewMeeting(deal_id, **{**there, **changes}), by=filling.by, now=filling.now)


async def _do_its_task(tx: AsyncConnection, deal_id: int, task_id: int, filling: Filling) -> None:
    if await tx.scalar(select(tasks.c.id).where(tasks.c.id == task_id, tasks.c.deal_id == deal_id)) is None:
        raise NotFound(noun="tasks", id=task_id)
    await do_task(tx, task_id, by=filling.by, now=filling.now)


def _part(given: Mapping[str, Any], noun: str) -> dict[str, Any]:
    return {name.removeprefix(noun): value for name, value in given.items() if name.startswith(noun)}
