"""What hears speech: the seam behind which the model may be exchanged."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from crm_core.transcripts.speech import Side, Transcription

SAMPLE_RATE = 16_000

Samples = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
"""One channel at SAMPLE_RATE, -1..1."""

Sides = Mapping[Side, Samples]

Heard = Callable[[float], None]
"""Called with the part of the work that is done, 0..1; from the thread that does it."""


def say_nothing(_done: float) -> None:
    """Nobody wants to know how far the work is."""


class SpeechEngine(Protocol):
    """Turns the sides of one stretch of a call into text. Times are seconds from the first sample."""

    @property
    def model(self) -> str:
        """The name that is kept with each transcript."""

    def transcribe(self, sides: Sides, language: str | None, heard: Heard = say_nothing) -> Transcription:
        """`language` as `ru` or `en`, or None to detect it; blocks until done. Raises NoSpeechModel if it never can."""
