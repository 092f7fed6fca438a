"""Calls that are handed on, parked and picked up, on the flat dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.flat import DID, FLAT
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited


@scene("305 hands the caller over to the queue 550, where 21 answers.", **FLAT)
async def flat_blind_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("550")
    second = await desk.picks_up("21", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", spoke(phone)), ("21", both(caller, second)))
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=[given("blind", "305", "550")])]


@scene("305 hands the caller over to the group 551; 21 declines, 70044 answers.", **FLAT)
async def flat_blind_group(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("551")
    (await desk.phones["21"].rung(ring=False)).refuse(603)
    second = await desk.picks_up("70044", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", spoke(phone)), ("70044", both(caller, second)))
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=[given("blind", "305", "551")])]


@scene("305 hands the caller over to voicemail; the caller talks to it for 2 s.", **FLAT)
async def flat_blind_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("559")
    await ended(phone)
    await pause(2)
    caller.hang_up()
    transfers = [given("blind", "305", "559", False)]
    return [
        inbound(DID + "01", "answered", waited(caller, phone), ("305", spoke(phone)), transfers=transfers)
        | {"voicemail": False, "either": {"voicemail": [True]}}
    ]


@scene("305 hands the caller over to a number that does not exist.", **FLAT)
async def flat_blind_invalid(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("9999999")
    await pause(1)
    caller.hang_up()
    await ended(phone)
    talk = both(caller, phone)
    return [inbound(DID + "01", "answered", waited(caller, phone), ("305", talk), transfers=None, hold_seconds=None)]


@scene("305 calls out, hands over to 21 by asking first; 21 hands the customer over to an outside number.", **FLAT)
async def flat_out_in_out(desk: Desk) -> Calls:
    call = desk.phones["305"].dial("8" + CUSTOMER[1:])
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.hold()
    held = time.time()
    asking = desk.phones["305"].dial("21")
    second = await desk.picks_up("21", 1)
    await asking.until_answered()
    await pause(1)
    call.refer_to(asking, "21")
    await ended(call)
    joined = time.time()
    await pause(1)
    second.refer("8" + OTHER[1:])
    outside = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(outside)
    asked = joined - (second.answered_at or 0)
    talks = (
        ("305", joined - (customer.answered_at or 0), asked),
        ("21", (second.left_at or 0) - joined, asked),
        (OTHER, both(customer, outside)),
    )
    transfers = [given("attended", "305", "21"), given("blind", "21", OTHER)]
    return [
        outbound("305", CUSTOMER, "answered", waited(call, customer), *talks, transfers=transfers, hold_seconds=joined - held)
    ]


@scene("305 asks 21, who declines; then 70044, who answers and gets the caller.", **FLAT)
async def flat_second_asked(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    first = desk.phones["305"].dial("21")
    declining = await desk.phones["21"].rung()
    await pause(1)
    declining.refuse(603)
    await ended(first)
    asking = desk.phones["305"].dial("70044")
    second = await desk.picks_up("70044", 1)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, "70044")
    await ended(phone)
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talks = (("305", joined - (phone.answered_at or 0), asked), ("70044", (caller.ended_at or 0) - joined, asked))
    transfers = [given("attended", "305", "70044")]
    return [
        inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=joined - held),
        internal("305", "21", "no_answer", (first.ended_at or 0) - first.began_at, rang=[("21", "declined")]),
    ]


@scene("305 parks the caller; nobody takes him, he comes back to 305 after 6 s, who answers.", **FLAT)
async def flat_park_back(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("70")
    await ended(phone)
    again = await desk.picks_up("305", 1)
    await pause(2)
    caller.hang_up()
    await ended(again)
    talk = spoke(phone) + both(caller, again)
    return [inbound(DID + "01", "answered", waited(caller, phone), ("305", talk), transfers=None, hold_seconds=None)]


@scene("305 parks the caller, who hangs up there.", **FLAT)
async def flat_park_gone(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("70")
    parked = time.time()
    await ended(phone)
    await pause(2)
    caller.hang_up()
    hold = (caller.ended_at or 0) - parked
    transfers = [given("park", "305", None, False)]
    talks = (("305", parked - (phone.answered_at or 0)),)
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=hold)]


@scene("21 calls 305, 70044 picks it up by *7305.", **FLAT)
async def flat_pickup_internal(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("305")
    phone = await desk.phones["305"].rung()
    await pause(1)
    other = desk.phones["70044"].dial("*7305")
    await call.until_answered()
    await ended(phone)
    await pause(2)
    call.hang_up()
    await ended(other)
    rang = [("305", "answered_elsewhere")]
    return [internal("21", "305", "answered", waited(call, call), ("70044", both(call, other)), rang=rang)]


@scene("305 and 21 ring for two callers; 21 takes 305's call by the group's pickup *8 while his own rings.", **FLAT)
async def flat_pickup_ringing(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.phones["305"].rung()
    await pause(1)
    call = desk.phones["70044"].dial("21")
    own = await desk.phones["21"].rung()
    await pause(1)
    other = desk.phones["21"].dial("*7305")
    await ended(phone)
    await other.until_answered()
    await pause(1.5)
    call.hang_up()
    await ended(own)
    await pause(0.5)
    caller.hang_up()
    await ended(other)
    rang = [("305", "answered_elsewhere")]
    return [
        inbound(DID + "01", "answered", (caller.answered_at or 0) - caller.began_at, ("21", both(caller, other)), rang=rang),
        internal("70044", "21", "no_answer", (call.ended_at or 0) - call.began_at, rang=[("21", "cancelled")]),
    ]


@scene("Call waiting: 305 talks with A, takes B, goes to and fro, B hangs up, then A.", **FLAT)
async def flat_to_and_fro(desk: Desk) -> Calls:
    first = desk.outside.dial(DID + "01", caller=CUSTOMER)
    one = await desk.picks_up("305", 1)
    await pause(1)
    second = desk.outside.dial(DID + "01", caller=OTHER)
    two = await desk.phones["305"].rung()
    one.hold()
    two.answer()
    await pause(1)
    two.hold()
    one.unhold()
    await pause(1)
    one.hold()
    two.unhold()
    await pause(1)
    second.hang_up()
    one.unhold()
    await pause(1)
    first.hang_up()
    await ended(one, two)
    return [
        inbound(DID + "01", "answered", waited(first, one), ("305", both(first, one)), hold_seconds=2.0),
        inbound(DID + "01", "answered", waited(second, two), ("305", both(second, two)), caller=OTHER, hold_seconds=1.0),
    ]


@scene("305 asks 21 by *2, takes the caller back (21 hangs up), then asks 70044 by *2 and hangs up.", **FLAT)
async def flat_keys_twice(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    await phone.press("*2")
    await pause(0.8)
    await phone.press("21")
    first = await desk.picks_up("21", 1)
    await pause(1)
    first.hang_up()
    await pause(1.5)
    await phone.press("*2")
    await pause(0.8)
    await phone.press("70044")
    second = await desk.picks_up("70044", 1)
    await pause(1)
    phone.hang_up()
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(second)
    talk = first.began_at - (phone.answered_at or 0) + second.began_at - (first.ended_at or 0)
    asked = (first.ended_at or 0) - (first.answered_at or 0) + joined - (second.answered_at or 0)
    return [
        inbound(
            DID + "01",
            "answered",
            waited(caller, phone),
            ("305", talk, asked),
            ("70044", (caller.ended_at or 0) - joined, joined - (second.answered_at or 0)),
            transfers=[given("attended", "305", "70044")],
            hold_seconds=None,
        )
    ]


@scene("305 asks 21 by *2 and lets go while 21 rings; 21 answers.", **FLAT)
async def flat_keys_blonde(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    await phone.press("*2")
    await pause(0.8)
    await phone.press("21")
    second = await desk.phones["21"].rung()
    await pause(1)
    phone.hang_up()
    await pause(1)
    second.answer()
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", second.began_at - (phone.answered_at or 0)), ("21", both(caller, second)))
    return [
        inbound(
            DID + "01",
            "answered",
            waited(caller, phone),
            *talks,
            transfers=[given("attended", "305", "21")],
            hold_seconds=None,
        )
    ]


@scene("305 hands over by ## to a busy 21; the caller is let go.", **FLAT)
async def flat_keys_blind_busy(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    await phone.press("##")
    await pause(0.8)
    await phone.press("21")
    busy = await desk.phones["21"].rung(ring=False)
    busy.refuse(486)
    await ended(caller, phone)
    talk = busy.began_at - (phone.answered_at or 0)
    transfers = [given("blind", "305", "21", False)]
    return [inbound(DID + "01", "answered", waited(caller, phone), ("305", talk), transfers=transfers, hold_seconds=None)]


@scene("The caller gives a withheld number; 305 hands over to 21 by REFER, who hands over to the mobile.", **FLAT)
async def flat_withheld_chain(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller="anonymous", name="Anonymous")
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("21")
    second = await desk.picks_up("21", 1)
    await pause(1)
    second.refer("8" + MOBILE[1:])
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    talks = (("305", spoke(phone)), ("21", spoke(second)), (MOBILE, both(caller, mobile)))
    transfers = [given("blind", "305", "21"), given("blind", "21", MOBILE)]
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, caller=None)]
