"""Keeps and opens every stored file: recordings, play copies, later documents. A local folder or S3, by one interface.

Keys are made by us (`recordings/<ab>/<sha256>.wav`); nothing a caller or an exchange said ever enters one.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from obstore.store import LocalStore, from_url

from crm_core.errors import NotFound, SettingsError

KEY = re.compile(r"[a-z0-9_]+(/[a-z0-9_.]+)+")
CHUNK = 256 * 1024


class Blobs:
    """`url`: a folder's path, or an address obstore understands (`s3://bucket/prefix`)."""

    def __init__(self, url: str | Path) -> None:
        self._folder = None if isinstance(url, str) and "://" in url else Path(url)
        if self._folder is not None:
            _make_folder(self._folder)
            self._store: Any = LocalStore(self._folder)
        else:
            self._store = from_url(str(url))

    async def put(self, key: str, file: Path) -> None:
        """Keep a copy of `file` under `key`; keeping the same bytes twice is harmless."""
        await self._store.put_async(_checked(key), file)

    async def put_bytes(self, key: str, data: bytes) -> None:
        await self._store.put_async(_checked(key), data)

    async def size(self, key: str) -> int:
        """Bytes of the stored file; raises NotFound."""
        try:
            return int((await self._store.head_async(_checked(key)))["size"])
        except FileNotFoundError as error:
            raise NotFound(f"The stored file {key} is gone") from error

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in chunks of at most 256 KiB."""
        size = await self.size(key)
        end = size if end is None else min(end, size)
        while start < end:
            until = min(start + CHUNK, end)
            yield bytes(await self._store.get_range_async(key, start=start, end=until))
            start = until

    async def fetch(self, key: str, to: Path) -> Path:
        """A local file with the stored bytes: the stored one itself where it is local (never write to it), else a copy."""
        if self._folder is not None:
            local = self._folder / _checked(key)
            if not await asyncio.to_thread(local.is_file):
                raise NotFound(f"The stored file {key} is gone")
            return local
        with to.open("wb") as out:
            async for chunk in self.read(key):
                await asyncio.to_thread(out.write, chunk)
        return to

    async def delete(self, key: str) -> None:
        await self._store.delete_async(_checked(key))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        say = f"The folder of stored files {folder} cannot be made ({error.strerror}): make room for it, or mount it"
        raise SettingsError(say) from error


def _checked(key: str) -> str:
    if not KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"not a key of ours: {key!r}")
    return key
