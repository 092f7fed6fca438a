"""What a panel does with calls, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, given, inbound, pause, scene, spoke, waited


@scene("A panel redirects caller and 101 into a conference, 102 dials in.")
async def redirect_to_conference(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    one, two = desk.channel("PJSIP/trunk-"), desk.channel("PJSIP/101-")
    place = {"Context": "from-internal", "Exten": "800", "Priority": "1"}
    extra = {"ExtraChannel": two, "ExtraContext": "from-internal", "ExtraExten": "800", "ExtraPriority": "1"}
    await desk.does("Redirect", Channel=one, **place, **extra)
    await pause(1.5)
    third = desk.phones["102"].dial("800")
    await third.until_answered()
    await pause(2)
    third.hang_up()
    await pause(1)
    caller.hang_up()
    phone.hang_up()
    talks = (("101", both(caller, phone)), ("102", both(caller, third) - 0.5))
    return [inbound("74952220101", "answered", waited(caller, phone), *talks, transfers=None)]


@scene("A panel hands the caller over to 103 (BlindTransfer).")
async def panel_blind(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    await desk.does("BlindTransfer", Channel=desk.channel("PJSIP/101-"), Exten="103", Context="from-internal")
    third = await desk.picks_up("103", 1)
    await pause(2)
    caller.hang_up()
    await ended(third)
    first = spoke(phone)
    return [
        inbound(
            "74952220101",
            "answered",
            waited(caller, phone),
            ("101", first),
            ("103", both(caller, third)),
            transfers=[given("blind", "101", "103")],
        )
    ]


@scene("A panel redirects the caller to 102, who answers; 101 is let go.")
async def panel_redirect(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220600", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    place = {"Context": "from-internal", "Exten": "102", "Priority": "1"}
    await desk.does("Redirect", Channel=desk.channel("PJSIP/trunk-"), **place)
    await ended(phone)
    await desk.phones["102"].rung()  # the queue's
    second = await desk.picks_up("102", 1)
    await pause(2)
    caller.hang_up()
    await ended(second)
    first = spoke(phone)
    talks = (("101", first), ("102", both(caller, second)))
    return [
        inbound("74952220600", "answered", waited(caller, phone), *talks, transfers=[given("blind", "101", "102")], queue="600")
    ]


@scene("A panel bridges the caller, who talks with 101, with 102, who talks with 103.")
async def panel_bridge(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(1)
    call = desk.phones["102"].dial("103")
    third = await desk.picks_up("103", 1)
    await pause(1)
    await desk.does("Bridge", Channel1=desk.channel("PJSIP/trunk-"), Channel2=desk.channel("PJSIP/102-"))
    joined = time.time()
    await pause(2)
    caller.hang_up()
    await ended(call)
    phone.hang_up()
    third.hang_up()
    return [
        inbound(
            "74952220101",
            "answered",
            waited(caller, phone),
            ("101", joined - (phone.answered_at or 0)),
            ("102", (caller.ended_at or 0) - joined),
            transfers=None,
            hold_seconds=None,
        )
    ]


@scene("A panel parks the caller (Park); 102 takes him at 71.")
async def panel_park(desk: Desk) -> Calls:
    caller = desk.outside.dial("74952220101", caller=CUSTOMER)
    phone = await desk.picks_up("101", 1)
    await pause(2)
    await desk.does("Park", Channel=desk.channel("PJSIP/trunk-"), TimeoutChannel=desk.channel("PJSIP/101-"))
    phone.left_at = parked = time.time()
    await ended(phone)
    await pause(2)
    second = desk.phones["102"].dial("71")
    await second.until_answered()
    await pause(0.5)  # the exchange picks up for itself first
    await pause(2)
    caller.hang_up()
    await ended(second)
    talks = (("101", spoke(phone)), ("102", both(caller, second) - 0.5))
    hold = (second.answered_at or 0) + 0.5 - parked
    return [
        inbound(
            "74952220101", "answered", waited(caller, phone), *talks, transfers=[given("park", "101", "102")], hold_seconds=hold
        )
    ]
