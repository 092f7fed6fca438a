"""Old backups go, and the stored files that only they named. What cannot be understood stays, and everything it may need."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_core.moving import archive as form
from crm_core.moving.archive import Damaged

LEAVING = ".partial"
"""What is so named is no backup: whoever is killed here leaves nothing that looks whole, and the next backup removes it."""
_SHELF = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Pruned:
    """`unsure`: the name of a backup whose list of files cannot be read: then no stored file goes."""

    backups: int = 0
    files: int = 0
    bytes: int = 0
    unsure: str | None = None


def prune(archive: Path, keep: int) -> Pruned:
    """All but the newest `keep` whole backups. Nobody else may write into the folder meanwhile."""
    old = form.backups(archive)[:-keep] if keep > 0 else []
    for backup in old:
        leaving = backup.with_name(f"{backup.name}{LEAVING}")
        backup.rename(leaving)
        shutil.rmtree(leaving)
    try:
        named = _named(archive)
    except Damaged as damaged:
        return Pruned(len(old), unsure=str(damaged))
    sizes = []
    for file in _stored(archive):
        if file.name not in named:
            sizes.append(file.stat().st_size)
            file.unlink()
    return Pruned(len(old), len(sizes), sum(sizes))


def _named(archive: Path) -> set[str]:
    """The sums of all files that any backup names. Raises Damaged with the name of one that cannot be read."""
    named: set[str] = set()
    for one in sorted(archive.iterdir()):
        if form.NAME.fullmatch(one.name):
            try:
                named.update(told.sha256 for told in form.files_of(one))
            except Damaged as error:
                raise Damaged(one.name) from error
    return named


def _stored(archive: Path) -> Iterator[Path]:
    """Only what is named as we name stored files."""
    for shelf in sorted((archive / "files").glob("*")):
        if _SHELF.fullmatch(shelf.name) and shelf.is_dir() and not shelf.is_symlink():
            yield from (file for file in sorted(shelf.iterdir()) if form.SHA256.fullmatch(file.name) and not file.is_symlink())
