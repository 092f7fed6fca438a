"""What few exchanges do: three on the line by keys, callers fetched from a waiting room."""

import time
from typing import Any

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.flat import DID, FLAT
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, internal, outbound, pause, scene, spoke, waited

FOLLOWME: dict[str, Any] = FLAT | {
    "extra": {"followme.conf": f"\n[maria]\ncontext => from-internal\nnumber => 305,4\nnumber => 8{MOBILE[1:]},12\n"}
}


@scene("The customer puts 305 on hold for 2 s: that is not our hold.", **FLAT)
async def flat_customer_holds(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await caller.until_answered()
    await pause(1)
    caller.hold()
    await pause(2)
    caller.unhold()
    await pause(1)
    caller.hang_up()
    await ended(phone)
    return [inbound(DID + "01", "answered", waited(caller, phone), ("305", both(caller, phone)))]


@scene("305 asks 21 by *2, makes it three by *3, and leaves them.", **FLAT)
async def flat_keys_three(desk: Desk) -> Calls:
    caller, phone, second = await _asked_by_keys(desk)
    await phone.press("*3")
    joined = await pause(0.8) - 0.8
    await pause(2)
    phone.hang_up()
    left = time.time()
    await pause(1.5)
    caller.hang_up()
    await ended(second)
    asked = joined - (second.answered_at or 0)
    talk = second.began_at - (phone.answered_at or 0) + left - joined
    talks = (("305", talk, asked), ("21", (caller.ended_at or 0) - joined, asked))
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=None, hold_seconds=None)]


@scene("305 asks 21 by *2, goes back to the caller by *4, to 21 again, and hands over by *2.", **FLAT)
async def flat_keys_swapped(desk: Desk) -> Calls:
    caller, phone, second = await _asked_by_keys(desk)
    await phone.press("*4")
    back = await pause(1.5) - 1.5
    await phone.press("*4")
    again = await pause(1.5) - 1.5
    await phone.press("*2")
    given_at = await pause(0.5) - 0.5
    await pause(1.5)
    caller.hang_up()
    await ended(second)
    asked = back - (second.answered_at or 0) + given_at - again
    talk = second.began_at - (phone.answered_at or 0) + again - back
    talks = (("305", talk, asked), ("21", (caller.ended_at or 0) - given_at, asked))
    transfers = [given("attended", "305", "21")]
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=None)]


async def _asked_by_keys(desk: Desk) -> tuple[Any, Any, Any]:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    await phone.press("*2")
    await pause(0.8)
    await phone.press("21")
    second = await desk.picks_up("21", 1)
    await pause(1)
    return caller, phone, second


