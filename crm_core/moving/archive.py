"""What an archive is made of, and whether it is whole.

    DIR/files/ab/<sha256>              stored files by their content, each once, shared by all backups in the folder
    DIR/2026-11-22T100000Z/            one backup
        manifest.json                  versions, tables with their columns, rows and sums
        tables/calls.jsonl.gz          a row a line, the values in the order of the manifest's columns
        files.jsonl.gz                 which stored files belong to it: [key, bytes, sha256]
        secret_key                     unless it was left out
        SHA256SUMS                     of all these; written last, as `sha256sum -c` reads it

Nothing in it is ever executed or unpickled, and no name in it is ever opened: names are compared with those we expect.
"""

import gzip
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from crm_core.blobs import is_key
from crm_core.errors import Invalid
from crm_core.tables import metadata

FORM = 1
MANIFEST, FILES, KEY, SUMS = "manifest.json", "files.jsonl.gz", "secret_key", "SHA256SUMS"
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_LINE = 64 << 20  # bytes; the longest row of the journal has two megabytes
LONGEST_NOTE = 1 << 20
PIECE = 1 << 20


class Damaged(Invalid):
    """The archive is damaged or incomplete."""


class TableTold(msgspec.Struct, frozen=True):
    columns: list[str]
    rows: int
    sum: str


class Manifest(msgspec.Struct, frozen=True):
    form: int
    product: str
    revision: str
    made_at: str
    database: str
    tables: dict[str, TableTold]
    high_water: dict[str, int]
    files: int
    bytes: int
    missing: int
    key_mark: str
    key_kept: bool


class FileTold(msgspec.Struct, frozen=True, array_like=True):
    """One stored file of a backup."""

    key: str
    bytes: int
    sha256: str


def backups(archive: Path) -> list[Path]:
    """The whole backups in a folder, oldest first; one that broke off has another name."""
    if not archive.is_dir():
        return []
    return sorted(one for one in archive.iterdir() if NAME.fullmatch(one.name) and (one / SUMS).is_file())


def expected(manifest: Manifest) -> list[str]:
    """The names of a backup's files, made by us from what we know; raises Damaged if it speaks of a table we do not know."""
    for name, told in manifest.tables.items():
        if name not in metadata.tables or not set(told.columns) <= set(metadata.tables[name].columns.keys()):
            raise Damaged("The archive speaks of tables that this version does not know")
    names = [MANIFEST, FILES, *(table_file(name) for name in manifest.tables)]
    return [*names, KEY] if manifest.key_kept else names


def table_file(name: str) -> str:
    return f"tables/{name}.jsonl.gz"


def file_in(archive: Path, told: FileTold) -> Path:
    """Where a stored file lies in the archive; raises Damaged for a key or a sum that we never made."""
    if not is_key(told.key) or not SHA256.fullmatch(told.sha256):
        raise Damaged("The archive names a stored file as we never do")
    return archive / "files" / told.sha256[:2] / told.sha256


def write_whole(file: Path, write: Callable[[Path], None]) -> None:
    """It appears with all its bytes on disk, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.partial")
    write(part)
    to_disk(part)
    part.replace(file)


def to_disk(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_lines(file: Path) -> gzip.GzipFile:
    return gzip.open(file, "wb", compresslevel=3)


def add_lines(out: gzip.GzipFile, rows: Sequence[Any]) -> None:
    out.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def lines_of(file: Path, kind: Any = list[Any]) -> Iterator[Any]:
    """Row by row; raises Damaged where a line is none, or longer than any we write."""
    decode = msgspec.json.Decoder(kind).decode
    try:
        with _opened(file) as raw, gzip.open(raw, "rb") as lines:
            while line := lines.readline(LONGEST_LINE):
                yield decode(line)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise Damaged(f"The archive is damaged: {file.name} cannot be read") from error


def read_note(file: Path) -> bytes:
    try:
        with _opened(file) as opened:
            return bytes(opened.read(LONGEST_NOTE))
    except OSError as error:
        raise Damaged(f"The archive is incomplete: {file.name} cannot be read ({error.strerror})") from error


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    try:
        with _opened(file) as opened:
            while piece := opened.read(PIECE):
                digest.update(piece)
    except OSError as error:
        raise Damaged(f"The archive is incomplete: {file.name} cannot be read ({error.strerror})") from error
    return digest.hexdigest()


def _opened(file: Path) -> Any:
    """A plain file, not what a link in the archive points to."""
    return os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def write_sums(folder: Path, names: Sequence[str]) -> None:
    sums = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in sorted(names))
    write_whole(folder / SUMS, lambda part: _write(part, sums))


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def opened(backup: Path) -> Manifest:
    """The manifest of a backup all of whose own files are whole; raises Damaged, naming what is not."""
    sums = _sums_in(read_note(backup / SUMS))
    _require_sum(backup, MANIFEST, sums)
    try:
        manifest = msgspec.json.decode(read_note(backup / MANIFEST), type=Manifest)
    except msgspec.DecodeError as error:
        raise _newer(backup) or Damaged("The archive is damaged: manifest.json cannot be understood") from error
    if newer := _newer(backup):
        raise newer
    names = expected(manifest)
    if sorted(names) != sorted(sums):
        raise Damaged("The archive is damaged: SHA256SUMS does not name the files it should")
    for name in names:
        _require_sum(backup, name, sums)
    return manifest


def files_of(backup: Path) -> list[FileTold]:
    """The stored files that belong to a backup; raises Damaged where their list is not as it was written."""
    _require_sum(backup, FILES, _sums_in(read_note(backup / SUMS)))
    return list(lines_of(backup / FILES, FileTold))


def _newer(backup: Path) -> Invalid | None:
    """What a later version may have changed, this one cannot know: only the form's number stays where it is."""
    try:
        told = msgspec.json.decode(read_note(backup / MANIFEST))
        form, product = int(told["form"]), str(told["product"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    return (
        Invalid(f"The archive was made by a newer Firstring ({product[:20]}): restore it with that one") if form > FORM else None
    )


def _sums_in(text: bytes) -> dict[str, str]:
    lines = [line.split("  ", 1) for line in text.decode(errors="replace").splitlines()]
    return {parts[1]: parts[0] for parts in lines if len(parts) == 2}


def _require_sum(backup: Path, name: str, sums: dict[str, str]) -> None:
    if sums.get(name) != sha256_of(backup / name):
        raise Damaged(f"The archive is damaged: {name} is not as it was written; take another backup")
