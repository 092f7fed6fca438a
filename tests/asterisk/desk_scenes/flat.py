"""Calls that come in, on the flat dialplan."""

import asyncio
import time
import wave

from tests.asterisk.desk import CUSTOMER, MOBILE, OTHER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, inbound, pause, scene, spoke, waited

FLAT = {
    "dialplan": "flat",
    "phones": ("21", "305", "70044", "600123", "101", "101-web"),
    "lines": ("mts_2", "77.77.77.77"),
}
DID = "749933300"


@scene("A queue's only member is a Local follow-me: 305 rings in vain, then the mobile answers.", **FLAT)
async def flat_followed(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "15", caller="8" + CUSTOMER[1:])
    await ended(await desk.phones["305"].rung())
    mobile = await desk.picks_up("", 1, desk.outside)
    await pause(3)
    mobile.hang_up()
    await ended(caller)
    talk = both(caller, mobile)
    return [inbound(DID + "15", "answered", waited(caller, mobile), (MOBILE, talk), queue="followed", forwarded_to=MOBILE)]


@scene("A queue's only member is a Local follow-me: 305 himself answers.", **FLAT)
async def flat_followed_himself(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "15", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    rang = [("305", "answered")]
    return [inbound(DID + "15", "answered", waited(caller, phone), ("305", both(caller, phone)), queue="followed", rang=rang)]


@scene("Three ring, 305 is forwarded by 302 to 600123, who answers.", **FLAT)
async def flat_group_302(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "03", caller=CUSTOMER)
    one = await desk.phones["21"].rung()
    (await desk.phones["305"].rung(ring=False)).refuse(302, "<sip:600123@127.0.0.1>")
    other = await desk.phones["70044"].rung()
    phone = await desk.picks_up("600123", 1)
    await ended(one, other)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound(DID + "03", "answered", waited(caller, phone), ("600123", both(caller, phone)))]


@scene("Three ring, nobody answers; voicemail, the caller hangs up in it.", **FLAT)
async def flat_group_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "03", caller=CUSTOMER, name="ООО 'Ромашка' <b>\U0001f4de")
    for name in ("21", "305", "70044"):
        await desk.phones[name].rung()
    await caller.until_answered()
    await pause(2)
    caller.hang_up()
    rang = [(name, "no_answer") for name in ("21", "305", "70044")]
    return [inbound(DID + "03", "missed", (caller.answered_at or 0) - caller.began_at, voicemail=True, rang=rang)]


@scene("Three are busy at once.", **FLAT)
async def flat_group_busy(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "03", caller=CUSTOMER)
    for name in ("21", "305", "70044"):
        (await desk.phones[name].rung(ring=False)).refuse(486)
    await ended(caller)
    wait = (caller.ended_at or 0) - caller.began_at
    rang = [(name, "busy") for name in ("21", "305", "70044")]
    return [inbound(DID + "03", "busy", wait, rang=rang)]


