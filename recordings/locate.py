"""Where the recording of a call lies. Everything announced is hostile text; nothing outside the root is ever returned.

An exchange announces the path as it sees it itself (`/var/spool/asterisk/monitor/2026/11/22/x.wav`); here the same
folder may be mounted anywhere. So the longest end of the announced path that exists under the root is taken.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from prometheus_client import Counter

from recordings.errors import RecordingsFolderUnusable
from recordings.formats import FORMATS, extension_of
from recordings.sides import sibling_names

REFUSED = Counter("firstring_recordings_refused", "Announced recording paths that were refused", ["reason"])

MOST_ANNOUNCED = 50  # of one call; a transfer leaves two
MOST_PARTS = 12  # folders of an announced path that are tried
MOST_ENTRIES = 200_000  # of one folder that are looked at
FOLDERS = ("%Y/%m/%d", "%Y-%m-%d", "%Y%m%d", "%Y/%m", "%Y-%m")
MOST_DAYS = 7
SHORTEST_ID = 6  # a shorter id would fit the names of strangers


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a call's recordings. `ids`: the uniqueids and linkedids it was known by; `folders`: where its exchange
    puts recordings below the root, as strftime writes the exchange's own time."""

    announced: tuple[str, ...]
    ids: tuple[str, ...]
    began: datetime
    ended: datetime
    folders: tuple[str, ...] = FOLDERS


@dataclass(frozen=True, slots=True)
class Located:
    """`path` is real, a regular file and under the root; `name` is the base name it was looked for by, with its folder where
    another folder has that name, too."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Search:
    found: tuple[Located, ...]
    missing: int  # how many announced files are not there


def usable_root(root: Path) -> Path:
    """The root, resolved; raises RecordingsFolderUnusable with what to do."""
    try:
        real = root.resolve(strict=True)
        if not real.is_dir():
            raise RecordingsFolderUnusable(f"{root} is not a folder: name the exchange's recordings folder")
        with os.scandir(real) as entries:
            next(entries, None)
    except (FileNotFoundError, RuntimeError) as error:
        raise RecordingsFolderUnusable(f"the recordings folder {root} does not exist here: mount or name it") from error
    except OSError as error:
        raise RecordingsFolderUnusable(f"the recordings folder {root} cannot be read: {error.strerror}") from error
    return real


def locate(root: Path, wanted: Wanted) -> Search:
    """The files of a call: as announced, else by their names; with the side files that lie beside them.

    `root` comes from `usable_root`. Blocking: run it in a thread.
    """
    announced = list(dict.fromkeys(wanted.announced))[:MOST_ANNOUNCED]
    found = [find_announced(root, path) for path in announced]
    missing = found.count(None)
    files = [file for file in found if file is not None]
    if missing or not announced:
        known = {file.path for file in files}
        more = [file for file in _find_by_name(root, wanted) if file.path not in known]
        files, missing = files + more, max(0, missing - len(more))
    with_sides = [near for file in files for near in (file, *_siblings(root, file))]
    return Search(tuple(_told_apart({file.path: file for file in with_sides}.values())), missing)


def _told_apart(files: Iterable[Located]) -> Iterator[Located]:
    """Two folders may hold files of one name (`in/…`, `queue/…`, or two days): those of the later one are told with its own."""
    names: set[str] = set()
    by_folder: dict[Path, list[Located]] = {}
    for file in files:
        by_folder.setdefault(file.path.parent, []).append(file)
    for folder, here in by_folder.items():
        twice = any(file.name in names for file in here)
        names.update(file.name for file in here)
        yield from (replace(file, name=f"{folder.name}/{file.name}") if twice else file for file in here)


def find_announced(root: Path, announced: str) -> Located | None:
    """The longest end of an announced path that exists under the root, also if it was converted since (`.wav` → `.mp3`)."""
    parts = [part for part in announced.split("/") if part not in ("", ".")]
    if "\0" in announced or ".." in parts:
        REFUSED.labels("hostile_path").inc()
        return None
    ends = [root.joinpath(*parts[start:]) for start in range(max(0, len(parts) - MOST_PARTS), len(parts))]
    converted = (
        end.with_suffix(f".{other}") for end in ends if (own := extension_of(end.name)) for other in FORMATS if other != own
    )
    for candidate in (*ends, *converted):
        if located := _inside(root, candidate):
            return located
    return None


def _inside(root: Path, candidate: Path) -> Located | None:
    """The file itself, symlinks resolved, if it is a regular one under the root."""
    try:
        real = candidate.resolve(strict=True)
        if not real.is_relative_to(root):
            REFUSED.labels("outside_root").inc()
            return None
        return Located(real, printable(candidate.name)) if real.is_file() else None
    except (OSError, ValueError, RuntimeError):  # not there, too long, no file name at all, a circle of links
        return None


def printable(name: str) -> str:
    """A name as it can be stored: bytes that are no UTF-8 are spelled out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _siblings(root: Path, file: Located) -> Iterator[Located]:
    """The two sides that lie beside a mix; one without the other tells nothing."""
    for one, other in sibling_names(file.path.name):
        received = _inside(root, file.path.with_name(one))
        sent = _inside(root, file.path.with_name(other)) if received else None
        if received and sent:
            yield from (received, sent)


# By name: the file's name holds the call's id as a whole token.


def _find_by_name(root: Path, wanted: Wanted) -> list[Located]:
    ids = [text for text in wanted.ids if len(text) >= SHORTEST_ID and re.search("[0-9]", text) and not re.search(r"[/\0]", text)]
    folders = list(_folders(root, wanted)) if ids else []
    plain = [folder / f"{text}.{ending}" for folder in folders for text in ids for ending in FORMATS]
    exact = [located for path in plain if (located := _inside(root, path))]
    return exact or [located for folder in folders for path in _named(folder, ids) if (located := _inside(root, path))]


def _named(folder: Path, ids: Iterable[str]) -> Iterator[Path]:
    token = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9]\.)(?:{'|'.join(map(re.escape, ids))})(?![0-9A-Za-z]|\.[0-9])")
    try:
        with os.scandir(folder) as entries:
            names = [name for name in (entry.name for entry in islice(entries, MOST_ENTRIES)) if token.search(name)]
    except OSError:
        return
    yield from (folder / name for name in sorted(names) if extension_of(name))


def _folders(root: Path, wanted: Wanted) -> Iterator[Path]:
    """The root, the announced folders, those of the call's days (the exchange may be in any zone); never the whole tree."""
    seen = {root}
    yield root
    for folder in (*_announced_folders(root, wanted.announced), *_day_folders(root, wanted)):
        try:
            real = folder.resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if real.is_relative_to(root) and real.is_dir() and real not in seen:
            seen.add(real)
            yield real


def _announced_folders(root: Path, announced: Iterable[str]) -> Iterator[Path]:
    for path in islice(announced, MOST_ANNOUNCED):
        parts = [part for part in path.split("/")[:-1] if part not in ("", ".")][-MOST_PARTS:]
        if "\0" not in path and ".." not in parts:
            yield from (root.joinpath(*parts[start:]) for start in range(len(parts)))


def _day_folders(root: Path, wanted: Wanted) -> Iterator[Path]:
    first, last = wanted.began - timedelta(days=1), wanted.ended + timedelta(days=1)
    for day in (first + timedelta(days=count) for count in range(min((last - first).days + 1, MOST_DAYS))):
        for layout in wanted.folders:
            hours = range(24) if "%H" in layout else (0,)
            yield from (root / day.replace(hour=hour).strftime(layout) for hour in hours)
