"""Reads the few headers of an event that somebody needs, fast.

An exchange sends each kind of event with the same sequence of headers again and again. The sequence is learned from the
first message that has it and becomes one regular expression over the whole message that checks every header's name and
captures the wanted values: a match proves the sequence, so the first occurrence of a repeated header always wins.
A new sequence (another version, `Timestamp:`, other channel variables) is read slowly once and learned.

A value goes up to CR LF. The expressions look for CR alone: a set of two characters costs four times as much in `re`.
"""

import re
from collections.abc import Iterable

Values = tuple[str, ...]

UNKNOWN = "<unknown>"

_UNKNOWN_VALUE = rf"(?:{UNKNOWN}(?![^\r]))?"
_MOST_LAYOUTS = 16
_MOST_LINES = 150
# `ChanVariable: NAME=value`, in some versions `ChanVariable(PJSIP/101-00000001): NAME=value`.
_VARIABLE = re.compile(r"((?:Dest)?ChanVariable)(?:\([^)\r]*\))?: ?([^=\r]*)=(.*)", re.DOTALL)


class HeaderReader:
    """The wanted headers of one kind of event, and the values of one channel variable where the event has it."""

    def __init__(self, wanted: str, variable: str = "") -> None:
        self._wanted = wanted.split()
        self._variable = variable
        self._layouts: list[tuple[re.Pattern[str], tuple[int, ...]]] = []

    def read(self, raw: bytes) -> Values:
        """The first of each wanted header in the order they are wanted, "" for one that is missing or `<unknown>`.

        After them each value of the variable, or one "". What is not UTF-8 becomes U+FFFD.
        """
        try:
            message = raw.decode()
        except UnicodeDecodeError:
            message = raw.decode("utf-8", "replace")
        for layout, places in self._layouts:
            found = layout.fullmatch(message)
            if found is not None:
                return found.group(*places)
        return self._read_slowly(message)

    def _read_slowly(self, message: str) -> Values:
        lines = message.split("\r\n")
        headers: dict[str, str] = {}
        variables: list[str] = []
        for line in lines:
            named = _VARIABLE.fullmatch(line)
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            headers.setdefault(name, "" if value == UNKNOWN else value)
            if named is not None and named[2] == self._variable:
                variables.append(named[3])
        if len(lines) <= _MOST_LINES and len(self._layouts) < _MOST_LAYOUTS and all(map(_is_regular, lines)):
            self._layouts.append(self._layout_of(lines))
        return (*(headers.get(name, "") for name in self._wanted), *(variables or [""]))

    def _layout_of(self, lines: Iterable[str]) -> tuple[re.Pattern[str], tuple[int, ...]]:
        """The expression, and the places of its groups as `read` gives them."""
        places: dict[str, int] = {}
        variables: list[int] = []
        parts: list[str] = []
        groups = 0
        for line in lines:
            part, name = _part_of(line)
            if name == f"={self._variable}" or (name in self._wanted and name not in places):
                groups += 1
                places.setdefault(name, groups)
                if name.startswith("="):
                    variables.append(groups)
                unknown = "" if name.startswith("=") else _UNKNOWN_VALUE
                parts.append(f"{part}{unknown}([^\r]*+)")
            else:
                parts.append(f"{part}[^\r]*+")
        nothing = groups + 1  # the last group is empty
        wanted = (places.get(name, nothing) for name in self._wanted)
        return re.compile("\r\n".join(parts) + "()"), (*wanted, *(variables or [nothing]))


def _is_regular(line: str) -> bool:
    return ":" in line and "\r" not in line


def _part_of(line: str) -> tuple[str, str]:
    """The beginning of a line up to its value as an expression, and its name: that of a channel variable after `=`."""
    named = _VARIABLE.fullmatch(line)
    if named is not None:
        return rf"{named[1]}(?:\([^)\r]*+\))?: ?{re.escape(named[2])}=", f"={named[2]}"
    name, _, value = line.partition(":")
    return re.escape(name) + (": " if value.startswith(" ") else ":"), name
