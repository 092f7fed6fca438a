"""What a receiver gets, how often, and what is noted of it."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from api.housekeeping import tidy
from crm_core.calls.intake import USUAL
from crm_core.calls.tables import calls
from crm_core.errors import Conflict
from crm_core.event_log import events
from crm_core.jobs import JobState, jobs
from crm_core.recordings.tables import recordings
from crm_core.requests.taking import Sender, Sent, take_request
from crm_core.requests.words import fitted
from crm_core.users import accounts
from crm_core.users.tables import Role, users
from crm_core.webhooks import deeds, trying
from crm_core.webhooks.tables import webhooks
from crm_core.webhooks.words import GAPS, Tried, Trouble
from tests.builders import inbound
from tests.webhooks.desk import Desk
from tests.webhooks.receiver import Receiver, accept

CALLER = "79161112233"


def answered(caller: str = CALLER) -> list:
    return inbound(caller).rings("101").answers("101").ends().events


async def refuse(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text="<script>alert(1)</script>\0")


async def test_a_call_is_told_signed_and_as_rest_gives_it(desk: Desk, receiver: Receiver) -> None:
    await desk.office.person("Olga", "101")
    _, secret = await desk.add(receiver.url + "?for=crm", "call_ended")

    await desk.happen(answered())
    assert await desk.send() == 1

    (came,) = receiver.came
    told = json.loads(came.body)
    assert came.path == "/calls?for=crm"
    assert (told["caller"], told["outcome"], told["direction"]) == (CALLER, "answered", "inbound")
    assert {"id", "contact_id", "deal_id", "stage", "tags", "recordings", "partial"} <= told.keys()
    assert told["event"]["kind"] == "call_ended" == came.headers["Firstring-Event"]
    assert told["event"]["delivery"] == came.headers["Firstring-Delivery"]
    stamp, _, told_signature = came.headers["Firstring-Signature"].partition(",v1=")
    signed = stamp.removeprefix("t=").encode() + b"." + came.body
    assert hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == told_signature
    (row,) = await desk.sent()
    assert (row.state, row.status, row.answer, row.attempts, row.next_at) == ("delivered", 200, "thanks", 1, None)


async def test_only_what_was_chosen_is_told_and_nothing_from_before(desk: Desk, receiver: Receiver) -> None:
    await desk.happen(answered("79160000001"))
    chosen, _ = await desk.add(receiver.url, "call_started", "call_answered")
    every, _ = await desk.add(receiver.url)
    late, _ = await desk.add(receiver.url, since=datetime.now(UTC) + timedelta(days=1))

    await desk.happen(answered())

    kinds = {hook: [row.kind for row in await desk.sent(webhook_id=hook)] for hook in (chosen, every, late)}
    assert kinds == {
        chosen: ["call_started", "call_answered"], every: ["call_started", "call_answered", "call_ended"], late: [],
    }  # fmt: skip


async def test_an_event_told_twice_is_delivered_once(desk: Desk, receiver: Receiver) -> None:
    await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    async with desk.database.write() as tx:
        await tx.execute(events.update().values(reacted_at=None))
    await desk.follow()

    assert await desk.send() == 1
    assert await desk.send() == 0


async def test_a_receiver_in_trouble_is_tried_with_growing_gaps_and_given_up_after_two_days(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answer = refuse
    await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())

    tries = 0
    for gap in (*GAPS, timedelta(days=9)):
        tries += await desk.send()
        assert await desk.send() == 0, "not before the gap is over"
        desk.pass_by(seconds=gap.total_seconds() + 1)

    (row,) = await desk.sent()
    assert tries == len(GAPS) + 1 == row.attempts == len(receiver.came)
    assert (row.state, row.status, row.next_at) == ("given_up", 500, None)
    assert row.answer == "<script>alert(1)</script>"
    assert len({(came.body, came.headers["Firstring-Delivery"]) for came in receiver.came}) == 1, "each try is the same"
    assert sum(GAPS, timedelta()) > timedelta(days=1)


async def test_what_was_given_up_is_sent_again_on_demand(desk: Desk, receiver: Receiver) -> None:
    receiver.answer = refuse
    hook, _ = await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    await desk.send()
    (row,) = await desk.sent()
    receiver.answer = accept

    async with desk.database.write() as tx:  # it waits for its next try: that is now
        await deeds.send_again(tx, hook, row.id, now=desk.now(), by=desk.admin)
    assert await desk.send() == 1
    async with desk.database.write() as tx:  # it was delivered: once more
        await deeds.send_again(tx, hook, row.id, now=desk.now(), by=desk.admin)
        await deeds.send_again(tx, hook, row.id, now=desk.now(), by=desk.admin)
    assert await desk.send() == 1

    (row,) = await desk.sent()
    assert (row.state, row.attempts, len(receiver.came)) == ("delivered", 3, 3)


async def test_a_lost_answer_is_a_try_in_vain(desk: Desk, receiver: Receiver) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        request.transport.close()
        return web.Response()

    receiver.answer = cut
    await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    await desk.send()

    (row,) = await desk.sent()
    assert (row.state, row.status, row.answer) == ("waiting", None, Trouble.NO_ANSWER)


async def test_whoever_was_sent_to_but_not_noted_is_sent_to_again(desk: Desk, receiver: Receiver) -> None:
    """As after kill -9 between sending and noting: the job still counts as running, and is freed or its lease ends."""
    await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    runner = desk.runner()
    job_id = (await runner.due())[0]
    job = await runner._claim(job_id)
    assert job is not None
    await runner._kinds[job.kind].work(job, lambda _done: asyncio.sleep(0))  # sent, and never finished

    desk.pass_by(seconds=31)
    assert await desk.send() == 1

    first, second = receiver.came
    assert first.headers["Firstring-Delivery"] == second.headers["Firstring-Delivery"]
    assert [row.state for row in await desk.sent()] == ["delivered"]


async def test_a_delivery_and_its_next_try_are_noted_together_or_not_at_all(desk: Desk, receiver: Receiver) -> None:
    await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    (row,) = await desk.sent()
    async with desk.database.read() as connection:
        order = await trying.order(connection, row.uid)
    assert order is not None

    async def note_and_fail() -> None:
        async with desk.database.write() as tx:
            await trying.note(tx, order, "{}", Tried(500, ""), tries=1, now=desk.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await note_and_fail()

    assert [(row.attempts, row.body) for row in await desk.sent()] == [(0, None)]
    assert len(await desk.office.rows(jobs, kind="webhook")) == 1


async def test_webhooks_of_whoever_left_stop(desk: Desk, receiver: Receiver) -> None:
    await desk.office.person("Other Admin", "150", role=Role.ADMIN)
    hook, _ = await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    async with desk.database.write() as tx:
        await accounts.deactivate(tx, desk.admin, now=desk.now(), by=None)

    await desk.send()
    await desk.happen(answered("79160000009"))
    await desk.send()

    (row,) = await desk.sent()
    assert (row.state, row.answer, receiver.came) == ("given_up", Trouble.STOPPED, [])
    with pytest.raises(Conflict):
        async with desk.database.write() as tx:
            await deeds.send_again(tx, hook, row.id, now=desk.now(), by=desk.admin)


@pytest.mark.parametrize("change", [{"role": Role.HEAD}, {"active": False}])
async def test_webhooks_of_whoever_sets_nothing_any_more_stop(desk: Desk, receiver: Receiver, change: dict) -> None:
    await desk.add(receiver.url)
    await desk.office.set(users, desk.admin, **change)

    await desk.happen(answered())

    assert await desk.sent() == []


async def test_a_test_has_an_event_and_no_call(desk: Desk, receiver: Receiver) -> None:
    hook, _ = await desk.add(receiver.url, "call_ended")
    async with desk.database.write() as tx:
        made = await deeds.send_test(tx, hook, now=desk.now(), by=desk.admin)
    await desk.send()

    (row,) = await desk.sent(id=made)
    assert (row.kind, row.state) == ("webhook_tested", "delivered")
    assert json.loads(receiver.came[0].body).keys() == {"event"}


async def test_recordings_and_tags_are_told_only_if_the_maker_may_listen(desk: Desk, receiver: Receiver) -> None:
    await desk.add(receiver.url, "call_ended")
    for caller, may_listen in (("79160000001", False), ("79160000002", True)):
        await desk.office.set(users, desk.admin, may_listen=may_listen)
        await desk.happen(answered(caller))
        call = await desk.office.the(calls, caller=caller)
        async with desk.database.write() as tx:
            await tx.execute(recordings.insert().values(
                call_id=call.id, name="secret name.wav", blob="x", seconds=6.0, sides=2, bytes=1, sha256="0" * 64,
                stored_at=desk.now(),
            ))  # fmt: skip
        await desk.send()

    deaf, hearing = (json.loads(came.body)["recordings"] for came in receiver.came)
    assert deaf == []
    assert [one.keys() for one in hearing] == [{"id", "seconds", "sides"}]


async def test_a_key_that_was_lost_is_told_and_the_rest_goes_on(desk: Desk, receiver: Receiver) -> None:
    hook, _ = await desk.add(receiver.url, "call_ended")
    await desk.office.set(webhooks, hook, secret="sealed elsewhere")
    await desk.happen(answered())
    await desk.send()

    (row,) = await desk.sent()
    assert (row.state, row.answer, receiver.came) == ("waiting", Trouble.SEALED_ELSEWHERE, [])


async def test_old_deliveries_are_dropped_and_removed_webhooks_take_theirs_along(desk: Desk, receiver: Receiver) -> None:
    hook, _ = await desk.add(receiver.url, "call_ended")
    await desk.happen(answered())
    await desk.send()
    desk.pass_by(days=31)
    await desk.happen(answered("79160000009"))
    await tidy(desk.context)
    assert [row.state for row in await desk.sent()] == ["waiting"]

    async with desk.database.write() as tx:
        await deeds.remove(tx, hook, now=desk.now(), by=desk.admin)
    assert await desk.sent() == []
    assert await desk.send() == 1, "its job finds nothing to do"
    assert [row.state for row in await desk.office.rows(jobs, kind="webhook")] == [JobState.DONE]
    assert len(receiver.came) == 1


async def test_a_request_is_told_as_rest_gives_it_and_chosen_like_a_call(desk: Desk, receiver: Receiver) -> None:
    calls_alone, _ = await desk.add(receiver.url + "?for=calls", "call_ended")
    hook, _ = await desk.add(receiver.url, "request_taken")
    body = {"name": "Павел", "phone": "8 916 111-22-33", "text": "Нужен сайт", "consent": "Согласен"}
    asked = fitted(body, {"source": "ya"}, "RU")
    async with desk.database.write() as tx:
        taken = await take_request(tx, Sent(asked, Sender(user_id=desk.admin)), USUAL, now=desk.now())

    await desk.follow()
    assert await desk.send() == 1

    (came,) = receiver.came
    told = json.loads(came.body)
    assert (told["id"], told["phone"], told["text"], told["consent"]) == (taken.id, CALLER, "Нужен сайт", "Согласен")
    assert (told["contact_id"], told["deal_id"], told["utm"]) == (taken.contact_id, taken.deal_id, {"source": "ya"})
    assert told["event"]["kind"] == "request_taken" == came.headers["Firstring-Event"]
    assert [row.state for row in await desk.sent(webhook_id=hook)] == ["delivered"]
    assert await desk.sent(webhook_id=calls_alone) == []
