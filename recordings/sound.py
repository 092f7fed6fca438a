"""Decoding, block by block, with a bounded memory. Imported by the short-lived child process alone."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np

from recordings.errors import RecordingUnreadable
from recordings.formats import format_of
from recordings.peaks import Block

LOWEST_RATE, HIGHEST_RATE = 4000, 192_000
KEPT_RATES = range(8000, 48_001)
MOST_BAD_PACKETS = 1000


class Sound:
    """An audio file: its rate, whether it is stereo, and its samples as often as asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as container:
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise RecordingUnreadable("the file is of a codec that is not known")
            if not LOWEST_RATE <= stream.rate <= HIGHEST_RATE:
                raise RecordingUnreadable(f"a sampling rate of {stream.rate} Hz is no speech")
            self.rate: int = min(max(stream.rate, KEPT_RATES.start), KEPT_RATES.stop - 1)
            self.sides = 2 if stream.channels == 2 else 1

    def seconds_of(self, rate: int) -> Iterator[Block]:
        """The samples at this rate, a second a block, the last one shorter. A broken packet is left out."""
        waiting: list[Block] = []
        ready = 0
        for block in self._blocks(rate):
            waiting.append(block)
            ready += block.shape[1]
            if ready >= rate:
                samples = np.concatenate(waiting, axis=1)
                whole = ready // rate * rate
                yield from np.split(samples[:, :whole], whole // rate, axis=1)
                waiting, ready = [samples[:, whole:]], ready - whole
        if ready:
            yield np.concatenate(waiting, axis=1)

    def _blocks(self, rate: int) -> Iterator[Block]:
        resampler = av.AudioResampler(format="s16p", layout="stereo" if self.sides == 2 else "mono", rate=rate)
        with self._open() as container:
            for frame in chain(_frames(container), [None]):
                if frame is not None:
                    frame.pts = None
                for even in resampler.resample(frame):
                    yield even.to_ndarray().astype(np.int16, copy=False)

    def _open(self) -> "av.container.InputContainer":
        with self._path.open("rb") as file:
            form = format_of(self._path.name, file.read(12))
        if form is None:
            raise RecordingUnreadable("the file is of no known audio format")
        try:
            container = av.open(str(self._path.absolute()), format=form.demuxer, options=dict(form.options))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise RecordingUnreadable("the file is not the audio that its name says") from error
        if not container.streams.audio:
            container.close()
            raise RecordingUnreadable("the file holds no sound")
        return container


def _frames(container: "av.container.InputContainer") -> Iterator["av.AudioFrame"]:
    good = bad = 0
    packets = container.demux(audio=0)
    while bad < MOST_BAD_PACKETS:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            for frame in packet.decode():
                good += 1
                yield frame
        except av.error.FFmpegError:
            bad += 1
    if bad > good:
        raise RecordingUnreadable("hardly anything in the file can be decoded")
