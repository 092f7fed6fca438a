"""Calls on the hand-made dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited

HAND = {"dialplan": "handmade", "phones": ("1001", "1002-mob", "1003", "1004"), "lines": ("mango", "74957770000")}


@scene("Two phones ring, 1002-mob answers.", **HAND)
async def hand_group(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221001", caller="8" + CUSTOMER[1:])
    other = await desk.phones["1001"].rung()
    phone = await desk.picks_up("1002-mob", 1)
    await ended(other)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    rang = [("1001", "answered_elsewhere"), ("1002", "answered")]
    return [inbound("74952221001", "answered", waited(caller, phone), ("1002", both(caller, phone)), rang=rang)]


@scene("Both are busy.", **HAND)
async def hand_busy(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221001", caller=CUSTOMER)
    for name in ("1001", "1002-mob"):
        (await desk.phones[name].rung(ring=False)).refuse(486)
    await ended(caller)
    return [inbound("74952221001", "busy", (caller.ended_at or 0) - caller.began_at, rang=[("1001", "busy"), ("1002", "busy")])]


@scene("One is off (480), one declines after it rang.", **HAND)
async def hand_declined(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221001", caller=CUSTOMER)
    (await desk.phones["1001"].rung(ring=False)).refuse(480)
    phone = await desk.phones["1002-mob"].rung()
    await pause(1)
    phone.refuse(486)
    await ended(caller)
    wait = (caller.ended_at or 0) - caller.began_at
    return [inbound("74952221001", "missed", wait, rang=[("1001", "unavailable"), ("1002", "declined")])]


@scene("A menu by Read, a queue of phones, then a mobile, which answers.", **HAND)
async def hand_menu_queue_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221002", caller=CUSTOMER)
    await caller.until_answered()
    await pause(1)
    await caller.press("1")
    for name in ("1001", "1002-mob"):
        await ended(await desk.phones[name].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    mobile.hang_up()
    await ended(caller)
    return [
        inbound(
            "74952221002",
            "answered",
            waited(caller, mobile),
            (MOBILE, both(caller, mobile)),
            queue="sales",
            forwarded_to=MOBILE,
        )
    ]


@scene("The menu's caller gives up in the queue.", **HAND)
async def hand_queue_abandoned(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221002", caller=CUSTOMER)
    await caller.until_answered()
    await pause(1)
    await caller.press("1")
    await desk.phones["1001"].rung()
    two = await desk.phones["1002-mob"].rung()
    await pause(2)
    caller.hang_up()
    await ended(two)
    wait = (caller.ended_at or 0) - caller.began_at
    return [inbound("74952221002", "abandoned", wait, queue="sales", rang=[("1001", "cancelled"), ("1002", "cancelled")])]


@scene("Three steps; at the third two outside numbers by two lines: the second takes it.", **HAND)
async def hand_two_lines(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221004", caller=CUSTOMER)
    await ended(await desk.phones["1001"].rung())
    await ended(await desk.phones["1002-mob"].rung())
    other = await desk.outside.rung()
    mobile = await desk.picks_up("", 1, desk.second)
    await ended(other)
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    return [inbound("74952221004", "answered", waited(caller, mobile), (OTHER, both(caller, mobile)), forwarded_to=OTHER)]


@scene("Forwarded by a Local channel that optimises itself away.", **HAND)
async def hand_forwarded(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221005", caller=CUSTOMER)
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(3)
    mobile.hang_up()
    await ended(caller)
    return [inbound("74952221005", "answered", waited(caller, mobile), (MOBILE, both(caller, mobile)), forwarded_to=MOBILE)]


@scene("1001 is forwarded by 302 to the mobile.", **HAND)
async def hand_302(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221001", caller=CUSTOMER)
    (await desk.phones["1002-mob"].rung(ring=False)).refuse(480)
    (await desk.phones["1001"].rung(ring=False)).refuse(302, f"<sip:98{MOBILE[1:]}@127.0.0.1>")
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    return [inbound("74952221001", "answered", waited(caller, mobile), (MOBILE, both(caller, mobile)), forwarded_to=MOBILE)]


@scene("1001 dials 9, then the number; hands the customer to 1003 by ##.", **HAND)
async def hand_outbound_blind(desk: Desk) -> Calls:
    call = desk.phones["1001"].dial("98" + CUSTOMER[1:])
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.refer("1003")
    third = await desk.picks_up("1003", 1)
    await pause(2)
    customer.hang_up()
    await ended(third)
    talks = (("1001", spoke(call)), ("1003", both(customer, third)))
    transfers = [given("blind", "1001", "1003")]
    return [outbound("1001", CUSTOMER, "answered", waited(call, customer), *talks, transfers=transfers)]


@scene("1001 calls abroad; nobody answers and the far end gives up (480).", **HAND)
async def hand_abroad(desk: Desk) -> Calls:
    call = desk.phones["1001"].dial("9810493012345678")
    customer = await desk.outside.rung()
    await pause(2)
    customer.refuse(480)
    await ended(call)
    return [outbound("1001", "493012345678", "no_answer", (call.ended_at or 0) - call.began_at)]


@scene("1001 has a customer on the line, calls 1003, puts all three into a conference by REFER to 500.", **HAND)
async def hand_conference(desk: Desk) -> Calls:
    caller = desk.outside.dial("4952221001", caller=CUSTOMER)
    (await desk.phones["1002-mob"].rung(ring=False)).refuse(480)
    phone = await desk.picks_up("1001", 1)
    await pause(1)
    phone.refer("500")
    given_at = time.time()
    await ended(phone)
    await pause(0.5)
    again = desk.phones["1001"].dial("500")
    await again.until_answered()
    third = desk.phones["1003"].dial("500")
    await third.until_answered()
    await pause(2)
    caller.hang_up()
    again.hang_up()
    third.hang_up()
    talk = given_at - (phone.answered_at or 0) + both(caller, again) - 0.5
    talks = (("1001", talk), ("1003", both(caller, third) - 0.5))
    return [inbound("74952221001", "answered", waited(caller, phone), *talks, transfers=None)]


@scene("A panel calls the customer first, then 1001 (Originate of the outside leg).", **HAND)
async def hand_customer_first(desk: Desk) -> Calls:
    place = {"Context": "call-back", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel=f"PJSIP/{CUSTOMER}@mango", **place, Timeout="20000", Async="true")
    customer = await desk.picks_up("", 1, desk.outside)
    phone = await desk.picks_up("1001", 1)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    return [outbound("1001", CUSTOMER, "answered", 1.0, ("1001", both(customer, phone)), click_to_call=True)]


@scene("1003 calls 1001, who does not answer in 3 s; 1003 hangs up.", **HAND)
async def hand_internal_missed(desk: Desk) -> Calls:
    call = desk.phones["1003"].dial("1001")
    phone = await desk.phones["1001"].rung()
    await pause(3)
    call.hang_up()
    await ended(phone)
    wait = (call.ended_at or 0) - call.began_at
    return [internal("1003", "1001", "no_answer", wait, rang=[("1001", "cancelled")])]


@scene("An application is originated on a phone: a reminder, nobody is called.", **HAND)
async def hand_reminder(desk: Desk) -> Calls:
    await desk.does("Originate", Channel="PJSIP/1001", Application="Playback", Data="demo-congrats", Async="true")
    phone = await desk.picks_up("1001", 1)
    await pause(2)
    phone.hang_up()
    return [outbound("1001", "", "agent_no_answer", 3.0, click_to_call=True) | {"callee": None, "wait_seconds": None}]
