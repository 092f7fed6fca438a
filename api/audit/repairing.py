"""What an audit found, mended where it can be: told, audited, safe to repeat, and never at the cost of what was seen live.

A call that is missing, or told otherwise than the exchange's records say, is first derived again from what was heard (the
journal); what was never heard is derived from CEL alone, or where there is none from CDR and the queue log, and is then marked as
partly known. All go through intake, as gaps do. A recording that lies on the exchange is taken by the recordings' own job.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from api.audit.auditing import Findings
from api.audit.cdr_told import summed_up
from api.audit.cel_told import told_by, told_of
from api.audit.records import Records
from crm_core.calls import intake
from crm_core.calls.events import Call, CallEvent, CallState
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.repeated_ids import plain
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from crm_core.trust.comparing import SLACK
from crm_core.trust.differences import Difference, Kind
from crm_core.trust.told import Witness
from crm_core.users.audit import record
from pbx import differing
from recordings import fetch

log = structlog.get_logger()

AROUND = timedelta(minutes=2)
"""So much of the journal is derived again around a difference."""

HEARD = "derived again from what was heard"
FROM_RECORDS = "told from the exchange's records"
RECORDING_ASKED = "its recording is being taken"
HOWS = (HEARD, FROM_RECORDS, RECORDING_ASKED)

TOLD_AGAIN = frozenset([Kind.MISSING, Kind.OUTCOME, Kind.TALK])


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done about a difference."""

    difference: Difference
    how: str


class Repair:
    """Of one exchange's day, as an audit found it. `by`: who asked for it; None: the product itself."""

    def __init__(
        self, database: Database, exchange: ExchangeConfig, rules: IntakeRules, now: Callable[[], datetime], by: int | None
    ) -> None:
        self._database = database
        self._exchange = exchange
        self._rules = rules
        self._now = now
        self._by = by

    async def carry_out(self, found: Findings) -> list[Mended]:
        """Returns what was done; whether it helped, the next audit says."""
        mended = []
        wanted = [one for one in found.audited.differences if one.kind in TOLD_AGAIN]
        for one in wanted:
            how = HEARD if await self._derive_again(one, found) else FROM_RECORDS if await self._fill_in(one, found) else None
            if how is not None:
                mended.append(Mended(one, how))
        waiting = [one for one in found.audited.differences if one.kind is Kind.AUDIO_WAITING and one.call_id is not None]
        if waiting:
            await self._take_recordings(waiting)
            mended += [Mended(one, RECORDING_ASKED) for one in waiting]
        log.info("audit_repaired", exchange=self._exchange.name, day=str(found.audited.day), differences=len(mended))
        return mended

    async def _derive_again(self, one: Difference, found: Findings) -> bool:
        """By the journal. A row is only changed where it then agrees with the exchange's records."""
        since, until = (datetime.fromtimestamp(one.at, UTC) + step for step in (-AROUND, AROUND))
        done = False
        async for window in differing.compare(self._database, self._exchange, since, min(until, self._now() - differing.SETTLED)):
            for again in window.differences:
                if not done and self._is(again, one) and (one.kind is Kind.MISSING or _agrees(again.call, one, found)):
                    done = await differing.take_in(self._database, self._exchange, again, now=self._now(), rules=self._rules)
                    if done:
                        await self._note(one, again.call.key, HEARD)
        return done

    def _is(self, again: differing.Difference, one: Difference) -> bool:
        wanted = differing.Kind.ADDED if one.kind is Kind.MISSING else differing.Kind.CHANGED
        ids = {plain(linkedid) for linkedid in again.call.linkedids}
        return again.kind is wanted and one.linkedid in ids

    async def _fill_in(self, one: Difference, found: Findings) -> bool:
        """What was never heard: by the exchange's records alone. Nothing that we have a row of is told so."""
        group = next((group for group in found.comparison.missing if one.linkedid in group.linkedids), None)
        if one.kind is not Kind.MISSING or group is None:
            return False
        events = self._told_by_records(found.records, group.linkedids)
        if not events or events[-1].call.state is not CallState.ENDED:
            return False
        await self._take_in(events)
        await self._note(one, events[-1].call.key, FROM_RECORDS)
        return True

    def _told_by_records(self, records: Records, linkedids: frozenset[str]) -> list[CallEvent]:
        if records.cel is not None and (rows := records.cel.rows_of(linkedids)):
            return told_of(self._exchange, rows)
        if Witness.CEL in records.covered:  # it knows every call
            return []
        return summed_up(self._exchange, records.cdr, records.queue_log, linkedids)

    async def _take_in(self, events: Sequence[CallEvent]) -> None:
        async with self._database.write() as tx:
            await intake.take(tx, self._exchange, events, now=self._now(), rules=self._rules)

    async def _take_recordings(self, waiting: Sequence[Difference]) -> None:
        async with self._database.write() as tx:
            await fetch.look_once_more(tx, [one.call_id for one in waiting if one.call_id is not None], self._now())
            for one in waiting:
                await record(tx, self._by, "recording_asked_again", "call", one.call_id, now=self._now())

    async def _note(self, one: Difference, key: str, how: str) -> None:
        facts = {"exchange": self._exchange.name, "key": key, "kind": one.kind.value, "how": how}
        async with self._database.write() as tx:
            await record(tx, self._by, "call_repaired", "call", one.call_id, now=self._now(), facts=facts)


def _agrees(call: Call, one: Difference, found: Findings) -> bool:
    """With what the exchange's records say of it."""
    told = [told for told in found.records.told if one.linkedid in told.linkedids]
    mine = told_by(call)
    return bool(told) and all(
        other.answered == mine.answered and abs((other.talk or 0.0) - (mine.talk or 0.0)) <= SLACK + other.whole_seconds
        for other in told[:1]
    )
