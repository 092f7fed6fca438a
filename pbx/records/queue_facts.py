"""What the queue log says of calls that the exchange's other records tell of, and may not say themselves. Pure."""

from collections.abc import Callable, Iterable, Iterator

from pbx import channel_events as told
from pbx.channel_events import ChannelEvent
from pbx.records.local_time import LocalTimes
from pbx.records.queue_log import QueueLogRow, queue_columns, queue_row

_OUT_OF_IT = frozenset(["CONNECT", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"])


def queue_rows(data: bytes) -> list[QueueLogRow]:
    """Of a journalled batch."""
    return [queue_row(queue_columns(line), LocalTimes(None))[0] for line in data.splitlines() if line]


def queue_events(rows: Iterable[QueueLogRow], knows: Callable[[str], bool]) -> list[ChannelEvent]:
    """By time; of callers who are not known (`knows` says it of an id) nothing is told."""
    agents: dict[str, str] = {}
    found = [event for row in rows if row.callid and knows(row.callid) for event in _events(row, agents, knows)]
    return sorted(found, key=lambda event: event.at)


def _events(row: QueueLogRow, agents: dict[str, str], knows: Callable[[str], bool]) -> Iterator[ChannelEvent]:
    on = (row.at, row.callid, "", "")
    if row.event == "ENTERQUEUE":
        yield told.QueueJoined(*on, row.queue)
    elif row.event in _OUT_OF_IT:
        yield told.QueueLeft(*on, row.queue)
    if row.event == "ABANDON":
        yield told.HangupAsked(*on)
    elif row.event == "CONNECT" and len(row.data) > 1:
        agents[row.callid] = row.data[1]  # the id of the agent's channel
    elif row.event == "BLINDTRANSFER" and row.data and knows(agents.get(row.callid, "")):
        yield told.BlindTransferred(row.at, agents[row.callid], "", "", row.callid, "", row.data[0])
