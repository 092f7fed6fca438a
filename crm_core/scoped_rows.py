"""Which rows belong to some people: the conditions that `crm_core.access` puts together. `people` are ids, never empty."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, or_

from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import tasks

People = frozenset[int]


def is_of(column: ColumnElement[Any], people: People) -> ColumnElement[bool]:
    """One person is asked for with `=`: most people see their own alone."""
    if len(people) == 1:
        return column == next(iter(people))
    return column.in_(sorted(people))


def deal_of(deal: FromClause, people: People) -> ColumnElement[bool]:
    """Theirs, or nobody's yet."""
    return or_(is_of(deal.c.owner_id, people), deal.c.owner_id.is_(None))


def contact_of(contact: FromClause, people: People) -> ColumnElement[bool]:
    """Theirs, or with a deal of theirs, or nobody's: a contact without an owner belongs to whoever has its deals."""
    deal = deals.alias()
    has_deal = exists().where(deal.c.contact_id == contact.c.id).correlate(contact)
    return or_(
        is_of(contact.c.owner_id, people),
        has_deal.where(is_of(deal.c.owner_id, people)),
        and_(contact.c.owner_id.is_(None), ~has_deal.where(deal.c.owner_id.is_not(None))),
    )


def company_of(company: FromClause, people: People) -> ColumnElement[bool]:
    """Theirs, or with a contact or deal that is; one without either, if it has no owner."""
    contact, deal = contacts.alias(), deals.alias()
    has_contact = exists().where(contact.c.company_id == company.c.id).correlate(company)
    has_deal = exists().where(deal.c.company_id == company.c.id).correlate(company)
    return or_(
        is_of(company.c.owner_id, people),
        has_contact.where(contact_of(contact, people)),
        has_deal.where(deal_of(deal, people)),
        and_(company.c.owner_id.is_(None), ~has_contact, ~has_deal),
    )


def call_of(call: FromClause, people: People) -> ColumnElement[bool]:
    """They dialled or talked, it is their customer's, or it is nobody's: no person and no owner anywhere."""
    contact, deal = contacts.alias(), deals.alias()
    of_contact = exists().where(contact.c.id == call.c.contact_id).correlate(call)
    of_deal = exists().where(deal.c.id == call.c.deal_id).correlate(call)
    return or_(
        is_of(call.c.user_id, people),
        exists().where(call_talks.c.call_id == call.c.id, is_of(call_talks.c.user_id, people)).correlate(call),
        of_deal.where(is_of(deal.c.owner_id, people)),
        of_contact.where(is_of(contact.c.owner_id, people)),
        and_(
            call.c.user_id.is_(None),
            ~of_deal.where(deal.c.owner_id.is_not(None)),
            or_(call.c.contact_id.is_(None), of_contact.where(contact_of(contact, people))),
        ),
    )


def card_of(call: FromClause, people: People) -> ColumnElement[bool]:
    """The call's card, not its words, also where it rang on one of their phones."""
    rang = exists().where(call_rings.c.call_id == call.c.id, is_of(call_rings.c.user_id, people)).correlate(call)
    return or_(rang, call_of(call, people))


def task_of(task: FromClause, people: People) -> ColumnElement[bool]:
    """Theirs, or nobody's and about a customer they may see."""
    contact, deal = contacts.alias(), deals.alias()
    of_contact = exists().where(contact.c.id == task.c.contact_id).correlate(task)
    of_deal = exists().where(deal.c.id == task.c.deal_id).correlate(task)
    return or_(
        is_of(task.c.owner_id, people),
        and_(
            task.c.owner_id.is_(None),
            or_(task.c.contact_id.is_(None), of_contact.where(contact_of(contact, people))),
            or_(task.c.deal_id.is_(None), of_deal.where(deal_of(deal, people))),
        ),
    )


def meeting_of(meeting: FromClause, people: People) -> ColumnElement[bool]:
    """A meeting is seen by whoever sees its deal."""
    deal = deals.alias()
    return exists().where(deal.c.id == meeting.c.deal_id, deal_of(deal, people)).correlate(meeting)


OF_PEOPLE: dict[Any, Callable[[FromClause, People], ColumnElement[bool]]] = {
    calls: card_of,
    contacts: contact_of,
    companies: company_of,
    deals: deal_of,
    tasks: task_of,
    meetings: meeting_of,
}
