"""Parking, pickups, several lines at once, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, OTHER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited


@scene("101 parks the caller by REFER to 70; 103 takes him at 71.")
async def park(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer("70")
    parked = time.time()
    await ended(phone)
    await pause(2)
    third = desk.phones["103"].dial("71")
    await third.until_answered()
    await pause(0.5)  # the exchange picks up for itself first
    await pause(2)
    caller.hang_up()
    await ended(third)
    talks = (("101", spoke(phone)), ("103", both(caller, third) - 0.5))
    hold = (third.answered_at or 0) + 0.5 - parked
    return [
        inbound(
            "74952220101", "answered", waited(caller, phone), *talks, transfers=[given("park", "101", "103")], hold_seconds=hold
        )
    ]


@scene("101 parks the caller; nobody takes him, 101 is called back and answers.")
async def park_comes_back(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.refer("70")
    parked = time.time()
    await ended(phone)
    again = await desk.picks_up("101", 1)
    back = again.answered_at or 0
    hold = back - 1 - parked
    await pause(2)
    caller.hang_up()
    await ended(again)
    talk = spoke(phone) + both(caller, again)
    transfers = [given("park", "101", None, False)]
    return [inbound("74952220101", "answered", waited(caller, phone), ("101", talk), transfers=transfers, hold_seconds=hold)]


@scene("101 rings, 103 takes the call by **101.")
async def pickup_by_mark(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    await pause(1)
    third = desk.phones["103"].dial("**101")
    await third.until_answered()
    await ended(phone)
    await pause(2)
    third.hang_up()
    await ended(caller)
    rang = [("101", "answered_elsewhere")]
    return [inbound("74952220101", "answered", waited(caller, caller), ("103", both(caller, third)), rang=rang)]


@scene("The queue rings 101–103, 104 takes the call of 102 by PickupChan.")
async def pickup_in_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220600", caller=CUSTOMER)
    for name in ("101", "102", "103"):
        await desk.phones[name].rung()
    await pause(1)
    fourth = desk.phones["104"].dial("*7102")
    await fourth.until_answered()
    await pause(2)
    caller.hang_up()
    await ended(fourth)
    return [
        inbound(
            "74952220600",
            "answered",
            waited(caller, fourth) + 0.5,
            ("104", (fourth.ended_at or 0) - (fourth.answered_at or 0) - 0.5),
            queue="600",
        )
    ]


@scene("Call waiting: 101 holds the first caller, answers the second, comes back.")
async def call_waiting(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    other = desk.outside.dial("74952220101", caller=OTHER)
    second = await desk.phones["101"].rung()
    await pause(1)
    phone.hold()
    held = time.time()
    second.answer()
    await pause(2)
    other.hang_up()
    await ended(second)
    phone.unhold()
    back = time.time()
    await pause(1)
    phone.hang_up()
    await ended(caller)
    return [
        inbound("74952220101", "answered", waited(caller, phone), ("101", both(caller, phone)), hold_seconds=back - held),
        inbound("74952220101", "answered", waited(other, second), ("101", both(other, second)), caller=OTHER),
    ]


@scene("One number calls us while we call it: two calls.")
async def crossing(desk: Desk) -> Calls:
    call = desk.phones["101"].dial("8" + CUSTOMER[1:])
    busy = await desk.outside.rung()
    caller = desk.outside.dial("74952220102", caller=CUSTOMER)
    phone = await desk.picks_up("102", 1)
    busy.refuse(486)
    await ended(call)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [
        outbound("101", CUSTOMER, "busy", 1.0, either={"outcome": ["no_answer"]}),
        inbound("74952220102", "answered", 1.0, ("102", both(caller, phone))),
    ]


@scene("The supervisor 104 listens in on 101 (ChanSpy): two calls, he is nobody's partner.")
async def spied(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    spy = desk.phones["104"].dial("555101")
    await spy.until_answered()
    await pause(2)
    caller.hang_up()
    await ended(phone, spy)
    return [
        inbound("74952220101", "answered", waited(caller, phone), ("101", both(caller, phone))),
        internal("104", "555101", "failed", (spy.ended_at or 0) - (spy.answered_at or 0), either={"outcome": ["no_answer"]}),
    ]
