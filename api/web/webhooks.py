"""Webhooks: which programs are told of calls, what was sent to each, and how that went."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import Response

from api.paths import PathId
from api.rest.webhooks import allowed_by
from api.web.visit import Visit, VisitNow, back_to, status_after
from api.web.webhook_words import refusal_words
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid
from crm_core.webhooks import deeds, queries
from crm_core.webhooks.words import TOLD, DeliveryState

router = APIRouter()

Url = Annotated[str, Form(max_length=4000)]
Kinds = Annotated[list[str] | None, Form()]

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Made:
    """What is shown once."""

    id: int
    secret: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which deliveries the address asks for; None: all."""

    state: DeliveryState | None = None

    @property
    def query(self) -> str:
        return f"state={self.state}" if self.state else ""


def asked(state: Annotated[DeliveryState | None, Query()] = None) -> Asked:
    return Asked(state)


AskedNow = Annotated[Asked, Depends(asked)]


@router.get("/webhooks")
async def page(visit: VisitNow) -> Response:
    return await webhooks_page(visit)


@router.get("/webhooks/list")
async def part(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    return visit.part("webhooks/_list.html", **await _all(visit))


async def webhooks_page(
    visit: Visit, *, refused: str | None = None, typed: dict[str, Any] | None = None, made: Made | None = None, status: int = 200
) -> Response:
    visit.require(Right.SETTINGS)
    facts = {"typed": typed or {"url": "", "kinds": [*TOLD]}, "refused": refused, "made": made}
    return await visit.page("webhooks/page.html", "webhooks", status, **facts, **await _all(visit))


async def _all(visit: Visit) -> dict[str, Any]:
    page = await queries.list_webhooks(visit.connection, visit.actor, limit=deeds.MOST_WEBHOOKS)
    return {"webhooks": page.items, "kinds": TOLD}


@router.post("/webhooks")
async def add(visit: VisitNow, url: Url = "", kinds: Kinds = None) -> Response:
    """The answer is the page with the secret on it: it is shown there and nowhere else, so there is no redirect."""
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            hook_id, secret = await deeds.add(
                tx, url, _chosen(kinds), allowed=allowed_by(visit.context), box=visit.context.box, now=visit.now,
                by=visit.actor.user_id,
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        typed = {"url": url, "kinds": kinds or []}
        return await webhooks_page(visit, refused=_words(visit, error), typed=typed, status=status_after(error))
    return await _anew(visit, Made(hook_id, secret))


async def _anew(visit: Visit, made: Made) -> Response:
    """The request's own connection saw the moment before."""
    await visit.connection.rollback()
    return await webhooks_page(visit, made=made, status=201)


@router.get("/webhooks/{webhook_id}")
async def one(visit: VisitNow, webhook_id: PathId, asked: AskedNow) -> Response:
    return await webhook_page(visit, webhook_id, asked)


async def webhook_page(
    visit: Visit,
    webhook_id: int,
    asked: Asked,
    *,
    refused: str | None = None,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    facts = await _listed(visit, webhook_id, asked)
    hook = facts["hook"]
    written = typed or {"url": hook.url, "kinds": hook.kinds}
    return await visit.page("webhooks/one.html", "webhooks", status, refused=refused, typed=written, kinds=TOLD, **facts)


@router.get("/webhooks/{webhook_id}/list")
async def one_list(visit: VisitNow, webhook_id: PathId, asked: AskedNow) -> Response:
    return visit.part("webhooks/_deliveries.html", **await _listed(visit, webhook_id, asked))


@router.get("/webhooks/{webhook_id}/more")
async def more(visit: VisitNow, webhook_id: PathId, asked: AskedNow, cursor: Annotated[str, Query(max_length=500)]) -> Response:
    facts = await _listed(visit, webhook_id, asked, cursor)
    return visit.part("webhooks/_rows.html", continued=True, **facts)


async def _listed(visit: Visit, webhook_id: int, asked: Asked, cursor: str | None = None) -> dict[str, Any]:
    visit.require(Right.SETTINGS)
    hook = await queries.webhook(visit.connection, visit.actor, webhook_id)
    found = await queries.list_deliveries(
        visit.connection, visit.actor, webhook_id, state=asked.state, cursor=cursor, limit=AT_ONCE
    )
    soon = any(line.next_at is not None and line.next_at <= visit.now for line in found.items)
    return {"hook": hook, "deliveries": found, "asked": asked, "soon": soon, "states": [*DeliveryState]}


@router.post("/webhooks/{webhook_id}")
async def change(visit: VisitNow, webhook_id: PathId, url: Url = "", kinds: Kinds = None) -> Response:
    visit.require(Right.SETTINGS)
    hook = await queries.webhook(visit.connection, visit.actor, webhook_id)
    moved = url if url.strip() != hook.url else None
    try:
        async with visit.context.database.write() as tx:
            await deeds.change(
                tx, webhook_id, url=moved, kinds=_chosen(kinds), allowed=allowed_by(visit.context), now=visit.now,
                by=visit.actor.user_id,
            )  # fmt: skip
    except Invalid as error:
        typed = {"url": url, "kinds": kinds or []}
        return await webhook_page(visit, webhook_id, Asked(), refused=_words(visit, error), typed=typed, status=422)
    return back_to(f"/webhooks/{webhook_id}")


@router.post("/webhooks/{webhook_id}/active")
async def switch(visit: VisitNow, webhook_id: PathId, active: Annotated[str, Form(max_length=10)] = "") -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await deeds.change(
            tx, webhook_id, active=bool(active), allowed=allowed_by(visit.context), now=visit.now, by=visit.actor.user_id
        )
    return back_to(f"/webhooks/{webhook_id}")


@router.post("/webhooks/{webhook_id}/remove")
async def remove(visit: VisitNow, webhook_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    async with visit.context.database.write() as tx:
        await deeds.remove(tx, webhook_id, now=visit.now, by=visit.actor.user_id)
    return back_to("/webhooks")


@router.post("/webhooks/{webhook_id}/test")
async def send_test(visit: VisitNow, webhook_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await deeds.send_test(tx, webhook_id, now=visit.now, by=visit.actor.user_id)
    except Conflict as error:
        return await webhook_page(visit, webhook_id, Asked(), refused=_words(visit, error), status=409)
    return back_to(f"/webhooks/{webhook_id}")


@router.get("/webhooks/{webhook_id}/deliveries/{delivery_id}")
async def one_delivery(visit: VisitNow, webhook_id: PathId, delivery_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    hook = await queries.webhook(visit.connection, visit.actor, webhook_id)
    line = await queries.delivery(visit.connection, visit.actor, webhook_id, delivery_id)
    body = json.dumps(json.loads(line.body), indent=2, ensure_ascii=False) if line.body else None
    return await visit.page("webhooks/delivery.html", "webhooks", hook=hook, one=line, body=body)


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/again")
async def send_again(visit: VisitNow, webhook_id: PathId, delivery_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await deeds.send_again(tx, webhook_id, delivery_id, now=visit.now, by=visit.actor.user_id)
    except Conflict as error:
        return await webhook_page(visit, webhook_id, Asked(), refused=_words(visit, error), status=409)
    return back_to(f"/webhooks/{webhook_id}")


def _chosen(kinds: list[str] | None) -> list[str]:
    """All of them are every kind, also one that comes later; raises Invalid for none."""
    if not kinds:
        raise Invalid("Choose at least one event", why="kinds")
    return [] if set(kinds) == set(TOLD) else kinds


def _words(visit: Visit, error: Invalid | Conflict) -> str:
    return refusal_words(visit.look.wording.texts, str(error.facts.get("why")))
