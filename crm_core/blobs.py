"""Keeps and opens every stored file: recordings, play copies, later documents. A local folder or S3, by one interface.

Keys are made by us (`recordings/<ab>/<sha256>.wav`); nothing a caller or an exchange said ever enters one.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, from_url

from crm_core.errors import FilesUnavailable, NotFound, SettingsError
from crm_core.settings import Settings

if TYPE_CHECKING:  # they are there for type checkers alone
    from obstore.store import ClientConfig, RetryConfig

KEY = re.compile(r"[a-z0-9_]+(/[a-z0-9_.]+)+")
CHUNK = 256 * 1024
FETCHED = 4 * 1024 * 1024
PROBE = "probe/none"

# A request that goes wrong on the way is sent again, but a person who presses play and a job with a lease wait for it.
PATIENCE = timedelta(seconds=30)
MOST_RETRIES = 3


class Blobs:
    """`url`: a folder's path, or an address obstore understands (`s3://bucket/prefix`). `patience`: with one request to it.

    All methods raise FilesUnavailable when the store is away, refuses us or is full: what was asked may be asked again.
    """

    def __init__(self, url: str | Path, patience: timedelta = PATIENCE) -> None:
        self._folder = None if isinstance(url, str) and "://" in url else Path(url)
        if self._folder is not None:
            _make_folder(self._folder)
            self._store: Any = LocalStore(self._folder)
        else:
            self._store = _opened(str(url), patience)

    async def put(self, key: str, file: Path) -> None:
        """Keep a copy of `file` under `key`, whole or not at all; keeping the same bytes twice is harmless."""
        with self._said(key, putting=True):
            await self._store.put_async(_checked(key), file)

    async def put_bytes(self, key: str, data: bytes) -> None:
        with self._said(key, putting=True):
            await self._store.put_async(_checked(key), data)

    async def size(self, key: str) -> int:
        """Bytes of the stored file; raises NotFound."""
        try:
            with self._said(key):
                return int((await self._store.head_async(_checked(key)))["size"])
        except NotFound:
            await self._require_store()  # where the whole store is gone, a file that is asked for is "not found" too
            raise

    async def read(self, key: str, start: int = 0, end: int | None = None, chunk: int = CHUNK) -> AsyncIterator[bytes]:
        """The bytes [start, end) in chunks of at most `chunk` bytes."""
        size = await self.size(key)
        end = size if end is None else min(end, size)
        while start < end:
            until = min(start + chunk, end)
            with self._said(key):
                part = bytes(await self._store.get_range_async(key, start=start, end=until))
            yield part
            start = until

    async def fetch(self, key: str, to: Path) -> Path:
        """A local file with the stored bytes: the stored one itself where it is local (never write to it), else a copy."""
        if self._folder is not None:
            local = self._folder / _checked(key)
            if not await asyncio.to_thread(local.is_file):
                await self._require_store()
                raise NotFound(f"The stored file {key} is gone")
            return local
        with to.open("wb") as out:
            async for part in self.read(key, chunk=FETCHED):
                await asyncio.to_thread(out.write, part)
        return to

    async def delete(self, key: str) -> None:
        """Deleting what is not there is harmless."""
        try:
            with self._said(key):
                await self._store.delete_async(_checked(key))
        except NotFound:
            await self._require_store()

    async def trouble(self) -> str | None:
        """In words what keeps the store from us; None if it answers."""
        try:
            await self.size(PROBE)
        except NotFound:
            return None
        except FilesUnavailable as away:
            return away.say
        return None

    async def _require_store(self) -> None:
        """Raises FilesUnavailable if folder or bucket are not there at all."""
        if self._folder is not None:
            if not await asyncio.to_thread(self._folder.is_dir):
                raise FilesUnavailable(f"The folder of stored files {self._folder} is gone: mount it, or put it back")
            return
        try:
            async for _ in self._store.list("probe", chunk_size=1):
                return
        except BaseError as error:
            if "NoSuchBucket" in str(error):
                raise FilesUnavailable(_NO_BUCKET) from error

    @contextmanager
    def _said(self, key: str, *, putting: bool = False) -> Iterator[None]:
        """What the store says, in our words."""
        try:
            yield
        except FileNotFoundError as error:
            if putting:
                raise FilesUnavailable(_NO_BUCKET if self._folder is None else _folder_refuses(self._folder, error)) from error
            raise NotFound(f"The stored file {key} is gone") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise FilesUnavailable(_REFUSED) from error
        except (BaseError, OSError) as error:
            say = _no_answer(error) if self._folder is None else _folder_refuses(self._folder, error)
            raise FilesUnavailable(say) from error


def blobs_of(settings: Settings) -> Blobs:
    """Where this installation keeps its files: FIRSTRING_FILES_URL, else a folder beside the database."""
    return Blobs(settings.files_url or settings.data_dir / "blobs")


_NO_BUCKET = "The file store has no such bucket: make it, or correct FIRSTRING_FILES_URL"
_REFUSED = (
    "The file store refuses us: correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "and let them list, read, write and delete in the bucket of FIRSTRING_FILES_URL"
)


def _opened(url: str, patience: timedelta) -> Any:
    """Credentials, region and endpoint come from the usual AWS_… variables; a server of one's own may speak plain HTTP."""
    plain = any(os.environ.get(name, "").startswith("http://") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
    client: ClientConfig = {"connect_timeout": patience / 6, "timeout": patience, "allow_http": plain}
    retries: RetryConfig = {"max_retries": MOST_RETRIES, "retry_timeout": patience / 2}
    try:
        return from_url(url, client_options=client, retry_config=retries)
    except (BaseError, ValueError) as error:
        raise SettingsError(f"FIRSTRING_FILES_URL or an AWS_… variable is wrong: {_first_line(error)}") from error


def _no_answer(error: BaseException) -> str:
    return f"The file store does not answer: {_first_line(error)}"


def _folder_refuses(folder: Path, error: BaseException) -> str:
    why = re.search(r'message: "([^"]*)"', str(error))
    return f"The folder of stored files {folder} cannot be used: {why.group(1) if why else _first_line(error)}"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].removesuffix(": ")[:200] or type(error).__name__


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        say = f"The folder of stored files {folder} cannot be made ({error.strerror}): make room for it, or mount it"
        raise SettingsError(say) from error


def _checked(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"not a key of ours: {key!r}")
    return key


def is_key(key: str) -> bool:
    """Whether this can be a key that we made."""
    return KEY.fullmatch(key) is not None and ".." not in key
