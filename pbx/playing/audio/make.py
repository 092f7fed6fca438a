"""Makes the practice exchange's recordings from `wording.json`; run by us when the wording changes, never at run time.

Needs Debian's festival, festvox-ru, festvox-us-slt-hts, flite and sox, ffmpeg. The voices are free to use and
to pass on (see README.md beside this file). Each call becomes one Opus file: left the customer, right the manager, as
Asterisk's MixMonitor would have kept what it received (`r()`) and sent (`t()`). The starts are written back.
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORDING = HERE / "wording.json"
LEAD_IN = 0.6
PAUSE = 0.55
TAIL = 0.8


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker: the program that says a text into a WAV, and what sox then does to the sound."""

    program: str
    name: str
    effects: tuple[str, ...] = ()


# The Russian voice is one man; raised by 3.5 semitones he passes for the second speaker.
VOICES = {
    ("ru", "manager"): Voice("festival", "voice_msu_ru_nsh_clunits", ("pitch", "350", "tempo", "1.05")),
    ("ru", "customer"): Voice("festival", "voice_msu_ru_nsh_clunits"),
    ("en", "manager"): Voice("festival", "voice_cmu_us_slt_arctic_hts"),
    ("en", "customer"): Voice("flite", "rms"),
}


def run(*words: str) -> str:
    """Runs a program found on the PATH; raises CalledProcessError with its own words if it fails."""
    program = shutil.which(words[0]) or words[0]
    return subprocess.run([program, *words[1:]], check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own fixed commands


def say(text: str, voice: Voice, into: Path) -> None:
    """Writes `text` as 8 kHz 16-bit mono, like a telephone line, at one loudness for all voices."""
    raw, words = into.with_suffix(".raw.wav"), into.with_suffix(".txt")
    words.write_text(text, encoding="utf-8")
    if voice.program == "festival":
        run("text2wave", "-eval", f"({voice.name})", str(words), "-o", str(raw))
    else:
        run("flite", "-voice", voice.name, "-f", str(words), "-o", str(raw))
    run("sox", str(raw), "-c", "1", "-b", "16", str(into), *voice.effects, "rate", "8000", "norm", "-6")


def seconds(path: Path) -> float:
    return float(run("soxi", "-D", str(path)))


def speak_lines(script: dict[str, Any], folder: Path) -> float:
    """Says every line, lays the lines one after another and returns the length of the call, in seconds."""
    at = LEAD_IN
    for number, line in enumerate(script["lines"]):
        path = folder / f"{number}.wav"
        say(line.get("spoken", line["text"]), VOICES[script["language"], line["side"]], path)
        line["start"] = round(at, 2)
        at += seconds(path) + PAUSE
    return at - PAUSE + TAIL


def lay_side(script: dict[str, Any], side: str, length: float, folder: Path) -> Path:
    """One side of the call: its lines at their starts, silence between."""
    path = folder / f"{side}.wav"
    lines = [(number, line) for number, line in enumerate(script["lines"]) if line["side"] == side]
    parts: list[str] = []
    for number, line in lines:
        padded = folder / f"{number}.padded.wav"
        run("sox", str(folder / f"{number}.wav"), str(padded), "pad", str(line["start"]))
        parts.append(str(padded))
    mixing = ("-m", *(word for part in parts for word in ("-v", "1", part))) if len(parts) > 1 else tuple(parts)
    run("sox", *mixing, str(path), "pad", "0", str(length), "trim", "0", str(length))
    return path


def make(script: dict[str, Any]) -> Path:
    """Makes one call's Opus file and fills in its starts and length."""
    out = HERE / f"{script['name']}.opus"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script["seconds"] = round(speak_lines(script, folder), 2)
        sides = [lay_side(script, side, script["seconds"], folder) for side in ("customer", "manager")]
        both = folder / "both.wav"
        run("sox", "-M", *map(str, sides), str(both))
        encoding = ("-c:a", "libopus", "-b:a", "28k", "-application", "voip", "-map_metadata", "-1", "-fflags", "+bitexact")
        run("ffmpeg", "-y", "-loglevel", "error", "-i", str(both), *encoding, "-flags:a", "+bitexact", str(out))
    return out


def main() -> None:
    wording = json.loads(WORDING.read_text(encoding="utf-8"))
    for script in wording["scripts"]:
        make(script)
    WORDING.write_text(json.dumps(wording, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
