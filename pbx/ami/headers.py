"""Reads the few headers of an event that somebody needs, fast.

An exchange sends each kind of event with the same sequence of headers again and again. The sequence is learned from the
first message that has it and becomes one regular expression, anchored at both ends, that checks every header's name and
captures the wanted values: a match proves the sequence, so the first occurrence of a repeated header always wins.
A new sequence (another version, `Timestamp:`, channel variables) is read slowly once and learned.
"""

import re
from collections.abc import Mapping

Headers = Mapping[str, str]

_MOST_LAYOUTS = 16
_MOST_LINES = 150
_LINE = re.compile(r"([^:\r\n]+): ?([^\r\n]*)")


class HeaderReader:
    """The wanted headers of one kind of event."""

    def __init__(self, wanted: str) -> None:
        self._wanted = frozenset(wanted.split())
        self._layouts: list[tuple[re.Pattern[str], tuple[str, ...]]] = []

    def read(self, raw: bytes) -> Headers:
        """The wanted headers that are there; the first of each name. What is not UTF-8 becomes U+FFFD."""
        message = raw.decode("utf-8", "replace")
        for layout, names in self._layouts:
            found = layout.match(message)
            if found:
                return dict(zip(names, found.groups(), strict=True))
        return self._read_slowly(message)

    def _read_slowly(self, message: str) -> Headers:
        headers: dict[str, str] = {}
        parts: list[str] = []
        regular = True
        for line in message.split("\r\n"):
            found = _LINE.fullmatch(line)
            if found is None:
                regular = False
                continue
            name, value = found.groups()
            wanted = name in self._wanted and name not in headers
            if wanted:
                headers[name] = value
            parts.append(re.escape(name) + (": ?([^\r\n]*+)" if wanted else ":[^\r\n]*+"))
        if regular and len(parts) <= _MOST_LINES and len(self._layouts) < _MOST_LAYOUTS:
            self._layouts.append((re.compile("\r\n".join(parts) + r"\Z"), tuple(headers)))
        return headers
