"""What the exchange's queue log says of each call that stood in a queue. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from crm_core.trust.told import Told, Witness
from pbx.records.queue_log import QueueLogRow

_OVER = frozenset(["COMPLETECALLER", "COMPLETEAGENT", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "BLINDTRANSFER",
                   "ATTENDEDTRANSFER", "TRANSFER"])  # fmt: skip


def queue_told(rows: Iterable[QueueLogRow], aliases: Mapping[str, str], known: frozenset[str] | None) -> list[Told]:
    """A call is named by a channel there: `aliases` say of which linkedid. `known`: the linkedids there are, if that is known."""
    calls: dict[str, list[QueueLogRow]] = defaultdict(list)
    for row in rows:
        if row.callid:
            calls[aliases.get(row.callid, row.callid)].append(row)
    return [
        _told(linkedid, lines)
        for linkedid, lines in calls.items()
        if any(line.event == "ENTERQUEUE" for line in lines) and (known is None or linkedid in known)
    ]


def _told(linkedid: str, lines: Sequence[QueueLogRow]) -> Told:
    """How long it was talked in all it does not say: the caller may have been handed on."""
    connected = [line for line in lines if line.event == "CONNECT"]
    over = [line.at for line in lines if line.event in _OVER]
    agents = dict.fromkeys(line.agent for line in connected if line.agent)
    return Told(
        witness=Witness.QUEUE_LOG, linkedids=frozenset([linkedid]), began=lines[0].at, ended=max(over) if over else None,
        answered=bool(connected), answered_at=connected[0].at if connected else None, parties=tuple(agents),
        whole_seconds=True,
    )  # fmt: skip
