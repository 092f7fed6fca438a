"""The listener, from the practice exchange's socket to rows in a real database: nothing lost, nothing twice."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, func, select, text

from crm_core.calls import journal as journal_module
from crm_core.calls.call_json import call_json
from crm_core.calls.tables import call_rings, call_talks, calls, exchanges, journal
from crm_core.contacts.tables import contacts
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.event_log import events
from crm_core.events import EventKind
from crm_core.tasks.tables import tasks
from pbx import metrics
from pbx.ami import troubles
from pbx.derivation import BatchCutter, Derivation
from pbx.listener import Listener
from pbx.playing.calls import Ending, Story, Truth, inbound, internal, outbound
from pbx.practice import PracticeExchange
from pbx.spool import Received
from tests.databases import fresh_sqlite, sqlite_template
from tests.office import Office
from tests.pbx.test_connection import QUICK, free_port

DIRECT, SALES, GROUP = "74951112245", "74951112233", "74951112266"
CALLER = "79161112233"
PLAIN = inbound(CALLER, DIRECT, "Ivan Petrov").rings("101").answered_after(2).talks(6.0)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
async def database(template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path / "monitor", speed=None, timestamps=True) as practice:
        yield practice


class Desk(Office):
    """The office with a listener that can be switched on and off."""

    patience = QUICK

    def at_port(self, port: int, secret: str = "practice") -> "Desk":
        changed = {"ami_port": port, "ami_user": "practice", "ami_secret": secret}
        self.exchange = replace(self.exchange, **changed)
        return self

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        await self.set(exchanges, self.exchange.id, state="new")
        task = asyncio.create_task(Listener(self.database, self.exchange, patience=self.patience).run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def until(self, holds: Callable[[Any], bool], table: Any) -> list[Row[Any]]:
        """The rows of a table once they are so, looked at after each commit."""
        committed = asyncio.Event()
        self.database.on_commit(committed.set)
        async with asyncio.timeout(15):
            while True:
                committed.clear()
                rows = list(await self.rows(table))
                if holds(rows):
                    return rows
                await committed.wait()

    async def looked_at(self, holds: Callable[[Any], bool], table: Any) -> None:
        """As `until`, for rows that another process writes."""
        async with asyncio.timeout(20):
            while not holds(await self.rows(table)):
                await asyncio.sleep(0.05)

    async def ended(self, number: int = 1) -> list[Row[Any]]:
        return await self.until(lambda rows: len(rows) == number and all(row.ended_at for row in rows), calls)

    async def state(self, wanted: str) -> Row[Any]:
        return (await self.until(lambda rows: rows[0].state == wanted, exchanges))[0]


@pytest.fixture
async def desk(database: Database, exchange: PracticeExchange) -> Desk:
    office = await Desk.opened(database, own_numbers=())
    assert isinstance(office, Desk)
    return office.at_port(exchange.port)


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


async def test_an_exchange_down_at_the_start_is_said_to_be_and_heard_when_it_comes(desk: Desk, tmp_path: Path) -> None:
    port = await free_port()
    async with desk.at_port(port).listening():
        row = await desk.state("down")
        assert row.state_note == troubles.NOBODY_ANSWERS
        async with PracticeExchange(port, recordings_root=tmp_path / "late", speed=None) as exchange:
            row = await desk.state("up")
            assert (row.state_note, row.version) == (None, "Asterisk 22.0.0-practice")
            await exchange.play(PLAIN).finished()
            await desk.ended()


async def test_a_wrong_secret_is_said_once_and_clearly(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.at_port(exchange.port, secret="wrong").listening():
        row = await desk.state("refused")

    told = await desk.rows(events, kind=EventKind.EXCHANGE_CHANGED)
    assert row.state_note == troubles.WRONG_SECRET
    assert [event.facts.get("state") for event in told if event.facts.get("state")] == ["connecting", "refused"]


async def test_a_call_goes_on_over_a_broken_connection(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
        await playing.answer()
        await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
        await exchange.unplug()
        await desk.state("down")
        await exchange.plug_in()
        await desk.state("up")
        assert (await desk.the(calls)).state == "talking"
        await playing.hang_up()
        (call,) = await desk.ended()

    assert (call.outcome, call.key) == ("answered", playing.truth.linkedid)


async def test_a_call_that_ended_unseen_is_closed_at_the_last_moment_known(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
        await playing.answer()
        (talking,) = await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
        await exchange.unplug()
        await desk.state("down")
        await playing.hang_up()
        await exchange.plug_in()
        (call,) = await desk.ended()

    assert (call.outcome, call.partial) == ("answered", True)
    assert talking.answered_at <= call.ended_at <= (await desk.rows(journal))[-1].received_at
    assert [talk.left_at for talk in await desk.rows(call_talks)] == [call.ended_at]


async def test_a_call_that_began_unseen_is_met_in_the_middle(desk: Desk, exchange: PracticeExchange) -> None:
    playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
    await playing.answer()
    async with desk.listening():
        await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
        await playing.hang_up()
        (call,) = await desk.ended()

    assert (call.direction, call.caller, call.did, call.outcome) == ("inbound", CALLER, DIRECT, "answered")


@pytest.mark.parametrize("ends", ["before the restart", "while nobody listens", "after the restart"])
async def test_a_restart_in_mid_call_leaves_one_call(desk: Desk, exchange: PracticeExchange, ends: str) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
        await playing.answer()
        await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
        if ends == "before the restart":
            await playing.hang_up()
            await desk.ended()
    if ends == "while nobody listens":
        await playing.hang_up()
    async with desk.listening():
        await desk.state("up")
        await playing.hang_up()
        (call,) = await desk.ended()

    assert (call.key, call.outcome) == (playing.truth.linkedid, "answered")
    assert call.partial is (ends != "before the restart")
    assert [ring.outcome for ring in await desk.rows(call_rings)] == ["answered"]
    assert len(await desk.rows(contacts)) == len(await desk.rows(deals)) == 1


async def test_a_call_that_rings_through_three_restarts_is_one_call(desk: Desk, exchange: PracticeExchange) -> None:
    playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
    for _ in range(3):
        async with desk.listening():
            await desk.until(lambda rows: [row.state for row in rows] == ["ringing"], calls)
            await desk.state("up")
    async with desk.listening():
        await desk.state("up")
        await playing.answer()
        await playing.hang_up()
        (call,) = await desk.ended()

    assert (call.outcome, call.talk_seconds > 0) == ("answered", True)


LISTEN = """
import asyncio, sys
from dataclasses import replace
from crm_core.db import Database
from crm_core.exchanges import config
from crm_core.secrets import SecretBox
from pbx.listener import Listener

