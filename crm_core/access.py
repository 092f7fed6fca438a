"""Who may see and do what: one policy table and one scoped condition, used by every route.

A manager sees his own and what is nobody's yet, and the card of a call that rings or rang on his phone. Heads and QA
see everybody (until there are teams). An administrator sees that calls arrive, and hears or reads none of them unless
that was granted. What is not yours is answered exactly like what does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, exists, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals
from crm_core.errors import Forbidden, NotFound
from crm_core.recordings.tables import recordings
from crm_core.tasks.tables import tasks
from crm_core.users.tables import Role, users


class Right(StrEnum):
    """What a role may do, beyond what it may see."""

    WORK = "work"  # change the contacts, deals and tasks one sees
    LISTEN = "listen"  # hear recordings, read transcripts and their tags
    REVIEW = "review"  # mark a call reviewed, remark on it
    SEE_FIGURES = "see_figures"  # the live desk and the figures of everybody
    SEE_PEOPLE = "see_people"
    SEE_EXCHANGES = "see_exchanges"
    SETTINGS = "settings"  # people, exchanges, pipelines
    OVERRIDE = "override"  # set a gate aside, with a reason
    REASSIGN = "reassign"  # what belongs to others, in bulk
    MERGE = "merge"
    IMPORT = "import"
    EXPORT = "export"
    PLAN = "plan"  # set plans
    SEE_PERSONAL = "see_personal"  # fields marked as personal


class Scope(StrEnum):
    OWN = "own"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Policy:
    scope: Scope
    rights: frozenset[Right]


POLICY: dict[Role, Policy] = {
    Role.MANAGER: Policy(Scope.OWN, frozenset({Right.WORK, Right.LISTEN})),
    Role.HEAD: Policy(
        Scope.EVERYBODY,
        frozenset(
            {Right.WORK, Right.LISTEN, Right.REVIEW, Right.SEE_FIGURES, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.OVERRIDE,
             Right.REASSIGN, Right.MERGE, Right.IMPORT, Right.EXPORT, Right.PLAN, Right.SEE_PERSONAL}
        ),
    ),
    Role.QA: Policy(Scope.EVERYBODY, frozenset({Right.LISTEN, Right.REVIEW, Right.SEE_FIGURES, Right.SEE_PEOPLE})),
    Role.ADMIN: Policy(Scope.EVERYBODY, frozenset({Right.SEE_FIGURES, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.SETTINGS})),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `may_listen` is the grant an administrator needs to hear anything."""

    user_id: int
    role: Role
    name: str
    language: str | None = None
    may_listen: bool = False

    @property
    def sees_everybody(self) -> bool:
        return POLICY[self.role].scope is Scope.EVERYBODY

    def may(self, right: Right) -> bool:
        return right in POLICY[self.role].rights or (right is Right.LISTEN and self.may_listen)


def require(actor: Actor, right: Right) -> None:
    """Raises Forbidden if the actor's role lacks the right."""
    if not actor.may(right):
        raise Forbidden(right=right.value)


def require_may_give(actor: Actor, owner_id: int | None) -> None:
    """Who sees everybody gives a deal to anybody; a manager takes what is nobody's and gives nothing away. Raises Forbidden."""
    if not actor.sees_everybody and owner_id != actor.user_id:
        raise Forbidden


@lru_cache(2000)
def visible(actor: Actor, noun: Table) -> ColumnElement[bool]:
    """The one scoped condition: which rows of `noun` (in the FROM of the query it is put into) the actor may see.

    Kept, as every page asks for it: putting it together costs more than what the database does with it.
    """
    if noun is recordings:
        return exists().where(calls.c.id == recordings.c.call_id, hearable(actor)).correlate(recordings)
    if actor.sees_everybody:
        return true()
    return SEEN_BY_MANAGER[noun](noun, actor.user_id)


