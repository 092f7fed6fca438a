"""One process at a time: who has the lease writes, who lost it does not, and a stand-in need not wait long."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from crm_core.db import Database
from crm_core.jobs import JobState, jobs
from crm_core.leases import Lease, LeaseLost, hold

SHORT = 0.6  # seconds a lease of these tests lasts


async def _put_down(database: Database, key: str) -> None:
    """Any row: here it is only asked whether it was committed."""
    now = datetime.now(UTC)
    row = {"kind": "any", "dedupe_key": key, "payload": {}, "state": JobState.QUEUED, "run_after": now, "created_at": now}
    async with database.write() as tx:
        await tx.execute(insert(jobs).values(row))


async def _put_downs(database: Database) -> list[str]:
    async with database.read() as connection:
        return list(await connection.scalars(select(jobs.c.dedupe_key).order_by(jobs.c.id)))


async def test_only_one_has_it_until_he_lets_go(database: Database, other: Database) -> None:
    first, second = Lease(database, "react", "a"), Lease(other, "react", "b")

    taken = [await first.take(), await second.take(), await first.take()]
    await first.let_go()
    then = await second.take()

    assert (taken, then) == ([True, False, False], True)


async def test_a_lease_that_is_not_renewed_passes_and_one_that_is_does_not(database: Database, other: Database) -> None:
    dead, alive, stand_in = Lease(database, "dead", "a", SHORT), Lease(database, "alive", "a", SHORT), "b"
    await dead.take()
    await alive.take()
    await asyncio.sleep(SHORT / 2)
    renewed = await alive.renew()
    await asyncio.sleep(SHORT / 2 + 0.05)

    assert renewed
    assert not await Lease(other, "alive", stand_in).take()
    assert await Lease(other, "dead", stand_in).take()
    assert not await dead.renew()


async def test_many_who_ask_at_once_are_answered_yes_once(database: Database, other: Database) -> None:
    asked = [Lease(one, "house", f"{place}").take() for place, one in enumerate((database, other) * 4)]

    assert sorted(await asyncio.gather(*asked)) == [False] * 7 + [True]


async def test_who_lost_it_without_knowing_commits_nothing(database: Database, other: Database) -> None:
    lost = Lease(database, "listen/1", "frozen", 0.1)
    await lost.take()
    await asyncio.sleep(0.15)
    await Lease(other, "listen/1", "stand-in").take()

    with pytest.raises(LeaseLost):
        await _put_down(database.guarded(lost.check), "too late")

    assert await _put_downs(database) == []


async def test_nobody_takes_over_in_the_middle_of_a_holders_transaction(database: Database, other: Database) -> None:
    """Nor does the transaction keep the lease from being renewed."""
    holder, stand_in = Lease(database, "listen/1", "a", 0.2), Lease(other, "listen/1", "b")
    await holder.take()

    async with database.guarded(holder.check).write():
        assert await holder.renew()
        await asyncio.sleep(0.25)
        asked = asyncio.create_task(stand_in.take())
        await asyncio.sleep(0.2)
        waits = not asked.done()

    assert waits
    assert await asked


async def test_a_holders_transaction_that_stands_still_does_not_keep_the_row_for_ever(
    database: Database, other: Database
) -> None:
    """As when his machine lost its power: no socket is closed."""
    holder = Lease(database, "listen/1", "a", 0.2)
    await holder.take()

    async with database.write() as tx:
        await holder.check(tx)
        told = await tx.scalar(select(func.current_setting("idle_in_transaction_session_timeout")))
    async with database.read() as connection:
        after = await connection.scalar(select(func.current_setting("idle_in_transaction_session_timeout")))

    assert (told, after) == ("5s", "0")


async def test_the_work_goes_on_while_the_lease_is_renewed_and_the_stand_in_begins_after_it(
    database: Database, other: Database
) -> None:
    began = time.monotonic()
    over: list[float] = []

    async def stand_in() -> None:
        async with hold(other, "react", "b", seconds=SHORT) as its:
            over.append(time.monotonic() - began)
            await _put_down(its.database, "b")

    async with hold(database, "react", "a", seconds=SHORT) as ours:
        standing = asyncio.create_task(stand_in())
        await asyncio.sleep(3 * SHORT)
        await _put_down(ours.database, "a")
        assert over == []
    await asyncio.wait_for(standing, 5)

    assert await _put_downs(database) == ["a", "b"]


async def test_who_loses_it_is_ended_at_once(database: Database, other: Database) -> None:
    """He was frozen or cut off for longer than it lasted: the next renewal tells."""

    async def work() -> None:
        async with hold(database, "react", "a", seconds=SHORT):
            await Lease(other, "react", "a").let_go()
            await Lease(other, "react", "b").take()
            await asyncio.sleep(10)

    began = time.monotonic()
    with pytest.raises(LeaseLost):
        await work()
    assert time.monotonic() - began < 5


async def test_who_learns_of_the_loss_by_writing_has_lost_it_from_then_on(database: Database, other: Database) -> None:
    """What he keeps for the next time is asked of `lost`, long before a renewal would tell."""
    async with hold(database, "listen/1", "a", seconds=3600.0) as held:
        await Lease(other, "listen/1", "a").let_go()
        await Lease(other, "listen/1", "b").take()
        with pytest.raises(LeaseLost):
            await _put_down(held.database, "too late")

    assert held.lost


async def test_while_the_database_is_away_the_work_goes_on_and_the_lease_is_ours_afterwards(
    database: Database, other: Database
) -> None:
    async with hold(database, "listen/1", "a", seconds=SHORT) as held:
        async with other.write() as tx:
            await tx.exec_driver_sql("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(3 * SHORT)
        await _put_down(held.database, "still ours")

    assert not held.lost
    assert await _put_downs(database) == ["still ours"]


async def test_on_sqlite_the_lock_of_the_data_folder_is_the_lease(tmp_path: Path) -> None:
    alone = Database(f"sqlite+aiosqlite:///{tmp_path / 'any.db'}")
    async with hold(alone, "react", "a") as held:
        assert held.database is alone
    await alone.close()


async def test_a_lease_taken_while_the_servers_clock_was_ahead_passes_at_once(database: Database, other: Database) -> None:
    await Lease(database, "react", "dead", term=3600.0).take()

    assert await Lease(other, "react", "stand-in").take()
