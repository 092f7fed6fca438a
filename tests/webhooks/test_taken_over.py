"""A webhook that somebody else sends elsewhere: what it read as its first maker is not for the second."""

import json

import pytest
from aiohttp import web

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.recordings.tables import recordings
from crm_core.users.tables import Role, users
from crm_core.webhooks import deeds, queries, trying
from crm_core.webhooks.words import Tried
from tests.builders import inbound
from tests.webhooks.desk import LOOPBACK, Desk
from tests.webhooks.receiver import Receiver, accept


async def refuse(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


@pytest.fixture
async def hook(desk: Desk, receiver: Receiver) -> int:
    """Of an administrator who may listen; a recorded call was told to it once, and was refused."""
    await desk.office.set(users, desk.admin, may_listen=True)
    made, _ = await desk.add(receiver.url, "call_ended")
    await desk.happen(inbound("79161112233").rings("101").answers("101").ends().events)
    call = await desk.office.the(calls)
    async with desk.database.write() as tx:
        await tx.execute(recordings.insert().values(
            call_id=call.id, name="a.wav", blob="x", seconds=6.0, sides=2, bytes=1, sha256="0" * 64, stored_at=desk.now(),
        ))  # fmt: skip
    receiver.answer = refuse
    return made


async def deaf_admin(desk: Desk) -> int:
    other = await desk.office.person("Other Admin", "150", role=Role.ADMIN)
    await desk.office.set(users, other, may_listen=False)
    return other


async def take_over(desk: Desk, hook: int, url: str, by: int) -> None:
    async with desk.database.write() as tx:
        await deeds.change(tx, hook, url=url, allowed=LOOPBACK, now=desk.now(), by=by)


async def test_the_next_try_reads_as_the_one_who_took_it_over(desk: Desk, receiver: Receiver, hook: int) -> None:
    await desk.send()
    receiver.answer = accept

    await take_over(desk, hook, receiver.url + "?for=other", await deaf_admin(desk))
    desk.pass_by(minutes=1)
    assert await desk.send() == 1

    first, second = (json.loads(came.body) for came in receiver.came)
    assert (len(first["recordings"]), second["recordings"]) == (1, [])
    assert first["event"] == second["event"]


async def test_what_was_delivered_is_sent_again_and_shown_as_he_may_read_it(desk: Desk, receiver: Receiver, hook: int) -> None:
    receiver.answer = accept
    await desk.send()
    (row,) = await desk.sent()
    other = await deaf_admin(desk)
    deaf = Actor(other, Role.ADMIN, "Other Admin", "en", may_listen=False)

    await take_over(desk, hook, receiver.url + "?for=other", other)

    async with desk.database.write() as tx:
        shown = await queries.delivery(tx, deaf, hook, row.id)
        await deeds.send_again(tx, hook, row.id, now=desk.now(), by=other)
    await desk.send()
    assert shown.body is None
    assert json.loads(receiver.came[-1].body)["recordings"] == []


async def test_a_try_on_its_way_meanwhile_does_not_bring_it_back(desk: Desk, receiver: Receiver, hook: int) -> None:
    (row,) = await desk.sent()
    async with desk.database.read() as connection:
        order = await trying.order(connection, row.uid)
    assert order is not None

    await take_over(desk, hook, receiver.url, await deaf_admin(desk))
    async with desk.database.write() as tx:
        await trying.note(tx, order, '{"recordings": [1]}', Tried(500, ""), tries=1, now=desk.now())

    assert [(row.attempts, row.body) for row in await desk.sent()] == [(1, None)]


async def test_its_own_maker_sends_the_same_elsewhere(desk: Desk, receiver: Receiver, hook: int) -> None:
    await desk.send()

    await take_over(desk, hook, receiver.url + "?moved", desk.admin)
    desk.pass_by(minutes=1)
    await desk.send()

    first, second = receiver.came
    assert (first.body, second.path) == (second.body, "/calls?moved")
