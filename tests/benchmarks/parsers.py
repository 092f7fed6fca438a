"""The strangers that our parsing is measured against: each reads every header of every message, as such parsers do."""

from collections.abc import Iterable

from panoramisk.message import Message


def panoramisk_parses(pieces: Iterable[bytes]) -> int:
    """Only panoramisk's parsing, without its protocol, callbacks and logs; how many messages it made."""
    rest, made = "", 0
    for piece in pieces:
        *texts, rest = (rest + piece.decode("utf-8", "ignore")).split("\r\n\r\n")
        for text in texts:
            made += Message.from_line(text) is not None
    return made


def plain_parses(pieces: Iterable[bytes]) -> int:
    """What one writes first: split at empty lines, then at line ends, then at the colon, into a dictionary."""
    rest, made = "", 0
    for piece in pieces:
        *texts, rest = (rest + piece.decode("utf-8", "replace")).split("\r\n\r\n")
        for text in texts:
            message = {}
            for line in text.split("\r\n"):
                name, _, value = line.partition(": ")
                message[name] = value
            made += "Event" in message
    return made
