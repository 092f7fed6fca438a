"""A webhook with deliveries of every kind behind the pages of a test."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from crm_core.users.tables import Role
from crm_core.webhooks import deeds
from crm_core.webhooks.addresses import Allowed
from crm_core.webhooks.tables import deliveries
from crm_core.webhooks.words import Trouble
from tests.office import NOW
from tests.web.site import Site

LONG = "https://integration-" + "very-" * 8 + "long.example.com/hooks/" + "0123456789abcdef" * 12 + "?token=" + "x" * 80
BODY = '{"id":1,"caller":"79161112233","caller_name":"<b>Иван</b>","tags":["price"],"event":{"id":8,"kind":"call_ended"}}'
ROWS: tuple[dict[str, Any], ...] = (
    {"kind": "call_ended", "state": "delivered", "attempts": 1, "status": 200, "answer": "ok", "milliseconds": 41},
    {"kind": "call_started", "state": "delivered", "attempts": 3, "status": 204, "answer": "", "milliseconds": 7},
    {"kind": "recording_stored", "state": "waiting", "attempts": 2, "status": 503, "answer": "<script>alert(1)</script>" * 20,
     "milliseconds": 9999, "next_at": NOW + timedelta(hours=3)},
    {"kind": "transcript_ready", "state": "waiting", "attempts": 0, "next_at": NOW},
    {"kind": "call_ended", "state": "given_up", "attempts": 10, "answer": Trouble.TIMEOUT, "milliseconds": 10000},
    {"kind": "call_tagged", "state": "given_up", "attempts": 1, "answer": Trouble.NOT_ALLOWED, "milliseconds": 2},
    {"kind": "webhook_tested", "state": "delivered", "attempts": 1, "status": 200, "answer": "ok", "milliseconds": 12},
)  # fmt: skip


def webhook(site: Site, url: str = "https://crm.example.com/calls", *kinds: str) -> int:
    """One made by the administrator; tells its id."""

    async def made() -> int:
        async with site.database.write() as tx:
            hook, _ = await deeds.add(
                tx, url, kinds, allowed=Allowed(), box=site.context.box, now=NOW, by=site.people[Role.ADMIN]
            )  # fmt: skip
        return hook

    return site.do(made())


def deliver(site: Site, hook: int, *rows: dict[str, Any]) -> None:
    """Deliveries as they would have been noted."""
    noted = [
        {"uid": f"{hook:08}-0000-4000-8000-{index:012}", "webhook_id": hook, "event_id": 1000 + index, "call_id": None,
         "created_at": NOW + timedelta(seconds=index), "tried_at": NOW + timedelta(minutes=index) if row["attempts"] else None,
         "status": None, "answer": None, "milliseconds": None, "next_at": None, "body": BODY if row["attempts"] else None, **row}
        for index, row in enumerate(rows)
    ]  # fmt: skip

    async def put() -> None:
        async with site.database.write() as tx:
            await tx.execute(insert(deliveries), noted)

    site.do(put())
