"""An id that an exchange gives out again makes a new call, also where only the rows know the old one; twice told is one."""

from datetime import UTC, datetime

import pytest

from crm_core.calls.events import Source
from crm_core.calls.ledger import Span
from crm_core.calls.repeated_ids import is_another
from crm_core.calls.tables import call_linkedids, calls
from crm_core.event_log import events
from tests.builders import MORNING, CallStory, inbound, internal
from tests.office import Office

WEEKS = 21 * 24 * 3600.0


def answered(at: float = MORNING, number: str = "79161112233", linkedid: str = "1795304636.0", **facts: object) -> CallStory:
    return inbound(number, at=at, linkedid=linkedid, **facts).rings("101").answers("101").ends()


async def keys(office: Office) -> list[tuple[str, str]]:
    return [(row.key, row.caller) for row in await office.rows(calls)]


async def test_an_id_of_weeks_ago_is_another_call_and_the_old_row_stays(office: Office) -> None:
    await office.take(answered())
    old = await office.the(calls)

    new = answered(MORNING + WEEKS, "79265556677")
    await office.take(new[:1], new[1:3], new[3:])

    rows = await office.rows(calls)
    assert [row.caller for row in rows] == ["79161112233", "79265556677"]
    assert rows[0] == old
    assert rows[1].key == f"1795304636.0~{int(MORNING + WEEKS)}"
    assert await office.count(call_linkedids) == 2


async def test_an_exchange_with_its_clock_set_back_gives_new_calls_too(office: Office) -> None:
    await office.take(answered())

    await office.take(answered(MORNING - WEEKS, "79265556677"), answered(MORNING + WEEKS, "79031112233"))

    assert [caller for _, caller in await keys(office)] == ["79161112233", "79265556677", "79031112233"]
    assert len({key for key, _ in await keys(office)}) == 3


async def test_either_call_told_again_is_not_a_third_one(office: Office) -> None:
    old, new = answered(), answered(MORNING + WEEKS, "79265556677")
    await office.take(old, new)
    told = await office.count(events)

    await office.take(new, old, [*old, *new], new[:2])

    assert await keys(office) == [("1795304636.0", "79161112233"), (f"1795304636.0~{int(MORNING + WEEKS)}", "79265556677")]
    assert await office.count(events) == told


async def test_records_of_a_gap_do_not_double_a_call_though_their_clock_is_hours_off(office: Office) -> None:
    await office.take(answered())

    await office.take(answered(MORNING + 3 * 3600, source=Source.RECORDS))

    assert await office.count(calls) == 1


async def test_both_ids_of_a_joined_call_may_be_repeated(office: Office) -> None:
    def joined(at: float) -> list[CallStory]:
        asked = internal("101", "102", at=at + 2, linkedid="2.2").rings("102").answers("102")
        return [asked, inbound(at=at, linkedid="1.1").rings("101").answers("101").absorbs(asked).ends()]

    await office.take(*joined(MORNING))
    await office.take(*joined(MORNING + WEEKS))

    assert await office.count(calls) == 2
    assert await office.count(call_linkedids) == 4


async def test_a_call_left_open_weeks_ago_is_not_gone_on_with(office: Office) -> None:
    await office.take(answered()[:3])

    await office.take(answered(MORNING + WEEKS, "79265556677"))

    assert [(row.caller, row.state) for row in await office.rows(calls)] == [("79161112233", "ringing"), ("79265556677", "ended")]


@pytest.mark.parametrize(
    ("began", "ended", "source", "another"),
    [
        (0, 60, Source.LIVE, False),
        (58, 90, Source.LIVE, False),  # heard in part: its beginning was not
        (64, 90, Source.LIVE, False),
        (66, 90, Source.LIVE, True),
        (66, 90, Source.BOTH, False),
        (-50, -6, Source.LIVE, True),
        (-50, -4, Source.LIVE, False),
        (-50, None, Source.LIVE, False),
        (90_000, None, Source.RECORDS, True),
    ],
)
def test_what_touches_the_call_known_is_that_call(began: float, ended: float | None, source: Source, another: bool) -> None:
    known = Span(datetime.fromtimestamp(MORNING, UTC), datetime.fromtimestamp(MORNING + 60, UTC), "live")
    call = inbound(at=MORNING + began, source=source, ended_at=None if ended is None else MORNING + ended).call

    assert is_another(known, call) is another
