"""From a stored file to samples a model can hear: decoded, told apart by side, levelled, in blocks of bounded size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from crm_core.transcripts.speech import Side
from transcribe.engine import SAMPLE_RATE, Samples
from transcribe.errors import AudioUnreadable

BLOCK_SECONDS = 600.0
SEARCH_SECONDS = 20.0  # how far back a block may end earlier, to end in a quiet place
FRAME = SAMPLE_RATE // 50
LOUDNESS = 0.1  # of the loud frames after levelling: -20 dB of full scale
MOST_GAIN = 10.0
SILENCE = 1e-4

Span = tuple[float, float]
"""Start and end, in seconds of the recording."""

Channels = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a recording: `start` in seconds, `channels` one row for each channel of the file (at most two)."""

    start: float
    channels: Channels

    @property
    def seconds(self) -> float:
        return self.channels.shape[1] / SAMPLE_RATE


def read_blocks(file: Path, block_seconds: float = BLOCK_SECONDS) -> Iterator[Block]:
    """The recording in blocks, so that hours of it need no more memory than minutes. Raises AudioUnreadable."""
    kept: list[Channels] = []
    length, start = 0, 0
    most = round(block_seconds * SAMPLE_RATE)
    for piece in _decode(file):
        kept.append(piece)
        length += piece.shape[1]
        if length >= most:
            whole = _joined(kept)
            cut = quietest(whole, most, min(SEARCH_SECONDS, block_seconds / 4))
            kept.append(whole[:, cut:].copy())
            began, length, start = start, length - cut, start + cut
            yield Block(began / SAMPLE_RATE, whole[:, :cut])
    if length or not start:
        yield Block(start / SAMPLE_RATE, _joined(kept))


def seconds_of(file: Path) -> float | None:
    """The length the file claims, in seconds; None if it does not say. Raises AudioUnreadable."""
    try:
        with av.open(str(file)) as container:
            return None if container.duration is None else container.duration / av.time_base
    except (FFmpegError, OSError) as error:
        raise AudioUnreadable(f"The recording cannot be opened: {error}") from error


def sides_of(channels: Channels) -> dict[Side, Samples]:
    """Left the customer, right the manager; one channel, or the same sound on both, cannot be told apart."""
    if len(channels) == 1 or is_dual_mono(channels):
        return {Side.UNKNOWN: channels[0]}
    return {Side.CUSTOMER: channels[0], Side.MANAGER: channels[1]}


def is_dual_mono(channels: Channels) -> bool:
    """Whether both channels carry the same sound: their difference is 30 dB below them (lossy copies differ a little)."""
    left, right = channels
    difference = float(np.mean(np.square(left - right)))
    return difference <= 1e-3 * float(np.mean(np.square(left)) + np.mean(np.square(right)))


def leave_out(samples: Samples, spans: Sequence[Span], start: float = 0.0) -> None:
    """Silence, in place, what lies in `spans` (menu, hold: seconds of the recording, in which the stretch begins at `start`)."""
    for since, until in spans:
        samples[_index(since - start) : _index(until - start)] = 0.0


def level(samples: Samples) -> None:
    """Bring speech, in place, to one loudness whoever speaks; what is nearly silent stays so, lest noise be heard as words."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(whole):
        return
    loud = float(np.quantile(np.sqrt(np.mean(np.square(whole), axis=1)), 0.95))
    if loud < SILENCE:
        return
    samples *= np.float32(min(LOUDNESS / loud, MOST_GAIN))
    np.clip(samples, -1.0, 1.0, out=samples)


def quietest(channels: Channels, before: int, search_seconds: float = SEARCH_SECONDS) -> int:
    """The index of the quietest fifth of a second in the last `search_seconds` up to `before`: a block ends there."""
    window = SAMPLE_RATE // 5
    first = max(0, before - round(search_seconds * SAMPLE_RATE))
    searched = np.abs(channels[:, first:before]).sum(axis=0)
    frames = searched[: len(searched) // window * window].reshape(-1, window)
    if not len(frames):
        return before
    return first + int(frames.sum(axis=1).argmin()) * window + window // 2


def _decode(file: Path) -> Iterator[Channels]:
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise AudioUnreadable
            stream = container.streams.audio[0]
            layout = "mono" if stream.codec_context.channels == 1 else "stereo"
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
            for frame in container.decode(stream):
                yield from _arrays(resampler, frame)
            yield from _arrays(resampler, None)
    except (FFmpegError, OSError) as error:
        raise AudioUnreadable(f"The recording cannot be decoded: {error}") from error


def _joined(pieces: list[Channels]) -> Channels:
    """The pieces as one; they are let go, for a block is large and the model is hungry."""
    whole = np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)
    pieces.clear()
    return whole


def _arrays(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[Channels]:
    for piece in resampler.resample(frame):
        yield np.asarray(piece.to_ndarray(), np.float32)


def _index(seconds: float) -> int:
    return max(0, round(seconds * SAMPLE_RATE))
