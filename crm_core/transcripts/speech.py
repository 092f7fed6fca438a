"""What was said, as values: shared by whoever hears it, stores it, tags it or shows it. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """Who speaks; `UNKNOWN` where both speak on one channel and cannot be told apart."""

    MANAGER = "manager"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """Seconds from the start of the recording; `probability` 0..1 as the model gives it."""

    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What one side said without a longer pause; `confidence` is the mean probability of its words, 0..1."""

    side: Side
    start: float
    end: float
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcription:
    """A recording as it was heard. Seconds throughout; `speech_seconds` counts each side's speech alone, without pauses."""

    language: str | None
    segments: tuple[Segment, ...]
    speech_seconds: dict[Side, float] = field(default_factory=dict)
    model: str = ""
    duration: float = 0.0
