"""A call that is placed to see whether all of it arrives: the pop, who was joined, the recording, the transcript.

It goes the way of calls by a click: the dialler's one context, and only numbers that its rules allow.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.doctor.findings import Finding, Said, fault, fine, say, unknown
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls
from crm_core.db import Database
from crm_core.dialling.attempts import Order, Verdict
from crm_core.dialling.numbers import Target, target_of
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import dialler_of
from crm_core.exchanges import config
from crm_core.exchanges.addresses import AmiAddress
from crm_core.recordings.tables import recordings
from crm_core.secrets import SecretBox
from crm_core.transcripts.tables import transcripts
from pbx.ami.connection import AmiLogin, LinkLost, LoginRefused
from pbx.ami.errand import Errand
from pbx.ami.protocol import UnsafeHeader
from pbx.originate import originate_headers, outcome_told

CHECK = "test_call"
TITLE = say("Test call")
LOOK_EVERY = 0.2  # seconds
SLACK = 10.0  # seconds after the phone's ring time until which the exchange may say how it went

Told = Callable[[list[Finding]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """`within`: seconds after the step before."""

    code: str
    query: Callable[[int], Select[Any]]
    within: float
    arrived: Said
    missing: Said


STEPS = (
    Step("leg", lambda call: select(call_rings.c.call_id).where(call_rings.c.call_id == call), 15.0,
         say("The ringing leg was told (%(seconds)s s)."), say("No leg was told: does the reader hear events of calls?")),
    Step("joined", lambda call: select(call_talks.c.call_id).where(call_talks.c.call_id == call), 60.0,
         say("Both were joined (%(seconds)s s)."), say("Nobody was joined: was the phone called picked up?")),
    Step("ended", lambda call: select(calls.c.id).where(calls.c.id == call, calls.c.ended_at.is_not(None)), 300.0,
         say("The end of the call was told (%(seconds)s s)."), say("The call has not ended, or its end was not told.")),
    Step("recording", lambda call: select(recordings.c.id).where(recordings.c.call_id == call), 90.0,
         say("The recording was stored (%(seconds)s s)."), say("No recording came: is the folder right?")),
    Step("transcript", lambda call: select(transcripts.c.id).where(transcripts.c.call_id == call), 300.0,
         say("The transcript was made (%(seconds)s s)."), say("No transcript came: does the worker run?")),
)  # fmt: skip


class TestCall:
    """One of them. `told` is given the findings so far, each time there is one more."""

    __test__ = False  # the tests' runner collects by this name

    def __init__(self, database: Database, box: SecretBox, exchange_id: int, told: Told) -> None:
        self._database = database
        self._box = box
        self._exchange_id = exchange_id
        self._told = told
        self._findings: list[Finding] = []
        self._began = time.monotonic()

    async def placed(self, extension: str, number: str) -> list[Finding]:
        """Rings the extension's phone, then calls the number; never raises for what goes wrong on the way."""
        async with self._database.read() as connection:
            dialler = await dialler_of(connection, self._exchange_id, self._box)
            exchange = await config.unopened(connection, self._exchange_id)
        if dialler is None:
            return await self._over(fault("no_dialler", say("No dialler is set up: there are no calls by a click.")))
        address, rules = dialler
        target = target_of(number, exchange.region, rules)
        if not isinstance(target, Target):
            refused = say("This number may not be called by a click (%(why)s).", why=target.reason)
            return await self._over(fault("number_refused", refused))
        channel = f"firstring-test-{secrets.token_hex(8)}"
        order = Order(0, self._exchange_id, extension, target.digits, channel, datetime.now(UTC))
        return await self._followed(order, address, rules)

    async def _followed(self, order: Order, address: AmiAddress, rules: DialRules) -> list[Finding]:
        self._began = time.monotonic()
        ordering = asyncio.create_task(self._ordered(order, address, rules))
        try:
            call_id = await self._popped(order, rules.ring_seconds + SLACK, ordering)
            said = await ordering
            await self._add(said)
            if said.code == "rang" and call_id is not None:
                await self._all_steps(call_id)
        finally:
            ordering.cancel()
            await asyncio.gather(ordering, return_exceptions=True)
        return self._findings

    async def _ordered(self, order: Order, address: AmiAddress, rules: DialRules) -> Finding:
        headers = originate_headers(order, rules)
        if headers is None:
            return fault("extension_unusable", say("This extension cannot be rung by a click: look at how it is written."))
        errand = Errand(AmiLogin.at(address), "OriginateResponse")
        try:
            return await errand.go(lambda: self._sent(errand, headers, rules))
        except (LoginRefused, LinkLost) as lost:
            return fault("not_ordered", say("The exchange took no order: %(why)s", why=lost.say))
        except UnsafeHeader:
            return fault("extension_unusable", say("This extension cannot be rung by a click: look at how it is written."))

    async def _sent(self, errand: Errand, headers: list[tuple[str, str]], rules: DialRules) -> Finding:
        answer = await errand.ask("Originate", headers)
        if answer.first("Response") != "Success":
            return fault("not_ordered", say("The exchange took no order: %(why)s", why=answer.first("Message") or "-"))
        told = await errand.told(answer.first("ActionID"), rules.ring_seconds + SLACK)
        if told is None:
            return unknown("no_word", say("The exchange did not say how it went: may the dialler read call events?"))
        verdict, why = outcome_told(told)
        if verdict is Verdict.PLACED:
            return fine("rang", say("The phone was picked up (%(seconds)s s).", seconds=self._so_far()))
        return fault("phone_not_reached", say("The phone was not reached: %(why)s.", why=why.value if why else "-"))

    async def _popped(self, order: Order, within: float, ordering: "asyncio.Task[Finding]") -> int | None:
        """The call, as soon as it is known here; the wait ends early where nothing was ordered."""
        query = select(call_linkedids.c.call_id).where(
            call_linkedids.c.exchange_id == self._exchange_id, call_linkedids.c.linkedid == order.channel_id
        )
        until = time.monotonic() + within
        while time.monotonic() < until:
            call_id = await self._first(query)
            if call_id is not None:
                await self._add(fine("pop", say("The call popped up (%(seconds)s s).", seconds=self._so_far())))
                return int(call_id)
            if ordering.done() and ordering.result().code != "rang":
                return None
            await asyncio.sleep(LOOK_EVERY)
        await self._add(fault("no_pop", say("The call never popped up: does the product run and listen?")))
        return None

    async def _all_steps(self, call_id: int) -> None:
        for step in STEPS:
            if not await self._arrives(step, call_id):
                return

    async def _arrives(self, step: Step, call_id: int) -> bool:
        until = time.monotonic() + step.within
        while await self._first(step.query(call_id)) is None:
            if time.monotonic() > until:
                await self._add(fault(f"no_{step.code}", step.missing))
                return False
            await asyncio.sleep(LOOK_EVERY)
        await self._add(fine(step.code, Said(step.arrived.text, {"seconds": self._so_far()})))
        return True

    async def _first(self, query: Select[Any]) -> Any:
        async with self._database.read() as connection:
            return await _scalar(connection, query)

    def _so_far(self) -> str:
        return f"{time.monotonic() - self._began:.1f}"

    async def _add(self, finding: Finding) -> None:
        self._findings.append(Finding(finding.code, finding.verdict, finding.say, finding.paste, finding.see, CHECK))
        await self._told(self._findings)

    async def _over(self, finding: Finding) -> list[Finding]:
        await self._add(finding)
        return self._findings


async def _scalar(connection: AsyncConnection, query: Select[Any]) -> Any:
    return await connection.scalar(query.limit(1))
