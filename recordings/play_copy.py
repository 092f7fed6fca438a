"""Makes what is kept of a conversation: the original as FLAC (sides joined: left customer, right manager), the small MP3
that every browser plays, and the outline of its sound.

    python -m recordings.play_copy --mix in.wav [--left customer.wav --right manager.wav] --keep out.flac --play out.mp3

A short-lived process: the sound is read a second at a time, so an hour takes no more memory than a minute; hostile bytes
meet the decoder here, under limits, and not in the hub. Prints one line of JSON; ends with 3 and a line on stderr if
a file is not sound.
"""

import argparse
import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import cast

import av
import numpy as np

from recordings.errors import RecordingUnreadable
from recordings.peaks import Block, PeakMeter
from recordings.sound import Sound

LONGEST_SECONDS = 12 * 3600
PLAY_BITS = 24_000  # a second and side: speech of 8 kHz is clear at that; constant, so that seeking by bytes is exact
PLAY_RATES = (8000, 11025, 12000, 16000, 22050, 24000)
ALIKE = 0.95  # correlation above which two sides are one sound twice
NOT_SOUND = 3


@dataclass(frozen=True, slots=True)
class Source:
    """One or two files to be kept as one sound. `swap`: the mix is stereo with the manager on its left."""

    mix: Sound | None
    left: Sound | None = None
    right: Sound | None = None
    swap: bool = False


@dataclass(frozen=True, slots=True)
class Arranged:
    """What will be kept: `files` are one (mixed or stereo) or two (a side each)."""

    files: tuple[Sound, ...]
    rate: int
    sides: int
    swap: bool = False

    def blocks(self) -> Iterator[Block]:
        """A second a block, of shape (sides, n); the shorter side is filled with silence."""
        if len(self.files) == 2:
            yield from _in_step(*(file.seconds_of(self.rate) for file in self.files))
            return
        for block in self.files[0].seconds_of(self.rate):
            if self.sides == 1:
                yield _mono(block)[None]
            else:
                yield block[::-1] if self.swap else block


def arrange(source: Source) -> Arranged:
    """Two sides where there are two different ones; one sound written twice (dual mono) counts as mixed."""
    if source.left and source.right:
        both = Arranged((source.left, source.right), max(source.left.rate, source.right.rate), 2)
        if differ(both.blocks()):
            return both
    mix = source.mix or source.left
    if mix is None:
        raise RecordingUnreadable("neither a mix nor two sides")
    if mix.sides == 2 and differ(mix.seconds_of(mix.rate)):
        return Arranged((mix,), mix.rate, 2, source.swap)
    return Arranged((mix,), mix.rate, 1)


def differ(blocks: Iterator[Block]) -> bool:
    """Whether two sides are two sounds. One side silent throughout: yes, if the other is not."""
    left = right = both = 0.0
    for block in blocks:
        one, other = block.astype(np.float64)
        left, right, both = left + float(one @ one), right + float(other @ other), both + float(one @ other)
    if left == 0.0 or right == 0.0:
        return left != right
    return bool(abs(both) / np.sqrt(left * right) < ALIKE)


def make(source: Source, keep: Path, play: Path) -> dict[str, object]:
    """Write both files; returns {"seconds", "sides", "rate", "peaks"}. No sound at all: seconds 0."""
    arranged = arrange(source)
    meter = PeakMeter(arranged.rate, arranged.sides)
    samples = 0
    with Writer(keep, "flac", "flac", arranged) as original, Writer(play, "mp3", "libmp3lame", arranged) as copy:
        for block in arranged.blocks():
            samples += block.shape[1]
            if samples > LONGEST_SECONDS * arranged.rate:
                raise RecordingUnreadable(f"longer than {LONGEST_SECONDS // 3600} hours")
            meter.feed(block)
            original.write(block)
            copy.write(block)
    seconds = round(samples / arranged.rate, 3)
    return {"seconds": seconds, "sides": arranged.sides, "rate": arranged.rate, "peaks": meter.outline()}


class Writer:
    """An encoder writing to a file, fed a block at a time."""

    def __init__(self, path: Path, container: str, codec: str, arranged: Arranged) -> None:
        self._layout = "stereo" if arranged.sides == 2 else "mono"
        self._rate = arranged.rate
        self._written = 0
        self._container = av.open(str(path.absolute()), "w", format=container)
        play = codec == "libmp3lame"
        rate = next((rate for rate in PLAY_RATES if rate >= arranged.rate), PLAY_RATES[-1]) if play else arranged.rate
        # Without joint stereo nothing of one side is heard on the other.
        options = {"joint_stereo": "0"} if play else {}
        stream = self._container.add_stream(codec, rate=rate, options=options, layout=self._layout)
        self._stream = cast("av.AudioStream", stream)
        if play:
            self._stream.bit_rate = PLAY_BITS * arranged.sides

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._written:
            self._container.mux(self._stream.encode(None))
        self._container.close()

    def write(self, block: Block) -> None:
        packed = np.ascontiguousarray(block.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
        frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._written
        self._written += block.shape[1]
        self._container.mux(self._stream.encode(frame))


def _in_step(left: Iterator[Block], right: Iterator[Block]) -> Iterator[Block]:
    for one, other in zip_longest(left, right):
        first, second = _mono(one), _mono(other)
        length = max(len(first), len(second))
        yield np.stack([np.pad(side, (0, length - len(side))) for side in (first, second)])


def _mono(block: Block | None) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.zeros(0, np.int16) if block is None else block.mean(axis=0).astype(np.int16)


def _limit_this_process() -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (1800, 1800))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m recordings.play_copy", description=(__doc__ or "").split("\n\n", 1)[0])
    for name in ("--mix", "--left", "--right"):
        parser.add_argument(name, type=Path)
    for name in ("--keep", "--play"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--swap", action="store_true", help="the mix is stereo with the manager on its left")
    asked = parser.parse_args(arguments)
    try:
        mix, left, right = (Sound(path) if path else None for path in (asked.mix, asked.left, asked.right))
        made = make(Source(mix, left, right, asked.swap), asked.keep, asked.play)
    except RecordingUnreadable as error:
        sys.stderr.write(f"{error.say}\n")
        return NOT_SOUND
    sys.stdout.write(json.dumps(made))
    return 0


if __name__ == "__main__":
    _limit_this_process()
    sys.exit(main())
