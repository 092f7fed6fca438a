"""The `events` rows of a call: whom they are for, what they name; and text that strangers wrote."""

import pytest
from msgspec.structs import replace

from crm_core.calls.events import CallEnded, Outcome, TransferKind
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import call_rings, calls
from crm_core.contacts.tables import contact_numbers
from crm_core.event_log import events
from crm_core.settings import Settings
from tests.builders import MORNING, inbound, internal, outbound
from tests.office import NOW, Office


async def kinds(office: Office) -> list[str]:
    return [row.kind for row in await office.rows(events) if row.call_id is not None]


async def test_a_call_tells_its_story_once(office: Office) -> None:
    call = inbound().rings("101", "102").answers("102").transfers("101").ends()

    await office.take(call, call)

    assert await kinds(office) == [
        "deal_opened", "task_opened", "call_started", "party_rang", "party_rang", "party_stopped", "party_stopped",
        "call_answered", "call_transferred", "call_ended",
    ]  # fmt: skip


async def test_an_end_that_records_tell_some_milliseconds_longer_is_not_told_again(office: Office) -> None:
    heard = inbound().rings("101").answers("101").ends(after=10).events
    ended = heard[-1]
    assert isinstance(ended, CallEnded)
    nearly, longer = (replace(ended.call, talk_seconds=ended.call.talk_seconds + more, source="both") for more in (0.004, 3.0))

    await office.take(heard)
    await office.take([replace(ended, call=nearly)])
    told = (await kinds(office)).count("call_ended")
    await office.take([replace(ended, call=longer)])

    assert (told, (await kinds(office)).count("call_ended")) == (1, 2)


async def test_phone_that_rings_twice_in_a_queue_is_told_twice(office: Office) -> None:
    await office.take(inbound().rings("101").stops("101").rings("101").ends())

    assert (await kinds(office)).count("party_rang") == 2


async def test_events_name_call_contact_and_deal(office: Office) -> None:
    await office.take(inbound().rings("101"))

    call, rang = await office.the(calls), (await office.rows(events, kind="party_rang"))[0]
    assert (rang.call_id, rang.contact_id, rang.deal_id) == (call.id, call.contact_id, call.deal_id)
    assert rang.facts == {"extension": "101"}


async def test_while_the_lead_is_nobodys_everybody_is_told_and_then_those_who_are_in_it(office: Office) -> None:
    olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")

    await office.take(inbound().rings("101", "102").answers("101").ends())

    told = {row.kind: row.receivers for row in await office.rows(events) if row.call_id is not None}
    assert told["party_rang"] is None
    assert told["call_ended"] == [olga, igor]


async def test_a_known_callers_ring_is_for_his_owner_and_whose_phone_rings(office: Office) -> None:
    olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
    await office.deal(await office.contact("79161112233", owner=olga), owner=olga)

    await office.take(inbound("79161112233").rings("102"))

    assert (await office.the(events, kind="party_rang")).receivers == [olga, igor]


async def test_internal_and_outbound_calls_are_for_those_in_them(office: Office) -> None:
    olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")

    await office.take(internal("101", "102").rings("102"), outbound("79161112233", by="102"))

    told = [(row.kind, row.receivers) for row in await office.rows(events) if row.call_id is not None]
    assert told == [("call_started", [olga, igor]), ("party_rang", [olga, igor]), ("call_started", [igor])]


async def test_event_says_who_did_it(office: Office) -> None:
    olga = await office.person("Ольга", "101")

    await office.take(inbound().rings("101").answers("101"))

    assert (await office.the(events, kind="call_answered")).user_id == olga
    assert (await office.the(events, kind="call_started")).user_id is None


async def test_text_of_strangers_is_stored_whatever_it_is(office: Office) -> None:
    hostile = "<script>alert('\0')</script>\ud800" + "я" * 1000
    call = inbound("7916\x0011" * 40, did=None, caller_name=hostile, caller_raw=hostile, queue=hostile, linkedid="l" * 400)
    call.rings("1\0" * 100).answers("101").transfers("2\0" * 100, TransferKind.BLIND).records(f"/var/{hostile}.wav").ends()

    await office.take(call, call)

    row = await office.the(calls)
    assert row.caller_name.startswith("<script>alert('')</script>")
    assert len(row.caller) == len((await office.the(contact_numbers)).number) == 80
    assert "\0" not in f"{row.announced}{row.transfers}{(await office.the(call_rings)).extension}"


@pytest.mark.parametrize("moment", [1e18, 253_402_300_799.0, -1.0])
async def test_a_mad_clock_does_not_stop_intake(office: Office, moment: float) -> None:
    call = inbound(at=moment, linkedid="mad.1").rings("101").ends(Outcome.MISSED)

    await office.take(call)

    assert (await office.the(calls)).started_at == NOW


async def test_rules_come_from_the_settings() -> None:
    rules = IntakeRules.of(Settings(classify_minutes=5, call_back_minutes=10, known_caller_opens_deal=False))

    assert (rules.classify_within.seconds, rules.call_back_within.seconds, rules.known_caller_opens_deal) == (300, 600, False)


async def test_nothing_happened_is_nothing_done(office: Office) -> None:
    await office.take([])

    assert await office.count(calls) == 0


async def test_a_day_apart_is_two_stories(office: Office) -> None:
    await office.take(inbound(), inbound(at=MORNING + 86_400))

    assert await office.count(calls) == 2
