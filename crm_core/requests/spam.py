"""What looks like spam in a request by a public form. It is kept apart, where a person can rescue it. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from crm_core.requests.words import Asked

QUICKEST = 2.0
"""Seconds in which no person fills in a form."""
MOST_LINKS = 2
MOST_ALIKE = 3
"""So many senders of one text, and each further one is a robot."""
LONG_TEXT = 20
"""Characters from which on two people do not write the same by chance."""

LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)


class SpamSign(StrEnum):
    TRAP = "trap"  # a field that people do not see was filled in
    TOO_FAST = "too_fast"
    LINKS = "links"
    ALIKE = "alike"  # the same text from several senders
    NOT_A_CUSTOMER = "not_a_customer"  # the number is marked so


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`seconds`: how long the form was open, if its page told. `alike`: other senders of this text in the last day."""

    trap: str | None = None
    seconds: float | None = None
    alike: int = 0


def spam_sign(asked: Asked, seen: Circumstances) -> SpamSign | None:
    """The first sign that nobody wrote this who wants something from us; None: it is taken."""
    if seen.trap and seen.trap.strip():
        return SpamSign.TRAP
    if seen.seconds is not None and 0 <= seen.seconds < QUICKEST:
        return SpamSign.TOO_FAST
    if len(LINK.findall(asked.text or "")) > MOST_LINKS or LINK.search(asked.name or ""):
        return SpamSign.LINKS
    return SpamSign.ALIKE if seen.alike >= MOST_ALIKE else None
