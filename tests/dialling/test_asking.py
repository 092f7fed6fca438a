"""Who may have whom called: rights, known numbers, caps, twice the same, two at once; and what is kept of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from crm_core.access import Actor
from crm_core.calls.tables import exchanges
from crm_core.dialling.asking import MOST_TRIES, Asked
from crm_core.dialling.queries import near_caps, newest_of, recent
from crm_core.dialling.refusals import Reason
from crm_core.dialling.tables import dial_attempts
from crm_core.errors import Forbidden, NotFound
from crm_core.event_log import events
from crm_core.jobs import jobs
from crm_core.users.accounts import deactivate
from crm_core.users.extensions import set_extension
from crm_core.users.tables import Role, audit, users
from tests.builders import inbound
from tests.dialling.desk import BY_DAY, KNOWN, MOSCOW, STRANGER, DialDesk
from tests.office import LONG_AGO, second_exchange

NUMBERS = [f"7916111000{digit}" for digit in range(1, 9)]


def reason(asked: Asked) -> Reason | None:
    return asked.refusal and asked.refusal.reason


async def test_a_customer_of_ones_own_is_called(desk: DialDesk) -> None:
    asked = await desk.clicks("8 (916) 111-22-33")

    row = await desk.the(dial_attempts)
    assert reason(asked) is None
    assert (row.id, row.verdict, row.number, row.extension) == (asked.attempt_id, "asked", KNOWN, "101")
    assert row.channel_id.startswith("firstring-")
    assert [job.payload for job in await desk.rows(jobs)] == [{"attempt_id": row.id}]
    assert [(line.deed, line.user_id, line.facts["verdict"]) for line in await _audited(desk)] == [
        ("call_asked_for", desk.olga.user_id, "asked")
    ]


async def test_nobody_knows_a_number_until_it_is_a_contacts_or_called_us(desk: DialDesk) -> None:
    assert reason(await desk.clicks(STRANGER)) is Reason.UNKNOWN_NUMBER
    await desk.take(inbound(STRANGER).rings("101").ends())

    assert reason(await desk.clicks(STRANGER)) is None


async def test_a_colleagues_customer_is_as_unknown_as_nobodys(desk: DialDesk) -> None:
    await desk.contact(STRANGER, "Secret", desk.igor.user_id)

    assert reason(await desk.clicks(STRANGER)) is Reason.UNKNOWN_NUMBER
    assert reason(await desk.clicks(STRANGER, by=desk.igor)) is None


async def test_who_is_granted_it_calls_anybody(desk: DialDesk) -> None:
    await desk.set(users, desk.olga.user_id, may_dial_unknown=True)

    assert reason(await desk.clicks(STRANGER)) is None


async def test_a_colleagues_phone_rings_by_right_only(desk: DialDesk) -> None:
    assert reason(await desk.clicks(extension="102")) is Reason.NOT_YOUR_EXTENSION
    await desk.set(users, desk.olga.user_id, may_dial_for_others=True)

    assert reason(await desk.clicks(extension="102")) is None
    assert reason(await desk.clicks(extension="777")) is Reason.NOBODYS_EXTENSION
    assert [row.extension for row in await desk.rows(dial_attempts, verdict="asked")] == ["102"]


async def test_the_phone_of_who_left_is_nobodys(desk: DialDesk) -> None:
    await desk.set(users, desk.olga.user_id, may_dial_for_others=True)
    async with desk.database.write() as tx:
        await deactivate(tx, desk.igor.user_id, now=desk.clock(), by=None)

    assert reason(await desk.clicks(extension="102")) is Reason.NOBODYS_EXTENSION


@pytest.mark.parametrize("role", [Role.QA, Role.ADMIN])
async def test_who_sells_nothing_calls_nobody(desk: DialDesk, role: Role) -> None:
    with pytest.raises(Forbidden):
        await desk.clicks(by=Actor(desk.olga.user_id, role, "x"))

    assert await desk.count(dial_attempts) == 0


async def test_without_a_dialler_or_switched_off_nothing_is_dialled(desk: DialDesk) -> None:
    await desk.set(exchanges, desk.exchange.id, active=False)
    assert reason(await desk.clicks()) is Reason.EXCHANGE_OFF
    await desk.set(exchanges, desk.exchange.id, active=True, dial_user=None, dial_secret=None)
    assert reason(await desk.clicks()) is Reason.NOT_SET_UP

    assert await desk.count(jobs) == 0


async def test_who_has_two_phones_chooses(desk: DialDesk) -> None:
    second = await second_exchange(desk)
    row = await desk.the(exchanges, id=desk.exchange.id)
    await desk.set(exchanges, second.id, dial_user=row.dial_user, dial_secret=row.dial_secret, dial_rules=row.dial_rules)
    async with desk.database.write() as tx:
        await set_extension(tx, desk.olga.user_id, second.id, "201", now=LONG_AGO, by=None)

    assert reason(await desk.clicks()) is Reason.CHOOSE_EXTENSION
    assert reason(await desk.clicks(extension="201")) is None
    assert (await desk.the(dial_attempts, verdict="asked")).exchange_id == second.id


async def test_our_own_number_is_no_customer(desk: DialDesk) -> None:
    await desk.set(users, desk.olga.user_id, may_dial_unknown=True)

    assert reason(await desk.clicks("8 495 111-22-33")) is Reason.OWN_NUMBER


async def test_a_double_click_is_one_call_and_a_later_one_waits_for_the_first(desk: DialDesk) -> None:
    first, second = await desk.clicks(), await desk.clicks()
    assert (second.attempt_id, second.again, second.refusal) == (first.attempt_id, True, None)

    desk.now = datetime.now(UTC) + timedelta(seconds=7)
    assert reason(await desk.clicks()) is Reason.ALREADY_CALLING
    desk.now += timedelta(seconds=60)
    assert reason(await desk.clicks()) is None
    assert await desk.count(jobs) == 2


async def test_the_same_key_orders_nothing_twice(desk: DialDesk) -> None:
    first = await desk.clicks(key="order-7")
    desk.now = datetime.now(UTC) + timedelta(hours=3)
    again, other = await desk.clicks(key="order-7"), await desk.clicks(key="order-8")
    of_another = await desk.clicks(NUMBERS[0], by=desk.igor, key="order-7")

    assert (again.attempt_id, again.again) == (first.attempt_id, True)
    assert other.attempt_id != first.attempt_id
    assert of_another.attempt_id not in (first.attempt_id, None)
    assert await desk.count(jobs) == 2


async def test_of_many_at_once_no_more_than_the_cap_pass(desk: DialDesk) -> None:
    await desk.rules(BY_DAY, per_hour=3)
    await _phones(desk, len(NUMBERS))
    await desk.set(users, desk.olga.user_id, may_dial_unknown=True, may_dial_for_others=True)

    answers = await asyncio.gather(*(desk.clicks(number, f"3{at}0") for at, number in enumerate(NUMBERS)))

    assert [reason(answer) for answer in answers].count(None) == 3
    assert {reason(answer) for answer in answers} == {None, Reason.CAP_HOUR}
    assert await desk.count(jobs) == 3
    assert len(await desk.rows(dial_attempts)) == len(NUMBERS)


async def test_a_cap_that_is_neared_is_told_once_to_head_and_admin(desk: DialDesk) -> None:
    await desk.rules(BY_DAY, per_hour=5, per_day=100)
    await desk.set(users, desk.olga.user_id, may_dial_unknown=True)
    desk.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    for number in NUMBERS[:5]:
        desk.now += timedelta(minutes=2)
        assert reason(await desk.clicks(number)) is None

    (told,) = await desk.rows(events, kind="dial_cap_neared")
    assert (told.receivers, told.facts["cap"], told.facts["used"], told.facts["most"]) == ([], "cap_hour", 4, 5)
    async with desk.database.read() as connection:
        (near,) = await near_caps(connection, now=desk.now, zone=MOSCOW)
        assert await near_caps(connection, now=desk.now + timedelta(hours=2), zone=MOSCOW) == ()
    assert (near.user.name, near.cap.used, near.cap.most, near.cap.reached) == ("Olga", 5, 5, True)
    desk.now += timedelta(minutes=2)
    refusal = (await desk.clicks(NUMBERS[5])).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.again_in) == (Reason.CAP_HOUR, timedelta(minutes=50))


async def test_whoever_hammers_is_refused_without_a_row(desk: DialDesk) -> None:
    row = {"at": desk.clock(), "user_id": desk.olga.user_id, "verdict": "country"}
    async with desk.database.write() as tx:
        await tx.execute(insert(dial_attempts), [row] * MOST_TRIES)

    asked = await desk.clicks()

    assert (asked.attempt_id, reason(asked)) == (None, Reason.TOO_MANY_TRIES)
    assert len(await desk.rows(dial_attempts)) == MOST_TRIES


async def test_everything_that_was_tried_is_kept_with_its_reason(desk: DialDesk) -> None:
    for typed in ("+1 212 555 1234", "112", "79161112233\r\nApplication: System", STRANGER):
        await desk.clicks(typed)

    async with desk.database.read() as connection:
        lines = await recent(connection, desk.exchange.id)
    assert [(line.why, line.number) for line in reversed(lines)] == [
        ("country", "12125551234"), ("emergency", "112"), ("not_a_number", None), ("unknown_number", STRANGER),
    ]  # fmt: skip
    assert len(await _audited(desk)) == 4
    assert await desk.count(jobs) == 0


async def test_the_page_tells_of_ones_own_last_click_only(desk: DialDesk) -> None:
    await desk.clicks()
    await desk.clicks("112")
    async with desk.database.read() as connection:
        newest = await newest_of(connection, desk.olga.user_id, now=desk.clock())
        assert await newest_of(connection, desk.igor.user_id, now=desk.clock()) is None
        assert await newest_of(connection, desk.olga.user_id, now=desk.clock() + timedelta(minutes=3)) is None

    assert newest is not None
    assert (newest.number, newest.stage) == (KNOWN, "ordered")


async def test_an_attempt_is_seen_by_its_user_and_who_sees_everybody(desk: DialDesk) -> None:
    asked = await desk.clicks()

    assert (await desk.line(asked)).user.name == "Olga"
    assert (await desk.line(asked, replace(desk.igor, role=Role.HEAD))).user.name == "Olga"
    with pytest.raises(NotFound):
        await desk.line(asked, desk.igor)


async def _phones(desk: DialDesk, number: int) -> None:
    """Colleagues, each with a phone of his own: one phone makes one call at a time."""
    for at in range(number):
        await desk.person(f"Person{at}", f"3{at}0")


async def _audited(desk: DialDesk) -> list:
    return list(await desk.rows(audit, noun="dial_attempt"))
