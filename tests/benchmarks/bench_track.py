"""Bytes in batches as the listener takes them → calls, through its own derivation, against panoramisk's bare parsing."""

from collections.abc import Sequence

from pbx.derivation import Derivation
from pbx.listener import MOST_BYTES
from pbx.received import Received
from tests.benchmarks.ami_stream import EPOCH, EVENTS, pieces, stream
from tests.benchmarks.figures import Figure, least_cpu
from tests.benchmarks.parsers import panoramisk_parses
from tests.captured import an_exchange

CALLS = 400
GOAL = 2.0


def run() -> Figure:
    raw = stream(CALLS)
    sent, batches = list(pieces(raw)), batches_of(raw)
    ours, theirs = least_cpu(lambda: _ours(batches), lambda: panoramisk_parses(sent), rounds=9)
    an_event = 1e6 / (CALLS * EVENTS)
    explained = (f"an event: parsed and tracked {ours * an_event:.2f} µs, only parsed by panoramisk {theirs * an_event:.2f}",)
    return Figure("track", theirs / ours, GOAL, at_most=False, explained=explained)


def batches_of(raw: bytes, size: int = MOST_BYTES, connection: str = "1") -> list[Received]:
    """Whole messages, about `size` bytes in each batch."""
    found, start = [], 0
    while start < len(raw):
        end = raw.find(b"\r\n\r\n", start + size - 4) + 4 if start + size < len(raw) else len(raw)
        found.append(Received(connection, start, EPOCH, raw[start:end]))
        start = end
    return found


def _ours(batches: Sequence[Received]) -> int:
    derivation = Derivation(an_exchange())
    return sum(len(derivation.take(batch)) for batch in batches)
