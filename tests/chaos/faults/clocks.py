"""A clock of the product's own that can be set: every process that is started with it reads it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# Debian's package `libfaketime`; a machine has one architecture's folder.
PLACES: Sequence[Path] = tuple(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

# With its "fix" a wait of five milliseconds by the monotonic clock ends at once: of two threads of Python that want the
# interpreter, one asks for it a hundred thousand times a second.
SETTINGS = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}


class Clock:
    """`step` says by how many seconds it is wrong from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(0.0)

    def step(self, seconds: float) -> None:
        """Seen by all at their next look: the file is replaced whole."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+.1f}")
        new.replace(self._file)


@contextmanager
def clock_of(folder: Path) -> Iterator[Clock | None]:
    """None where the library is not installed: that fault is left out, and the table shows it."""
    if not PLACES:
        yield None
        return
    clock = Clock(folder / "clock")
    with variables(LD_PRELOAD=str(PLACES[0]), FAKETIME_TIMESTAMP_FILE=str(folder / "clock"), **SETTINGS):
        yield clock


@contextmanager
def variables(**named: str) -> Iterator[None]:
    """In the environment of every process that is started meanwhile."""
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
