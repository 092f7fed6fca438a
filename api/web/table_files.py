"""A table that was uploaded: kept in the store, read again for a preview. Nothing here blocks the event loop."""

import asyncio
import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from starlette.datastructures import UploadFile

from api.context import AppContext
from crm_core.errors import Invalid
from crm_core.importing.options import Options
from crm_core.importing.sheets import LARGEST_FILE, Row, Shape
from crm_core.importing.table import detected, heading_and_rows, sheet_names
from crm_core.text import msgid

PREVIEWED = 20
PIECE = 256 * 1024
TOO_LARGE = msgid("The file is larger than 30 MB. Cut it into several.")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store, and how it is best read."""

    blob: str
    sha256: str
    shape: Shape
    heading: tuple[str, ...]


async def store(context: AppContext, upload: UploadFile) -> Stored:
    """Raises Invalid for what is no table, before anything of it is kept."""
    async with _folder(context) as folder:
        file = folder / "table"
        sha256 = await _written(upload, file)
        shape = await asyncio.to_thread(detected, file)
        heading, _ = await asyncio.to_thread(_begun, file, shape)
        blob = f"imports/{sha256[:16]}_{secrets.token_hex(8)}"
        await context.blobs.put(blob, file)
    return Stored(blob, sha256, shape, heading)


@dataclass(frozen=True, slots=True)
class Begun:
    """The beginning of a stored table."""

    heading: tuple[str, ...]
    rows: tuple[Row, ...]
    sheets: tuple[str, ...]


async def begun(context: AppContext, blob: str, shape: Shape) -> Begun:
    """Raises NotFound for a file that is gone, Invalid for one that cannot be read so."""
    async with _folder(context) as folder:
        file = await context.blobs.fetch(blob, folder / "table")
        heading, rows = await asyncio.to_thread(_begun, file, shape)
        return Begun(heading, rows, await asyncio.to_thread(sheet_names, file, shape))


def reread(options: Options, *, encoding: str, delimiter: str, sheet: str) -> Shape:
    """How a person wants it read."""
    kind = options.shape
    return replace(
        kind, encoding=encoding or None, delimiter={"tab": "\t"}.get(delimiter, delimiter) or None, sheet=sheet or None
    )


def _begun(file: Path, shape: Shape) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    heading, below = heading_and_rows(file, shape)
    return heading, tuple(islice(below, PREVIEWED))


async def _written(upload: UploadFile, file: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with await asyncio.to_thread(file.open, "wb") as out:
        while piece := await upload.read(PIECE):
            size += len(piece)
            if size > LARGEST_FILE:
                raise Invalid(TOO_LARGE, file=True)
            digest.update(piece)
            await asyncio.to_thread(out.write, piece)
    return digest.hexdigest()


@asynccontextmanager
async def _folder(context: AppContext) -> AsyncIterator[Path]:
    scratch = context.data_dir / "scratch"
    await asyncio.to_thread(scratch.mkdir, parents=True, exist_ok=True)
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="table-", dir=scratch)
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)
