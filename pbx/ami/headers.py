"""Reads the few headers of an event that somebody needs, fast.

An exchange sends each kind of event with the same sequence of headers again and again. The sequence is learned from the
first message that has it and becomes one regular expression over the whole message that checks every header's name and
captures the wanted values: a match proves the sequence, so the first occurrence of a repeated header always wins.
A new sequence (another version, `Timestamp:`, other channel variables) is read slowly once and learned.

A value goes up to CR LF. The expressions look for CR alone: a set of two characters costs four times as much in `re`.
"""

import re
from collections.abc import Callable, Iterable

Values = tuple[str, ...]
Read = tuple[str, Values, Values]
"""The `Timestamp:`; each wanted header; each value of the channel variable."""

UNKNOWN = "<unknown>"

_STAMP = "Timestamp"
_UNKNOWN_VALUE = rf"(?:{UNKNOWN}(?![^\r]))?"
_NEVER_UNKNOWN = ("Uniqueid", "Linkedid", "Channel", "State", _STAMP)  # ends of names
_MOST_LAYOUTS = 16
_MOST_LINES = 150
# `ChanVariable: NAME=value`, in some versions `ChanVariable(PJSIP/101-00000001): NAME=value`.
_VARIABLE = re.compile(r"((?:Dest)?ChanVariable)(?:\([^)\r]*\))?: ?([^=\r]*)=(.*)", re.DOTALL)

_Layout = tuple[Callable[[str], re.Match[str] | None], int, tuple[int, ...], tuple[int, ...]]
"""Matches a whole message; in which of its groups are the timestamp, the wanted headers, the variable (and one is empty)."""


class HeaderReader:
    """The wanted headers of one kind of event, and the values of one channel variable where the event has it."""

    def __init__(self, wanted: str, variable: str = "") -> None:
        self._wanted = wanted.split()
        self._variable = f"={variable}"
        self._layouts: list[_Layout] = []

    def read(self, raw: bytes) -> Read:
        """The first of each header, "" for one that is missing, or `<unknown>` as callers are. Not UTF-8 becomes U+FFFD."""
        try:
            message = raw.decode()
        except UnicodeDecodeError:
            message = raw.decode("utf-8", "replace")
        for match, stamp, wanted, variables in self._layouts:
            if found := match(message):
                # `Match.group` gives no tuple for a single place.
                values = found.group(*wanted) if len(wanted) > 1 else (found[wanted[0]],)
                return found[stamp], values, found.group(*variables) if variables else ()
        return self._read_slowly(message)

    def _read_slowly(self, message: str) -> Read:
        lines = message.split("\r\n")
        headers: dict[str, str] = {}
        variables: list[str] = []
        for line in lines:
            name, value = _name_and_value(line)
            headers.setdefault(name, value)
            if name == self._variable:
                variables.append(value)
        if len(lines) <= _MOST_LINES and len(self._layouts) < _MOST_LAYOUTS and all(map(_is_regular, lines)):
            self._layouts.append(self._layout_of(lines))
        return headers.get(_STAMP, ""), tuple(headers.get(name, "") for name in self._wanted), tuple(variables)

    def _layout_of(self, lines: Iterable[str]) -> _Layout:
        places: dict[str, int] = {}
        variables: list[int] = []
        parts: list[str] = []
        groups = 0
        for line in lines:
            name, _ = _name_and_value(line)
            is_variable = name == self._variable
            if is_variable or ((name in self._wanted or name == _STAMP) and name not in places):
                groups += 1
                places.setdefault(name, groups)
                variables += [groups] * is_variable
                parts.append(_before_value(line) + (_UNKNOWN_VALUE if _may_be_unknown(name) else "") + "([^\r]*+)")
            else:
                parts.append(_before_value(line) + "[^\r]*+")
        nothing = groups + 1
        wanted = tuple(places.get(name, nothing) for name in self._wanted)
        watched = (*variables, nothing) if variables else ()
        return re.compile("\r\n".join(parts) + "()").fullmatch, places.get(_STAMP, nothing), wanted, watched


def _is_regular(line: str) -> bool:
    return ":" in line and "\r" not in line


def _name_and_value(line: str) -> tuple[str, str]:
    """The name of a channel variable begins with `=`, as no header's does."""
    named = _VARIABLE.fullmatch(line)
    if named is not None:
        return f"={named[2]}", named[3]
    name, _, value = line.partition(":")
    value = value.removeprefix(" ")
    return name, "" if value == UNKNOWN and _may_be_unknown(name) else value


def _may_be_unknown(name: str) -> bool:
    """Identities never are, and an expression that allows for it costs a fifth more."""
    return not name.endswith(_NEVER_UNKNOWN) and not name.startswith("=")


def _before_value(line: str) -> str:
    """The beginning of a line as an expression."""
    named = _VARIABLE.fullmatch(line)
    if named is not None:
        of_channel = r"\([^)\r]*+\)" if "(" in line.partition(":")[0] else ""
        return f"{named[1]}{of_channel}: ?{re.escape(named[2])}="
    name, _, value = line.partition(":")
    return re.escape(name) + (": " if value.startswith(" ") else ":")
