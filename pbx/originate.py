"""Click-to-call: the job that places an allowed call, on a connection of its own, as the exchange's dialler.

The order is `Originate` with the exchange's one context and never an application: what a user sent does not reach an action
but as digits that were read as a number. An order is sent at most once; where that is in doubt it is told, not repeated.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db import Database
from crm_core.dialling import attempts
from crm_core.dialling.attempts import ORIGINATE, Order, Verdict
from crm_core.dialling.refusals import Failure
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import dialler_of
from crm_core.errors import SettingsError
from crm_core.exchanges.addresses import AmiAddress
from crm_core.jobs import Finish, Job, JobKind, Progress
from crm_core.secrets import SecretBox
from pbx.ami.connection import USUAL, AmiLogin, LinkLost, LoginRefused, Patience
from pbx.ami.errand import Errand
from pbx.ami.protocol import Message, UnsafeHeader

log = structlog.get_logger()

STALE = timedelta(seconds=30)
"""An order that waited longer is not carried out: a phone that rings minutes after the click would surprise its user."""

WORD_AFTER = 10.0  # seconds after the phone's ring time until which the exchange may say how it went
LEASE = timedelta(seconds=60)

PLACED = Counter("firstring_click_calls", "Calls by a click, by how they went", ["verdict"])

# `Reason` of OriginateResponse is the last thing the phone's channel told (ast_control_frame_type). Asterisk 22 gives 0 for
# a phone that is busy, declines or is not registered alike; where the call was seen, its ring tells them apart.
FAILURES = {"1": Failure.PHONE_DECLINED, "3": Failure.PHONE_NO_ANSWER, "5": Failure.PHONE_BUSY}
LONGEST_SAID = 200  # characters of the exchange's refusal that are worth a line in the log
NO_SUCH_EXTEN = "Extension does not exist"  # in the context we may dial in: nothing was begun

Outcome = tuple[Verdict, Failure | None]


def job_kind(
    database: Database, box: SecretBox, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, patience: Patience = USUAL
) -> JobKind:
    """How `originate` is done."""
    return JobKind(ORIGINATE, _Dialling(database, box, now, patience).work, lease=LEASE)


def originate_headers(order: Order, rules: DialRules) -> list[tuple[str, str]] | None:
    """The whole action; None for an extension that could name more than one phone. Pure."""
    device = rules.device_of(order.extension)
    if device is None:
        return None
    return [
        ("Channel", device),
        ("Context", rules.context),
        ("Exten", rules.exten_of(order.number)),
        ("Priority", "1"),
        ("Timeout", str(rules.ring_seconds * 1000)),
        ("CallerID", f'"{order.number}" <{order.number}>'),  # what the user's own phone shows while it rings
        ("ChannelId", order.channel_id),  # becomes the call's linkedid: so the call is known to be this order's
        ("Async", "true"),
    ]


def outcome_told(told: Message) -> Outcome:
    """What OriginateResponse says: it speaks of the user's phone alone, nothing of the customer. Pure."""
    if told.first("Response") == "Success":
        return Verdict.PLACED, None
    return Verdict.FAILED, FAILURES.get(told.first("Reason") or "", Failure.PHONE_NOT_REACHED)


class _Dialling:
    def __init__(self, database: Database, box: SecretBox, now: Callable[[], datetime], patience: Patience) -> None:
        self._database = database
        self._box = box
        self._now = now
        self._patience = patience

    async def work(self, job: Job, _progress: Progress) -> Finish:
        attempt_id = int(job.payload["attempt_id"])
        async with self._database.write() as tx:
            order = await attempts.take_up(tx, attempt_id, now=self._now())
        if order is None:
            return self._interrupted(attempt_id)
        verdict, why = await self._carry_out(order)
        PLACED.labels(verdict.value).inc()
        log.info("click_call", attempt=attempt_id, extension=order.extension, verdict=verdict.value, why=why and why.value)

        async def finish(tx: AsyncConnection) -> None:
            await attempts.settle(tx, attempt_id, verdict, now=self._now(), why=why)

        return finish

    def _interrupted(self, attempt_id: int) -> Finish:
        async def finish(tx: AsyncConnection) -> None:
            verdict = await attempts.settle_interrupted(tx, attempt_id, now=self._now())
            if verdict is not None:
                log.warning("click_call_not_repeated", attempt=attempt_id, verdict=verdict.value)

        return finish

    async def _carry_out(self, order: Order) -> Outcome:
        if self._now() - order.asked_at > STALE:
            return Verdict.UNSENT, Failure.TOO_LATE
        try:
            async with self._database.read() as connection:
                dialler = await dialler_of(connection, order.exchange_id, self._box)
        except SettingsError:
            dialler = None
        if dialler is None:
            return Verdict.UNSENT, Failure.NOT_SET_UP
        return await _Visit(self._database, order, *dialler, self._now, self._patience).made()


class _Visit:
    """One order carried to its exchange."""

    def __init__(
        self, database: Database, order: Order, address: AmiAddress, rules: DialRules, now: Callable[[], datetime],
        patience: Patience,
    ) -> None:  # fmt: skip
        self._database = database
        self._order = order
        self._rules = rules
        self._now = now
        self._errand = Errand(AmiLogin.at(address), "OriginateResponse", patience=patience)
        self._sent = False

    async def made(self) -> Outcome:
        try:
            return await self._errand.go(self._place)
        except LoginRefused:
            return Verdict.UNSENT, Failure.LOGIN_REFUSED
        except UnsafeHeader:
            return Verdict.UNSENT, Failure.EXCHANGE_REFUSED
        except LinkLost:
            if not self._sent:
                return Verdict.UNSENT, Failure.NO_CONNECTION
            return await self._unless_seen(Verdict.IN_DOUBT, Failure.IN_DOUBT)

    async def _place(self) -> Outcome:
        headers = originate_headers(self._order, self._rules)
        if headers is None:
            return Verdict.UNSENT, Failure.EXCHANGE_REFUSED
        self._sent = True
        answer = await self._errand.ask("Originate", headers)
        if answer.first("Response") != "Success":
            said = answer.first("Message") or ""
            log.warning("click_call_refused", attempt=self._order.attempt_id, said=said[:LONGEST_SAID])
            return Verdict.UNSENT, Failure.NOT_IN_DIALPLAN if NO_SUCH_EXTEN in said else Failure.EXCHANGE_REFUSED
        async with self._database.write() as tx:
            await attempts.settle(tx, self._order.attempt_id, Verdict.SENT, now=self._now())
        told = await self._errand.told(answer.first("ActionID"), self._rules.ring_seconds + WORD_AFTER)
        # A dialler that may read nothing hears nothing.
        return outcome_told(told) if told is not None else await self._unless_seen(Verdict.FAILED, Failure.NO_WORD)

    async def _unless_seen(self, verdict: Verdict, why: Failure) -> Outcome:
        """Sent, if the listener saw the call; else what is given."""
        async with self._database.read() as connection:
            seen = await attempts.was_seen(connection, self._order.exchange_id, self._order.channel_id)
        return (Verdict.SENT, None) if seen else (verdict, why)
