"""Calls out, by a click, round in a loop, and panels, on the flat dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.flat import DID, FLAT
from tests.asterisk.desk_scenes.words import Calls, both, ended, inbound, internal, outbound, pause, scene, spoke, waited

CLICK = {"Context": "clicked", "Exten": CUSTOMER, "Priority": "1", "Timeout": "20000", "Async": "true"}


@scene("600123 calls out with the office's number shown; the first line says congestion, the second is answered.", **FLAT)
async def flat_out_second_line(desk: Desk) -> Calls:
    call = desk.phones["600123"].dial("8" + CUSTOMER[1:])
    (await desk.outside.rung(ring=False)).refuse(503)
    customer = await desk.picks_up("", 1, desk.second)
    await call.until_answered()
    await pause(2)
    customer.hang_up()
    await ended(call)
    return [outbound("600123", CUSTOMER, "answered", waited(call, customer), ("600123", both(call, customer)))]


@scene("101-web calls out, the customer is busy.", **FLAT)
async def flat_out_busy(desk: Desk) -> Calls:
    call = desk.phones["101-web"].dial("8" + CUSTOMER[1:])
    (await desk.outside.rung(ring=False)).refuse(486)
    await ended(call)
    return [outbound("101", CUSTOMER, "busy", 0.0, wait_seconds=None)]


@scene("21 calls out and gives up ringing.", **FLAT)
async def flat_out_given_up(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("8" + CUSTOMER[1:])
    customer = await desk.outside.rung()
    await pause(2)
    call.hang_up()
    await ended(customer)
    return [outbound("21", CUSTOMER, "no_answer", (call.ended_at or 0) - call.began_at)]


@scene("21 calls an emergency number of three digits.", **FLAT)
async def flat_emergency(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("112")
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(2)
    call.hang_up()
    await ended(customer)
    return [outbound("21", "112", "answered", waited(call, customer), ("21", both(call, customer)))]


@scene("21 calls the office's own number, which never leaves the house: 305 answers.", **FLAT)
async def flat_own_number(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("8" + DID[1:] + "01")
    phone = await desk.picks_up("305", 1)
    await call.until_answered()
    await pause(2)
    call.hang_up()
    await ended(phone)
    return [internal("21", DID + "01", "answered", waited(call, phone), ("305", both(call, phone)))]


@scene("21 calls the office's own number by the line; it comes back by the same line to 305.", **FLAT)
async def flat_round_the_line(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("9" + DID + "01")
    out = await desk.outside.rung()
    back = desk.outside.dial(DID + "01", caller=DID + "01")
    phone = await desk.picks_up("305", 1)
    await back.until_answered()
    out.answer()
    await pause(2)
    call.hang_up()
    await ended(out)
    back.hang_up()
    await ended(phone)
    return [
        outbound("21", DID + "01", "answered", waited(call, out), ("21", both(call, out))),
        inbound(DID + "01", "answered", waited(back, phone), ("305", both(back, phone)), caller=DID + "01"),
    ]


@scene("Click: 305 answers, the customer is busy; 305 hears it for 10 s.", **FLAT)
async def flat_click_busy(desk: Desk) -> Calls:
    await desk.does("Originate", Channel="PJSIP/305", **CLICK, ChannelId="click-1", CallerID=f"Firstring <{CUSTOMER}>")
    phone = await desk.picks_up("305", 1)
    (await desk.outside.rung(ring=False)).refuse(486)
    await ended(phone)
    return [outbound("305", CUSTOMER, "busy", 10.0, click_to_call=True, rang=[("305", "answered")])]


@scene("Click: 305 answers and hangs up while the customer rings.", **FLAT)
async def flat_click_hung_up(desk: Desk) -> Calls:
    await desk.does("Originate", Channel="PJSIP/305", **CLICK, ChannelId="click-2")
    phone = await desk.picks_up("305", 1)
    customer = await desk.outside.rung()
    await pause(2)
    phone.hang_up()
    await ended(customer)
    return [outbound("305", CUSTOMER, "no_answer", 2.0, click_to_call=True)]


@scene("Click: 305 declines.", **FLAT)
async def flat_click_declined(desk: Desk) -> Calls:
    await desk.does("Originate", Channel="PJSIP/305", **CLICK, ChannelId="click-3", CallerID=f"<{CUSTOMER}>")
    phone = await desk.phones["305"].rung()
    began = time.time()
    await pause(1)
    phone.refuse(603)
    wait = time.time() - began
    return [outbound("305", CUSTOMER, "agent_no_answer", wait, click_to_call=True, rang=[("305", "declined")])]


@scene("Click to a colleague: 305 answers, then 21.", **FLAT)
async def flat_click_internal(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": "21", "Priority": "1", "Timeout": "20000", "Async": "true"}
    await desk.does("Originate", Channel="PJSIP/305", **place, ChannelId="click-4", CallerID="<21>")
    phone = await desk.picks_up("305", 1)
    second = await desk.picks_up("21", 1)
    await pause(2)
    second.hang_up()
    await ended(phone)
    return [outbound("305", "21", "answered", 1.0, ("305", both(phone, second)), click_to_call=True)]


@scene("Click by Local/305@staff with application Dial told in the data; the customer answers.", **FLAT)
async def flat_click_local_app(desk: Desk) -> Calls:
    app = {"Application": "Dial", "Data": f"PJSIP/{CUSTOMER}@mts_2,20", "Timeout": "20000", "Async": "true"}
    await desk.does("Originate", Channel="Local/305@staff/n", **app)
    phone = await desk.picks_up("305", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    phone.hang_up()
    await ended(customer)
    return [outbound("305", CUSTOMER, "answered", 1.0, ("305", both(phone, customer)), click_to_call=True)]


@scene("A panel redirects caller and 305 to two other places: the caller to 21, 305 to 70044.", **FLAT)
async def flat_redirect_both(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(2)
    place = {"Context": "from-internal", "Exten": "21", "Priority": "1"}
    more = {"ExtraContext": "from-internal", "ExtraExten": "70044", "ExtraPriority": "1"}
    moved = time.time()
    await desk.does("Redirect", Channel=desk.channel("PJSIP/mts_2-"), ExtraChannel=desk.channel("PJSIP/305-"), **place, **more)
    second = await desk.picks_up("21", 1)
    third = await desk.picks_up("70044", 0.5)
    await pause(2)
    caller.hang_up()
    await ended(second)
    await pause(1)
    phone.hang_up()
    await ended(third)
    talks = (("305", moved - (phone.answered_at or 0)), ("21", both(caller, second)))
    return [inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=None)]


@scene("305 and 21 talk; a panel moves both into a conference, the caller on 305's other line is handed into it.", **FLAT)
async def flat_conference_grown(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1)
    place = {"Context": "from-internal", "Exten": "888", "Priority": "1"}
    more = {"ExtraContext": "from-internal", "ExtraExten": "888", "ExtraPriority": "1"}
    one, two = desk.channel("PJSIP/mts_2-"), desk.channel("PJSIP/305-")
    await desk.does("Redirect", Channel=one, ExtraChannel=two, **place, **more)
    await pause(1)
    invited = {"Context": "from-internal", "Exten": "888", "Priority": "1", "Timeout": "20000", "Async": "true"}
    await desk.does("Originate", Channel=f"PJSIP/{OTHER}@mts_2", **invited)
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    phone.hang_up()
    await pause(1)
    caller.hang_up()
    mobile.hang_up()
    await ended(mobile)
    talks = (("305", both(caller, phone)), (OTHER, both(caller, mobile)))
    told = inbound(DID + "01", "answered", waited(caller, phone), *talks, transfers=None)
    return [told | {"forwarded_to": None, "either": {"forwarded_to": [OTHER]}}]


@scene("21 calls 305, who puts her on hold, asks 70044 and joins them.", **FLAT)
async def flat_internal_attended(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("305")
    phone = await desk.picks_up("305", 1)
    await pause(1)
    phone.hold()
    held = time.time()
    asking = desk.phones["305"].dial("70044")
    third = await desk.picks_up("70044", 1)
    await asking.until_answered()
    await pause(1)
    phone.refer_to(asking, "70044")
    await ended(phone)
    joined = time.time()
    await pause(2)
    call.hang_up()
    await ended(third)
    asked = joined - (third.answered_at or 0)
    talks = (("305", joined - (phone.answered_at or 0), asked), ("70044", (call.ended_at or 0) - joined, asked))
    told = internal("21", "305", "answered", waited(call, phone), *talks, hold_seconds=joined - held)
    return [told | {"transfers": [{"kind": "attended", "from": "305", "to": "70044", "answered": True}]}]


@scene("21 calls a number that does not exist; 21 calls itself; 21 calls 305, who is busy.", **FLAT)
async def flat_internal_busy(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("305")
    (await desk.phones["305"].rung(ring=False)).refuse(486)
    await ended(call)
    return [internal("21", "305", "busy", 0.0, rang=[("305", "busy")], wait_seconds=None)]


@scene("21 listens to voicemail's greeting by 559: nobody is called.", **FLAT)
async def flat_internal_voicemail(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("559")
    await call.until_answered()
    await pause(2)
    call.hang_up()
    return [internal("21", "559", "failed", 0.0, wait_seconds=None) | {"either": {"voicemail": [True], "outcome": ["no_answer"]}}]


@scene("Customers are called by a robot: originated to the line, who answers hears the queue, 21 answers.", **FLAT)
async def flat_robot_queue(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": "550", "Priority": "1", "Timeout": "20000", "Async": "true"}
    await desk.does("Originate", Channel=f"PJSIP/{MOBILE}@mts_2", **place, CallerID=f"<{DID}02>")
    customer = await desk.picks_up("", 1, desk.outside)
    phone = await desk.picks_up("21", 1)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    talk = both(customer, phone)
    told = outbound("21", MOBILE, "answered", 1.0, ("21", talk), click_to_call=True, queue="north")
    return [told | {"wait_seconds": None}]


@scene("21 calls out and holds the customer, who hangs up on hold.", **FLAT)
async def flat_out_held(desk: Desk) -> Calls:
    call = desk.phones["21"].dial("8" + CUSTOMER[1:])
    customer = await desk.picks_up("", 1, desk.outside)
    await call.until_answered()
    await pause(1)
    call.hold()
    held = time.time()
    await pause(2)
    customer.hang_up()
    await ended(call)
    hold = (customer.ended_at or 0) - held
    return [outbound("21", CUSTOMER, "answered", waited(call, customer), ("21", spoke(customer)), hold_seconds=hold)]