@scene("The queue's member hears an announcement of 3 s before he is joined.", **FLAT)
async def flat_announced(desk: Desk) -> Calls:
    _announcement(desk)
    caller = desk.outside.dial(DID + "04", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(5)
    caller.hang_up()
    await ended(phone)
    talk = both(caller, phone) - 3.0
    rang = [("305", "answered")]
    return [inbound(DID + "04", "answered", waited(caller, phone) + 3, ("305", talk), queue="announced", rang=rang)]


@scene("The caller hangs up while the member hears the announcement.", **FLAT)
async def flat_announced_gone(desk: Desk) -> Calls:
    _announcement(desk)
    caller = desk.outside.dial(DID + "04", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1.5)
    caller.hang_up()
    await ended(phone)
    wait = (phone.answered_at or 0) + 3 - caller.began_at  # the exchange notices it after the announcement
    return [inbound(DID + "04", "abandoned", wait, queue="announced")]


def _announcement(desk: Desk) -> None:
    root = desk.home.parent.parent
    with wave.open(str(root / "tmp/ex_announce.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 3))


@scene("Ringing and sound without an answer, then the exchange hangs up.", **FLAT)
async def flat_early_media(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "05", caller=CUSTOMER)
    await ended(caller)
    return [inbound(DID + "05", "failed", (caller.ended_at or 0) - caller.began_at)]


@scene("Sound without an answer, in which the caller hangs up.", **FLAT)
async def flat_early_media_left(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "05", caller=CUSTOMER)
    await pause(1.5)
    caller.hang_up()
    await pause(0.5)
    return [inbound(DID + "05", "abandoned", (caller.ended_at or 0) - caller.began_at)]


@scene("A menu that dials out whatever number the caller gives.", **FLAT)
async def flat_disa(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "06", caller=CUSTOMER)
    await caller.until_answered()
    await pause(0.7)
    await caller.press(OTHER)
    other = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    caller.hang_up()
    await ended(other)
    return [inbound(DID + "06", "answered", waited(caller, other), (OTHER, both(caller, other)), forwarded_to=OTHER)]


@scene("Desk and mobile ring together, the mobile answers.", **FLAT)
async def flat_desk_and_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "07", caller=CUSTOMER)
    phone = await desk.phones["305"].rung()
    mobile = await desk.picks_up("", 1, desk.outside)
    await ended(phone)
    await pause(2)
    mobile.hang_up()
    await ended(caller)
    talk = both(caller, mobile)
    return [inbound(DID + "07", "answered", waited(caller, mobile), (MOBILE, talk), forwarded_to=MOBILE)]


@scene("Desk and mobile ring together, the desk answers.", **FLAT)
async def flat_desk_not_mobile(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "07", caller=CUSTOMER)
    mobile = await desk.outside.rung()
    phone = await desk.picks_up("305", 1)
    await ended(mobile)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    return [inbound(DID + "07", "answered", waited(caller, phone), ("305", both(caller, phone)))]


@scene("Voicemail at once, the caller leaves a message.", **FLAT)
async def flat_voicemail_only(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "08", caller=CUSTOMER)
    await caller.until_answered()
    await pause(4)
    caller.hang_up()
    await pause(0.5)
    return [inbound(DID + "08", "missed", 1.5, voicemail=True)]


@scene("Queue with autopause: 21 rings in vain and is paused, 600123 declines, the caller falls to 70044, who answers.", **FLAT)
async def flat_autopause(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "09", caller=CUSTOMER)
    rings = asyncio.create_task(_declines(desk))
    await ended(await desk.phones["21"].rung())
    phone = await desk.picks_up("70044", 1)
    rings.cancel()
    await pause(2)
    caller.hang_up()
    await ended(phone)
    return [inbound(DID + "09", "answered", waited(caller, phone), ("70044", both(caller, phone)), queue="west")]


async def _declines(desk: Desk) -> None:
    while True:
        leg = await desk.phones["600123"].rung()
        await asyncio.sleep(0.5)
        leg.refuse(603)


@scene("Queue with ringinuse=no and penalties: 21 talks already, so 305 and 70044 ring; 70044 answers.", **FLAT)
async def flat_penalty(desk: Desk) -> Calls:
    first = desk.outside.dial(DID + "02", caller=CUSTOMER)
    one = await desk.picks_up("21", 0.5)
    await pause(0.5)
    second = desk.outside.dial(DID + "02", caller=OTHER)
    idle = await desk.phones["305"].rung()
    phone = await desk.picks_up("70044", 1)
    await ended(idle)
    await pause(1.5)
    second.hang_up()
    await pause(0.5)
    one.hang_up()
    await ended(first, phone)
    elsewhere = [("305", "answered_elsewhere"), ("70044", "answered")]
    return [
        inbound(DID + "02", "answered", waited(first, one), ("21", both(first, one)), queue="north", rang=[("21", "answered")]),
        inbound(
            DID + "02",
            "answered",
            waited(second, phone),
            ("70044", both(second, phone)),
            queue="north",
            caller=OTHER,
            rang=elsewhere,
        ),
    ]


@scene("Nobody of the queue answers in its time; voicemail takes the caller, who hangs up there.", **FLAT)
async def flat_queue_voicemail(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "02", caller=CUSTOMER)
    idle = asyncio.create_task(_rings(desk, "21"))
    await caller.until_answered()
    idle.cancel()
    await pause(2)
    caller.hang_up()
    wait = (caller.answered_at or 0) - caller.began_at
    return [inbound(DID + "02", "missed", wait, queue="north", voicemail=True)]


async def _rings(desk: Desk, name: str) -> None:
    while True:
        await desk.phones[name].rung()


@scene("305 is busy, 21 declines after ringing: the caller is let go.", **FLAT)
async def flat_hunt_declined(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "10", caller=CUSTOMER)
    (await desk.phones["305"].rung(ring=False)).refuse(486)
    phone = await desk.phones["21"].rung()
    await pause(1)
    phone.refuse(603)
    await ended(caller)
    wait = (caller.ended_at or 0) - caller.began_at
    return [inbound(DID + "10", "missed", wait, rang=[("305", "busy"), ("21", "declined")])]


@scene("305 answers and hangs up, the dialplan goes on to 21, who answers as well.", **FLAT)
async def flat_one_after_the_other(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "10", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await pause(1.5)
    phone.hang_up()
    second = await desk.picks_up("21", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("305", both(caller, phone)), ("21", both(caller, second)))
    return [inbound(DID + "10", "answered", waited(caller, phone), *talks, transfers=None)]


@scene("Three ring through Local channels, one of which optimises itself away: 21 answers.", **FLAT)
async def flat_locals(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "12", caller=CUSTOMER)
    one, other = await desk.phones["305"].rung(), await desk.phones["70044"].rung()
    phone = await desk.picks_up("21", 1)
    await ended(one, other)
    await pause(2)
    caller.hang_up()
    await ended(phone)
    rang = [("305", "answered_elsewhere"), ("70044", "answered_elsewhere"), ("21", "answered")]
    return [inbound(DID + "12", "answered", waited(caller, phone), ("21", both(caller, phone)), rang=rang)]


@scene("Three ring through Local channels, 305 answers, is refused, the caller gives up ringing.", **FLAT)
async def flat_locals_given_up(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "12", caller=CUSTOMER)
    (await desk.phones["305"].rung(ring=False)).refuse(486)
    one, two = await desk.phones["70044"].rung(), await desk.phones["21"].rung()
    await pause(2)
    caller.hang_up()
    await ended(one, two)
    wait = (caller.ended_at or 0) - caller.began_at
    rang = [("305", "busy"), ("70044", "cancelled"), ("21", "cancelled")]
    return [inbound(DID + "12", "missed", wait, rang=rang)]


@scene("101 has a telephone and a browser, `101-web` answers.", **FLAT)
async def flat_web(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "13", caller="anonymous", name="Anonymous")
    other = await desk.phones["101"].rung()
    phone = await desk.picks_up("101-web", 1)
    await ended(other)
    await pause(2)
    phone.hang_up()
    await ended(caller)
    talk = both(caller, phone)
    return [inbound(DID + "13", "answered", waited(caller, phone), ("101", talk), caller=None, rang=[("101", "answered")])]


@scene("Two calls from one number at one instant; the second finds the line full (call limit 1).", **FLAT)
async def flat_limit(desk: Desk) -> Calls:
    first = desk.outside.dial(DID + "16", caller=CUSTOMER)
    await pause(0.3)
    second = desk.outside.dial(DID + "16", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    await ended(second)
    await pause(1.5)
    first.hang_up()
    await ended(phone)
    return [
        inbound(DID + "16", "answered", waited(first, phone), ("305", both(first, phone))),
        inbound(DID + "16", "failed", (second.ended_at or 0) - second.began_at, rang=[], wait_seconds=None),
    ]


@scene("Two calls at the same instant from one number : both ring, the first is answered, the other given up.", **FLAT)
async def flat_same_instant(desk: Desk) -> Calls:
    first = desk.outside.dial(DID + "01", caller=CUSTOMER)
    await pause(0.02)
    second = desk.outside.dial(DID + "13", caller=CUSTOMER)
    phone = await desk.picks_up("305", 1)
    one, two = await desk.phones["101"].rung(), await desk.phones["101-web"].rung()
    await pause(1)
    second.hang_up()
    await ended(one, two)
    await pause(1)
    first.hang_up()
    await ended(phone)
    return [
        inbound(DID + "01", "answered", waited(first, phone), ("305", both(first, phone))),
        inbound(DID + "13", "missed", (second.ended_at or 0) - second.began_at, rang=[("101", "cancelled")]),
    ]


@scene("The caller hangs up just as 305 answers.", **FLAT)
async def flat_at_once(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "01", caller=CUSTOMER)
    phone = await desk.phones["305"].rung()
    await pause(1)
    caller.hang_up()
    phone.answer()
    await ended(phone)
    wait = (caller.ended_at or 0) - caller.began_at
    return [inbound(DID + "01", "missed", wait, rang=[("305", "cancelled")])]


@scene("Forwarded through an optimised Local channel to 305, who puts the caller on hold twice.", **FLAT)
async def flat_held_twice(desk: Desk) -> Calls:
    caller = desk.outside.dial(DID + "11", caller="+" + CUSTOMER, name="=1+1")
    phone = await desk.picks_up("305", 1)
    await pause(1)
    held = 0.0
    for _ in range(2):
        since = time.time()
        phone.hold()
        await pause(1)
        phone.unhold()
        held += time.time() - since
        await pause(0.5)
    phone.hang_up()
    await ended(caller)
    return [inbound(DID + "11", "answered", waited(caller, phone), ("305", spoke(phone)), hold_seconds=held)]
