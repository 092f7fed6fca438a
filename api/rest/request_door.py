"""The door for requests: programs with a token, and web forms by their public key, also from pages of other sites."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import select
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.auth import NotLoggedIn, actor_asking, address_of, bearer_token
from api.context import AppContext
from api.deps import Context
from api.door import home_of
from api.errors import answer_to
from api.guard import comes_from_us
from api.rest.models import Answer
from api.rest.request_body import DESCRIBED, RequestIn, is_form_post, request_sent
from api.web.request_answers import sorry_page, thanks_page
from crm_core.access import Actor, visible
from crm_core.calls.ledger import IntakeRules
from crm_core.deals.tables import deals
from crm_core.errors import Forbidden
from crm_core.requests.forms import Form, any_form_admits, form_by_key
from crm_core.requests.limits import require_room
from crm_core.requests.taking import Sender, Sent, Taken, take_request, taken_before
from crm_core.requests.words import fitted, fitted_key
from crm_core.settings import secret_key

router = APIRouter(tags=["requests"])

FormKey = Annotated[str | None, Query(max_length=40, description="the public key of a web form; `form` in the body does as well")]
NO_FORM = "There is no such form, or it is switched off"
REMEMBERED = 600  # seconds a browser may remember what it was allowed
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": str(REMEMBERED),
}


class RequestTaken(Answer):
    """A web form learns no more than `id`: neither whom we know, nor what counts as spam."""

    id: int
    state: str | None = Field(None, json_schema_extra={"enum": ["taken", "spam"]})
    contact_id: int | None = None
    deal_id: int | None = None


@router.options("/requests", include_in_schema=False)
async def may_send(request: Request, context: Context, form: FormKey = None) -> Response:
    """What browsers ask before a page of another site sends a request: no cookie is ever meant."""
    origin = request.headers.get("origin")
    if origin is not None:
        async with context.database.read() as connection:
            known = await form_by_key(connection, form) if form else None
            admitted = known.admits(origin) if known else form is None and await any_form_admits(connection, origin)
        if admitted:
            request.state.allow_origin = origin
            return Response(status_code=204, headers=PREFLIGHT)
    return Response(status_code=204)


@router.post("/requests", status_code=201, response_model=RequestTaken, openapi_extra=DESCRIBED)
async def take(request: Request, context: Context, form: FormKey = None) -> Response:
    """Does what a first call does: a contact by number or mail, a deal by the lead rules, a task to classify it.

    By a token, or by the public key of a web form. With `Idempotency-Key` (or `key`) it may be sent again: the answer is the
    same, and the same key with other words is refused (409). 429 with Retry-After where too many come. An ordinary form's post
    is answered by a page, or leads to the form's page of thanks.
    """
    known: Form | None = None
    actor: Actor | None = None
    try:
        body = await request_sent(request)
        key = form or body.form
        known = await _form(request, context, key) if key else None
        actor = None if known else await _program(request, context)
        taken = await _take(context, _sent(request, context, body, known or actor))
    except Exception as error:
        if is_form_post(request) and (page := sorry_page(request, error)) is not None:
            return page
        return await answer_to(request, error)
    if actor is not None:
        return JSONResponse((await _seen(context, actor, taken)).model_dump(), 201)
    return _thanks(request, known, taken)


def _thanks(request: Request, form: Form | None, taken: Taken) -> Response:
    if is_form_post(request):
        return RedirectResponse(form.thanks_url, 303) if form and form.thanks_url else thanks_page(request)
    return JSONResponse({"id": taken.id}, 201)


async def _seen(context: AppContext, actor: Actor, taken: Taken) -> RequestTaken:
    """Whose customer and deal it is, is told to who may see them."""
    told = RequestTaken.model_validate(taken)
    if taken.deal_id is None:
        return told
    async with context.database.read() as connection:
        seen = await connection.scalar(select(deals.c.id).where(deals.c.id == taken.deal_id, visible(actor, deals)))
    return told if seen else told.model_copy(update={"contact_id": None, "deal_id": None})


async def _form(request: Request, context: AppContext, key: str) -> Form:
    """The form, if the page that sends it may; its origin may read the answer then. Raises Forbidden."""
    async with context.database.read() as connection:
        known = await form_by_key(connection, key)
    if known is None:
        raise Forbidden(NO_FORM)
    origin = request.headers.get("origin")
    if not known.admits(origin):
        raise Forbidden("This form may not be sent from this site; the administrator can add it")
    if origin is not None:
        request.state.allow_origin = origin
    return known


def _sent(request: Request, context: AppContext, body: RequestIn, by: Form | Actor | None) -> Sent:
    given = body.model_dump(include={"name", "phone", "email", "text", "source", "consent", "page"})
    if isinstance(by, Form):
        given["source"] = by.source or body.source
        sender = Sender(form_id=by.id, source=by.source, address=_hidden(request, context))
    else:
        sender = Sender(user_id=by.user_id if by else None)
    asked = fitted(given, body.campaign, context.settings.region)
    return Sent(asked, sender, fitted_key(request.headers.get("idempotency-key") or body.key), body.website, body.open_for)


async def _program(request: Request, context: AppContext) -> Actor:
    """By its token. A session's cookie counts only where our own page sent it: this door is open to other sites."""
    if bearer_token(request) is None and not comes_from_us(request.headers):
        raise Forbidden("From another site, send the key of a form that it may use")
    actor = await actor_asking(request, context)
    if actor is None:
        raise NotLoggedIn("Send a token, or the key of a form")
    return actor


async def _take(context: AppContext, sent: Sent) -> Taken:
    """What is refused or known already is so without holding up whoever writes."""
    now = context.now()
    async with context.database.read() as connection:
        before = await taken_before(connection, sent, now)
        if before is not None:
            return before
        await require_room(connection, sent.sender.name, sent.sender.address, now)
    async with context.database.write() as tx:
        return await take_request(tx, sent, IntakeRules.of(context.settings), now=context.now())


def _hidden(request: Request, context: AppContext) -> str:
    """The address of the visitor's household, for limits; with the installation's key nobody can try all addresses on it."""
    address = address_of(request)
    home = home_of(address) if address != "unknown" else b""
    return hashlib.sha256(secret_key(context.settings).encode() + home).hexdigest()
