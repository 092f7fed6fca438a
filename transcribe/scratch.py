"""Where a recording lies while it is heard: a folder of its own, locked as long as somebody is at it.

A worker ends in the middle of a recording when it is killed, and also when it is told to stop, for its thread cannot be
stopped: what it leaves goes when the next one starts.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEW, IN_USE = "firstring-new-", "firstring-hear-"


@contextmanager
def folder() -> Iterator[Path]:
    """Removed afterwards. It is locked before it is named so, and whoever finds one so named and not locked may remove it."""
    made = Path(tempfile.mkdtemp(prefix=NEW))
    held = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made = made.rename(made.with_name(made.name.replace(NEW, IN_USE, 1)))
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(held)


def clear_left() -> int:
    """Remove what workers that are no more left behind; returns how many folders. Those of others on this machine stay."""
    return sum(_removed(one) for one in Path(tempfile.gettempdir()).glob(f"{IN_USE}*"))


def _removed(left: Path) -> bool:
    with suppress(OSError):  # gone meanwhile, another user's, no folder, or in use
        held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
            return True
        finally:
            os.close(held)
    return False
