"""In which queue a caller stood, and since when he stands in it."""

from collections.abc import Iterable
from math import inf

from pbx.channels import Channel, Span, toggled


def queue_of(channels: Iterable[Channel], first_join: float | None) -> str | None:
    """The last queue before the first person was joined, else the first there was."""
    joined = sorted([(at, queue) for c in channels for at, began, queue in c.queues if began and queue])
    if not joined:
        return None
    until = inf if first_join is None else first_join
    before = [queue for at, queue in joined if at <= until]
    return before[-1] if before else joined[0][1]


def queued_at(channels: Iterable[Channel]) -> float | None:
    """Since when somebody stands in a queue now (epoch seconds); None if nobody does."""
    open_now = [start for c in channels if c.gone_at is None for start, end in queue_spans(c) if end == inf]
    return max(open_now, default=None)


def queue_spans(channel: Channel) -> list[Span]:
    """When the channel stood in a queue, each queue apart; `to` is infinite while it does."""
    ends = inf if channel.gone_at is None else channel.gone_at
    names = sorted({queue for _, _, queue in channel.queues})
    return [
        span for name in names for span in toggled({(at, began) for at, began, queue in channel.queues if queue == name}, ends)
    ]
