"""Meetings: set, put off, held and cancelled, each with its task and its place in the timeline (F11, F15, F16)."""

from datetime import timedelta

import pytest

from crm_core.access import Actor
from crm_core.deals.card_queries import deal_card, older
from crm_core.deals.entries.meetings import MeetingEntry
from crm_core.deals.entries.tasks import TaskEntry
from crm_core.deals.notes import note_deal
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.event_log import events
from crm_core.meetings import deeds
from crm_core.meetings.deeds import NewMeeting
from crm_core.meetings.queries import MeetingFilters, MeetingState, list_meetings, meetings_of
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.users.tables import Role
from tests.office import NOW, Office

HOUR = timedelta(hours=1)


class Room:
    """A deal of Olga's, and what is done on it."""

    def __init__(self, office: Office, olga: int, igor: int, deal: int, contact: int) -> None:
        self.office, self.olga, self.igor, self.deal, self.contact = office, olga, igor, deal, contact
        self.actor = Actor(olga, Role.MANAGER, "Olga")

    async def set(self, at: float | None = 24, **more: object) -> int:
        """In so many hours."""
        when = None if at is None else NOW + at * HOUR
        new = NewMeeting(self.deal, when, **{"user_id": self.olga, "contact_id": self.contact, "place": "Lesnaya 5"} | more)  # type: ignore[arg-type]
        async with self.office.database.write() as tx:
            return await deeds.set_meeting(tx, new, by=self.olga, now=NOW)


@pytest.fixture
async def room(office: Office) -> Room:
    olga, igor = await office.person("Olga", "101"), await office.person("Igor", "102")
    contact = await office.contact("79160000001", "Anna", olga)
    return Room(office, olga, igor, await office.deal(contact, owner=olga), contact)


async def test_a_meeting_has_a_task_of_its_manager_that_is_due_when_it_is(room: Room) -> None:
    await room.set()

    task = await room.office.the(tasks)
    assert (task.kind, task.owner_id, task.due_at, task.deal_id, task.done_at) == (
        TaskKind.MEETING, room.olga, NOW + 24 * HOUR, room.deal, None,
    )  # fmt: skip


async def test_a_meeting_task_that_waited_becomes_the_meetings_own(room: Room) -> None:
    first = await room.set(at=None, place=None)
    async with room.office.database.write() as tx:
        await tx.execute(meetings.delete())  # as an automation sets it: the task alone
    second = await room.set()

    assert first != second
    task = await room.office.the(tasks)
    assert ((await room.office.the(meetings)).task_id, task.due_at) == (task.id, NOW + 24 * HOUR)


async def test_several_meetings_of_one_deal_each_have_a_task(room: Room) -> None:
    for hours in (24, 48, 72):
        await room.set(hours)

    assert len({row.task_id for row in await room.office.rows(meetings)}) == 3


async def test_a_meeting_put_off_takes_its_task_along(room: Room) -> None:
    meeting = await room.set()
    async with room.office.database.write() as tx:
        await deeds.change_meeting(tx, meeting, {"at": NOW + 30 * HOUR, "user_id": room.igor}, by=room.olga, now=NOW + HOUR)
        card = await deal_card(tx, room.actor, room.deal)

    task = await room.office.the(tasks)
    told = [entry for period in card.periods for entry in period.entries if isinstance(entry, MeetingEntry)]
    assert (task.due_at, task.owner_id) == (NOW + 30 * HOUR, room.igor)
    assert [(entry.deed, entry.was_at, entry.put_to) for entry in told] == [
        ("meeting_put_off", NOW + 24 * HOUR, NOW + 30 * HOUR), ("meeting_set", None, None),
    ]  # fmt: skip


async def test_a_held_meeting_keeps_its_agreements_and_its_task_is_done(room: Room) -> None:
    meeting = await room.set(at=1)
    async with room.office.database.write() as tx:
        with pytest.raises(Invalid):
            await deeds.hold_meeting(tx, meeting, "  ", by=room.olga, now=NOW + 3 * HOUR)
        await deeds.hold_meeting(tx, meeting, "<script>agreed</script>", by=room.olga, now=NOW + 3 * HOUR)
        card = await deal_card(tx, room.actor, room.deal)
        with pytest.raises(Conflict):
            await deeds.cancel_meeting(tx, meeting, None, by=room.olga, now=NOW + 4 * HOUR)

    row, entries = await room.office.the(meetings), [entry for period in card.periods for entry in period.entries]
    assert (row.state, row.held_at, row.agreements) == ("held", NOW + HOUR, "<script>agreed</script>")
    assert (await room.office.the(tasks)).done_by == room.olga
    assert [entry.deed for entry in entries if isinstance(entry, MeetingEntry)] == ["meeting_held", "meeting_set"]
    assert not [entry for entry in entries if isinstance(entry, TaskEntry)], "told once, as a meeting"


