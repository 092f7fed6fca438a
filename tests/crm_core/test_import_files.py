"""Tables as people have them are read, whatever their encoding; what is none, or would not fit, is refused in clear words."""

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from crm_core.errors import Invalid
from crm_core.importing import csv_file, sheets, table, xlsx_file
from crm_core.importing.sheets import FileKind, Shape

TEXT = "Имя;Телефон\nИван;8 916 111-22-33\n\nПётр;+7 (916) 222-33-44\n"


def kept(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "table"
    file.write_bytes(content)
    return file


def workbook(tmp_path: Path, *rows: tuple[Any, ...], sheet: str = "Лист1") -> Path:
    """Formulas are written where a text begins with `=`, as spreadsheets do."""
    file = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as book:
        written = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            written.write_row(number, 0, row)
    return file


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    def test_a_table_is_read_whatever_its_encoding_and_delimiter(self, tmp_path: Path, encoding: str, delimiter: str) -> None:
        file = kept(tmp_path, TEXT.replace(";", delimiter).encode(encoding))

        shape = table.detected(file)
        heading, rows = table.heading_and_rows(file, shape)

        assert shape.delimiter == delimiter
        assert heading == ("Имя", "Телефон")
        assert [(row.number, row.cells) for row in rows] == [
            (2, ("Иван", "8 916 111-22-33")),
            (4, ("Пётр", "+7 (916) 222-33-44")),
        ]

    def test_a_letter_cut_by_the_probe_does_not_change_the_encoding(self, tmp_path: Path) -> None:
        content = "a;б\n".encode() + "ж".encode() * csv_file.PROBE

        assert table.detected(kept(tmp_path, content)).encoding == "utf-8-sig"

    def test_the_detected_encoding_can_be_changed(self, tmp_path: Path) -> None:
        file = kept(tmp_path, "Имя;Тел\nИван;1\n".encode())

        heading, _ = table.heading_and_rows(file, Shape(FileKind.CSV, "cp1251", ";"))

        assert heading[0] != "Имя"

    def test_letters_that_cannot_be_read_are_faults_of_their_row_alone(self, tmp_path: Path) -> None:
        file = kept(tmp_path, b"a;b\n\xff;1\nok;2\n")

        _, rows = table.heading_and_rows(file, Shape(FileKind.CSV, "utf-8-sig", ";"))

        assert [(row.number, row.faults) for row in rows] == [(2, ((0, sheets.BROKEN_LETTERS),)), (3, ())]

    @pytest.mark.parametrize("limit", [131_072, 10_000_000])
    def test_a_quote_that_is_never_closed_does_not_take_the_file_with_it(
        self, limit: int, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        before = csv.field_size_limit(limit)  # of the whole process: other libraries set it
        request.addfinalizer(lambda: csv.field_size_limit(before))
        file = kept(tmp_path, b'a;b\n"open;1\n' + b"x;2\n" * 40_000)

        _, rows = table.heading_and_rows(file, Shape(FileKind.CSV, "utf-8-sig", ";"))
        told = list(rows)

        assert told[0].faults == ((0, sheets.OPEN_QUOTE),)
        assert told[-1].cells == ("x", "2")

    def test_the_apostrophe_of_a_safe_export_is_taken_off_again(self, tmp_path: Path) -> None:
        file = kept(tmp_path, b"phone\n'+79161112233\n'quoted\n")

        _, rows = table.heading_and_rows(file, table.detected(file))

        assert [row.cells for row in rows] == [("+79161112233",), ("'quoted",)]

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7 \n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x89PNG\r\n\x1a\n"])
    def test_what_is_no_table_is_refused(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(Invalid):
            table.detected(kept(tmp_path, content))

    def test_a_table_without_rows_and_one_with_too_many_columns_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid):
            table.heading_and_rows(kept(tmp_path, b"\n\n"), Shape(FileKind.CSV, "utf-8-sig", ";"))
        with pytest.raises(Invalid):
            table.heading_and_rows(kept(tmp_path, b";a" * 300), Shape(FileKind.CSV, "utf-8-sig", ";"))

    def test_more_rows_than_there_may_be_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sheets, "MOST_ROWS", 3)

        with pytest.raises(Invalid):
            table.count_rows(kept(tmp_path, b"a\n1\n2\n3\n4\n"), Shape(FileKind.CSV, "utf-8-sig", ";"))


class TestXlsx:
    def test_cells_are_told_as_a_person_would_type_them(self, tmp_path: Path) -> None:
        row = ("Иван", 79161112233.0, 12.5, date(2026, 11, 22), datetime(2026, 11, 22, 9, 30), True, None, "")  # noqa: DTZ001 - as sheets keep it
        file = workbook(tmp_path, ("a",) * 8, row)

        heading, rows = table.heading_and_rows(file, table.detected(file))

        assert len(heading) == 8
        assert next(rows).cells == ("Иван", "79161112233", "12.5", "2026-11-22", "2026-11-22 09:30", "1")
        assert table.sheet_names(file, table.detected(file)) == ("Лист1",)

    def test_a_formula_and_an_error_are_faults_of_their_cells(self, tmp_path: Path) -> None:
        file = workbook(tmp_path, ("a", "b", "c"), ("ok", "=1+1", '=HYPERLINK("http://evil")'), ("fine", "1", "2"))

        _, rows = table.heading_and_rows(file, table.detected(file))

        assert [(row.number, row.faults) for row in rows] == [(2, ((1, sheets.FORMULA), (2, sheets.FORMULA))), (3, ())]

    def test_a_stored_file_needs_no_ending(self, tmp_path: Path) -> None:
        file = workbook(tmp_path, ("a",), ("1",)).rename(tmp_path / "ab12")

        assert table.count_rows(file, table.detected(file)) == 1

    def test_a_sheet_is_chosen_by_its_name(self, tmp_path: Path) -> None:
        file = workbook(tmp_path, ("a",), ("1",))

        with pytest.raises(Invalid):
            table.heading_and_rows(file, Shape(FileKind.XLSX, sheet="Другой"))

    def test_a_bomb_is_refused_before_it_is_unpacked(self, tmp_path: Path) -> None:
        file = workbook(tmp_path, ("a",))
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/media/bomb.bin", bytes(1))
            packed.infolist()[-1].file_size = xlsx_file.LARGEST_UNPACKED + 1

        with pytest.raises(Invalid):
            table.sheet_names(file, Shape(FileKind.XLSX))

    @pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
    def test_entities_that_grow_are_refused(self, tmp_path: Path, name: str) -> None:
        file = workbook(tmp_path, ("a",), ("1",))
        laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        with zipfile.ZipFile(file) as packed:
            declaration = packed.read(name).partition(b"?>")[0] + b"?>"
        _changed(file, name, declaration, laughs)

        with pytest.raises(Invalid):
            table.count_rows(file, Shape(FileKind.XLSX))

    @pytest.mark.parametrize("broken", ["cut", "not a workbook", "row far below"])
    def test_a_damaged_workbook_is_refused(self, tmp_path: Path, broken: str) -> None:
        file = workbook(tmp_path, *((f"cell {number}",) for number in range(2000)))
        if broken == "cut":
            file.write_bytes(file.read_bytes()[:2000])
        elif broken == "not a workbook":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as written:
                written.writestr("hello.txt", "hello")
            file.write_bytes(packed.getvalue())
        else:
            _changed(file, "xl/worksheets/sheet1.xml", b'<row r="2000"', b'<row r="99999999999"')

        with pytest.raises(Invalid):
            table.count_rows(file, Shape(FileKind.XLSX))


def _changed(file: Path, name: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(file) as packed:
        parts = {part.filename: packed.read(part) for part in packed.infolist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(file, "w") as packed:
        for part, content in parts.items():
            packed.writestr(part, content)
