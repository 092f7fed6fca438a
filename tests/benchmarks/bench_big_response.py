"""A response of 2 MB in pieces as a socket gives them, against one of 200 kB: CPU time a byte."""

from pbx.ami.protocol import MessageReader
from tests.benchmarks.ami_stream import pieces
from tests.benchmarks.figures import Figure, least_cpu

SMALL, LARGE = 200_000, 2_000_000
AT_ONCE = 16 * 1024
GOAL = 2.0


def run() -> Figure:
    small, large = _response(SMALL), _response(LARGE)
    of_small, of_large = least_cpu(lambda: [_read(small) for _ in range(10)], lambda: _read(large), rounds=15)
    explained = (f"2 MB {of_large * 1000:.2f} ms, ten times 200 kB {of_small * 1000:.2f} ms",)
    return Figure("big_response", of_large / of_small, GOAL, explained=explained)


def _response(size: int) -> list[bytes]:
    line = b"Output: PJSIP/101-00000001 from-trunk 74951112245 1 Up Dial PJSIP/101,20,tTkK 79161112233\r\n"
    return list(pieces(b"Response: Success\r\nActionID: 1\r\n" + line * (size // len(line)) + b"\r\n", AT_ONCE))


def _read(sent: list[bytes]) -> None:
    reader = MessageReader()
    if sum(len(reader.feed_raw(piece)) for piece in sent) != 1:
        raise RuntimeError("the response was not read as one message")
