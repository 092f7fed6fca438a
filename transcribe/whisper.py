"""The real engine: faster-whisper on the CPU, batched, with the profile that was measured on telephone speech.

Each side is searched for speech, its pieces are joined into windows, and the windows of all sides go through the model in
one batched pass. The batched pipeline decodes at temperature 0 only; a window it doubts is heard again one by one with the
rest of the temperature ladder.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps

from crm_core.transcripts.speech import Segment, Side, Transcription, Word
from transcribe import phantom_filter
from transcribe.engine import SAMPLE_RATE, Heard, Samples, Sides, say_nothing
from transcribe.errors import ModelDamaged
from transcribe.speakers import merge, utterances
from transcribe.windows import Window, lay, padded, strip_of

BATCH = 8
LADDER = (0.2, 0.4, 0.6, 0.8, 1.0)
MOST_THREADS = 4
# 28 s and the padding on both sides still fit one window.
VAD = VadOptions(min_silence_duration_ms=160, speech_pad_ms=0, max_speech_duration_s=28.0, min_speech_duration_ms=60)


class WhisperEngine:
    """Loads the weights at once (about 130 MB for `base`); raises ModelDamaged if they cannot be loaded."""

    def __init__(self, folder: Path, name: str, threads: int | None = None) -> None:
        self.model = name
        threads = threads or min(MOST_THREADS, os.cpu_count() or 1)
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelDamaged(
                f"The speech model in {folder} cannot be loaded ({error}): run `firstring models fetch` again"
            ) from error
        self._batched = BatchedInferencePipeline(self._model)

    def transcribe(self, sides: Sides, language: str | None, heard: Heard = say_nothing) -> Transcription:
        """See SpeechEngine; where `language` is None or unknown to the model it is detected once, on speech alone."""
        speech = {side: speech_in(samples) for side, samples in sides.items()}
        windows = [window for side in sides for window in lay(side, padded(speech[side], len(sides[side])))]
        duration = max((len(samples) for samples in sides.values()), default=0) / SAMPLE_RATE
        seconds = {side: round(sum(end - start for start, end in found) / SAMPLE_RATE, 2) for side, found in speech.items()}
        if not windows:
            return Transcription(language, (), seconds, self.model, duration)
        words, language = self._hear(windows, sides, language, heard)
        return Transcription(language, _segments(words, language), seconds, self.model, duration)

    def _hear(
        self, windows: Sequence[Window], sides: Sides, language: str | None, heard: Heard
    ) -> tuple[dict[Side, list[Word]], str | None]:
        language = language if language in self._model.supported_languages else None
        strip, places = strip_of(windows, sides)
        clips = [{"start": start, "end": end} for start, end in places]
        found, about = self._batched.transcribe(
            strip,
            language=language,
            clip_timestamps=clips,
            batch_size=BATCH,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        words: dict[Side, list[Word]] = {side: [] for side in sides}
        done = 0
        for segment in found:
            done = _window_at(places, segment.seek / 100)
            window, start = windows[done], places[done][0]
            words[window.side] += self._words(segment, window, start, strip, about.language)
            heard((done + 1) / len(windows))
        return words, about.language

    def _words(self, segment: Any, window: Window, start: float, strip: Samples, language: str) -> list[Word]:
        if phantom_filter.is_silence(segment.no_speech_prob, segment.avg_logprob):
            return []
        if not phantom_filter.is_doubtful(segment.avg_logprob, segment.compression_ratio):
            return list(_placed([segment], window, start))
        first = round(start * SAMPLE_RATE)
        return list(_placed(self._again(strip[first : first + window.length], language), window, 0.0))

    def _again(self, samples: Samples, language: str) -> list[Any]:
        """One window by itself, up the temperature ladder until the model no longer doubts."""
        found, _ = self._model.transcribe(
            samples,
            language=language,
            temperature=LADDER,
            vad_filter=False,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return [
            segment
            for segment in found
            if not phantom_filter.is_silence(segment.no_speech_prob, segment.avg_logprob)
            and segment.compression_ratio <= phantom_filter.LOOPING
        ]


def speech_in(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech, in samples, found by the voice detector that faster-whisper brings along."""
    if not len(samples):
        return []
    return [(int(found["start"]), min(int(found["end"]), len(samples))) for found in get_speech_timestamps(samples, VAD)]


def _window_at(places: Sequence[tuple[float, float]], seconds: float) -> int:
    """Which window begins there, give or take the frame (10 ms) that the pipeline rounds to."""
    return min(range(len(places)), key=lambda number: abs(places[number][0] - seconds))


def _placed(segments: Sequence[Any], window: Window, start: float) -> Iterator[Word]:
    """The model's words, at their seconds of the recording; `start` is where the window begins in the sound that was heard."""
    for segment in segments:
        for word in segment.words or ():
            since, until = window.in_recording(float(word.start) - start, float(word.end) - start)
            if text := word.word.strip():
                yield Word(round(since, 3), round(until, 3), text, round(float(word.probability), 3))


def _segments(words: dict[Side, list[Word]], language: str | None) -> tuple[Segment, ...]:
    spoken = (utterances(side, phantom_filter.without_runs(said)) for side, said in words.items())
    return merge([[said for said in side if not phantom_filter.is_phantom(said.text, language)] for side in spoken])
