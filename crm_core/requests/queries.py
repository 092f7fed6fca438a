"""Reads of requests: a list, one of them, those of a deal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import paging, references
from crm_core.access import Actor, Right, visible
from crm_core.contacts.tables import companies, contacts
from crm_core.deals.tables import deals, stages
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.references import ContactRef, DealRef
from crm_core.requests.spam import SpamSign
from crm_core.requests.tables import request_forms, requests
from crm_core.requests.words import RequestState, is_web_address
from crm_core.searching import digits_of, words_of
from crm_core.users.tables import users

SORTS = paging.sorts(requests.c.id, {"at": requests.c.at})


@dataclass(frozen=True, slots=True)
class RequestLine:
    """`form` or `program` (whose token it was) says by what it came. `why`: the sign of spam, also of one that was rescued."""

    id: int
    at: datetime
    state: RequestState
    why: SpamSign | None
    name: str | None
    phone: str | None
    email: str | None
    text: str | None
    source: str | None
    utm: dict[str, str]
    consent: str | None
    page: str | None
    form: str | None
    program: str | None
    contact: ContactRef | None
    deal: DealRef | None

    @property
    def page_opens(self) -> bool:
        """Only a web address becomes a link."""
        return is_web_address(self.page)


@dataclass(frozen=True, slots=True)
class RequestFilters:
    state: RequestState | None = None
    deal_id: int | None = None
    contact_id: int | None = None
    search: str | None = None


async def list_requests(
    connection: AsyncConnection, actor: Actor, filters: RequestFilters, *, sort: str = "-at", cursor: str | None = None,
    limit: int = 50,
) -> Page[RequestLine]:  # fmt: skip
    """Those of deals the actor may see; and what lies apart as spam, for who may work on it or sets the forms up."""
    order = paging.sort_named(SORTS, sort)
    query = request_query(actor).where(*_where(filters))
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [line_of(row) for row in rows[:limit]], order, limit)


async def one_request(connection: AsyncConnection, actor: Actor, request_id: int) -> RequestLine:
    """Raises NotFound."""
    row = (await connection.execute(request_query(actor).where(requests.c.id == request_id))).one_or_none()
    if row is None:
        raise NotFound(noun="requests", id=request_id)
    return line_of(row)


async def count_spam(connection: AsyncConnection, actor: Actor) -> int:
    query = select(func.count()).select_from(requests).where(requests.c.state == RequestState.SPAM, request_seen(actor))
    return int(await connection.scalar(query) or 0)


def request_seen(actor: Actor) -> ColumnElement[bool]:
    """Which rows of `requests` the actor may see."""
    of_deal = exists().where(deals.c.id == requests.c.deal_id, visible(actor, deals)).correlate(requests)
    nobodys = and_(requests.c.deal_id.is_(None), true() if actor.may(Right.WORK) or actor.may(Right.SETTINGS) else of_deal)
    return or_(of_deal, nobodys)


def request_query(actor: Actor) -> Select[Any]:
    """Who sent it is told by a sender such as `form:7`."""
    of_form = requests.c.sender == literal("form:") + cast(request_forms.c.id, String)
    of_user = requests.c.sender == literal("user:") + cast(users.c.id, String)
    return (
        select(
            requests, request_forms.c.name.label("form_name"), users.c.name.label("user_name"),
            contacts.c.name.label("contact_name"), contacts.c.company_id, companies.c.name.label("company_name"),
            visible(actor, contacts).label("contact_opens"), deals.c.title.label("deal_title"),
            deals.c.amount.label("deal_amount"), deals.c.currency.label("deal_currency"),
            visible(actor, deals).label("deal_opens"), stages.c.id.label("deal_stage_id"),
            stages.c.name.label("deal_stage_name"), stages.c.short_name.label("deal_stage_short_name"),
        )
        .outerjoin(request_forms, of_form)
        .outerjoin(users, of_user)
        .outerjoin(contacts, contacts.c.id == requests.c.contact_id)
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(deals, deals.c.id == requests.c.deal_id)
        .outerjoin(stages, stages.c.id == deals.c.stage_id)
        .where(request_seen(actor))
    )  # fmt: skip


def line_of(row: Any) -> RequestLine:
    return RequestLine(
        row.id, row.at, RequestState(row.state), None if row.why is None else SpamSign(row.why), row.name, row.phone, row.email,
        row.text, row.source, row.utm, row.consent, row.page, row.form_name, row.user_name, references.contact(row),
        references.deal(row),
    )  # fmt: skip


def _where(filters: RequestFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.state is not None:
        found.append(requests.c.state == filters.state)
    if filters.deal_id is not None:
        found.append(requests.c.deal_id == filters.deal_id)
    if filters.contact_id is not None:
        found.append(requests.c.contact_id == filters.contact_id)
    words = words_of(filters.search)
    if words:
        columns = (requests.c.name, requests.c.email, requests.c.text, requests.c.source)
        alike = [func.lower(column).contains(words, autoescape=True) for column in columns]
        digits = digits_of(words)
        found.append(or_(*alike, *([requests.c.phone.contains(digits)] if digits else [])))
    return found
