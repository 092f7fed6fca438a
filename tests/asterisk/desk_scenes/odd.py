"""Outside lines, calls in the house, odd ones, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited


@scene("The first line refuses (503), the second takes the call.")
async def line_failover(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    began = time.time()
    refused = await desk.outside.rung(ring=False)
    refused.refuse(503)
    customer = await desk.picks_up("", 1, desk.second)
    await call.until_answered()
    await pause(2)
    call.hang_up()
    await ended(customer)
    wait = (customer.answered_at or 0) - began
    return [outbound("101", CUSTOMER, "answered", wait, ("101", both(call, customer)))]


@scene("Both lines refuse (503).")
async def lines_down(desk: Desk) -> Calls:
    call = desk.phones["101"].dial(CUSTOMER)
    (await desk.outside.rung(ring=False)).refuse(503)
    (await desk.second.rung(ring=False)).refuse(503)
    await ended(call)
    return [outbound("101", CUSTOMER, "failed", 0.0, wait_seconds=None)]


@scene("101 pages 102 and 103: one internal call.")
async def page(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("*80")
    second = await desk.picks_up("102", 0.5)
    third = await desk.picks_up("103", 0)
    await pause(2)  # Page lets them hear each other 0.44 s after the answer
    call.hang_up()
    await ended(second, third)
    return [internal("101", "*80", "answered", 0.94, ("102", both(call, second) - 0.44), ("103", both(call, third) - 0.44))]


@scene("Hold music plays to nobody: a caller in a holding bridge gives up.")
async def holding_bridge(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220900", caller=CUSTOMER)
    began = time.time()
    await caller.until_answered()
    await pause(3)
    caller.hang_up()
    return [inbound("74952220900", "abandoned", (caller.ended_at or 0) - began)]


@scene("A withheld number, and a name in broken encoding.")
async def withheld(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller="anonymous", name="Anonymous")
    phone = await desk.picks_up("101", 1)
    await pause(1)
    caller.hang_up()
    await ended(phone)
    return [
        inbound("74952220101", "answered", waited(caller, phone), ("101", both(caller, phone)), caller=None, caller_name=None)
    ]


@scene("101 calls 102 internally, 102 hands over to 103 by REFER.")
async def internal_blind(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("102")
    second = await desk.picks_up("102", 1)
    await pause(1)
    second.refer("103")
    third = await desk.picks_up("103", 1)
    await pause(2)
    call.hang_up()
    await ended(third)
    talks = (("102", spoke(second)), ("103", both(call, third)))
    return [internal("101", "102", "answered", 1.0, *talks, transfers=[given("blind", "102", "103")])]


@scene("101 calls the queue's number from inside: 102 answers.")
async def internal_queue(desk: Desk) -> Calls:
    call = desk.phones["104"].dial("602")
    began = time.time()
    phone = await desk.picks_up("101", 1)
    await pause(2)
    call.hang_up()
    await ended(phone)
    talk = spoke(phone)
    return [internal("104", "602", "answered", (phone.answered_at or 0) - began - 0.5, ("101", talk), queue="602")]
