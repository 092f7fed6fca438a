"""Which seconds of a recording are menu, queue or hold rather than talk. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from crm_core.calls.events import CallState
from transcribe.audio import Span

MARGIN = timedelta(seconds=0.5)  # the exchange's clock and the file's first sample never agree exactly
SHORTEST = timedelta(seconds=2)  # what is shorter costs less to hear than to cut in the wrong place

Stretch = tuple[datetime, datetime | None]
"""From when to when; None: to the end."""


def left_out(began: datetime | None, seconds: float, talks: Sequence[Stretch], holds: Sequence[Stretch] = ()) -> list[Span]:
    """The spans without talk between a person and the customer, in seconds of the recording that began at `began`.

    Nothing is left out where the moment of the first sample or the talks are not known: better to hear too much.
    """
    if began is None or not talks:
        return []
    ended = began + timedelta(seconds=seconds)
    without = [*_between(began, ended, talks), *((since, until or ended) for since, until in holds)]
    return [span for since, until in without if (span := _span(began, max(since, began), min(until, ended)))]


def holds_in(states: Iterable[tuple[datetime, str | None]]) -> list[Stretch]:
    """From what a call's events told, in their order, the stretches in which the customer was on hold.

    An event that tells no state is a transfer, an answer or the end: the hold is over then.
    """
    holds: list[Stretch] = []
    since: datetime | None = None
    for at, state in states:
        if state == CallState.HELD:
            since = since or at
        elif since is not None:
            holds.append((since, at))
            since = None
    return holds if since is None else [*holds, (since, None)]


def _between(began: datetime, ended: datetime, talks: Sequence[Stretch]) -> Iterator[tuple[datetime, datetime]]:
    at = began
    for joined, gone in sorted((joined, gone or ended) for joined, gone in talks):
        yield at, joined
        at = max(at, gone)
    yield at, ended


def _span(began: datetime, since: datetime, until: datetime) -> Span | None:
    if until - since < SHORTEST:
        return None
    first = since if since == began else since + MARGIN
    return (first - began).total_seconds(), (until - MARGIN - began).total_seconds()
