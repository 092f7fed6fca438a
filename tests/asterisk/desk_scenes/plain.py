"""One phone, a group, a queue, a menu, follow-me, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, inbound, pause, scene, spoke, waited


@scene("101 does not answer; voicemail, the caller says something.")
async def direct_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER, name="Ivan")
    phone = await desk.phones["101"].rung()
    await phone.until_ended()
    began = phone.rang_at or 0.0
    await pause(8)
    caller.hang_up()
    return [inbound("74952220101", "missed", phone.ended_at - began, voicemail=True, rang=[("101", "no_answer")])]


@scene("101 is busy; voicemail, the caller hangs up in its greeting.")
async def direct_busy_greeting(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.phones["101"].rung(ring=False)
    phone.refuse(486)
    await caller.until_answered()
    await pause(2)
    caller.hang_up()
    return [inbound("74952220101", "missed", 0.0, voicemail=True, rang=[("101", "busy")])]


@scene("101 declines (603) after 1 s; voicemail, the caller hangs up in its greeting.")
async def direct_declined_greeting(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    await pause(1)
    phone.refuse(603)
    await caller.until_answered()
    await pause(3)
    caller.hang_up()
    return [inbound("74952220101", "missed", 1.0, voicemail=True, rang=[("101", "declined")])]


@scene("A group of two: 102 answers, 101 stops.")
async def group_answered(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220610", caller=CUSTOMER)
    other = await desk.phones["101"].rung()
    phone = await desk.picks_up("102", 1)
    await ended(other)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    rang = [("101", "answered_elsewhere"), ("102", "answered")]
    return [inbound("74952220610", "answered", waited(caller, phone), ("102", both(caller, phone)), rang=rang)]


@scene("A group nobody answers goes on to a queue of Local members, where 103 answers.")
async def group_then_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220610", caller=CUSTOMER)
    began = time.time()
    for name in ("101", "102"):
        await ended(await desk.phones[name].rung())
    for name in ("101", "102"):
        await desk.phones[name].rung()
    phone = await desk.picks_up("103", 1)
    wait = (phone.answered_at or 0.0) - began
    await pause(2)
    caller.hang_up()
    await ended(phone)
    rang = [("101", "answered_elsewhere"), ("102", "answered_elsewhere"), ("103", "answered")]
    return [inbound("74952220610", "answered", wait, ("103", both(caller, phone)), rang=rang, queue="600")]


@scene("Ring group with a mobile through Local channels: the mobile answers.")
async def group_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220611", caller=CUSTOMER)
    began = time.time()
    await desk.phones["101"].rung()
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    mobile.hang_up()
    await ended(caller)
    rang = [("101", "answered_elsewhere"), (MOBILE, "answered")]
    talk = (mobile.ended_at or 0.0) - (mobile.answered_at or 0.0)
    return [inbound("74952220611", "answered", (mobile.answered_at or 0) - began, (MOBILE, talk), rang=rang, forwarded_to=MOBILE)]


@scene("Hunt: 101 does not answer, 102 declines, 103 answers.")
async def hunt(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220612", caller=CUSTOMER)
    began = time.time()
    await ended(await desk.phones["101"].rung())
    second = await desk.phones["102"].rung()
    await pause(0.5)
    second.refuse(603)
    phone = await desk.picks_up("103", 1)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    rang = [("101", "no_answer"), ("102", "declined"), ("103", "answered")]
    return [inbound("74952220612", "answered", (phone.answered_at or 0) - began, ("103", both(caller, phone)), rang=rang)]


@scene("RetryDial: 101 is rung twice and answers the second time.")
async def retry_dial(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220613", caller=CUSTOMER)
    began = time.time()
    await ended(await desk.phones["101"].rung())
    phone = await desk.picks_up("101", 0.5)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    wait = (phone.answered_at or 0) - began
    return [inbound("74952220613", "answered", wait, ("101", both(caller, phone)), rang=[("101", "answered")])]


@scene("Queue ringall of Local members: the first declines, the second answers.")
async def queue_declined(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220601", caller=CUSTOMER, name="Ivan")
    began = time.time()
    first = await desk.phones["101"].rung()
    await pause(0.5)
    first.refuse(603)
    phone = await desk.picks_up("102", 0.5)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    talk = both(caller, phone)
    return [
        inbound(
            "74952220601",
            "answered",
            (phone.answered_at or 0) - began,
            ("102", talk),
            queue="601",
            rang=[("101", "declined"), ("102", "answered"), ("103", "answered_elsewhere")],
        )
    ]


@scene("Queue linear of phones: 101 lets it ring out, then the caller gives up while 102 rings.")
async def queue_linear_abandoned(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220602", caller=CUSTOMER)
    began = time.time()
    await ended(await desk.phones["101"].rung())
    second = await desk.phones["102"].rung()
    await pause(1)
    caller.hang_up()
    await ended(second)
    wait = (caller.ended_at or 0) - began
    return [inbound("74952220602", "abandoned", wait, queue="602", rang=[("101", "no_answer"), ("102", "cancelled")])]


@scene("Two callers, one member: the second waits until the first is done.")
async def queue_two_callers(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220603", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    other = desk.outside.dial("74952220603", caller=OTHER)
    began = time.time()
    await pause(2)
    phone.hang_up()
    await ended(caller)
    later = await desk.picks_up("101", 1)
    await pause(2)
    other.hang_up()
    await ended(later)
    return [
        inbound("74952220603", "answered", waited(caller, phone), ("101", both(caller, phone)), queue="603"),
        inbound(
            "74952220603", "answered", (later.answered_at or 0) - began, ("101", both(other, later)), queue="603", caller=OTHER
        ),
    ]


@scene("A queue runs out of time; the hunt after it: 102 answers.")
async def queue_overflow(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220604", caller=CUSTOMER)
    began = time.time()
    phone = await desk.picks_up("102", 1)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    wait = (phone.answered_at or 0) - began
    rang = [("101", "no_answer"), ("102", "answered")]
    return [inbound("74952220604", "answered", wait, ("102", both(caller, phone)), queue="604", rang=rang)]


@scene("A queue with Local members that optimise themselves away, and a mobile: 101 answers.")
async def queue_optimised(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220605", caller=CUSTOMER)
    mobile = await desk.outside.rung()
    phone = await desk.picks_up("101", 1)
    await ended(mobile)
    await pause(3)
    caller.hang_up()
    await ended(phone)
    rang = [("101", "answered"), (MOBILE, "answered_elsewhere")]
    return [inbound("74952220605", "answered", waited(caller, phone), ("101", both(caller, phone)), queue="605", rang=rang)]


@scene("The mobile member of a queue answers.")
async def queue_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220605", caller=CUSTOMER)
    phone = await desk.phones["101"].rung()
    mobile = await desk.picks_up("", 1, desk.outside)
    await ended(phone)
    await pause(3)
    mobile.hang_up()
    await ended(caller)
    rang = [("101", "answered_elsewhere"), (MOBILE, "answered")]
    talk = both(caller, mobile)
    return [
        inbound("74952220605", "answered", waited(caller, mobile), (MOBILE, talk), queue="605", rang=rang, forwarded_to=MOBILE)
    ]


@scene("Menu, 1: the queue; 101 answers.")
async def menu_queue(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220700", caller=CUSTOMER)
    began = time.time()
    await caller.until_answered()
    await pause(1)
    await caller.press("1")
    phone = await desk.picks_up("101", 1)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    wait = (phone.answered_at or 0) - began
    talk = spoke(phone)
    return [inbound("74952220700", "answered", wait, ("101", talk), queue="600")]


@scene("Menu, 2: 101, who does not answer; the caller gives up while it rings.")
async def menu_direct_missed(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220700", caller=CUSTOMER)
    began = time.time()
    await caller.until_answered()
    await pause(1)
    await caller.press("2")
    phone = await desk.phones["101"].rung()
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound("74952220700", "missed", (caller.ended_at or 0) - began, rang=[("101", "cancelled")])]


@scene("Follow-me: 104 does not answer, his mobile does and accepts by 1.")
async def followme_accepted(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220104", caller=CUSTOMER)
    began = time.time()
    await ended(await desk.phones["104"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(1)
    await mobile.press("1")
    await caller.until_answered()
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(mobile)
    talk = (caller.ended_at or 0) - joined
    rang = [("104", "no_answer"), (MOBILE, "answered")]
    return [inbound("74952220104", "answered", joined - began, (MOBILE, talk), rang=rang, forwarded_to=MOBILE)]


@scene("Follow-me: the mobile answers and does not accept; voicemail takes the call.")
async def followme_refused(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220104", caller=CUSTOMER)
    began = time.time()
    await ended(await desk.phones["104"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await ended(mobile)
    await caller.until_answered()
    wait = (caller.answered_at or 0) - began
    await pause(7)
    caller.hang_up()
    return [inbound("74952220104", "missed", wait, voicemail=True, forwarded_to=MOBILE)]


@scene("After the talk the exchange goes on with the caller: a survey.")
async def survey_after(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220800", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    phone.hang_up()
    await pause(3)
    caller.hang_up()
    return [inbound("74952220800", "answered", waited(caller, phone), ("101", spoke(phone)))]
