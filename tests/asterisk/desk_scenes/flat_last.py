"""Numbers that mislead and calls that cross, on the flat dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, OTHER, Desk
from tests.asterisk.desk_scenes.flat import DID, FLAT
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, waited


@scene("A caller from outside shows 305 as his number; 305 answers and hands over to 21.", **FLAT)
async def flat_shows_extension(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller="305")
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("21")
    second = await desk.picks_up("21", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", (phone.left_at or 0) - (phone.answered_at or 0)), ("21", both(caller, second)))
    transfers = [given("blind", "305", "21")]
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, caller="305", transfers=transfers)]


@scene("21 calls 305 while 305 calls 21: both answer both.", **FLAT)
async def flat_internal_crossing(desk: Desk) -> Calls:
    one = desk.phones["21"].dial("305")
    await pause(0.05)
    two = desk.phones["305"].dial("21")
    first, second = await desk.phones["305"].rung(), await desk.phones["21"].rung()
    await pause(1)
    first.answer()
    await pause(1)
    two.hang_up()
    await ended(second)
    await pause(1)
    one.hang_up()
    await ended(first)
    return [
        internal("21", "305", "answered", waited(one, first), ("305", both(one, first))),
        internal("305", "21", "no_answer", (two.ended_at or 0) - two.began_at, rang=[("21", "cancelled")]),
    ]


@scene("305 asks 21, who forwards by 302 to 70044, who answers and gets the caller.", **FLAT)
async def flat_asked_forwarded(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["305"].dial("21")
    (await desk.phones["21"].rung(ring=False)).refuse(302, "<sip:70044@127.0.0.1>")
    second = await desk.picks_up("70044", 1)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, "21")
    await ended(phone)
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (("305", joined - (phone.answered_at or 0), asked), ("70044", (caller.ended_at or 0) - joined, asked))
    transfers = [given("attended", "305", "70044")]
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=joined - held)]


@scene("21 has a customer on hold and picks up 305's ringing call by *7305, then goes back.", **FLAT)
async def flat_pickup_while_held(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("8" + OTHER[1:])
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(0.5)
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    ringing = await desk.phones["305"].rung()
    call.hold()
    held = time.time()
    other = desk.phones["21"].dial("*7305")
    await other.until_answered()
    await ended(ringing)
    await pause(1.5)
    caller.hang_up()
    await ended(other)
    call.unhold()
    back = time.time()
    await pause(1)
    call.hang_up()
    await ended(customer)
    return [
        outbound("21", OTHER, "answered", waited(call, customer), ("21", both(call, customer)), hold_seconds=back - held),
        inbound(
            DID + "01", "answered", waited(caller, caller), ("21", both(caller, other)), rang=[("305", "answered_elsewhere")]
        ),
    ]