def hearable(actor: Actor) -> ColumnElement[bool]:
    """Which rows of `calls` the actor may hear and read: a call that only rang on his phone shows its card, not its words."""
    if not actor.may(Right.LISTEN):
        return false()
    return true() if actor.sees_everybody else _call_of(calls, actor.user_id)


async def require_visible(connection: AsyncConnection, actor: Actor, noun: Table, noun_id: int) -> None:
    """Raises NotFound alike for a row that is not there and one that is not the actor's to see."""
    if await connection.scalar(select(noun.c.id).where(noun.c.id == noun_id, visible(actor, noun))) is None:
        raise NotFound(noun=noun.name, id=noun_id)


def _own_or_nobodys(row: FromClause, me: int) -> ColumnElement[bool]:
    return or_(row.c.owner_id == me, row.c.owner_id.is_(None))


def _contact_of(contact: FromClause, me: int) -> ColumnElement[bool]:
    """Mine, or with a deal of mine, or nobody's: a contact without an owner belongs to whoever has its deals."""
    deal = deals.alias()
    has_deal = exists().where(deal.c.contact_id == contact.c.id).correlate(contact)
    return or_(
        contact.c.owner_id == me,
        has_deal.where(deal.c.owner_id == me),
        and_(contact.c.owner_id.is_(None), ~has_deal.where(deal.c.owner_id.is_not(None))),
    )


def _company_of(company: FromClause, me: int) -> ColumnElement[bool]:
    contact, deal = contacts.alias(), deals.alias()
    has_contact = exists().where(contact.c.company_id == company.c.id).correlate(company)
    has_deal = exists().where(deal.c.company_id == company.c.id).correlate(company)
    return or_(
        has_contact.where(_contact_of(contact, me)),
        has_deal.where(_own_or_nobodys(deal, me)),
        and_(~has_contact, ~has_deal),
    )


def _call_of(call: FromClause, me: int) -> ColumnElement[bool]:
    """I dialled or talked, it is my customer's, or it is nobody's: no person and no owner anywhere."""
    contact, deal = contacts.alias(), deals.alias()
    of_contact = exists().where(contact.c.id == call.c.contact_id).correlate(call)
    of_deal = exists().where(deal.c.id == call.c.deal_id).correlate(call)
    return or_(
        call.c.user_id == me,
        exists().where(call_talks.c.call_id == call.c.id, call_talks.c.user_id == me).correlate(call),
        of_deal.where(deal.c.owner_id == me),
        of_contact.where(contact.c.owner_id == me),
        and_(
            call.c.user_id.is_(None),
            ~of_deal.where(deal.c.owner_id.is_not(None)),
            or_(call.c.contact_id.is_(None), of_contact.where(_contact_of(contact, me))),
        ),
    )


def _card_of(call: FromClause, me: int) -> ColumnElement[bool]:
    rang = exists().where(call_rings.c.call_id == call.c.id, call_rings.c.user_id == me).correlate(call)
    return or_(rang, _call_of(call, me))


def _task_of(task: FromClause, me: int) -> ColumnElement[bool]:
    """Mine, or nobody's and about a customer I may see."""
    contact, deal = contacts.alias(), deals.alias()
    of_contact = exists().where(contact.c.id == task.c.contact_id).correlate(task)
    of_deal = exists().where(deal.c.id == task.c.deal_id).correlate(task)
    return or_(
        task.c.owner_id == me,
        and_(
            task.c.owner_id.is_(None),
            or_(task.c.contact_id.is_(None), of_contact.where(_contact_of(contact, me))),
            or_(task.c.deal_id.is_(None), of_deal.where(_own_or_nobodys(deal, me))),
        ),
    )


def _himself(user: FromClause, me: int) -> ColumnElement[bool]:
    return user.c.id == me


SEEN_BY_MANAGER: dict[Any, Callable[[FromClause, int], ColumnElement[bool]]] = {
    calls: _card_of,
    contacts: _contact_of,
    companies: _company_of,
    deals: _own_or_nobodys,
    tasks: _task_of,
    users: _himself,
}
