"""Bytes as a socket gives them → `ChannelEvent`, against panoramisk's bare parsing and a plain split-and-partition parser."""

from collections.abc import Sequence

from pbx.ami.protocol import MessageReader
from pbx.dialects.asterisk import AsteriskDialect
from tests.benchmarks.ami_stream import EVENTS, pieces, stream
from tests.benchmarks.figures import Figure, least_cpu
from tests.benchmarks.parsers import panoramisk_parses, plain_parses

CALLS = 400
GOAL_PANORAMISK = 4.0
GOAL_PLAIN = 2.0


def run() -> list[Figure]:
    sent = list(pieces(stream(CALLS)))
    dialect = AsteriskDialect()
    ours, theirs, plain = least_cpu(
        lambda: _ours(sent, dialect), lambda: panoramisk_parses(sent), lambda: plain_parses(sent), rounds=9
    )
    an_event = 1e6 / (CALLS * EVENTS)
    explained = (f"an event: ours {ours * an_event:.2f} µs, panoramisk {theirs * an_event:.2f}, plain {plain * an_event:.2f}",)
    return [
        Figure("parse_panoramisk", theirs / ours, GOAL_PANORAMISK, at_most=False, explained=explained),
        Figure("parse_plain", plain / ours, GOAL_PLAIN, at_most=False),
    ]


def _ours(sent: Sequence[bytes], dialect: AsteriskDialect) -> int:
    reader = MessageReader()
    return sum(len(dialect.read_raw(raw, 0.0)) for piece in sent for raw in reader.feed_raw(piece))
