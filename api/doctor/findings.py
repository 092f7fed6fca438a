"""What a check says: a verdict, a sentence, what to paste where, how to see it for oneself. Kept as JSON, worded when shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm_core.text import clean

LONGEST = 300  # characters of a fact: it may be what an exchange said


class Verdict(StrEnum):
    FAULT = "fault"  # does harm: to be mended
    NOTE = "note"  # works, and could be better
    UNKNOWN = "unknown"  # cannot be seen from here
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Said:
    """An English sentence with places for facts; the catalogue has the other languages."""

    text: str
    facts: Mapping[str, str] = field(default_factory=dict)


def say(text: str, **facts: object) -> Said:
    """Marks a text for the catalogue, too."""
    return Said(text, {name: clean(str(value), LONGEST) for name, value in facts.items()})


@dataclass(frozen=True, slots=True)
class Fragment:
    """Lines to paste into a file of the exchange; nothing secret is ever in them."""

    file: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """`code`: the same in each language and version. `see`: a command or place that shows it."""

    code: str
    verdict: Verdict
    say: Said
    paste: tuple[Fragment, ...] = ()
    see: str | None = None
    check: str = ""  # whose: told by the registry


def fine(code: str, said: Said) -> Finding:
    return Finding(code, Verdict.FINE, said)


def fault(code: str, said: Said, *paste: Fragment, see: str | None = None) -> Finding:
    return Finding(code, Verdict.FAULT, said, paste, see)


def note(code: str, said: Said, *paste: Fragment, see: str | None = None) -> Finding:
    return Finding(code, Verdict.NOTE, said, paste, see)


def unknown(code: str, said: Said, *, see: str | None = None) -> Finding:
    return Finding(code, Verdict.UNKNOWN, said, (), see)


def paste(file: str, *lines: str) -> Fragment:
    return Fragment(file, lines)


def as_json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check, "code": finding.code, "verdict": finding.verdict.value, "say": finding.say.text,
        "facts": dict(finding.say.facts), "see": finding.see,
        "paste": [{"file": one.file, "lines": list(one.lines)} for one in finding.paste],
    }  # fmt: skip


def of_json(told: Mapping[str, Any]) -> Finding:
    return Finding(
        told["code"], Verdict(told["verdict"]), Said(told["say"], told["facts"]),
        tuple(Fragment(one["file"], tuple(one["lines"])) for one in told["paste"]), told["see"], told["check"],
    )  # fmt: skip
