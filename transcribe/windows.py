"""Speech laid into the model's windows: every window costs the same however short, so pieces are joined. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from crm_core.transcripts.speech import Side
from transcribe.engine import SAMPLE_RATE, Samples, Sides

WINDOW_SECONDS = 29.0  # the model hears 30 s at a time
PAD_SECONDS = 0.3  # kept around each piece of speech: a voice begins before its detector is sure
EDGE = SAMPLE_RATE // 10


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech without a longer pause, in samples of its side; [start, end), with some quiet around it, goes into the window."""

    start: int
    end: int
    spoken_from: int
    spoken_to: int


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of one side laid end to end."""

    side: Side
    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        return sum(piece.end - piece.start for piece in self.pieces)

    def samples(self, of: Samples) -> Samples:
        return np.concatenate([of[piece.start : piece.end] for piece in self.pieces])

    def in_recording(self, start: float, end: float) -> tuple[float, float]:
        """Seconds within the window → seconds of the side. A word belongs to the piece whose speech it covers most.

        The model stretches words over the quiet before them, so what lies outside the speech is cut off.
        """
        begins = list(accumulate((piece.end - piece.start for piece in self.pieces), initial=0))
        word = (start * SAMPLE_RATE, end * SAMPLE_RATE)
        number = max(range(len(self.pieces)), key=lambda n: _covered(self.pieces[n], begins[n], word))
        piece, moved = self.pieces[number], self.pieces[number].start - begins[number]
        earliest, latest = piece.spoken_from - EDGE, piece.spoken_to + EDGE
        first, last = (min(max(at + moved, earliest), latest) for at in word)
        return max(first, 0) / SAMPLE_RATE, max(last, 0) / SAMPLE_RATE


def _covered(piece: Piece, begin: int, word: tuple[float, float]) -> float:
    """Samples of the word within the piece's speech; where there are none, how far it is off, below zero."""
    since, until = begin + piece.spoken_from - piece.start, begin + piece.spoken_to - piece.start
    return min(until, word[1]) - max(since, word[0])


def padded(speech: Sequence[tuple[int, int]], length: int, pad_seconds: float = PAD_SECONDS) -> list[Piece]:
    """Stretches of speech (samples, in order) with some of the quiet around them, never the same sample twice."""
    pad = round(pad_seconds * SAMPLE_RATE)
    pieces = []
    for number, (start, end) in enumerate(speech):
        before = (start - speech[number - 1][1]) // 2 if number else start
        after = (speech[number + 1][0] - end + 1) // 2 if number + 1 < len(speech) else length - end
        pieces.append(Piece(start - min(pad, before), end + min(pad, after), start, end))
    return pieces


def lay(side: Side, pieces: Sequence[Piece], window_seconds: float = WINDOW_SECONDS) -> list[Window]:
    """Pieces in order, as many in each window as it holds."""
    most = round(window_seconds * SAMPLE_RATE)
    windows: list[Window] = []
    laid: list[Piece] = []
    for piece in pieces:
        if laid and sum(each.end - each.start for each in laid) + piece.end - piece.start > most:
            windows.append(Window(side, tuple(laid)))
            laid = []
        laid.append(piece)
    if laid:
        windows.append(Window(side, tuple(laid)))
    return windows


def strip_of(windows: Sequence[Window], sides: Sides) -> tuple[Samples, list[tuple[float, float]]]:
    """All windows behind one another as one strip of sound, and where each lies in it, in seconds."""
    sounds = [window.samples(sides[window.side]) for window in windows]
    ends = np.cumsum([0, *map(len, sounds)]) / SAMPLE_RATE
    return np.concatenate(sounds), [(float(a), float(b)) for a, b in pairwise(ends)]
