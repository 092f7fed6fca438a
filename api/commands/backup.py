"""`firstring backup` and `firstring restore`."""

import asyncio
import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path

from api.locking import PARTS, DataLock, make_data_dir
from crm_core.blobs import blobs_of
from crm_core.db import Database
from crm_core.errors import Invalid
from crm_core.moving.backup import BackedUp, Key, back_up
from crm_core.moving.pruning import Pruned
from crm_core.moving.restore import Restored, chosen, key_keeper
from crm_core.moving.restore import restore as put_back
from crm_core.settings import Settings, load_settings, secret_key


def backup(archive: Path, *, with_key: bool, keep: int | None = None) -> None:
    """One more backup into a folder, while everything runs; then only the newest `keep` stay there, if that is told."""
    if keep is not None and keep < 1:
        raise Invalid("--keep: how many backups stay, this one among them: 1 or more")
    settings = load_settings()
    make_data_dir(settings.data_dir)
    key = Key(secret_key(settings), kept=with_key and settings.secret_key is None)
    done = asyncio.run(_back_up(settings, archive, key, keep))
    print(f"Backup {done.folder}: {done.rows} rows, {done.files} stored files, {done.copied} of them copied anew.")
    if done.missing:
        print(f"{done.missing} stored files are named by recordings but gone from the store: they are not in it.")
    if done.pruned is not None:
        print(_of_pruned(done.pruned))
    print(_of_key(settings, key))


def _of_pruned(pruned: Pruned) -> str:
    if pruned.unsure is not None:
        return (
            f"Older backups removed: {pruned.backups}. No stored file was: {pruned.unsure} cannot be read, "
            "and may need any of them. Look at it, and remove it if it is of no use."
        )
    return f"Older backups removed: {pruned.backups}, with {pruned.files} stored files that only they had ({pruned.bytes} bytes)."


async def _back_up(settings: Settings, archive: Path, key: Key, keep: int | None) -> BackedUp:
    database = Database(settings.database)
    try:
        product = importlib.metadata.version("firstring")
        return await back_up(database, blobs_of(settings), archive, key, datetime.now(UTC), product, keep)
    finally:
        await database.close()


def _of_key(settings: Settings, key: Key) -> str:
    if key.kept:
        return "The installation's key is in it: whoever has the backup can read the exchanges' secrets. Keep it safe."
    where = "FIRSTRING_SECRET_KEY" if settings.secret_key else str((settings.data_dir / "secret_key").resolve())
    return (
        f"The installation's key is NOT in it: keep {where} elsewhere, or exchanges' secrets must be given again after a restore."
    )


def restore(archive: Path, name: str | None) -> None:
    """The newest backup of a folder into an empty installation."""
    settings = load_settings()
    make_data_dir(settings.data_dir)
    lock = DataLock(settings.data_dir)
    lock.take(PARTS)
    try:
        done = asyncio.run(_restore(settings, archive, name))
    finally:
        lock.release()
    print(f"Restored {done.backup}: {done.rows} rows, {done.files} stored files.")
    if done.missing:
        print(f"{done.missing} stored files were gone already when the backup was made.")
    print(_of_key_restored(settings, done))


async def _restore(settings: Settings, archive: Path, name: str | None) -> Restored:
    database = Database(settings.database)
    try:
        backup = chosen(archive, name)
        return await put_back(archive, backup, database, blobs_of(settings), key_keeper(settings.data_dir / "secret_key"))
    finally:
        await database.close()


def _of_key_restored(settings: Settings, done: Restored) -> str:
    given = settings.secret_key.get_secret_value() if settings.secret_key else done.key
    if given is None and (settings.data_dir / "secret_key").is_file():
        given = secret_key(settings)
    if given is not None and Key(given, kept=False).mark == done.key_mark:
        return "The installation's key is the one the exchanges' secrets were sealed under. Start with `firstring serve`."
    return "The key was not in the backup: put the old one back before the start, or give the exchanges' secrets again."
