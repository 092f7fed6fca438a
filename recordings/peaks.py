"""The outline of a sound: the loudest sample of each short piece of each side, for drawing the waveform."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.int16]
"""Samples of shape (sides, n)."""

FINEST_PER_SECOND = 50
MOST_POINTS = 2000


class PeakMeter:
    """Fed block by block; keeps one byte a side for each fiftieth of a second."""

    def __init__(self, rate: int, sides: int) -> None:
        self._rate = rate
        self._window = max(1, round(rate / FINEST_PER_SECOND))
        self._left = np.zeros((sides, 0), np.int16)
        self._peaks: list[NDArray[np.uint8]] = []

    def feed(self, block: Block) -> None:
        samples = np.concatenate([self._left, block], axis=1)
        whole = samples.shape[1] // self._window * self._window
        self._left = samples[:, whole:]
        if whole:
            self._peaks.append(_loudest(samples[:, :whole], self._window))

    def outline(self, most: int = MOST_POINTS) -> dict[str, Any]:
        """{"per_second": points a second, "sides": [[0..255, …], …]}, at most `most` points a side."""
        pieces = self._peaks + ([_loudest(self._left, self._left.shape[1])] if self._left.shape[1] else [])
        if not pieces:
            return {"per_second": FINEST_PER_SECOND, "sides": [[] for _ in self._left]}
        points = np.concatenate(pieces, axis=1)
        times = -(-points.shape[1] // most)
        padded = np.pad(points, ((0, 0), (0, -points.shape[1] % times)))
        coarse = padded.reshape(points.shape[0], -1, times).max(axis=2)
        return {"per_second": round(self._rate / self._window / times, 6), "sides": coarse.tolist()}


def _loudest(samples: Block, window: int) -> NDArray[np.uint8]:
    loud: NDArray[np.int32] = np.abs(samples.astype(np.int32)).reshape(samples.shape[0], -1, window).max(axis=2)
    return np.minimum(loud * 255 // 32767, 255).astype(np.uint8)
