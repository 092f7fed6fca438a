"""Generated sounds and what can be measured of them."""

import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 8000


def tone(path: Path, seconds: float, *hertz: float, rate: int = RATE, loud: float = 0.3, begins: float = 0.0) -> Path:
    """A WAV with one channel for each of `hertz` (0: silence), silent until `begins`."""
    times = np.arange(int(seconds * rate)) / rate
    waves = [np.where(times < begins, 0, np.sin(2 * np.pi * pitch * times)) * loud * 32767 for pitch in hertz]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(hertz))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.stack(waves, axis=1).astype("<i2").tobytes())
    return path


def samples(path: Path, file_format: str | None = None) -> NDArray[np.int16]:
    """Decoded samples of shape (sides, n)."""
    with av.open(str(path), format=file_format) as container:
        stereo = container.streams.audio[0].channels == 2
        resampler = av.AudioResampler("s16p", "stereo" if stereo else "mono")
        frames = [even.to_ndarray() for frame in container.decode(audio=0) for even in resampler.resample(frame)]
    return np.concatenate(frames, axis=1)


def pitch(side: NDArray[np.int16], rate: int = RATE) -> float:
    """The loudest frequency, in hertz; 0 for silence."""
    if not side.any():
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(side))) * rate / len(side))


def stripped(path: Path, into: Path) -> Path:
    """The samples of a WAV alone, as raw formats hold them."""
    into.write_bytes(path.read_bytes()[44:])
    return into


def encoded(path: Path, into: Path, codec: str, file_format: str) -> Path:
    """The same sound in another format."""
    with av.open(str(path)) as source, av.open(str(into), "w", format=file_format) as out:
        rate = 48000 if codec == "libopus" else source.streams.audio[0].rate
        stream = out.add_stream(codec, rate=rate, layout="mono")
        for frame in source.decode(audio=0):
            frame.pts = None
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return into
