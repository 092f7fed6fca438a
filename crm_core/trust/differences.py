"""What an audit may find: the kinds of difference, and one of them with what each source says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crm_core.text import clean
from crm_core.trust.told import LONGEST_NAME, Told

MOST_NAMED = 5
LONGEST_ID = 150  # characters of a linkedid that are kept


class Kind(StrEnum):
    MISSING = "missing"  # only the exchange knows it
    UNKNOWN = "unknown"  # the exchange does not know it
    DOUBLED = "doubled"  # one call of the exchange is several of ours
    MERGED = "merged"  # one call of ours is several of the exchange's
    OPEN = "open"  # it is over, and our row does not say so
    OUTCOME = "outcome"
    TALK = "talk"
    AUDIO_MISSING = "audio_missing"  # a recording was announced; no file of it is anywhere
    AUDIO_WAITING = "audio_waiting"  # its file lies on the exchange and was not taken
    AUDIO_LOST = "audio_lost"  # it was taken, and its file is gone from our own storage
    AUDIO_ALONE = "audio_alone"  # a file that belongs to no call


OF_CALLS = frozenset(set(Kind) - {Kind.AUDIO_ALONE})
"""A file of no call is told, and does not count in the share of calls that agree: it may not be ours at all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`at`: epoch seconds. `call_id`: ours, where there is one; `linkedid`: the exchange's, where there is one."""

    kind: Kind
    at: float
    call_id: int | None = None
    linkedid: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same difference found again has the same."""
        return f"{self.kind}:{clean(self.linkedid or '', LONGEST_ID)}:{self.facts.get('audio', '')}"


def said(told: Told) -> dict[str, Any]:
    """One source's word as it is kept beside a difference: plain values of bounded length."""
    return {
        "began": round(told.began, 3),
        "ended": None if told.ended is None else round(told.ended, 3),
        "answered": told.answered,
        "talk": None if told.talk is None else round(told.talk, 3),
        "outcome": told.outcome,
        "parties": [clean(party, LONGEST_NAME) for party in told.parties[:MOST_NAMED]],
        "audio": [clean(name, LONGEST_NAME) for name in told.audio[:MOST_NAMED]],
    }
