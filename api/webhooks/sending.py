"""The job `webhook`: one try of one delivery. Repeating it is what "at least once" means: a receiver drops what it knows."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection
from yarl import URL

from api.rest.call_told import call_told
from api.rest.models import written
from api.rest.requests import RequestOut
from api.webhooks.sender import Sender
from crm_core.calls.whole_queries import whole_call
from crm_core.db import Database
from crm_core.errors import NotFound, SettingsError
from crm_core.events import EventKind
from crm_core.jobs import Finish, Job, JobKind, Progress
from crm_core.requests.queries import one_request
from crm_core.secrets import SecretBox
from crm_core.webhooks import trying
from crm_core.webhooks.signing import signature
from crm_core.webhooks.telling import WEBHOOK_JOB
from crm_core.webhooks.trying import Order
from crm_core.webhooks.words import Tried, Trouble

log = structlog.get_logger()

TRIES = Counter("firstring_webhook_tries", "Tries to deliver to webhooks", ["outcome"])
LEASE = timedelta(seconds=30)  # three times what a try may take


def job_kind(database: Database, box: SecretBox, sender: Sender, now: Callable[[], datetime]) -> JobKind:
    return JobKind(WEBHOOK_JOB, _Sending(database, box, sender, now).work, lease=LEASE)


class _Sending:
    def __init__(self, database: Database, box: SecretBox, sender: Sender, now: Callable[[], datetime]) -> None:
        self._database = database
        self._box = box
        self._sender = sender
        self._now = now

    async def work(self, job: Job, _progress: Progress) -> Finish:
        async with self._database.read() as connection:
            order = await trying.order(connection, job.payload["delivery"])
            if order is None:
                return _nothing
            body = await _body(connection, order)
        told = await self._try(order, body)
        TRIES.labels("delivered" if told.delivered else "failed").inc()
        log.info("webhook_tried", webhook=order.webhook_id, host=URL(order.url).host, kind=order.kind, status=told.status,
                 trouble=told.answer if told.status is None else None, milliseconds=told.milliseconds)  # fmt: skip

        async def finish(tx: AsyncConnection) -> None:
            await trying.note(tx, order, body, told, tries=job.payload["tries"], now=self._now())

        return finish

    async def _try(self, order: Order, body: str | None) -> Tried:
        if order.stopped:
            return Tried(None, Trouble.STOPPED)
        if body is None:
            return Tried(None, Trouble.CALL_GONE if order.request_id is None else Trouble.REQUEST_GONE)
        try:
            secret = self._box.open(order.sealed_secret)
        except SettingsError:
            return Tried(None, Trouble.SEALED_ELSEWHERE)
        sent = body.encode()
        return await self._sender.send(order.url, sent, _headers(order, signature(secret, sent, int(self._now().timestamp()))))


async def _body(connection: AsyncConnection, order: Order) -> str | None:
    """As it was sent before; else the call or request as the webhook's maker may read it now, and the event. None: it is gone."""
    if order.body is not None:
        return order.body
    event = {"id": order.event_id, "kind": order.kind, "at": written(order.happened_at), "delivery": order.uid}
    if order.kind == EventKind.WEBHOOK_TESTED:
        return _json({"event": event})
    try:
        told = await _told(connection, order)
    except NotFound:
        return None
    return None if told is None else _json({**told, "event": event})


async def _told(connection: AsyncConnection, order: Order) -> dict[str, Any] | None:
    if order.maker is None:
        return None
    if order.call_id is not None:
        return call_told(await whole_call(connection, order.maker, order.call_id))
    if order.request_id is None:
        return None
    return RequestOut.of(await one_request(connection, order.maker, order.request_id)).model_dump(mode="json")


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _headers(order: Order, signed: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json", "User-Agent": "Firstring/1", "Firstring-Signature": signed,
        "Firstring-Delivery": order.uid, "Firstring-Event": order.kind,
    }  # fmt: skip


async def _nothing(_tx: AsyncConnection) -> None:
    """The webhook was removed meanwhile."""
