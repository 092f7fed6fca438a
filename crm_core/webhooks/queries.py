"""Reads of webhooks and of what was sent to them. Secrets are not among what is read."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from yarl import URL

from crm_core import paging
from crm_core.access import Actor, Right, require
from crm_core.errors import NotFound
from crm_core.paging import Page
from crm_core.references import Person
from crm_core.users.tables import users
from crm_core.webhooks.tables import deliveries, webhooks
from crm_core.webhooks.telling import may_be_told
from crm_core.webhooks.words import TOLD, DeliveryState

WEBHOOK_SORTS = paging.sorts(webhooks.c.id, {"created_at": webhooks.c.created_at})
DELIVERY_SORTS = paging.sorts(deliveries.c.id, {"created_at": deliveries.c.created_at})


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """`kinds` as chosen, all of them where none was; `working`: switched on, and its maker may still have it."""

    id: int
    url: str
    kinds: tuple[str, ...]
    active: bool
    working: bool
    created_at: datetime
    made_by: Person | None
    maker_may_listen: bool
    waiting: int
    given_up: int
    last_tried_at: datetime | None
    last_state: str | None

    @property
    def host(self) -> str:
        """As people write it."""
        return URL(self.url).host or self.url


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """`answer`: the beginning of what came back; where nothing came (`status` None), a code of `Trouble`.

    `body`: as it was sent at last; lists leave it out.
    """

    id: int
    uid: str
    webhook_id: int
    event_id: int
    kind: str
    call_id: int | None
    state: str
    attempts: int
    status: int | None
    answer: str | None
    milliseconds: int | None
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime | None
    body: str | None

    @property
    def trouble(self) -> str | None:
        return self.answer if self.status is None else None


async def list_webhooks(
    connection: AsyncConnection, actor: Actor, *, sort: str = "created_at", cursor: str | None = None, limit: int = 50
) -> Page[WebhookLine]:
    """Raises Forbidden, Invalid."""
    require(actor, Right.SETTINGS)
    order = paging.sort_named(WEBHOOK_SORTS, sort)
    rows = (await connection.execute(paging.continued(_hooks(), order, cursor, limit))).all()
    return paging.page_of(rows, [await _line(connection, row) for row in rows[:limit]], order, limit)


async def webhook(connection: AsyncConnection, actor: Actor, hook_id: int) -> WebhookLine:
    """Raises Forbidden, NotFound."""
    require(actor, Right.SETTINGS)
    row = (await connection.execute(_hooks().where(webhooks.c.id == hook_id))).one_or_none()
    if row is None:
        raise NotFound(noun="webhooks", id=hook_id)
    return await _line(connection, row)


async def list_deliveries(
    connection: AsyncConnection, actor: Actor, hook_id: int, *, state: DeliveryState | None = None, kind: str | None = None,
    sort: str = "-created_at", cursor: str | None = None, limit: int = 50,
) -> Page[DeliveryLine]:  # fmt: skip
    """What was sent to a webhook, newest first; raises Forbidden, NotFound, Invalid."""
    await webhook(connection, actor, hook_id)
    order = paging.sort_named(DELIVERY_SORTS, sort)
    query = select(deliveries).where(deliveries.c.webhook_id == hook_id)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if kind is not None:
        query = query.where(deliveries.c.kind == kind)
    rows = (await connection.execute(paging.continued(query, order, cursor, limit))).all()
    return paging.page_of(rows, [_delivery(row) for row in rows[:limit]], order, limit)


async def delivery(connection: AsyncConnection, actor: Actor, hook_id: int, delivery_id: int) -> DeliveryLine:
    """With its body, unless that may tell what was said to one who may not listen. Raises Forbidden, NotFound."""
    hook = await webhook(connection, actor, hook_id)
    query = select(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == hook_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="webhook_deliveries", id=delivery_id)
    own = hook.made_by is not None and hook.made_by.id == actor.user_id
    return replace(_delivery(row), body=row.body if own or actor.may(Right.LISTEN) else None)


def _hooks() -> Select[Any]:
    return select(
        webhooks, users.c.name.label("maker_name"), users.c.active.label("maker_active"), users.c.role.label("maker_role"),
        users.c.may_listen.label("maker_listens"),
    ).outerjoin(users, users.c.id == webhooks.c.created_by)  # fmt: skip


async def _line(connection: AsyncConnection, row: Row[Any]) -> WebhookLine:
    of_hook = deliveries.c.webhook_id == row.id
    counted = select(deliveries.c.state, func.count().label("many")).where(of_hook).group_by(deliveries.c.state)
    counts = {one.state: one.many for one in await connection.execute(counted)}
    newest = select(deliveries.c.tried_at, deliveries.c.state).where(of_hook, deliveries.c.tried_at.is_not(None))
    last = (await connection.execute(newest.order_by(deliveries.c.event_id.desc()).limit(1))).one_or_none()
    made_by = None if row.created_by is None else Person(row.created_by, row.maker_name)
    working = made_by is not None and may_be_told(row.maker_role, user_active=row.maker_active, hook_active=row.active)
    return WebhookLine(
        id=row.id, url=row.url, kinds=tuple(row.kinds) or tuple(TOLD), active=row.active, working=working,
        created_at=row.created_at, made_by=made_by, maker_may_listen=bool(row.maker_listens),
        waiting=counts.get(DeliveryState.WAITING, 0), given_up=counts.get(DeliveryState.GIVEN_UP, 0),
        last_tried_at=last.tried_at if last else None, last_state=last.state if last else None,
    )  # fmt: skip


def _delivery(row: Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        id=row.id, uid=row.uid, webhook_id=row.webhook_id, event_id=row.event_id, kind=row.kind, call_id=row.call_id,
        state=row.state, attempts=row.attempts, status=row.status, answer=row.answer, milliseconds=row.milliseconds,
        created_at=row.created_at, tried_at=row.tried_at, next_at=row.next_at, body=None,
    )  # fmt: skip
