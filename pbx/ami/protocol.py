"""The AMI wire protocol without any I/O: bytes → `Message`, action → bytes.

A message is kept as its raw bytes and read on demand: of some forty events in a plain call fewer than twenty
are ever looked into, and of those only a handful of headers (see `pbx.dialects.asterisk`).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

MAX_MESSAGE = 8 * 1024 * 1024
"""Bytes one message may have; a longer one is thrown away and counted in `MessageReader.oversized`."""

_END = re.compile(rb"\r\n(?:\r\n|\n)")  # an event may also end with \r\n\n
_NAME = re.compile(rb"(?:\A|\n)(?:Event|Response): ?([^\r\n]*)")
_HEADER = re.compile(rb"(?:\A|\n)([^\r\n:]+):[ \t]?([^\r\n]*)")
_FORBIDDEN = re.compile("[\r\n\0]")


class UnsafeHeader(ValueError):
    """A header's name or value holds CR, LF or NUL and would go out as another header or action."""


class Message:
    """One event or response as it came: raw bytes without the empty line that ends it."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def event(self) -> str | None:
        """The event's name, or None for a response."""
        return self.first("Event")

    def first(self, header: str) -> str | None:
        """The first occurrence wins: a later header of the same name may be made by a caller."""
        return next((value for name, value in self.headers() if name == header), None)

    def every(self, header: str) -> list[str]:
        """All values of a header that repeats, such as ChanVariable or Output."""
        return [value for name, value in self.headers() if name == header]

    def headers(self) -> Iterator[tuple[str, str]]:
        """Name and value of every line that has a colon, in order; lines without one are passed over."""
        return ((text(name), text(value)) for name, value in _HEADER.findall(self.raw))

    def __repr__(self) -> str:
        return f"Message({self.raw[:60]!r}, {len(self.raw)} bytes)"


def text(raw: bytes) -> str:
    """UTF-8, with U+FFFD for what is not: a caller's name may be any bytes, and never a lone surrogate."""
    return raw.decode("utf-8", "replace")


def message_name(raw: bytes) -> bytes:
    """The name after `Event:` (or the word after `Response:`), found without reading the rest."""
    if raw.startswith(b"Event: "):
        end = raw.find(b"\r", 7)
        return raw[7:end] if end >= 0 else raw[7:].strip()
    found = _NAME.search(raw)
    return found.group(1).strip() if found else b""


class MessageReader:
    """Cuts a byte stream into messages, however it is split; each byte is looked at once."""

    def __init__(self, max_message: int = MAX_MESSAGE) -> None:
        self.greeting: str | None = None
        self.oversized = 0
        self._max = max_message
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._seam = b""  # the last bytes of what waits: an end may be cut in two
        self._skipping = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages completed by `data`, in order. Never raises, whatever the bytes."""
        return [Message(raw) for raw in self.feed_raw(data)]

    def feed_raw(self, data: bytes) -> list[bytes]:
        """As `feed`, but bare bytes: the fast way for the listener and for replay."""
        buffer = self._completed(data)
        if buffer is None:
            return []
        parts = _END.split(buffer)
        rest = parts.pop()
        if self._skipping:
            self._skipping = False
            del parts[0]
        self._wait(rest)
        found = [raw for part in parts if (raw := part.lstrip(b"\r\n"))]
        if self.greeting is None and found:
            found[0] = self._greeted(found[0])
        return self._allowed(found) if len(buffer) > self._max else found

    @property
    def pending(self) -> int:
        """Bytes of a message not complete yet."""
        return self._waiting_bytes

    def _completed(self, data: bytes) -> bytes | None:
        """All bytes not cut yet if `data` ends a message; else it only waits, unlooked at but for its seam."""
        if not _END.search(data) and not _END.search(self._seam + data[:3]):
            self._wait(data)
            return None
        buffer = b"".join([*self._waiting, data]) if self._waiting else data
        self._waiting.clear()
        self._waiting_bytes = 0
        self._seam = b""
        return buffer

    def _wait(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self._seam = (self._seam + data[-3:])[-3:]
        if self._waiting_bytes > self._max:
            self._drop_oversized()

    def _greeted(self, raw: bytes) -> bytes:
        """The greeting line has no empty line after it and so sticks to the first message."""
        line, _, rest = raw.partition(b"\r\n")
        if b": " in line:
            self.greeting = ""
            return raw
        self.greeting = text(line)
        return rest

    def _allowed(self, found: list[bytes]) -> list[bytes]:
        kept = [raw for raw in found if len(raw) <= self._max]
        self.oversized += len(found) - len(kept)
        return kept

    def _drop_oversized(self) -> None:
        """What belongs to the monster is thrown away up to its end, which may be cut by the next read."""
        if not self._skipping:
            self.oversized += 1
        self._skipping = True
        self._waiting = [self._seam]
        self._waiting_bytes = len(self._seam)


def encode_action(name: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """An action as bytes. Raises `UnsafeHeader` for CR, LF or NUL in any name or value, or a colon in a name."""
    lines = [("Action", name), *headers]
    for header, value in lines:
        if _FORBIDDEN.search(header) or _FORBIDDEN.search(value) or ":" in header or not header:
            raise UnsafeHeader(f"header {header!r} of action {name!r} is not one line")
    return "".join(f"{header}: {value}\r\n" for header, value in lines).encode("utf-8", "replace") + b"\r\n"


def challenge_key(challenge: str, secret: str) -> str:
    """The `Key` of a Login with `AuthType: MD5`: the secret itself never crosses the wire (AMI action Challenge)."""
    return hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
