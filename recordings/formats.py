"""What exchanges leave behind, by the end of the file's name. Pure: the names FFmpeg knows them by are only words here.

Raw files have no header, so their format is known by name alone (Asterisk: `file convert`, "core show file formats").
"""

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """`demuxer` and `options` as FFmpeg takes them."""

    demuxer: str
    options: tuple[tuple[str, str], ...] = ()


def _raw(demuxer: str, rate: int) -> AudioFormat:
    return AudioFormat(demuxer, (("sample_rate", str(rate)),))


WAV = AudioFormat("wav")  # also GSM in RIFF, which Asterisk calls wav49 and names .WAV
OGG = AudioFormat("ogg")
MP3 = AudioFormat("mp3")
FLAC = AudioFormat("flac")

# The first ones are what a dialplan most often names.
FORMATS: dict[str, AudioFormat] = {
    "wav": WAV, "mp3": MP3, "WAV": WAV, "wav49": WAV, "wav16": WAV, "gsm": AudioFormat("gsm"),
    "ulaw": _raw("mulaw", 8000), "alaw": _raw("alaw", 8000), "sln": _raw("s16le", 8000),
    "ogg": OGG, "opus": OGG, "flac": FLAC,
    "ul": _raw("mulaw", 8000), "mu": _raw("mulaw", 8000), "pcm": _raw("mulaw", 8000),
    "al": _raw("alaw", 8000), "alw": _raw("alaw", 8000), "raw": _raw("s16le", 8000),
    "g722": AudioFormat("g722"),
    **{f"sln{thousands}": _raw("s16le", rate) for thousands, rate in
       ((12, 12000), (16, 16000), (24, 24000), (32, 32000), (44, 44100), (48, 48000), (96, 96000), (192, 192000))},
}  # fmt: skip

_MAGIC = ((b"RIFF", WAV), (b"RF64", WAV), (b"OggS", OGG), (b"fLaC", FLAC), (b"ID3", MP3))


def extension_of(name: str) -> str:
    """The known extension of a file name as it is spelled in `FORMATS`, or "" if it is none of ours."""
    ending = PurePath(name).suffix[1:]
    if ending in FORMATS:
        return ending
    return ending.lower() if ending.lower() in FORMATS else ""


def format_of(name: str, first_bytes: bytes) -> AudioFormat | None:
    """By the first bytes where they tell, else by name; never by guessing over the content of a hostile file."""
    for magic, form in _MAGIC:
        if first_bytes.startswith(magic):
            return form
    return FORMATS.get(extension_of(name))
