"""The listener through broken connections, restarts, and a database that does not take what it is given."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from crm_core.calls.tables import call_rings, call_talks, calls, exchanges, journal
from crm_core.contacts.tables import contacts
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.event_log import events
from crm_core.events import EventKind
from pbx.ami import troubles
from pbx.playing.calls import inbound
from pbx.practice import PracticeExchange
from tests.metered import figure
from tests.pbx.listening import CALLER, DIRECT, PLAIN, Desk, database, desk, exchange, template
from tests.pbx.test_connection import free_port

__all__ = ["database", "desk", "exchange", "template"]


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
        refused = figure("firstring_journal_retries_total", exchange="default")
        async with full_disk(desk.database):
            for _ in range(20):
                await exchange.play(PLAIN).finished()
            async with asyncio.timeout(10):
                while figure("firstring_journal_retries_total", exchange="default") < refused + 2:
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


async def test_an_open_call_of_which_nobody_knows_any_more_is_closed_and_marked(desk: Desk, exchange: PracticeExchange) -> None:
    async with desk.listening():
        await desk.state("up")
        playing = exchange.play(inbound(CALLER, DIRECT).rings("101"))
        await playing.answer()
        (talking,) = await desk.until(lambda rows: [row.state for row in rows] == ["talking"], calls)
    await playing.hang_up()
    async with desk.database.write() as tx:
        await tx.execute(text("DELETE FROM journal"))
    async with desk.listening():
        (call,) = await desk.ended()

    assert (call.outcome, call.partial) == ("answered", True)
    assert call.ended_at >= talking.answered_at
    assert [talk.left_at for talk in await desk.rows(call_talks)] == [call.ended_at]
