"""Calls by a click, on the FreePBX-like dialplan."""

import time

from tests.asterisk.desk import CUSTOMER, Desk
from tests.asterisk.desk_scenes.words import Calls, both, ended, outbound, pause, scene


@scene("Click-to-call by Local/101@originate: 101 answers, then the customer.")
async def click_local(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="Local/101@originate", **place, Timeout="20000", Async="true", CallerID=f"<{CUSTOMER}>")
    phone = await desk.picks_up("101", 1)
    customer = await desk.picks_up("", 1, desk.outside)
    await pause(2)
    customer.hang_up()
    await ended(phone)
    talk = both(phone, customer)
    return [outbound("101", CUSTOMER, "answered", 1.0, ("101", talk), click_to_call=True)]


@scene("Click-to-call by Local/101@originate/n: 101 answers, the customer is busy.")
async def click_local_busy(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="Local/101@originate/n", **place, Timeout="20000", Async="true")
    phone = await desk.picks_up("101", 1)
    customer = await desk.outside.rung(ring=False)
    customer.refuse(486)
    await ended(phone)
    return [outbound("101", CUSTOMER, "busy", 0.0, click_to_call=True)]


@scene("Click-to-call: 101 does not answer in time.")
async def click_not_answered(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="PJSIP/101", **place, Timeout="4000", Async="true", CallerID=f"<{CUSTOMER}>")
    phone = await desk.phones["101"].rung()
    await ended(phone)
    return [outbound("101", CUSTOMER, "agent_no_answer", 4.0, click_to_call=True, rang=[("101", "no_answer")])]


@scene("Click-to-call: the customer does not answer, 101 hangs up.")
async def click_customer_silent(desk: Desk) -> Calls:
    place = {"Context": "from-internal", "Exten": CUSTOMER, "Priority": "1"}
    await desk.does("Originate", Channel="PJSIP/101", **place, Timeout="20000", Async="true", CallerID=f"<{CUSTOMER}>")
    phone = await desk.picks_up("101", 1)
    customer = await desk.outside.rung()
    began = time.time()
    await pause(3)
    phone.hang_up()
    await ended(customer)
    return [outbound("101", CUSTOMER, "no_answer", time.time() - began, click_to_call=True)]