async def listen(url, port):
    database = Database(url)
    async with database.read() as connection:
        exchange = await config.load(connection, "default", SecretBox("a key for tests"))
    exchange = replace(exchange, ami_port=int(port), ami_user="practice", ami_secret="practice")
    await Listener(database, exchange).run()

asyncio.run(listen(*sys.argv[1:]))
"""


async def test_kill_9_in_mid_call_leaves_one_call_that_ends(desk: Desk, exchange: PracticeExchange) -> None:
    playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
    await playing.ringing.wait()
    for answered in (False, True, False):
        await desk.set(exchanges, desk.exchange.id, state="new")
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", LISTEN, desk.database.url, str(exchange.port))
        try:
            await desk.looked_at(lambda rows: rows[0].state == "up", exchanges)
            if answered:
                await playing.answer()
                await desk.looked_at(lambda rows: [row.state for row in rows] == ["talking"], calls)
        finally:
            child.kill()
            await child.wait()
    async with desk.listening():
        await desk.state("up")
        await playing.hang_up()
        (call,) = await desk.ended()

    assert (call.key, call.outcome) == (playing.truth.linkedid, "answered")
    assert len(await desk.rows(call_talks)) == 1


@asynccontextmanager
async def full_disk(database: Database) -> AsyncIterator[None]:
    """The database file may not grow by another page: SQLite's own "database or disk is full"."""
    async with database.write() as tx:
        pages = (await tx.execute(text("PRAGMA page_count"))).scalar_one()
        await tx.execute(text(f"PRAGMA max_page_count = {pages}"))
    yield
    async with database.write() as tx:
        await tx.execute(text("PRAGMA max_page_count = 1000000000"))


