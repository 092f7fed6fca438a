"""Recording files of the practice exchange: they grow while two talk and are closed after the hang-up, as MixMonitor's."""

import struct
import tempfile
import wave
from pathlib import Path

from pbx.playing.speech import SAMPLE_RATE, Script, write_recording

ANNOUNCED_ROOT = "/var/spool/asterisk/monitor"
"""Where the exchange believes its recordings to be; on our side the same tree hangs somewhere else."""

BYTES_A_SECOND = SAMPLE_RATE * 2
_SIDES = ("", "-rx", "-tx")  # the mix, what came from the customer's line, what it was sent


class Recorder:
    """One recording: the mix and both sides. Blocking: run its methods in a thread."""

    def __init__(self, root: Path, stem: str, spoken: Script | None) -> None:
        self.names = tuple(f"{stem}{side}.wav" for side in _SIDES)
        self._paths = tuple(root / name for name in self.names)
        self._spoken = spoken
        self._sound = (b"", b"", b"")
        self._written = 0

    @property
    def announced(self) -> str:
        """The mix's path as the exchange knows it."""
        return f"{ANNOUNCED_ROOT}/{self.names[0]}"

    @property
    def data(self) -> str:
        """MixMonitor's arguments as CEL tells them: written only while two are joined, sides beside."""
        mix, received, sent = (f"{ANNOUNCED_ROOT}/{name}" for name in self.names)
        return f"{mix},br({received})t({sent})"

    def begin(self) -> None:
        """Empty files: a call that nobody answers leaves them so."""
        for path in self._paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_header(0))

    def reach(self, seconds: float) -> None:
        """Write on until that second of the talk; after the last word there is silence."""
        until = round(seconds * SAMPLE_RATE) * 2
        if until <= self._written:
            return
        if self._spoken is not None and not self._written:
            self._sound = _spoken_samples(self._spoken)
        for path, sound in zip(self._paths, self._sound, strict=True):
            piece = sound[self._written : until]
            with path.open("r+b") as file:
                file.write(_header(until))
                file.seek(0, 2)
                file.write(piece + bytes(until - self._written - len(piece)))
        self._written = until


def _spoken_samples(spoken: Script) -> tuple[bytes, bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        mix, customer, manager = (Path(folder) / f"{name}.wav" for name in ("mix", "customer", "manager"))
        write_recording(spoken, mix, customer, manager)
        return _samples(mix), _samples(customer), _samples(manager)


def _samples(path: Path) -> bytes:
    with wave.open(str(path), "rb") as sound:
        return sound.readframes(sound.getnframes())


def _header(data_bytes: int) -> bytes:
    """A WAV header for so many bytes of 8 kHz 16-bit mono; 44 bytes."""
    form = (b"fmt ", 16, 1, 1, SAMPLE_RATE, BYTES_A_SECOND, 2, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + data_bytes, b"WAVE", *form, b"data", data_bytes)
