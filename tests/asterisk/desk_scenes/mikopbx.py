"""Calls on the MikoPBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, outbound, pause, scene, spoke, waited

MIKO = {
    "dialplan": "mikopbx",
    "phones": ("201", "202", "203", "203-WS"),
    "lines": ("SIP-TRUNK-34F7CCFE", "SIP-1611151795"),
}


@scene("201 answers through Local channels.", **MIKO)
async def miko_direct(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110201", caller="+" + CUSTOMER, name="Мария «Ромашка»")
    phone = await desk.picks_up("201", 1)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    return [inbound("74951110201", "answered", waited(caller, phone), ("201", both(caller, phone)), rang=[("201", "answered")])]


@scene("201 is busy, 202 rings in vain, voicemail; the caller hangs up in its greeting.", **MIKO)
async def miko_failover_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110201", caller=CUSTOMER)
    (await desk.phones["201"].rung(ring=False)).refuse(486)
    second = await desk.phones["202"].rung()
    await ended(second)
    let_go = time.time()
    await caller.until_answered()
    await pause(3)
    caller.hang_up()
    wait = let_go - caller.began_at + 0.25
    return [inbound("74951110201", "missed", wait, voicemail=True, rang=[("201", "busy"), ("202", "no_answer")])]


@scene("203 has two telephones: the browser answers, the other stops.", **MIKO)
async def miko_two_telephones(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110203", caller=CUSTOMER)
    other = await desk.phones["203"].rung()
    phone = await desk.picks_up("203-WS", 1)
    await ended(other)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound("74951110203", "answered", waited(caller, phone), ("203", both(caller, phone)), rang=[("203", "answered")])]


@scene("One telephone of 203 is off (480), the other rings in vain.", **MIKO)
async def miko_one_telephone_off(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110203", caller=CUSTOMER)
    (await desk.phones["203-WS"].rung(ring=False)).refuse(480)
    phone = await desk.phones["203"].rung()
    await pause(3)
    caller.hang_up()
    await ended(phone)
    wait = (caller.ended_at or 0) - caller.began_at
    return [inbound("74951110203", "missed", wait, rang=[("203", "cancelled")])]


@scene("Queue leastrecent: 201 rings in vain, 202 answers and hands over to 203 by REFER.", **MIKO)
async def miko_queue_refer(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110300", caller=CUSTOMER)
    await ended(await desk.phones["201"].rung())
    phone = await desk.picks_up("202", 1)
    await pause(2)
    phone.refer("203")
    third = await desk.picks_up("203", 1)
    await pause(2)
    caller.hang_up()
    await ended(third)
    talks = (("202", spoke(phone)), ("203", both(caller, third)))
    transfers = [given("blind", "202", "203")]
    return [inbound("74951110300", "answered", waited(caller, phone), *talks, transfers=transfers, queue="QUEUE-8E19")]


@scene("Queue: 201 answers, asks 203 on a second line, joins them by REFER with Replaces.", **MIKO)
async def miko_queue_attended(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110300", caller=CUSTOMER)
    phone = await desk.picks_up("201", 1)
    await pause(1)
    phone.hold()
    asking = desk.phones["201"].dial("203")
    third = await desk.picks_up("203", 1)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, "203")
    await ended(phone)
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(third)
    asked = joined - (third.answered_at or 0)
    talks = (("201", joined - (phone.answered_at or 0), asked), ("203", (caller.ended_at or 0) - joined, asked))
    transfers = [given("attended", "201", "203")]
    return [
        inbound(
            "74951110300", "answered", waited(caller, phone), *talks, transfers=transfers, queue="QUEUE-8E19", hold_seconds=None
        )
    ]


@scene("Menu: the caller dials 202, who answers.", **MIKO)
async def miko_menu_extension(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110400", caller=CUSTOMER)
    await caller.until_answered()
    await pause(1)
    await caller.press("202")
    phone = await desk.picks_up("202", 1)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound("74951110400", "answered", waited(caller, phone), ("202", both(caller, phone)))]


@scene("202 takes the call that rings at 201 by *8201.", **MIKO)
async def miko_pickup(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110201", caller=CUSTOMER)
    phone = await desk.phones["201"].rung()
    await pause(1)
    second = desk.phones["202"].dial("*8201")
    await second.until_answered()
    await ended(phone)
    await pause(2)
    second.hang_up()
    await ended(caller)
    return [
        inbound(
            "74951110201",
            "answered",
            waited(caller, caller),
            ("202", both(caller, second)),
            rang=[("201", "answered_elsewhere")],
        )
    ]


@scene("201 calls out; the first line is down (503), the second answers.", **MIKO)
async def miko_outbound_failover(desk: Desk) -> Calls:
    call = desk.phones["201"].dial("89161112233")
    (await desk.outside.rung(ring=False)).refuse(503)
    customer = await desk.picks_up("", 1, desk.second)
    await call.until_answered()
    await pause(2)
    customer.hang_up()
    await ended(call)
    return [outbound("201", CUSTOMER, "answered", waited(call, customer), ("201", both(call, customer)))]


@scene("201 calls out and does not get through: no answer.", **MIKO)
async def miko_outbound_no_answer(desk: Desk) -> Calls:
    call = desk.phones["201"].dial(CUSTOMER)
    customer = await desk.outside.rung()
    await pause(3)
    call.hang_up()
    await ended(customer)
    return [outbound("201", CUSTOMER, "no_answer", (call.ended_at or 0) - call.began_at)]


@scene("Click-to-call by Local/201@internal-originate into all_peers.", **MIKO)
async def miko_click(desk: Desk) -> Calls:
    place = {"Context": "all_peers", "Exten": CUSTOMER, "Priority": "1"}
    variables = f"pt1c_cid={CUSTOMER}"
    await desk.does(
        "Originate", Channel="Local/201@internal-originate", **place, Timeout="20000", Async="true", Variable=variables
    )
    phone = await desk.picks_up("201", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    phone.hang_up()
    await ended(customer)
    wait = (customer.answered_at or 0) - (phone.answered_at or 0)
    return [outbound("201", CUSTOMER, "answered", wait, ("201", both(phone, customer)), click_to_call=True)]


@scene("201 parks the caller; 203 takes him.", **MIKO)
async def miko_park(desk: Desk) -> Calls:
    caller = desk.outside.dial("74951110201", caller=CUSTOMER)
    phone = await desk.picks_up("201", 1)
    await pause(2)
    phone.refer("70")
    parked = time.time()
    await ended(phone)
    await pause(2)
    third = desk.phones["203"].dial("71")
    await third.until_answered()
    await pause(2.5)
    caller.hang_up()
    await ended(third)
    talks = (("201", spoke(phone)), ("203", both(caller, third) - 0.5))
    hold = (third.answered_at or 0) + 0.5 - parked
    transfers = [given("park", "201", "203")]
    return [inbound("74951110201", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=hold)]
