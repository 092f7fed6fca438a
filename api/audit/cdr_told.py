"""What the exchange's CDR says of each call: its rows grouped by linkedid. Pure.

A queue of three phones leaves three rows, so a group is a call, and only a group of one row, dialled without Local channels, says
how long was talked. Rows of linkedids that are one call (an attended transfer) stay apart here: which they are, CEL tells.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from crm_core.calls.events import CallEvent
from crm_core.calls.journal import CDR, QUEUE, records_of
from crm_core.exchanges.config import ExchangeConfig
from crm_core.trust.told import Told, Witness
from pbx.derivation import Derivation
from pbx.received import Received
from pbx.records.cdr import CdrRow
from pbx.records.cdr_calls import cdr_line
from pbx.records.queue_log import QueueLogRow, queue_line

AUDIT = "audit"
"""The name of a connection that never was, before which all was missed."""


def cdr_told(rows: Iterable[CdrRow], joined: Iterable[frozenset[str]] = ()) -> list[Told]:
    """`joined`: linkedids that are known to be one call."""
    stands_for = {linkedid: min(ids) for ids in joined for linkedid in ids}
    groups: dict[str, list[CdrRow]] = defaultdict(list)
    for row in rows:
        groups[stands_for.get(row.linkedid, row.linkedid)].append(row)
    return [_told(group) for group in groups.values()]


def cdr_aliases(rows: Iterable[CdrRow]) -> dict[str, str]:
    """The uniqueid of each channel that has rows → its linkedid."""
    return {row.uniqueid: row.linkedid for row in rows if row.uniqueid != row.linkedid}


def summed_up(
    exchange: ExchangeConfig, rows: Iterable[CdrRow], queue_log: Iterable[QueueLogRow], linkedids: frozenset[str]
) -> list[CallEvent]:
    """These calls as a gap is filled from CDR, for intake: when, who, and what became of it; marked as partly known."""
    of_them = [row for row in rows if row.linkedid in linkedids]
    if not of_them:
        return []
    ids = linkedids | {row.uniqueid for row in of_them}
    queues = b"".join(queue_line(row) for row in queue_log if row.callid in ids)
    derivation, over = Derivation(exchange), max(row.ended_at for row in of_them)
    derivation.take(Received(records_of(AUDIT, QUEUE), 0, over, queues))
    return derivation.take(Received(records_of(AUDIT, CDR), 0, over, b"".join(map(cdr_line, of_them))))


def _told(rows: Sequence[CdrRow]) -> Told:
    answered = [row for row in rows if row.disposition == "ANSWERED"]
    times = [time for row in rows for time in (row.started_at, row.answered_at, row.ended_at) if time is not None]
    names = (name for row in rows for name in (row.src, row.did or row.dst))
    return Told(
        witness=Witness.CDR, linkedids=frozenset(row.linkedid for row in rows), began=min(row.started_at for row in rows),
        ended=max(row.ended_at for row in rows), answered=bool(answered),
        answered_at=min((row.answered_at for row in answered if row.answered_at is not None), default=None),
        talk=sum(row.ended_at - row.answered_at for row in answered if row.answered_at is not None),
        parties=tuple(dict.fromkeys(name for name in names if name)),
        audio=tuple(dict.fromkeys(PurePosixPath(row.recordingfile).name for row in rows if row.recordingfile)),
        whole_seconds=all(time == int(time) for time in times), sure=len(rows) == 1 and _direct(rows[0]),
    )  # fmt: skip


def _direct(row: CdrRow) -> bool:
    """One channel dialled one other, and nothing stood between them."""
    local = row.channel.startswith("Local/") or row.dstchannel.startswith("Local/")
    return bool(row.dstchannel) and not local and row.lastapp.lower() in ("dial", "")
