"""What lists show goes out as a file: by the same filters, for whom it is allowed, with nothing that a spreadsheet runs."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals
from crm_core.exporting.cells import Money
from crm_core.exporting.csv_out import csv_line, safe, text_of
from crm_core.fields.definitions import FieldKind, NewField, add_field
from crm_core.fields.history import Noun
from crm_core.importing.tables import imports
from crm_core.users.tables import Role, audit
from tests.builders import inbound
from tests.web.conftest import Visitor
from tests.web.site import Site
from tests.web.test_records_pages import put, run_jobs

Visiting = Callable[[Role | None], Visitor]
EVIL = '=cmd|" /C calc"!A1'
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


async def people(site: Site) -> list[int]:
    """A contact with an evil name, and 250 others."""
    ids = [await site.office.contact("79161112233", EVIL, site.people[Role.MANAGER], company="@SUM(1)")]
    return ids + [await site.office.contact(f"7916{number:07}", f"Человек {number}") for number in range(250)]


def csv_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def xlsx_of(content: bytes) -> list[list[object]]:
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).active.iter_rows()]  # type: ignore[union-attr]


FORMULAS = (
    "=1+1",
    "+7",
    "-1",
    "@x",
    "\t=1",
    " =1",
    "\u00a0=1",
    "\n=1",
    "\u200b=1",
    "\ufeff=1",
    "\x0b=1",
    "\uff1d1",
    "\u2003\uff20x",
)


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_looks_like_a_formula_is_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert csv_line([cell, "a"]).decode().strip().lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["", "a=1", "'=", "\tHello", "Анна", "\u200b", "7 = 7"])
def test_what_does_not_is_left_alone(cell: str) -> None:
    assert safe(cell) == cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (True, "1"), (Money(24_000_050), "240000,50"), (1.5, "1,5"), (NOW, "2026-11-22 12:30"), ("a", "a")],
)
def test_cells_of_csv_are_what_our_own_import_reads(cell: object, text: str) -> None:
    assert text_of(cell, ZoneInfo("Europe/Moscow")) == text  # type: ignore[arg-type]


def test_contacts_go_out_whole_and_what_looks_like_a_formula_is_text(site: Site, visitor: Visiting) -> None:
    site.do(people(site))
    head = visitor(Role.HEAD)

    by_csv, by_xlsx = csv_of(head.get("/exports/contacts.csv").content), xlsx_of(head.get("/exports/contacts.xlsx").content)

    assert by_csv[0][:5] == by_xlsx[0][:5] == ["№", "Имя", "Должность", "Компания", "Номера"]
    assert (len(by_csv), len(by_xlsx)) == (252, 252)
    assert next(row for row in by_csv if "79161112233" in row[4])[1:5] == [f"'{EVIL}", "", "'@SUM(1)", "'+79161112233"]
    assert next(row for row in by_xlsx if "79161112233" in str(row[4]))[1:5] == [EVIL, None, "@SUM(1)", "+79161112233"]
    assert [row.deed for row in site.do(site.office.rows(audit, deed="exported"))] == ["exported"] * 2


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(site: Site, visitor: Visiting) -> None:
    site.do(people(site))
    site.do(site.office.contact("79998887766", "https://evil.test/"))

    book = load_workbook(io.BytesIO(visitor(Role.HEAD).get("/exports/contacts.xlsx").content))

    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)


def test_filters_of_the_list_are_those_of_the_file(site: Site, visitor: Visiting) -> None:
    site.do(people(site))
    head = visitor(Role.HEAD)

    assert len(csv_of(head.get("/exports/contacts.csv?search=Человек+24").content)) == 12
    assert "/exports/contacts.xlsx?search=%D0%A7" in head.get("/contacts?search=Ч").text


def test_what_went_out_comes_in_again_and_changes_nothing(site: Site, visitor: Visiting) -> None:
    site.do(people(site))
    head = visitor(Role.HEAD)
    file = (
        head.get("/exports/contacts.csv?search=Человек+24").content
        + head.get("/exports/contacts.csv?search==cmd").content.split(b"\r\n")[1]
    )

    place = put(head, file, "contacts.csv")
    known = {"column-1": "name", "column-3": "company", "column-4": "number", "known": "change", "identify": "number"}
    head.post(f"{place}/columns", data={**known, "act": "start"})
    run_jobs(site)

    told = site.do(site.office.the(imports))
    assert (told.state, told.unchanged, told.changed, told.created, told.refused) == ("done", 12, 0, 0, 0)


def test_deals_and_calls_go_out_with_money_and_times(site: Site, visitor: Visiting) -> None:
    contact = site.do(people(site))[0]
    deal = site.do(site.office.deal(contact))
    site.do(site.office.set(deals, deal, amount=24_000_050, title="Крыша"))
    site.take(inbound("79161112233").rings("101").answers("101").ends())
    head = visitor(Role.HEAD)

    by_csv, by_xlsx = csv_of(head.get("/exports/deals.csv").content), xlsx_of(head.get("/exports/deals.xlsx").content)
    calls = xlsx_of(head.get("/exports/calls.xlsx").content)

    assert (by_csv[1][1], by_csv[1][6], by_xlsx[1][6]) == ("Крыша", "240000,50", 240_000.5)
    assert isinstance(by_xlsx[1][11], datetime)
    assert (calls[1][2], calls[1][4], calls[1][11]) == ("Входящий", "+79161112233", 5)
    assert head.get("/exports/deals.pdf").status_code == 422


def test_only_whom_it_is_allowed_and_only_what_he_may_see(site: Site, visitor: Visiting) -> None:
    async def personal() -> None:
        async with site.database.write() as tx:
            field = await add_field(tx, NewField(Noun.CONTACT, "Болезни", FieldKind.TEXT, personal=True), by=None, now=NOW)
        await site.office.set(contacts, 1, custom={str(field): "тайна"})

    site.do(people(site))
    site.do(personal())

    told = csv_of(visitor(Role.HEAD).get("/exports/contacts.csv").content)

    assert ("Болезни" in told[0], any("тайна" in row for row in told)) == (True, True)
    assert visitor(Role.MANAGER).get("/exports/contacts.csv").status_code == 403
    assert visitor(Role.QA).get("/exports/calls.csv").status_code == 403
    assert "/exports/" not in visitor(Role.MANAGER).get("/contacts").text
    assert site.do(site.office.the(audit, deed="exported")).facts["personal"] is True
