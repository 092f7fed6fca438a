"""Calls out, by a click and in the house that are handed on; consultations that end otherwise; on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.words import (
    Calls,
    both,
    ended,
    given,
    inbound,
    internal,
    outbound,
    pause,
    scene,
    spoke,
    waited,
)


@scene("101 calls out, puts the customer on hold, takes him back, parks him; 102 takes him.")
async def outbound_held_and_parked(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.hold()
    await pause(1)
    call.unhold()
    await pause(0.5)
    call.refer("70")
    parked = time.time()
    await ended(call)
    await pause(1)
    second = desk.phones["102"].dial("71")
    await second.until_answered()
    await pause(2.5)
    customer.hang_up()
    await ended(second)
    talks = (("101", spoke(call)), ("102", both(customer, second) - 0.5))
    hold = 1.0 + (second.answered_at or 0) + 0.5 - parked
    transfers = [given("park", "101", "102")]
    return [outbound("101", CUSTOMER, "answered", waited(call, customer), *talks, transfers=transfers, hold_seconds=hold)]


@scene("101 calls out and hands the customer over by REFER to a mobile.")
async def outbound_blind_outside(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.refer(MOBILE)
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(mobile)
    talks = (("101", spoke(call)), (MOBILE, both(customer, mobile)))
    return [outbound("101", CUSTOMER, "answered", waited(call, customer), *talks, transfers=[given("blind", "101", MOBILE)])]


@scene("A call by a click: 101 hands the customer over to 102 by REFER.")
async def click_handed_on(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="PJSIP/101", **place, Timeout="20000", Async="true", CallerID=f"<{CUSTOMER}>")
    phone = await desk.picks_up("101", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(1)
    phone.refer("102")
    left = time.time()
    second = await desk.picks_up("102", 1)
    await pause(2)
    customer.hang_up()
    await ended(second)
    talks = (("101", left - (customer.answered_at or 0)), ("102", both(customer, second)))
    transfers = [given("blind", "101", "102")]
    return [outbound("101", CUSTOMER, "answered", 1.0, *talks, transfers=transfers, click_to_call=True)]


@scene("A call by a click: 101 asks 102 on a second line and hands over by REFER with Replaces.")
async def click_attended(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="Local/101@originate", **place, Timeout="20000", Async="true")
    phone = await desk.picks_up("101", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, "102")
    await ended(phone)
    joined = time.time()
    await pause(2)
    customer.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (("101", joined - (customer.answered_at or 0), asked), ("102", (customer.ended_at or 0) - joined, asked))
    transfers = [given("attended", "101", "102")]
    return [
        outbound("101", CUSTOMER, "answered", 1.0, *talks, transfers=transfers, click_to_call=True, hold_seconds=joined - held)
    ]


@scene("A call back out of the queue: the members ring first, then the customer.")
async def click_by_queue(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="Local/602@from-internal/n", **place, Timeout="20000", Async="true")
    phone = await desk.picks_up("101", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    talk = both(phone, customer)
    return [outbound("101", CUSTOMER, "answered", 1.0, ("101", talk), click_to_call=True, queue="602", wait_seconds=None)]


@scene("101 calls 102, who hands him over to a mobile by REFER.")
async def internal_handed_outside(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await pause(1)
    second.refer(MOBILE)
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    call.hang_up()
    await ended(mobile)
    talks = (("102", spoke(second)), (MOBILE, both(call, mobile)))
    return [internal("101", "102", "answered", waited(call, second), *talks, transfers=[given("blind", "102", MOBILE)])]


@scene("101 is on the line and refuses the second caller (486): voicemail takes that one, who hangs up in the greeting.")
async def call_waiting_refused(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    other = desk.outside.dial("74952220101", caller=OTHER)
    (await desk.phones["101"].rung(ring=False)).refuse(486)
    await other.until_answered()
    await pause(2)
    other.hang_up()
    await pause(1)
    caller.hang_up()
    await ended(phone)
    return [
        inbound("74952220101", "answered", waited(caller, phone), ("101", both(caller, phone))),
        inbound("74952220101", "missed", 0.0, voicemail=True, caller=OTHER, rang=[("101", "busy")]),
    ]


@scene("101 hands over by REFER to a mobile, who is busy.")
async def blind_outside_busy(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer(MOBILE)
    (await desk.outside.rung(ring=False)).refuse(486)
    await ended(caller)
    transfers = [given("blind", "101", MOBILE, False)]
    return [inbound("74952220101", "answered", waited(caller, phone), ("101", spoke(phone)), transfers=transfers)]


@scene("101 asks the queue on a second line, 102 answers there; handed over by REFER with Replaces.")
async def attended_to_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("602")
    second = await desk.picks_up("102", 1)
    await pause(1)
    phone.refer_to(asking, "602")
    await ended(phone)
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (("101", joined - (phone.answered_at or 0), asked), ("102", (caller.ended_at or 0) - joined, asked))
    transfers = [given("attended", "101", "102")]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=joined - held)]


@scene("101 asks 102 on a second line and hands over while 102 still rings; 102 answers.")
async def blonde_refer(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    ringing = await desk.phones["102"].rung()
    await pause(1)
    phone.refer_to(asking, "102")
    left = time.time()
    await pause(1)
    ringing.answer()
    await pause(2)
    caller.hang_up()
    await ended(ringing)
    talks = (("101", left - (phone.answered_at or 0)), ("102", both(caller, ringing)))
    transfers = [given("attended", "101", "102")]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=left - held)]


@scene("101 asks 102 on a second line and hands over while 102 still rings; the caller gives up.")
async def blonde_refer_given_up(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["101"].dial("102")
    ringing = await desk.phones["102"].rung()
    await pause(1)
    phone.refer_to(asking, "102")
    left = time.time()
    await pause(1)
    caller.hang_up()
    await ended(ringing)
    talks = (("101", left - (phone.answered_at or 0)),)
    transfers = [given("attended", "101", "102", False)]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=left - held)]


@scene("101 and 102 both talk with the caller: 102 dials into the conference that 101 made by REFER to 800.")
async def conference_by_refer(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.refer("800")
    left = time.time()
    await ended(call)
    again, second = desk.phones["101"].dial("800"), desk.phones["102"].dial("800")
    await again.until_answered()
    await second.until_answered()
    await pause(2.5)
    customer.hang_up()
    again.hang_up()
    second.hang_up()
    talks = (("101", left - (customer.answered_at or 0) + both(customer, again) - 0.5), ("102", both(customer, second) - 0.5))
    return [outbound("101", CUSTOMER, "answered", waited(call, customer), *talks, transfers=None)]