async def test_a_cancelled_meeting_says_why_and_is_over(room: Room) -> None:
    meeting = await room.set()
    async with room.office.database.write() as tx:
        await deeds.cancel_meeting(tx, meeting, "fell ill", by=room.olga, now=NOW + HOUR)
        with pytest.raises(Conflict):
            await deeds.hold_meeting(tx, meeting, "x", by=room.olga, now=NOW + HOUR)
        with pytest.raises(Conflict):
            await deeds.change_meeting(tx, meeting, {"place": "x"}, by=room.olga, now=NOW + HOUR)
        card = await deal_card(tx, room.actor, room.deal)

    newest = card.periods[0].entries[0]
    assert isinstance(newest, MeetingEntry)
    assert (newest.deed, newest.reason, (await room.office.the(tasks)).done_at) == ("meeting_cancelled", "fell ill", NOW + HOUR)


async def test_what_nobody_said_yet_of_a_meeting_is_named(room: Room) -> None:
    await room.set(at=None, contact_id=None, place=None)
    async with room.office.database.read() as connection:
        (meeting,) = await meetings_of(connection, room.actor, room.deal)

    assert meeting.lacks == ("contact", "place", "at", "notes")


async def test_a_colleague_sees_no_meeting_of_a_deal_that_is_not_his(room: Room) -> None:
    await room.set()
    async with room.office.database.read() as connection:
        own = await list_meetings(connection, room.actor, MeetingFilters(state=MeetingState.PLANNED, since=NOW))
        his = await list_meetings(connection, Actor(room.igor, Role.MANAGER, "Igor"))

    assert (len(own.items), len(his.items)) == (1, 0)


async def test_a_meeting_with_nobody_there_is_or_at_no_time_is_refused(room: Room) -> None:
    for more, refusal in (({"contact_id": 999}, NotFound), ({"user_id": 999}, NotFound), ({"at": 24 * 366 * 300}, Invalid)):
        with pytest.raises(refusal):
            await room.set(**more)  # type: ignore[arg-type]

    assert await room.office.count(meetings) == 0


async def test_every_deed_on_a_meeting_is_told(room: Room) -> None:
    meeting = await room.set()
    async with room.office.database.write() as tx:
        await deeds.change_meeting(tx, meeting, {"place": "here"}, by=room.olga, now=NOW)
        await deeds.hold_meeting(tx, meeting, "yes", by=room.olga, now=NOW)

    told = [row.facts["deed"] for row in await room.office.rows(events, kind="meeting_changed")]
    assert told == ["meeting_set", "meeting_changed", "meeting_held"]


async def test_a_long_timeline_is_read_page_by_page_without_a_gap_or_a_repetition(room: Room) -> None:
    async with room.office.database.write() as tx:
        for number in range(23):
            await note_deal(tx, room.deal, f"note {number}", by=room.olga, now=NOW + timedelta(minutes=number // 3))
        card = await deal_card(tx, room.actor, room.deal, shown=5)
        pages, cursor = [card.timeline], card.timeline.next_cursor
        while cursor is not None:
            pages.append(await older(tx, room.actor, room.deal, cursor, 5))
            cursor = pages[-1].next_cursor
        whole = await deal_card(tx, room.actor, room.deal, shown=100)

    seen = [entry.id for page in pages for period in page.periods for entry in period.entries]
    assert (len(pages), len(set(seen))) == (5, 23)
    assert seen == [entry.id for period in whole.periods for entry in period.entries]


@pytest.mark.parametrize("cursor", ["", "x", "W10", "W251bGwsbnVsbCxudWxsXQ", "WyIyMDI2LTExLTIyIiwibm90ZSIsIjEiXQ", "=" * 400])
async def test_a_cursor_that_no_timeline_gave_is_refused(room: Room, cursor: str) -> None:
    async with room.office.database.read() as connection:
        with pytest.raises(Invalid):
            await older(connection, room.actor, room.deal, cursor)