@scene("A queue's second member is a mobile over the line, who answers.", **FLAT)
async def flat_queue_outside(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "17", caller=CUSTOMER)
    await ended(await desk.phones["305"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    talk = both(caller, mobile)
    return [inbound(DID + "17", "answered", waited(caller, mobile), (MOBILE, talk), queue="outside", forwarded_to=MOBILE)]


@scene("The caller leaves the queue by 0 while 305 rings; 21 answers.", **FLAT)
async def flat_queue_key(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "18", caller=CUSTOMER)
    ringing = await desk.phones["305"].rung()
    await pause(1)
    await caller.press("0")
    await ended(ringing)
    phone = await desk.picks_up("21", 1)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound(DID + "18", "answered", waited(caller, phone), ("21", both(caller, phone)), queue="keyed")]


@scene("FollowMe(): 305 does not answer, the mobile does.", **FOLLOWME)
async def flat_followme_app(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "19", caller=CUSTOMER)
    await ended(await desk.phones["305"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2.4)
    await mobile.press("1")
    accepted = time.time() - 0.05
    await pause(2.5)
    mobile.hang_up()
    await ended(caller)
    talk = (MOBILE, (mobile.ended_at or 0) - accepted)
    return [inbound(DID + "19", "answered", accepted - caller.began_at, talk, forwarded_to=MOBILE)]


@scene("A caller waits in a room; 305 fetches him by *55 (Bridge).", **FLAT)
async def flat_waiting_room(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "20", caller=CUSTOMER)
    await caller.until_answered()
    await pause(2)
    phone = desk.phones["305"].dial("*55")
    await phone.until_answered()
    await pause(2.5)
    caller.hang_up()
    await ended(phone)
    wait, talk = (phone.answered_at or 0) + 0.5 - caller.began_at, both(caller, phone) - 0.5
    return [inbound(DID + "20", "answered", wait, ("305", talk), transfers=None, hold_seconds=None)]


@scene("305 answers, both are sent apart, and 2 s later put together by Bridge().", **FLAT)
async def flat_apart(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "22", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(4.5)
    caller.hang_up()
    await ended(phone)
    return [inbound(DID + "22", "answered", waited(caller, phone) + 2.5, ("305", both(caller, phone) - 2.5), transfers=None)]


@scene("305 must accept by 1, does not; 21 answers.", **FLAT)
async def flat_not_accepted(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "23", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    second = await desk.picks_up("21", 1)
    await ended(phone)
    await pause(2)
    caller.hang_up()
    await ended(second)
    return [inbound(DID + "23", "answered", waited(caller, second), ("21", both(caller, second)))]


@scene("21 calls out; the far end forwards by 302 to another number, which answers.", **FLAT)
async def flat_provider_302(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("8" + CUSTOMER[1:])
    (await desk.outside.rung(ring=False)).refuse(302, f"<sip:8{OTHER[1:]}@127.0.0.1>")
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(2)
    call.hang_up()
    await ended(customer)
    told = outbound("21", CUSTOMER, "answered", waited(call, customer), ("21", both(call, customer)))
    return [told | {"either": {"callee": [OTHER]}}]


@scene("305 hands the caller over to 207, where 21 does not answer; the dialplan calls 305 back, who answers.", **FLAT)
async def flat_blind_back(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("207")
    second = await desk.phones["21"].rung()
    await pause(1)
    second.refuse(603)
    again = await desk.picks_up("305", 1)
    await pause(2)
    caller.hang_up()
    await ended(again)
    talk = spoke(phone) + both(caller, again)
    transfers = [given("blind", "305", "207", False)]
    return [inbound(DID + "01", "answered", waited(caller, phone), ("305", talk), transfers=transfers)]


@scene("21 calls 205: 305 does not answer, the mobile does.", **FLAT)
async def flat_internal_mobile(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("205")
    await ended(await desk.phones["305"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(2)
    mobile.hang_up()
    await ended(call)
    told = internal("21", "205", "answered", waited(call, mobile), (MOBILE, both(call, mobile)), forwarded_to=MOBILE)
    return [told]


@scene("Click: two telephones of 101 ring, the browser answers, then the customer.", **FLAT)
async def flat_click_two_phones(desk: Desk) -> Calls:
    place = {"Context": "clicked", "Exten": CUSTOMER, "Priority": "1", "Timeout": "20000", "Async": "true"}
    await desk.does("Originate", Channel="Local/206@codes/n", **place, CallerID=f"<{CUSTOMER}>")
    other = await desk.phones["101"].rung()
    phone = await desk.picks_up("101-web", 1)
    await ended(other)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    return [outbound("101", CUSTOMER, "answered", 1.0, ("101", both(phone, customer)), click_to_call=True)]


@scene("305 holds the caller and hands him over by REFER from hold.", **FLAT)
async def flat_held_then_blind(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.hold()
    held = await pause(1.5) - 1.5
    phone.refer("21")
    left = time.time()
    second = await desk.picks_up("21", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", left - (phone.answered_at or 0)), ("21", both(caller, second)))
    transfers = [given("blind", "305", "21")]
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=transfers, hold_seconds=left - held)]


@scene("21 hands the queue's caller back to the queue 550; 305 answers there.", **FLAT)
async def flat_back_to_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "02", caller=CUSTOMER)
    phone = await desk.picks_up("21", 1)
    await pause(1)
    phone.refer("550")
    again = await desk.phones["21"].rung(ring=False)
    again.refuse(486)
    second = await desk.picks_up("305", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("21", spoke(phone)), ("305", both(caller, second)))
    transfers = [given("blind", "21", "550")]
    return [inbound(DID + "02", "answered", waited(caller, phone), *talks, transfers=transfers, queue="north")]


@scene("305 hands the caller over to the queue; he gives up there.", **FLAT)
async def flat_lost_in_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.refer("550")
    second = await desk.phones["21"].rung()
    await pause(1)
    caller.hang_up()
    await ended(second)
    transfers = [given("blind", "305", "550", False)]
    told = inbound(DID + "01", "answered", waited(caller, phone), ("305", spoke(phone)), transfers=transfers)
    return [told | {"rang": [{"extension": "305", "outcome": "answered"}, {"extension": "21", "outcome": "cancelled"}]}]
