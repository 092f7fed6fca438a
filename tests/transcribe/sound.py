"""Sounds to test with, at the model's rate: 16 kHz, -1..1."""

import wave
from pathlib import Path

import numpy as np

from transcribe.engine import SAMPLE_RATE, Samples


def tone(seconds: float, loudness: float = 0.2, hertz: float = 440.0) -> Samples:
    at = np.arange(round(seconds * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    return (loudness * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def write_wav(path: Path, *channels: Samples, rate: int = SAMPLE_RATE) -> Path:
    together = np.stack(channels, axis=1)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((together * 32767).astype("<i2").tobytes())
    return path
