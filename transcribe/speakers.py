"""What each side said, cut into turns and laid together in time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from crm_core.transcripts.speech import Segment, Side, Word

PAUSE = 0.6
BREATH = 0.25  # between sentences
LONG_PAUSE = 2.0
GUESSED = 0.3  # the length of a word whose place is not known
TURN_PAUSE = 1.5  # of one side, while the other is silent
TURN = 20.0
ENDS = (".", "!", "?", "…")


def merge(sides: Iterable[Sequence[Segment]]) -> tuple[Segment, ...]:
    """All sides' segments in the order they began; what one known side says on without the other speaking is one turn."""
    ordered = sorted((segment for side in sides for segment in side), key=lambda segment: (segment.start, segment.end))
    merged: list[Segment] = []
    for segment in ordered:
        if merged and _goes_on(merged[-1], segment):
            merged[-1] = _segment(segment.side, merged[-1].words + segment.words)
        else:
            merged.append(segment)
    return tuple(merged)


def utterances(side: Side, words: Sequence[Word]) -> list[Segment]:
    """Words of one side → segments, cut at pauses and between sentences."""
    cut: list[list[Word]] = []
    for word in words:
        if not cut or _ends_before(cut[-1], word):
            cut.append([])
        cut[-1].append(word)
    for turn, following in pairwise(cut):
        _move_beginning(turn, following)
    return [_segment(side, turn) for turn in cut]


def later(segment: Segment, seconds: float) -> Segment:
    """The same segment that many seconds later: a block of a recording does not begin at its start."""
    if not seconds:
        return segment
    words = tuple(replace(word, start=_ms(word.start + seconds), end=_ms(word.end + seconds)) for word in segment.words)
    return replace(segment, start=_ms(segment.start + seconds), end=_ms(segment.end + seconds), words=words)


def _goes_on(turn: Segment, segment: Segment) -> bool:
    known = turn.side is segment.side is not Side.UNKNOWN
    return known and segment.start - turn.end <= TURN_PAUSE and segment.end - turn.start <= TURN


def _ends_before(turn: Sequence[Word], word: Word) -> bool:
    pause = word.start - turn[-1].end
    if pause > PAUSE:
        return True
    return turn[-1].text.endswith(ENDS) and pause > BREATH


def _move_beginning(turn: list[Word], following: list[Word]) -> None:
    """The model may place the first words of a sentence before a long pause: they go where the rest of it is."""
    ended = [number for number, word in enumerate(turn) if word.text.endswith(ENDS)]
    moved = turn[ended[-1] + 1 :] if ended else []
    if not moved or len(moved) > 2 or not following[0].text[:1].islower() or following[0].start - turn[-1].end <= LONG_PAUSE:
        return
    del turn[-len(moved) :]
    for word in reversed(moved):
        start = _ms(max(0.0, following[0].start - GUESSED))
        following.insert(0, replace(word, start=start, end=following[0].start))


def _segment(side: Side, words: Sequence[Word]) -> Segment:
    text = " ".join(word.text for word in words)
    confidence = sum(word.probability for word in words) / len(words)
    return Segment(side, words[0].start, words[-1].end, text, round(confidence, 3), tuple(words))


def _ms(seconds: float) -> float:
    return round(seconds, 3)
