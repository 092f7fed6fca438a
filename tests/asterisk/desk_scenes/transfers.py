"""Transfers of all kinds, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited


@scene("Queue: 101 hands over to 103 by REFER, who answers.")
async def queue_refer(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220600", caller=CUSTOMER)
    for name in ("102", "103"):
        await desk.phones[name].rung()
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer("103")
    third = await desk.picks_up("103", 1)
    await pause(2)
    caller.hang_up()
    await ended(third)
    first = spoke(phone)
    talks = (("101", first), ("103", both(caller, third)))
    return [
        inbound("74952220600", "answered", waited(caller, phone), *talks, queue="600", transfers=[given("blind", "101", "103")])
    ]


@scene("Queue: 101 asks 103 by *2, then hangs up: 103 has the caller.")
async def queue_atxfer(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220602", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    await phone.press("*2")
    await pause(1)
    await phone.press("103")
    began = time.time()
    third = await desk.picks_up("103", 1)
    await pause(2)
    phone.hang_up()
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(third)
    asked = joined - (third.answered_at or 0)
    return [
        inbound(
            "74952220602",
            "answered",
            waited(caller, phone),
            ("101", began - (phone.answered_at or 0), asked),
            ("103", (caller.ended_at or 0) - joined, asked),
            queue="602",
            transfers=[given("attended", "101", "103")],
            hold_seconds=None,
        )
    ]


@scene("101 asks 102 by a second call and hands over by REFER with Replaces; 102 hands on to 103 by REFER.")
async def attended_then_blind(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await pause(1)
    phone.refer_to(asking, "102")
    await ended(phone)
    joined = time.time()
    await pause(1)
    second.refer("103")
    third = await desk.picks_up("103", 1)
    left = second.ended_at or 0
    await pause(1)
    caller.hang_up()
    await ended(third)
    asked = joined - (second.answered_at or 0)
    talks = (
        ("101", joined - (phone.answered_at or 0), asked),
        ("102", left - joined, asked),
        ("103", both(caller, third)),
    )
    transfers = [given("attended", "101", "102"), given("blind", "102", "103")]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=joined - held)]


@scene("101 asks 102 by a second call, 102 hangs up, 101 goes on with the caller.")
async def attended_given_up(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await pause(2)
    second.hang_up()
    await ended(asking)
    phone.unhold()
    back = time.time()
    await pause(1)
    caller.hang_up()
    await ended(phone)
    asked = both(asking, second)
    return [
        inbound("74952220101", "answered", 1.0, ("101", both(caller, phone)), hold_seconds=back - held),
        internal("101", "102", "answered", 1.0, ("102", asked)),
    ]


@scene("101 calls a mobile on his second line and joins it with the caller by REFER with Replaces.")
async def attended_outside(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial(MOBILE)
    mobile = await desk.picks_up("", 1, desk.outside)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, MOBILE)
    await ended(phone)
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    asked = joined - (mobile.answered_at or 0)
    talks = (("101", joined - (phone.answered_at or 0), asked), (MOBILE, (caller.ended_at or 0) - joined, asked))
    return [
        inbound(
            "74952220101",
            "answered",
            waited(caller, phone),
            *talks,
            transfers=[given("attended", "101", MOBILE)],
            hold_seconds=joined - held,
        )
    ]


@scene("101 has two callers and joins them with each other by REFER with Replaces.")
async def two_customers_joined(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    other = desk.outside.dial("74952220101", caller=OTHER)
    second = await desk.picks_up("101", 1)
    await pause(1)
    phone.refer_to(second, "101")
    await ended(phone)
    await pause(2)
    caller.hang_up()
    await ended(other)
    first, later = spoke(phone), spoke(second)
    return [
        inbound("74952220101", "answered", 1.0, ("101", first), hold_seconds=(phone.ended_at or 0) - held, transfers=None),
        inbound("74952220101", "answered", 1.0, ("101", later), caller=OTHER, transfers=None),
    ]


@scene("101 calls out; the customer talks, is put on hold, 101 asks 102 and hands over by Replaces.")
async def outbound_attended(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("79161112233")
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await pause(1)
    call.refer_to(asking, "102")
    await ended(call)
    joined = time.time()
    await pause(2)
    customer.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (("101", joined - (customer.answered_at or 0), asked), ("102", (customer.ended_at or 0) - joined, asked))
    return [
        outbound(
            "101", CUSTOMER, "answered", 1.0, *talks, transfers=[given("attended", "101", "102")], hold_seconds=joined - held
        )
    ]


@scene("A blind transfer to a phone that declines: voicemail of that phone.")
async def blind_declined(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer("102")
    second = await desk.phones["102"].rung()
    await pause(1)
    second.refuse(603)
    await pause(4)
    caller.hang_up()
    first = spoke(phone)
    return [
        inbound("74952220101", "answered", waited(caller, phone), ("101", first), transfers=[given("blind", "101", "102", False)])
    ]


@scene("101 hands over to a queue by ##; 103 answers there.")
async def blind_to_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    await phone.press("##")
    await pause(1)
    await phone.press("600")
    third = await desk.picks_up("103", 1)
    await pause(2)
    caller.hang_up()
    await ended(third)
    first = spoke(phone)
    talks = (("101", first), ("103", both(caller, third)))
    transfers = [given("blind", "101", "600")]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=None)]
