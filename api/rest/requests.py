"""`requests` that came, and those kept apart as spam; `request-forms` by which they come."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb, RowId, Search
from api.paths import PathId
from api.rest.models import Answer, Moment, Page
from api.rest.request_door import RequestTaken
from crm_core.access import Right, require
from crm_core.calls.ledger import IntakeRules
from crm_core.requests import forms, queries
from crm_core.requests.forms import Form, NewForm
from crm_core.requests.queries import RequestFilters, RequestLine
from crm_core.requests.taking import rescue
from crm_core.requests.words import RequestState

router = APIRouter(tags=["requests"])


class RequestOut(Answer):
    """`phone`: digits of the international form where it was understood. `why`: the sign of spam."""

    id: int
    at: Moment
    state: str
    why: str | None
    name: str | None
    phone: str | None
    email: str | None
    text: str | None
    source: str | None
    utm: dict[str, str]
    consent: str | None
    page: str | None
    form: str | None
    contact_id: int | None
    deal_id: int | None

    @classmethod
    def of(cls, line: RequestLine) -> "RequestOut":
        told = {name: getattr(line, name) for name in cls.model_fields if name not in ("contact_id", "deal_id")}
        contact = line.contact.id if line.contact and line.contact.may_open else None
        return cls(**told, contact_id=contact, deal_id=line.deal.id if line.deal and line.deal.may_open else None)


class FormIn(BaseModel):
    """`origins`: sites whose pages may send it, such as `https://firma.ru`; none: any. `thanks_url`: where browsers go then."""

    name: str = Field(max_length=200)
    source: str | None = Field(None, max_length=300)
    origins: list[Annotated[str, Field(max_length=300)]] = Field(default=[], max_length=forms.MOST_ORIGINS)
    thanks_url: str | None = Field(None, max_length=2000)
    active: bool = True

    @property
    def new(self) -> NewForm:
        return NewForm(self.name, self.source, self.origins, self.thanks_url, self.active)


class FormChange(BaseModel):
    """What is left out stays."""

    name: str | None = Field(None, max_length=200)
    source: str | None = Field(None, max_length=300)
    origins: list[Annotated[str, Field(max_length=300)]] | None = Field(None, max_length=forms.MOST_ORIGINS)
    thanks_url: str | None = Field(None, max_length=2000)
    active: bool | None = None

    def onto(self, known: Form) -> NewForm:
        given = self.model_fields_set
        return NewForm(
            self.name if self.name is not None else known.name, self.source if "source" in given else known.source,
            known.origins if self.origins is None else self.origins,
            self.thanks_url if "thanks_url" in given else known.thanks_url,
            known.active if self.active is None else self.active,
        )  # fmt: skip


class FormOut(Answer):
    """`key` is public. `taken`, `spam`: how many requests came by it."""

    id: int
    name: str
    key: str
    source: str | None
    origins: tuple[str, ...]
    thanks_url: str | None
    active: bool
    created_at: Moment
    taken: int
    spam: int
    last_at: Moment | None


class Forms(Answer):
    items: list[FormOut]
    next_cursor: str | None = None


@router.get("/requests", response_model=Page[RequestOut])
async def list_of_requests(
    actor: CurrentActor,
    connection: ReadDb,
    state: Annotated[RequestState | None, Query()] = None,
    deal_id: RowId | None = None,
    contact_id: RowId | None = None,
    search: Search = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.SORTS)})] = "-at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RequestOut]:
    """Requests of deals you may see, and those kept apart as spam."""
    filters = RequestFilters(state, deal_id, contact_id, search)
    page = await queries.list_requests(connection, actor, filters, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[RequestOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/requests/{request_id}", response_model=RequestOut)
async def one_request(request_id: PathId, actor: CurrentActor, connection: ReadDb) -> RequestOut:
    return RequestOut.of(await queries.one_request(connection, actor, request_id))


@router.post("/requests/{request_id}/rescue", response_model=RequestTaken)
async def rescue_request(request_id: PathId, actor: CurrentActor, context: Context) -> RequestTaken:
    """It is no spam: it becomes a lead. Done twice is done once."""
    require(actor, Right.WORK)
    settings = context.settings
    async with context.database.write() as tx:
        await queries.one_request(tx, actor, request_id)
        rules = IntakeRules.of(settings)
        taken = await rescue(tx, request_id, rules, settings.region, by=actor.user_id, now=context.now())
        return RequestTaken.model_validate(taken)


@router.get("/request-forms", response_model=Forms)
async def list_of_forms(actor: CurrentActor, connection: ReadDb) -> Forms:
    require(actor, Right.SETTINGS)
    return Forms(items=[FormOut.model_validate(one) for one in await forms.list_forms(connection)])


@router.get("/request-forms/{form_id}", response_model=FormOut)
async def one_form(form_id: PathId, actor: CurrentActor, connection: ReadDb) -> FormOut:
    require(actor, Right.SETTINGS)
    return FormOut.model_validate(await forms.form(connection, form_id))


@router.post("/request-forms", response_model=FormOut, status_code=201)
async def add_form(new: FormIn, actor: CurrentActor, context: Context) -> FormOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        form_id = await forms.add_form(tx, new.new, by=actor.user_id, now=context.now())
        return await _told(tx, form_id)


@router.patch("/request-forms/{form_id}", response_model=FormOut)
async def change_form(form_id: PathId, change: FormChange, actor: CurrentActor, context: Context) -> FormOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        known = await forms.form(tx, form_id)
        await forms.change_form(tx, form_id, change.onto(known), by=actor.user_id, now=context.now())
        return await _told(tx, form_id)


async def _told(tx: AsyncConnection, form_id: int) -> FormOut:
    return FormOut.model_validate(await forms.form(tx, form_id))
