"""The hub's side of the short-lived process that decodes and encodes.

Files are taken into a folder of our own under names of our own: nothing the exchange named reaches a command line.
"""

import asyncio
import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from recordings.errors import RecordingChanged, RecordingUnreadable
from recordings.formats import extension_of
from recordings.share import COPIES, Share

CHUNK = 1 << 20
LONGEST_WORK = 1800  # seconds; an hour of two sides takes about 25
LET_READ = "give Firstring's user the right to read the recordings"
NOT_SOUND = 3  # the exit code of recordings.play_copy


@dataclass(frozen=True, slots=True)
class Sources:
    """Files of one conversation, sides by person. `swap`: if the mix is stereo, the manager is on its left."""

    mix: Path | None
    customer: Path | None = None
    manager: Path | None = None
    swap: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """What is kept of a conversation. `keep` is the whole quality, `play` the small copy; both lie in the working folder."""

    keep: Path
    play: Path
    seconds: float
    sides: int
    peaks: dict[str, Any]
    sha256: str
    bytes: int


async def convert(sources: Sources, folder: Path, share: Share) -> Converted | None:
    """Take a conversation from its share and convert it, working in `folder`; None if it holds no sound at all.

    Raises RecordingUnreadable, RecordingChanged, FilesUnavailable, and OSError where the disk is full or away.
    """
    arguments = ["--swap"] if sources.swap else []
    for option, file in (("mix", sources.mix), ("left", sources.customer), ("right", sources.manager)):
        if file is not None:
            taken = folder / f"{option}.{extension_of(file.name)}"
            await share.do(partial(take, file, taken), COPIES)
            arguments += [f"--{option}", str(taken)]
    keep, play = folder / "keep.flac", folder / "play.mp3"
    made = msgspec.json.decode(await _run("recordings.play_copy", *arguments, "--keep", str(keep), "--play", str(play)))
    if not made["seconds"]:
        return None
    sha256, size = await asyncio.to_thread(_digest, keep)
    return Converted(keep, play, made["seconds"], made["sides"], made["peaks"], sha256, size)


def take(file: Path, to: Path) -> None:
    """Copy a file that lies on a folder others write to. Links and pipes put in its place meanwhile are not followed."""
    try:
        source = os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except FileNotFoundError as error:
        raise RecordingChanged from error  # e.g. made an MP3 of meanwhile, which is there under another name
    except OSError as error:
        raise RecordingUnreadable(f"it cannot be opened ({error.strerror}): {LET_READ}") from error
    with source, to.open("wb") as copy:
        before = os.fstat(source.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise RecordingUnreadable("a recording is no regular file")
        while chunk := source.read(CHUNK):
            copy.write(chunk)
        after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RecordingChanged


def _digest(file: Path) -> tuple[str, int]:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest(), os.fstat(source.fileno()).st_size


async def _run(module: str, *arguments: str) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(child.communicate(), LONGEST_WORK)
    except TimeoutError as error:
        raise RecordingUnreadable(f"converting took more than {LONGEST_WORK} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    said = err.decode(errors="replace").strip().rpartition("\n")[2][:300]
    if child.returncode == NOT_SOUND:
        raise RecordingUnreadable(said)
    if child.returncode != 0:
        raise OSError(f"the conversion ended with {child.returncode}: {said}")
    return out