@asynccontextmanager
async def trigger(database: Database, table: str, when: str = "1") -> AsyncIterator[None]:
    """The database refuses each new row of a table that is so."""
    refuse = f"CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'not today'); END"
    async with database.write() as tx:
        await tx.execute(text(refuse))
    yield
    async with database.write() as tx:
        await tx.execute(text("DROP TRIGGER refuse"))


async def test_a_journal_that_cannot_be_written_loses_nothing(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        async with trigger(desk.database, "journal"):
            for _ in range(3):
                await exchange.play(PLAIN).finished()
            assert not await desk.rows(calls)
        rows = await desk.ended(3)

    assert {row.outcome for row in rows} == {"answered"}
    assert not [row.fault for row in await desk.rows(journal) if row.fault]
    assert len(await desk.rows(contacts)) == 1


async def test_a_full_disk_loses_nothing(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        refused = metrics.RETRIES.labels("default")._value.get()
        async with full_disk(desk.database):
            for _ in range(20):
                await exchange.play(PLAIN).finished()
            async with asyncio.timeout(10):
                while metrics.RETRIES.labels("default")._value.get() < refused + 2:
                    await asyncio.sleep(0.02)
        rows = await desk.ended(20)

    assert {row.outcome for row in rows} == {"answered"}
    assert not [row.fault for row in await desk.rows(journal) if row.fault]


async def test_what_could_not_be_stored_before_the_end_is_stored_after_the_restart(
    desk: Desk, exchange: PracticeExchange, tmp_path: Path
) -> None:
    async with trigger(desk.database, "journal"):
        async with desk.listening():
            await desk.state("up")
            playing = exchange.play(PLAIN)
            await playing.finished()
            await exchange.unplug()
            await desk.state("down")
        assert list(tmp_path.glob("*.spool"))
    async with desk.listening():
        (call,) = await desk.ended()

    assert (call.key, call.outcome, call.partial) == (playing.truth.linkedid, "answered", False)
    assert not list(tmp_path.glob("*.spool"))


async def test_a_call_that_cannot_be_taken_in_keeps_its_bytes_and_costs_no_other(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        async with trigger(desk.database, "calls", "NEW.caller = '79990000001'"):
            faulty = exchange.play(PLAIN)
            playing = [exchange.play(replace(PLAIN, caller=f"7999000000{n}")) for n in range(4)]
            for each in [faulty, *playing]:
                await each.finished()
            rows = await desk.ended(4)
            kept = await desk.rows(journal)

    assert {row.caller for row in rows} == {CALLER, "79990000000", "79990000002", "79990000003"}
    faults = [row.fault for row in kept if row.fault]
    assert faults
    assert all("not today" in fault for fault in faults)
    assert b"79990000001" in b"".join(row.data for row in kept)


async def test_a_call_that_was_refused_is_mended_at_the_next_start(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(PLAIN.answered_after(None).talks(1.0))
        await desk.until(lambda rows: [row.state for row in rows] == ["ringing"], calls)
        refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON calls BEGIN SELECT RAISE(ABORT, 'not today'); END"
        async with desk.database.write() as tx:
            await tx.execute(text(refuse))
        await playing.answer()
        await playing.finished()
        await desk.until(lambda rows: any(b"LINKEDID_END" in row.data for row in rows), journal)
        async with desk.database.write() as tx:
            await tx.execute(text("DROP TRIGGER refuse"))
    assert (await desk.the(calls)).state == "ringing"

    async with desk.listening():
        (call,) = await desk.ended()

    assert (call.outcome, call.partial) == ("answered", False)


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
