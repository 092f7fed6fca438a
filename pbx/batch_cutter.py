"""Cuts what comes from a socket into batches that end where a message ends. Pure."""

from collections.abc import Iterable

from pbx.received import Received

_MOST_REST = 1024 * 1024


class BatchCutter:
    """Cuts what was received into batches that end where a message ends, so that each batch can be read on its own."""

    def __init__(self) -> None:
        self._rest: list[Received] = []

    @property
    def rest(self) -> list[Received]:
        """Pieces of a message that is not complete yet."""
        return self._rest

    def cut(self, pieces: Iterable[Received]) -> list[Received]:
        """The batches that can be made now. `received_at` is when the last byte came."""
        batches = []
        for piece in pieces:
            if self._rest and self._rest[-1].connection != piece.connection:
                batches.append(_joined(self._rest))  # the connection ended within a message
                self._rest = []
            self._rest.append(piece)
            if not piece.data:
                batches += self._cut_end()
        if self._rest:
            batches += self._cut_rest()
        return batches

    def _cut_end(self) -> list[Received]:
        """A piece without bytes is the end of its connection and a batch of its own."""
        *before, end = self._rest
        self._rest = []
        return [_joined(before), end] if before else [end]

    def _cut_rest(self) -> list[Received]:
        whole = _joined(self._rest)
        end = _end_of_messages(whole.data)
        if not end and len(whole.data) > _MOST_REST:
            end = len(whole.data)
        if not end:
            return []
        left = whole.data[end:]
        self._rest = [Received(whole.connection, whole.offset + end, whole.received_at, left)] if left else []
        return [Received(whole.connection, whole.offset, whole.received_at, whole.data[:end])]


def _joined(pieces: list[Received]) -> Received:
    first, last = pieces[0], pieces[-1]
    return Received(first.connection, first.offset, last.received_at, b"".join(piece.data for piece in pieces))


def _end_of_messages(data: bytes) -> int:
    """The place after the last empty line; 0 if there is none. An event may also end with CR LF LF."""
    ends = [(data.rfind(mark), len(mark)) for mark in (b"\r\n\r\n", b"\r\n\n")]
    return max((place + length for place, length in ends if place >= 0), default=0)
