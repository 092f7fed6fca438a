"""One product on one data folder: a second start is refused before it touches anything."""

import fcntl
import os
from pathlib import Path
from typing import Final

from crm_core.errors import FirstringError

PARTS: Final = ("web", "listen", "work")


class CannotStart(FirstringError):
    """Firstring cannot start here."""


class DataLock:
    """Holds one lock a part on the data folder; the system lets go of them with the process, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._held: list[int] = []

    def take(self, parts: tuple[str, ...]) -> None:
        """Raises CannotStart if the folder cannot be written or another process has one of the parts."""
        for part in parts:
            self._held.append(_locked(self._folder / f"{part}.lock", part, self._folder))

    def release(self) -> None:
        for held in self._held:
            os.close(held)
        self._held.clear()


def make_data_dir(folder: Path) -> None:
    """Make the data folder and see that it can be written; raises CannotStart.

    What this process writes from now on, there or elsewhere, is its user's alone: callers and what they said are nobody else's.
    """
    os.umask(0o077)
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # parts that start together look at the same moment
    except OSError as error:
        say = (
            f"The data folder {folder.resolve()} cannot be written ({error.strerror}): make it writable or set FIRSTRING_DATA_DIR"
        )
        raise CannotStart(say) from error


def _locked(file: Path, part: str, folder: Path) -> int:
    try:
        held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"{file.resolve()} cannot be opened ({error.strerror}): make it ours, or remove it") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = os.pread(held, 20, 0).decode(errors="replace").strip() or "?"
        os.close(held)
        raise CannotStart(
            f"Firstring ({part}) runs on {folder.resolve()} already, as process {other}: "
            "stop it, or set another FIRSTRING_DATA_DIR"
        ) from error
    os.truncate(held, 0)
    os.pwrite(held, str(os.getpid()).encode(), 0)
    return held
