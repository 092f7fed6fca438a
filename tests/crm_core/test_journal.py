"""The journal: what was said is kept once, found again from the oldest open call on, and forgotten in time."""

from datetime import timedelta

from crm_core.calls import journal
from crm_core.calls.intake import take
from crm_core.calls.tables import calls
from crm_core.calls.tables import journal as journal_table
from pbx.history import history
from tests.builders import MORNING, CallStory, inbound
from tests.office import NOW, Office, at


async def said(office: Office, offset: int, *stories: CallStory, when: float = MORNING) -> int:
    """A batch of bytes, and the calls derived from it, in one transaction."""
    async with office.database.write() as tx:
        kept = await journal.append(tx, office.exchange.id, "c1", offset, at(when), b"Event: %d\r\n\r\n" % offset)
        for story in stories:
            await take(tx, office.exchange, story, now=NOW, journal_id=kept)
        return kept


async def replayed(office: Office) -> list[int]:
    async with office.database.read() as connection:
        first = await journal.oldest_needed(connection, office.exchange.id)
        return [] if first is None else [batch.offset async for batch in journal.since(connection, office.exchange.id, first)]


async def test_bytes_come_back_as_they_were(office: Office) -> None:
    whole = bytes(range(256)) * 10
    async with office.database.write() as tx:
        first = await journal.append(tx, office.exchange.id, "c1", 0, NOW, whole, fault="ValueError")

    async with office.database.read() as connection:
        (batch,) = [batch async for batch in journal.since(connection, office.exchange.id, first)]
    assert batch == journal.Batch(first, "c1", 0, NOW, whole, "ValueError")


async def test_batch_whose_commit_was_not_heard_of_is_kept_once(office: Office) -> None:
    assert await said(office, 0) == await said(office, 0)

    assert await office.count(journal_table) == 1


async def test_reading_again_begins_with_the_batch_of_the_oldest_open_call(office: Office) -> None:
    await said(office, 0, inbound("79160000001", at=MORNING - 3600).ends(), when=MORNING - 3600)
    await said(office, 10, inbound("79160000002"))
    await said(office, 20, inbound("79160000003"))
    await said(office, 30, inbound("79160000004").ends())

    assert await replayed(office) == [10, 20, 30]


async def test_reading_again_begins_with_what_came_just_before_the_call_was_told_of(office: Office) -> None:
    await said(office, 0, when=MORNING - 60)
    await said(office, 10, when=MORNING - 2)
    await said(office, 20, inbound("79160000002"))

    assert await replayed(office) == [10, 20]


async def test_a_call_told_by_records_that_came_late_is_read_again_from_where_they_stand(office: Office) -> None:
    async with office.database.write() as tx:
        for second, name in enumerate(("c1", "c2", "c2+cel")):
            moment = at(MORNING + 60 * second)
            batch = await journal.append(tx, office.exchange.id, name, 0, moment, b"Event: x\r\n\r\n")
        await take(tx, office.exchange, inbound("79160000001"), now=NOW, journal_id=batch)
        later = await journal.append(tx, office.exchange.id, "c2", 12, at(MORNING + 600), b"Event: x\r\n\r\n")
        await take(tx, office.exchange, inbound("79160000002"), now=NOW, journal_id=later)

    async with office.database.read() as connection:
        first = await journal.oldest_needed(connection, office.exchange.id)
        assert first is not None
        told = [batch.connection async for batch in history(connection, office.exchange.id, since=first)]

    assert told == ["c2+cel", "c2", "c2"]


async def test_reading_again_begins_at_the_latest_with_what_was_heard_last(office: Office) -> None:
    assert await replayed(office) == []
    await said(office, 0, inbound(at=MORNING - 3600).ends(), when=MORNING - 3600)
    await said(office, 10, inbound(at=MORNING).ends())
    async with office.database.write() as tx:
        for number in range(3):
            refused = (office.exchange.id, f"refused{number}", 0, NOW, b"Asterisk Call Manager\r\nResponse: Error\r\n\r\n")
            await journal.append(tx, *refused)

    assert await replayed(office) == [10, 0, 0, 0]


async def test_records_stand_before_the_connection_that_ended_their_gap_whenever_they_were_read(office: Office) -> None:
    async with office.database.write() as tx:
        ids = {}
        for name, offset in [("c1", 0), ("c2", 0), ("c2", 5), ("c3", 0), ("c2+cel", 0), ("c2+cel", 7), ("lost+cel", 0)]:
            ids[name, offset] = await journal.append(tx, office.exchange.id, name, offset, NOW, b"Event: x")

    async def told(since: int, until: int | None = None) -> list[tuple[str, int]]:
        async with office.database.read() as connection:
            found = history(connection, office.exchange.id, since=since, until=until)
            return [(batch.connection, batch.offset) async for batch in found]

    records = [("c2+cel", 0), ("c2+cel", 7)]
    assert await told(ids["c1", 0]) == [("c1", 0), *records, ("c2", 0), ("c2", 5), ("c3", 0)]
    assert await told(ids["c2+cel", 7], ids["c2", 5]) == [*records, ("c2", 0), ("c2", 5)]
    assert await told(ids["c2", 5]) == [("c2", 5), ("c3", 0)]


async def test_more_batches_than_are_read_at_once_come_in_order(office: Office) -> None:
    await said(office, 0, inbound())
    for offset in range(1, journal.CHUNK + 20):
        await said(office, offset)

    assert await replayed(office) == list(range(journal.CHUNK + 20))


async def test_call_keeps_the_batch_it_began_in(office: Office) -> None:
    call = inbound()
    first = await said(office, 0, call)
    await said(office, 10, call.ends())

    assert (await office.the(calls)).journal_id == first


async def test_batches_are_forgotten_once_their_calls_have_long_ended(office: Office) -> None:
    await said(office, 0, inbound("79160000001", at=MORNING - 3600).ends())
    await said(office, 10, inbound("79160000002"))
    await said(office, 20, inbound("79160000003").ends(), when=MORNING + 86_400)

    async with office.database.write() as tx:
        forgotten = await journal.forget(tx, at(MORNING) + timedelta(hours=1))

    assert forgotten == 1
    assert await replayed(office) == [10, 20]
    assert (await office.rows(calls))[0].journal_id is None


async def test_batch_of_a_call_that_ended_lately_is_kept(office: Office) -> None:
    await said(office, 0, inbound().ends(after=7200))

    async with office.database.write() as tx:
        assert await journal.forget(tx, at(MORNING) + timedelta(hours=1)) == 0
