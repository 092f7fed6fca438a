"""Which files with sound lie in the exchange's recordings folder. Names are hostile text; nothing is opened, no link is followed.

Blocking: run it in a thread.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePath

from crm_core.trust.told import AudioFile
from recordings.closed import RIFF_HEADER
from recordings.formats import extension_of
from recordings.locate import printable, usable_root
from recordings.sides import SEPARATORS, UNIQUEID, WORDS

MOST_ENTRIES = 1_000_000
EMPTY = RIFF_HEADER + 16
"""Bytes of a file in which nobody speaks: a missed call leaves one."""
DEEPEST = 12  # folders
_DAY = re.compile(r"(?:^|.*/)(20[0-9]{2})[/-]?([01][0-9])[/-]?([0-3][0-9])$")


@dataclass(slots=True)
class Disk:
    """`cut`: there was more than is looked at."""

    files: list[AudioFile] = field(default_factory=list)
    entries: int = 0
    cut: bool = False


def audio_between(root: Path, since: datetime, until: datetime) -> Disk:
    """Files last written from `since` to `until`; raises RecordingsFolderUnusable.

    Folders named after another day (`2026/11/22`, `2026-11-22`, `20261122`) are passed over.
    """
    found = Disk()
    days = (since.date() - timedelta(days=1), until.date() + timedelta(days=1))  # the exchange may be in any zone
    for entry in _files(usable_root(root), "", days, found, 0):
        if (file := _audio(entry)) and since.timestamp() <= file.at < until.timestamp():
            found.files.append(file)
    found.files.sort(key=lambda file: (file.at, file.name))
    return found


def _files(folder: Path, inner: str, days: tuple[date, date], found: Disk, depth: int) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError:  # gone meanwhile, or not ours to read
        return
    for entry in entries:
        found.entries += 1
        if found.entries > MOST_ENTRIES:
            found.cut = True
            return
        below = f"{inner}/{entry.name}" if inner else entry.name
        if entry.is_dir(follow_symlinks=False):
            if depth < DEEPEST and not _of_another_day(below, days):
                yield from _files(folder / entry.name, below, days, found, depth + 1)
        elif extension_of(entry.name) and entry.is_file(follow_symlinks=False):
            yield entry


def _of_another_day(inner: str, days: tuple[date, date]) -> bool:
    named = _DAY.fullmatch(inner)
    if named is None:
        return False
    try:
        day = date(int(named[1]), int(named[2]), int(named[3]))
    except ValueError:
        return False
    return not days[0] <= day <= days[1]


def _audio(entry: os.DirEntry[str]) -> AudioFile | None:
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    if facts.st_size <= EMPTY or not 0 <= facts.st_mtime < datetime(9000, 1, 1, tzinfo=UTC).timestamp():
        return None
    name = printable(entry.name)
    return AudioFile(name, facts.st_mtime, _stems(name), tuple(dict.fromkeys(UNIQUEID.findall(name))))


def _stems(name: str) -> tuple[str, ...]:
    """The name without its ending, and without the mark of a side file."""
    stem = PurePath(name).stem
    marks = (f"{separator}{word}" for separator in SEPARATORS for word in WORDS)
    return (stem, *(stem.removesuffix(mark) for mark in marks if stem.endswith(mark)))
