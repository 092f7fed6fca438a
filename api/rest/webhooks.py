"""`webhooks`: addresses that are told of calls, and what was sent to them. For administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, Cursor, Limit, ReadDb
from api.paths import PathId
from api.rest.models import Answer, Moment, Page, PersonOut
from crm_core.access import Actor, Right, require
from crm_core.webhooks import deeds, queries
from crm_core.webhooks.addresses import LONGEST_URL, Allowed
from crm_core.webhooks.words import TOLD, DeliveryState

router = APIRouter(tags=["webhooks"])

Url = Annotated[str, Field(max_length=LONGEST_URL)]
Kinds = Annotated[list[str], Field(max_length=50, json_schema_extra={"items": {"type": "string", "enum": [*TOLD]}})]


class WebhookIn(BaseModel):
    """Without `kinds`, every kind of event is told."""

    url: Url
    kinds: Kinds = []


class WebhookChange(BaseModel):
    """What is left out stays. Whoever changes `url` becomes the one whom the webhook reads as."""

    url: Url | None = None
    kinds: Kinds | None = None
    active: bool | None = None


class WebhookOut(Answer):
    """`working`: it is active, and who made it may still have it. `waiting` and `given_up` count deliveries."""

    id: int
    url: str
    kinds: list[str]
    active: bool
    working: bool
    made_by: PersonOut | None
    created_at: Moment
    waiting: int
    given_up: int
    last_tried_at: Moment | None
    last_state: str | None


class WebhookMade(WebhookOut):
    """`secret` is told this once."""

    secret: str


class DeliveryOut(Answer):
    """`delivery` is the id that the receiver got. Where nothing came back, `status` is null and `trouble` says why."""

    id: int
    delivery: str = Field(validation_alias="uid")
    event_id: int
    kind: str
    call_id: int | None
    state: str
    attempts: int
    status: int | None
    answer: str | None
    trouble: str | None
    milliseconds: int | None
    created_at: Moment
    tried_at: Moment | None
    next_at: Moment | None

    @classmethod
    def of(cls, line: queries.DeliveryLine) -> "DeliveryOut":
        told = cls.model_validate(line)
        return told.model_copy(update={"answer": None}) if told.trouble else told


class DeliveryWhole(DeliveryOut):
    """`body` as it was sent at last; null before that, after somebody else changed the webhook's address, and for whoever may
    not listen where somebody else made the webhook."""

    body: str | None


@router.get("/webhooks", response_model=Page[WebhookOut])
async def list_of_webhooks(
    actor: CurrentActor,
    connection: ReadDb,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.WEBHOOK_SORTS)})] = "created_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WebhookOut]:
    page = await queries.list_webhooks(connection, actor, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[WebhookOut.model_validate(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/webhooks/{webhook_id}", response_model=WebhookOut)
async def one_webhook(webhook_id: PathId, actor: CurrentActor, connection: ReadDb) -> WebhookOut:
    return WebhookOut.model_validate(await queries.webhook(connection, actor, webhook_id))


@router.post("/webhooks", response_model=WebhookMade, status_code=201)
async def add_webhook(new: WebhookIn, actor: CurrentActor, context: Context) -> WebhookMade:
    """Answers its `secret`, this once."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        webhook_id, secret = await deeds.add(
            tx, new.url, new.kinds, allowed=allowed_by(context), box=context.box, now=context.now(), by=actor.user_id
        )
    made = await _now(context, actor, webhook_id)
    return WebhookMade.model_validate({**dict(made), "secret": secret})


@router.patch("/webhooks/{webhook_id}", response_model=WebhookOut)
async def change_webhook(webhook_id: PathId, change: WebhookChange, actor: CurrentActor, context: Context) -> WebhookOut:
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.change(
            tx, webhook_id, url=change.url, kinds=change.kinds, active=change.active, allowed=allowed_by(context),
            now=context.now(), by=actor.user_id,
        )  # fmt: skip
    return await _now(context, actor, webhook_id)


@router.delete("/webhooks/{webhook_id}", status_code=204, response_class=Response)
async def remove_webhook(webhook_id: PathId, actor: CurrentActor, context: Context) -> None:
    """With all that was noted of its deliveries."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.remove(tx, webhook_id, now=context.now(), by=actor.user_id)


@router.post("/webhooks/{webhook_id}/test", response_model=DeliveryOut, status_code=202)
async def send_test(webhook_id: PathId, actor: CurrentActor, context: Context) -> DeliveryOut:
    """Puts a test down; ask for the delivery to see what came of it."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        delivery_id = await deeds.send_test(tx, webhook_id, now=context.now(), by=actor.user_id)
        return DeliveryOut.of(await queries.delivery(tx, actor, webhook_id, delivery_id))


@router.get("/webhooks/{webhook_id}/deliveries", response_model=Page[DeliveryOut])
async def list_of_deliveries(
    webhook_id: PathId,
    actor: CurrentActor,
    connection: ReadDb,
    state: DeliveryState | None = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorted(queries.DELIVERY_SORTS)})] = "-created_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    page = await queries.list_deliveries(
        connection, actor, webhook_id, state=state, kind=kind, sort=sort, cursor=cursor, limit=limit
    )
    return Page(items=[DeliveryOut.of(line) for line in page.items], next_cursor=page.next_cursor)


@router.get("/webhooks/{webhook_id}/deliveries/{delivery_id}", response_model=DeliveryWhole)
async def one_delivery(webhook_id: PathId, delivery_id: PathId, actor: CurrentActor, connection: ReadDb) -> Any:
    return DeliveryWhole.of(await queries.delivery(connection, actor, webhook_id, delivery_id))


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/again", response_model=DeliveryOut, status_code=202)
async def send_again(webhook_id: PathId, delivery_id: PathId, actor: CurrentActor, context: Context) -> DeliveryOut:
    """At once, with the same delivery id; if that is in vain, with the same gaps as the first time."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await deeds.send_again(tx, webhook_id, delivery_id, now=context.now(), by=actor.user_id)
        return DeliveryOut.of(await queries.delivery(tx, actor, webhook_id, delivery_id))


def allowed_by(context: AppContext) -> Allowed:
    return Allowed.of(context.settings.webhooks_allow)


async def _now(context: AppContext, actor: Actor, webhook_id: int) -> WebhookOut:
    async with context.database.read() as connection:
        return WebhookOut.model_validate(await queries.webhook(connection, actor, webhook_id))
