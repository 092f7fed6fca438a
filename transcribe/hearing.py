"""A stored recording → what was said in it: block by block, side by side."""

from collections.abc import Sequence
from pathlib import Path

from crm_core.transcripts.speech import Side, Transcription
from transcribe.audio import Block, Span, leave_out, level, read_blocks, seconds_of, sides_of
from transcribe.engine import Heard, Samples, SpeechEngine, say_nothing
from transcribe.speakers import later, merge


def hear(
    engine: SpeechEngine, file: Path, *, language: str | None = None, left_out: Sequence[Span] = (), heard: Heard = say_nothing
) -> Transcription:
    """Transcribe a recording of any length and form; `left_out`: seconds of menu and hold, which nobody said.

    Blocks until done. Raises AudioUnreadable, NoSpeechModel.
    """
    whole = seconds_of(file) or 0.0
    parts: list[tuple[float, Transcription]] = []
    at = 0.0
    for block in read_blocks(file):
        part = engine.transcribe(_prepared(block, left_out), language, _within(heard, at, block.seconds, whole))
        language = part.language if part.segments else language
        parts.append((block.start, part))
        at += block.seconds
    heard(1.0)
    return _joined(parts, language, at)


def _prepared(block: Block, left_out: Sequence[Span]) -> dict[Side, Samples]:
    """The block's sides, ready to be heard; worked on in place, since a block is as large as the model."""
    sides = sides_of(block.channels)
    for samples in sides.values():
        leave_out(samples, left_out, block.start)
        level(samples)
    return sides


def _within(heard: Heard, at: float, seconds: float, whole: float) -> Heard:
    """Progress of one block as progress of the whole, never quite 1: the file may be longer than it claims."""

    def of_block(done: float) -> None:
        heard(min(0.99, (at + done * seconds) / max(whole, at + seconds, 0.001)))

    return of_block


def _joined(parts: Sequence[tuple[float, Transcription]], language: str | None, duration: float) -> Transcription:
    speech: dict[Side, float] = {}
    for _, part in parts:
        for side, seconds in part.speech_seconds.items():
            speech[side] = round(speech.get(side, 0.0) + seconds, 2)
    segments = merge([[later(segment, start) for segment in part.segments] for start, part in parts])
    return Transcription(language, segments, speech, parts[0][1].model if parts else "", round(duration, 3))
