"""Calls on chan_sip, with the macros and recording folders of the FreePBX of its time. Asterisk 16 to 20 only."""

import time
from typing import Any

from tests.asterisk.desk import CUSTOMER, MOBILE, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited


def sip(about: str) -> Any:
    return scene(about, dialplan="chansip", driver="SIP")


@sip("101 answers after 2 s; the caller hangs up.")
async def sip_direct(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER, name="Ivan")
    phone = await desk.picks_up("101", 2)
    await pause(3)
    caller.hang_up()
    await ended(phone)
    return [inbound("74952220101", "answered", waited(caller, phone), ("101", both(caller, phone)), rang=[("101", "answered")])]


@sip("101 does not answer; voicemail.")
async def sip_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    await phone.until_ended()
    began = phone.rang_at or 0.0
    await pause(6)
    caller.hang_up()
    return [inbound("74952220101", "missed", phone.ended_at - began, voicemail=True, rang=[("101", "no_answer")])]


@sip("A group of two: 102 answers, 101 stops.")
async def sip_group(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220610", caller=CUSTOMER)
    other = await desk.phones["101"].rung()
    phone = await desk.picks_up("102", 1)
    await ended(other)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    rang = [("101", "answered_elsewhere"), ("102", "answered")]
    return [inbound("74952220610", "answered", waited(caller, phone), ("102", both(caller, phone)), rang=rang)]


@sip("A group with a mobile through Local channels: the mobile answers.")
async def sip_group_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220611", caller=CUSTOMER)
    own = await desk.phones["101"].rung()
    mobile = await desk.picks_up("", 1, desk.outside)
    await ended(own)
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    talk = both(caller, mobile)
    return [inbound("74952220611", "answered", waited(caller, mobile), (MOBILE, talk), forwarded_to=MOBILE)]


@sip("Queue of Local members: 101 answers, 102 and 103 stop.")
async def sip_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220600", caller=CUSTOMER)
    for name in ("102", "103"):
        await desk.phones[name].rung()
    phone = await desk.picks_up("101", 1)
    await pause(3)
    caller.hang_up()
    await ended(phone)
    rang = [("101", "answered"), ("102", "answered_elsewhere"), ("103", "answered_elsewhere")]
    talk = ("101", both(caller, phone))
    return [inbound("74952220600", "answered", waited(caller, phone), talk, rang=rang, queue="600")]


@sip("Queue: the caller gives up after 4 s.")
async def sip_queue_abandoned(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220602", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    await pause(2)
    caller.hang_up()
    await ended(phone)
    wait = (caller.ended_at or 0.0) - caller.began_at
    return [inbound("74952220602", "abandoned", wait, queue="602", rang=[("101", "cancelled")])]


@sip("101 hands over to 102 by REFER, who answers.")
async def sip_blind(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer("102")
    second = await desk.picks_up("102", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("101", spoke(phone)), ("102", both(caller, second)))
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=[given("blind", "101", "102")])]


@sip("101 holds, asks 102 by a second call and hands over by REFER with Replaces.")
async def sip_attended(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
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
    caller.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (
        ("101", joined - (phone.answered_at or 0), asked),
        ("102", (caller.ended_at or 0) - joined, asked),
    )
    transfers = [given("attended", "101", "102")]
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=joined - held)]


@sip("101 calls a customer, who answers after 2 s.")
async def sip_outbound(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    customer = await desk.picks_up("", 2, desk.outside)
    await call.until_answered()
    await pause(3)
    call.hang_up()
    await ended(customer)
    wait = (customer.answered_at or 0) - call.began_at
    return [outbound("101", CUSTOMER, "answered", wait, ("101", both(call, customer)))]


@sip("101 calls a customer; the first line refuses, the second takes the call.")
async def sip_line_failover(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    (await desk.outside.rung(ring=False)).refuse(503)
    customer = await desk.picks_up("", 1, desk.second)
    await call.until_answered()
    await pause(2)
    customer.hang_up()
    await ended(call)
    wait = (customer.answered_at or 0) - call.began_at
    return [outbound("101", CUSTOMER, "answered", wait, ("101", both(call, customer)))]


@sip("101 calls 102, who answers.")
async def sip_internal(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("102")
    phone = await desk.picks_up("102", 1)
    await pause(2)
    call.hang_up()
    await ended(phone)
    return [internal("101", "102", "answered", (phone.answered_at or 0) - call.began_at, ("102", both(call, phone)))]


@sip("101 rings, 103 takes the call by **101.")
async def sip_pickup(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    await pause(1)
    third = desk.phones["103"].dial("**101")
    await third.until_answered()
    await ended(phone)
    await pause(2)
    caller.hang_up()
    await ended(third)
    return [inbound("74952220101", "answered", waited(caller, caller), ("103", both(caller, third)))]


@sip("Click-to-call on SIP/101: 101 answers, then the customer.")
async def sip_click(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="SIP/101", **place, Timeout="20000", Async="true", CallerID=f"<{CUSTOMER}>")
    phone = await desk.picks_up("101", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    return [outbound("101", CUSTOMER, "answered", 1.0, ("101", both(phone, customer)), click_to_call=True)]
