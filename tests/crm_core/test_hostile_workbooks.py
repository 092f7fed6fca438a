"""Workbooks that somebody made to break what reads them: each is refused in words, and none is held in memory."""

import resource
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from crm_core.errors import Invalid
from crm_core.importing import table, xlsx_file
from crm_core.importing.sheets import FileKind, Shape

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")  # it tells of what it mends by itself

SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ROWS = b'<row r="1"><c r="A1" t="str"><v>Name</v></c></row><row r="2"><c r="A2" t="str"><v>Ivan</v></c></row>'
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def sheet(rows: bytes, before: bytes = b"", doctype: bytes = b"") -> bytes:
    return HEAD + doctype + b"<worksheet " + MAIN + b">" + before + b"<sheetData>" + rows + b"</sheetData></worksheet>"


def forged(tmp_path: Path, parts: Mapping[str, bytes], packed_as: int = zipfile.ZIP_DEFLATED) -> Path:
    """A workbook that a spreadsheet made, with some of its parts by others."""
    usual, file = tmp_path / "usual.xlsx", tmp_path / "table"
    with xlsxwriter.Workbook(usual) as book:
        written = book.add_worksheet("Sheet1")
        written.write_row(0, 0, ("Name", "Phone"))
        written.write_row(1, 0, ("Ivan", "79161112233"))
    with zipfile.ZipFile(usual) as was, zipfile.ZipFile(file, "w", packed_as) as made:
        for part in was.namelist():
            if part not in parts:
                made.writestr(part, was.read(part))
        for part, content in parts.items():
            made.writestr(part, content)
    return file


def read_whole(file: Path) -> list[tuple[str, ...]]:
    heading, below = table.heading_and_rows(file, table.detected(file))
    return [heading, *(row.cells for row in below)]


def read_or_refused(read: Callable[[], Sequence[Any]]) -> Sequence[Any]:
    """What can be read; nothing, where the file is refused in words."""
    try:
        return read()
    except Invalid as refused:
        if not refused.facts.get("file"):
            raise
        return ()


def test_the_forger_itself_makes_what_can_be_read(tmp_path: Path) -> None:
    assert read_whole(forged(tmp_path, {})) == [("Name", "Phone"), ("Ivan", "79161112233")]
    assert read_whole(forged(tmp_path, {SHEET: sheet(ROWS)})) == [("Name",), ("Ivan",)]


@pytest.mark.parametrize(
    "content",
    [
        sheet(ROWS)[:-30], sheet(ROWS + b"<row"), b"", b"\0" * 100, HEAD + b"<a/>" * 2,
        sheet(ROWS + b'<row r="3"><c r="A3" t="s"><v>99999</v></c></row>'),
        sheet(ROWS + b'<row r="3"><c r="A3" t="s"><v>-99999</v></c></row>'),
        sheet(ROWS + b'<row r="3"><c r="A3"><v>' + b"9" * 5000 + b"</v></c></row>"),
        sheet(ROWS + b'<row r="3"><c r="A3" s="99999"><v>1</v></c></row><row r="x"/>'),
        sheet(ROWS + b'<row r="3"><c r="A3" t="d"><v>9999999</v></c></row>'),
        sheet(ROWS + b'<row r="1e400"/>'), sheet(ROWS + b'<row r="3"><c r="AAAAAAAA3"><v>1</v></c></row>'),
        sheet(b"<row><c t='str'><v>&b;</v></c></row>", doctype=ENTITIES),
        sheet(ROWS, doctype=b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>').replace(b"Ivan", b"&a;"),
        sheet(b"<row>" * 5000 + b"</row>" * 5000), sheet(ROWS, before=b"<cols><col/></cols>"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_broken_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """Or read as far as it says something: never anything else."""
    read = read_or_refused(lambda: read_whole(forged(tmp_path, {SHEET: content})))

    assert len(read) < 10
    assert "root:" not in str(read)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "[Content_Types].xml", SHEET])
@pytest.mark.parametrize("content", [b"<", b"", HEAD + b"<x/>", HEAD + ENTITIES + b"<x>&b;</x>"])
def test_a_part_that_is_broken_is_refused_in_words(tmp_path: Path, part: str, content: bytes) -> None:
    file = forged(tmp_path, {part: content})
    read_or_refused(lambda: read_whole(file))
    read_or_refused(lambda: xlsx_file.sheet_names(file))


def _damaged(file: Path) -> None:
    """The packed bytes of the sheet say nothing any more."""
    with zipfile.ZipFile(file) as packed:
        part = packed.getinfo(SHEET)
    data = bytearray(file.read_bytes())
    begins = part.header_offset + 30 + len(SHEET)
    data[begins + 5 : begins + part.compress_size - 5] = b"\xff" * (part.compress_size - 10)
    file.write_bytes(data)


def _locked(file: Path) -> None:
    """Every part says that it wants a password."""
    data = bytearray(file.read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        begins = data.find(sign)
        while begins >= 0:
            data[begins + at] |= 1
            begins = data.find(sign, begins + 4)
    file.write_bytes(data)


def _packed_unheard_of(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for sign, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        begins = data.find(sign)
        while begins >= 0:
            data[begins + at : begins + at + 2] = b"\x61\x00"
            begins = data.find(sign, begins + 4)
    file.write_bytes(data)


@pytest.mark.parametrize("harm", [_damaged, _locked, _packed_unheard_of])
def test_a_file_that_cannot_be_unpacked_is_refused_in_words(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    file = forged(tmp_path, {})
    harm(file)
    with pytest.raises(Invalid) as refused:
        read_whole(file)
    assert refused.value.facts.get("file") is True


JUNK = 1_200_000
CONTENT_TYPES = (
    HEAD + b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Override PartName="/xl/workbook.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    b'<Override PartName="/xl/worksheets/sheet9.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


@pytest.mark.parametrize(
    "parts",
    [
        {"xl/styles.xml": HEAD + b"<styleSheet " + MAIN + b">" + b"<x/>" * JUNK + b"</styleSheet>"},
        {"xl/workbook.xml": HEAD + b"<workbook " + MAIN + b">" + b"<x/>" * JUNK + b"</workbook>"},
        {"docProps/core.xml": HEAD + b"<x>" + b"<x/>" * JUNK + b"</x>"},
        {"[Content_Types].xml": CONTENT_TYPES,
         "xl/worksheets/sheet9.xml": HEAD + b"<sst " + MAIN + b">" + b"<si><t>a</t></si>" * JUNK + b"</sst>"},
        {SHEET: sheet(b"<row><c>" + b"<x/>" * JUNK + b"</c></row>")},
        {SHEET: sheet(ROWS + b"<x/>" * JUNK)},
        {SHEET: sheet(ROWS, before=b"<x/>" * JUNK)},
        {SHEET: sheet(b"<x>" * JUNK + b"</x>" * JUNK)},
        {SHEET: sheet(b"<row>" + b"<c/>" * JUNK + b"</row>")},
        {SHEET: sheet(b"<row/>" * JUNK)},
    ],
    ids=["styles", "workbook", "core", "strings", "cell", "between_rows", "before_rows", "depth", "long_row", "empty_rows"],
)  # fmt: skip
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """Some kilobytes that become millions of things once they are understood."""
    file = forged(tmp_path, parts)
    assert file.stat().st_size < 300_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid) as refused:
        list(xlsx_file.rows(file, Shape(FileKind.XLSX)))
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # kilobytes

    assert refused.value.facts.get("file") is True
    assert more < 64 * 1024
