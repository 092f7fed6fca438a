"""Sound for the telephones: any audio file made into what a G.711 line carries, and measures of what was recorded."""

import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.asterisk import chroot

RATE = 8000
LONGEST_CALL = 120  # seconds
SILENCE = b"\xd5"  # A-law zero
PROMPTS = "usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU"
CUSTOMER_PROMPT = "vm-nobox.wav"
MANAGER_PROMPT = "demo-echotest.wav"


def prompt(name: str) -> Path:
    """A Russian voice prompt of the exchange's own Debian, like `vm-nobox.wav`."""
    return chroot.folder_of("sid") / PROMPTS / name


def played(source: Path | None, folder: Path) -> str:
    """What a scenario says to play it from here on."""
    return f'<nop><action><exec rtp_stream="{as_alaw(source, folder)},1,8"/></action></nop>'


def as_alaw(source: Path | None, folder: Path) -> Path:
    """`source` (anything PyAV reads) as raw A-law, mono, 8 kHz, in `folder`, then silence: a line never stops sending."""
    target = folder / f"{source.stem if source else 'silence'}.alaw"
    if target.exists():
        return target
    if source is not None:
        _encode(source, target)
    with target.open("ab") as line:
        line.write(SILENCE * RATE * LONGEST_CALL)
    return target


def _encode(source: Path, target: Path) -> None:
    with av.open(str(source)) as heard, av.open(str(target), "w", format="alaw") as line:
        stream = line.add_stream("pcm_alaw", rate=RATE, layout="mono")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in [*heard.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                line.mux(stream.encode(piece))
        line.mux(stream.encode(None))


def samples(source: Path) -> NDArray[np.float64]:
    """The sound of a WAV file of the exchange, mono, -1…1."""
    with wave.open(str(source)) as sound:
        frames = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    return frames.astype(np.float64) / 32768


def loudness(sound: NDArray[np.float64]) -> float:
    """Root mean square; 0 for no sound at all."""
    return float(np.sqrt(np.mean(sound**2))) if sound.size else 0.0


def likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How alike two sounds rise and fall, whatever their delay: 1 the same, about 0 strangers. 20 ms steps."""
    first, second = _envelope(one), _envelope(other)
    if not first.any() or not second.any():
        return 0.0
    first, second = first - first.mean(), second - second.mean()
    matched = np.correlate(first, second, mode="full").max()
    return float(matched / np.sqrt((first**2).sum() * (second**2).sum()))


def _envelope(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    step = RATE // 50
    whole = sound[: sound.size // step * step].reshape(-1, step)
    return np.sqrt((whole**2).mean(axis=1)) if whole.size else np.zeros(1)
