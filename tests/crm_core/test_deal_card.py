"""The deal card: what it tells, and that it asks no more for many calls than for one."""

from typing import Any

from sqlalchemy import event, insert

from crm_core.access import Actor
from crm_core.calls.tables import calls
from crm_core.deals.card_queries import deal_card
from crm_core.deals.entries.calls import CallEntry
from crm_core.deals.tables import deals
from crm_core.jobs import enqueue
from crm_core.recordings.tables import recordings
from crm_core.transcripts.queries import TRANSCRIBE_JOB, TranscriptStatus
from crm_core.users.tables import Role
from tests.builders import MORNING, inbound
from tests.office import NOW, Office

HEAD = Actor(1, Role.HEAD, "Head")


async def questions_for_the_card(office: Office, deal_id: int) -> int:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    async with office.database.read() as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await deal_card(connection, HEAD, deal_id)
    return len(asked)


async def test_a_card_with_many_calls_asks_no_more_than_one_with_a_single_call(office: Office) -> None:
    await office.take(inbound().rings("101").ends())
    deal_id = (await office.the(deals)).id
    before = await questions_for_the_card(office, deal_id)
    for number in range(1, 6):
        await office.take(inbound(at=MORNING + 600 * number).rings("101").ends())

    assert await questions_for_the_card(office, deal_id) == before


async def test_the_newest_recorded_call_on_the_card_has_the_state_of_its_own_transcript(office: Office) -> None:
    await office.person("Ольга", "101")
    await office.take(inbound().rings("101").answers("101").ends(), inbound(at=MORNING + 600).rings("101").answers("101").ends())
    first, second = await office.rows(calls)
    async with office.database.write() as tx:
        row = {"call_id": second.id, "name": "x.wav", "blob": "recordings/x.flac", "seconds": 5.0, "sides": 1, "bytes": 1,
               "sha256": "0" * 64, "stored_at": NOW}  # fmt: skip
        await tx.execute(insert(recordings).values(row))
        await enqueue(tx, TRANSCRIBE_JOB, "one", {}, now=NOW, call_id=second.id)

    async with office.database.read() as connection:
        card = await deal_card(connection, HEAD, second.deal_id)
    states = {
        entry.line.id: entry.transcript and entry.transcript.status
        for period in card.periods
        for entry in period.entries
        if isinstance(entry, CallEntry)
    }

    assert states == {first.id: None, second.id: TranscriptStatus.QUEUED}
