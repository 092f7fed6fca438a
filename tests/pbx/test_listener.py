"""The listener, from the practice exchange's socket to rows in a real database: nothing lost, nothing twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, func, select

from crm_core.calls import journal as journal_module
from crm_core.calls.call_json import call_json
from crm_core.calls.tables import call_rings, call_talks, calls, journal
from crm_core.contacts.tables import contacts
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.tasks.tables import tasks
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.playing.calls import Ending, Story, Truth, inbound, internal, outbound
from pbx.practice import PracticeExchange
from pbx.received import Received
from tests.pbx.listening import CALLER, DIRECT, GROUP, PLAIN, SALES, Desk, database, desk, exchange, template

__all__ = ["database", "desk", "exchange", "template"]


async def test_a_call_becomes_rows_while_it_goes_on(desk: Desk, exchange: PracticeExchange) -> None:
    user = await desk.person("Anna", "101")
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(PLAIN.answered_after(None))
        await desk.until(lambda rows: [row.state for row in rows] == ["ringing"], calls)
        await playing.answer()
        await desk.until(lambda rows: [row.state for row in rows] == ["ended"], calls)

    call = await desk.the(calls)
    assert (call.key, call.caller, call.caller_name, call.did) == (playing.truth.linkedid, CALLER, "Ivan Petrov", DIRECT)
    assert (call.outcome, call.user_id, call.partial) == ("answered", user, False)
    assert (await desk.the(contacts)).id == call.contact_id
    assert (await desk.the(deals)).owner_id == user
    assert (await desk.rows(tasks))[0].deal_id == call.deal_id


STORIES = [
    PLAIN,
    PLAIN.given_up_after(5),
    PLAIN.busy(),
    PLAIN.declined_after(1),
    PLAIN.nobody_answers().to_voicemail(7),
    PLAIN.nobody_answers(),
    inbound(CALLER, GROUP).rings("101", "102", "103").answered_after(2, by="102").talks(5.0, Ending.PHONE_HANGS_UP),
    inbound(CALLER, SALES).queued().answered_after(3, by="102").talks(6.0),
    inbound(CALLER, SALES).queued().given_up_after(6),
    inbound(CALLER, SALES).queued().nobody_answers(6).to_voicemail(8),
    outbound("101", CALLER).answered_after(3).talks(5.0),
    outbound("101", CALLER).nobody_answers(5),
    outbound("101", CALLER).given_up_after(5),
    outbound("101", CALLER).busy(),
    internal("101", "102").answered_after(2).talks(5.0),
]


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("announced", ["by CEL", "by channel variable"])
async def test_every_story_is_told_as_it_was(database: Database, tmp_path: Path, story: Story, announced: str) -> None:
    by_variable = announced == "by channel variable"
    folder = tmp_path / "monitor"
    async with PracticeExchange(
        recordings_root=folder, speed=None, timestamps=True, channel_variables=by_variable, records=not by_variable
    ) as exchange:
        desk = (await Desk.opened(database, own_numbers=())).at_port(exchange.port)
        async with desk.listening():
            await desk.state("up")
            truth = await exchange.play(story).finished()
            (call,) = await desk.ended()
        if by_variable:
            truth.recordings = truth.recordings[:1]

    assert_told(truth, call, await desk.rows(call_rings), await desk.rows(call_talks))


def assert_told(truth: Truth, call: Row[Any], rings: Any, talks: Any) -> None:
    told = (call.direction, call.caller, call.caller_name, call.did, call.callee, call.queue, call.outcome, call.voicemail)
    assert told == (truth.direction, truth.caller, truth.caller_name, truth.did, truth.callee, truth.queue,
                    truth.outcome, truth.voicemail)  # fmt: skip
    assert [ring.extension for ring in rings if ring.outcome != "busy"] == truth.rang
    assert [talk.extension for talk in talks] == ([truth.answered_by] if truth.answered_by else [])
    assert call.talk_seconds == pytest.approx(truth.talk_seconds, abs=0.05)
    assert call.wait_seconds == pytest.approx(truth.wait_seconds, abs=0.05)
    assert [Path(path).name for path in call.announced] == truth.recordings
    assert call.partial is False


async def test_the_journal_holds_every_byte_and_read_again_tells_the_same_calls(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        for story in STORIES:
            await exchange.play(story).finished()
        rows = await desk.ended(len(STORIES))

    derivation, data, told = Derivation(desk.exchange), b"", {}
    async with desk.database.read() as connection:
        async for batch in journal_module.since(connection, desk.exchange.id, 0):
            assert batch.offset == len(data)
            data += batch.data
            received = Received(batch.connection, batch.offset, batch.received_at.timestamp(), batch.data)
            told |= {event.call.key: event.call for event in derivation.take(received)}
    assert data.startswith(b"Asterisk Call Manager/11.0.0\r\n")
    assert data.count(b"\nEventName: LINKEDID_END") == len(STORIES)
    for row in rows:
        again = call_json(told[row.key])
        assert (again["outcome"], again["caller"], again["callee"]) == (row.outcome, row.caller, row.callee)
        assert again["talk_seconds"] == pytest.approx(row.talk_seconds, abs=0.001)
        assert again["wait_seconds"] == pytest.approx(row.wait_seconds, abs=0.001)


async def test_under_load_many_messages_share_a_transaction(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        for _ in range(10):
            await asyncio.gather(*(exchange.play(PLAIN.unrecorded()).finished() for _ in range(10)))
        rows = await desk.ended(100)

    async with desk.database.read() as connection:
        batches = (await connection.execute(select(func.count()).select_from(journal))).scalar_one()
    assert {row.outcome for row in rows} == {"answered"}
    assert batches < 100


def test_batches_end_where_messages_end() -> None:
    cutter = BatchCutter()
    stream = (
        b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\nEvent: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\n\nEvent: C\r\n\r\n"
    )

    for size in range(1, len(stream) + 1):
        pieces = [Received("a", at, float(at), stream[at : at + size]) for at in range(0, len(stream), size)]
        batches = [batch for piece in pieces for batch in cutter.cut([piece])]
        assert b"".join(batch.data for batch in batches) == stream
        assert all(batch.data.endswith(b"\n") for batch in batches)
        assert [batch.offset for batch in batches] == [
            sum(len(earlier.data) for earlier in batches[:n]) for n in range(len(batches))
        ]
    assert cutter.rest == []


def test_the_end_of_a_connection_is_a_batch_of_its_own() -> None:
    cutter = BatchCutter()

    batches = cutter.cut([Received("a", 0, 1.0, b"Event: A\r\n\r\nEvent: B"), Received("a", 20, 2.0, b"")])

    assert [(batch.offset, batch.data) for batch in batches] == [(0, b"Event: A\r\n\r\nEvent: B"), (20, b"")]
    assert cutter.rest == []


def test_a_message_that_a_lost_connection_cut_short_is_kept_apart() -> None:
    cutter = BatchCutter()

    first = cutter.cut([Received("a", 0, 1.0, b"Event: A\r\n\r\nEvent: B\r\nHal")])
    then = cutter.cut([Received("b", 0, 2.0, b"Event: C\r\n\r\n")])

    assert [(batch.connection, batch.data) for batch in first + then] == [
        ("a", b"Event: A\r\n\r\n"),
        ("a", b"Event: B\r\nHal"),
        ("b", b"Event: C\r\n\r\n"),
    ]
