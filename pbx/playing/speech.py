"""The recordings of the practice exchange: what is said in them, and how they are written as Asterisk would."""

import json
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

SAMPLE_RATE = 8000
FOLDER = Path(__file__).parent / "audio"

Samples = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


@dataclass(frozen=True, slots=True)
class Line:
    """One turn; `side` is `manager` or `customer`, `start` in seconds from the answer."""

    side: str
    start: float
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation that can be played; `language` is `ru` or `en`."""

    name: str
    language: str
    seconds: float
    lines: tuple[Line, ...]

    def said_by(self, side: str) -> str:
        return " ".join(line.text for line in self.lines if line.side == side)


@cache
def scripts() -> tuple[Script, ...]:
    """Every conversation there is, in the order of `wording.json`."""
    wording = json.loads((FOLDER / "wording.json").read_text(encoding="utf-8"))
    return tuple(_script(entry) for entry in wording["scripts"])


def script(name: str) -> Script:
    """The conversation of that name; raises KeyError if there is none."""
    return {each.name: each for each in scripts()}[name]


def write_recording(
    spoken: Script,
    mix: Path,
    customer_side: Path | None = None,
    manager_side: Path | None = None,
    *,
    seconds: float | None = None,
) -> None:
    """Write the conversation as MixMonitor does: 8 kHz 16-bit mono WAVs, the mix and, if asked, what was received and sent.

    `seconds` cuts the recording, or fills it up with silence, to the length the call really had.
    """
    customer, manager = _both_sides(spoken.name)
    length = len(customer) if seconds is None else round(seconds * SAMPLE_RATE)
    customer, manager = _fit(customer, length), _fit(manager, length)
    _write_wav(mix, np.clip(customer.astype(np.int32) + manager, -32768, 32767).astype(np.int16))
    for path, samples in ((customer_side, customer), (manager_side, manager)):
        if path is not None:
            _write_wav(path, samples)


def _script(entry: dict[str, object]) -> Script:
    lines = tuple(Line(line["side"], float(line["start"]), line["text"]) for line in entry["lines"])  # type: ignore[attr-defined]
    return Script(str(entry["name"]), str(entry["language"]), float(str(entry["seconds"])), lines)


@cache
def _both_sides(name: str) -> tuple[Samples, Samples]:
    """Customer and manager, 8 kHz; the file keeps them left and right."""
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE)
    with av.open(str(FOLDER / f"{name}.opus")) as container:
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    frames += resampler.resample(None)
    both = np.concatenate([frame.to_ndarray() for frame in frames], axis=1).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _fit(samples: Samples, length: int) -> Samples:
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(samples.astype("<i2").tobytes())
