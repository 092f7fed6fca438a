"""Duplicates and imports in plain requests and in a browser: what is asked is done, what is refused is told."""

import io
from collections.abc import Callable

import xlsxwriter
from playwright.sync_api import Browser, expect
from sqlalchemy import Table

from api import wiring
from crm_core.contacts.tables import contacts
from crm_core.importing.tables import imports
from crm_core.users.tables import Role
from tests.web.conftest import Visitor
from tests.web.seats import seat
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]

TABLE = "\n".join(
    (
        "ФИО;Телефон;E-mail;Компания;Дата договора",
        "Мария Соколова;8 916 204-88-13;sokolova@example.com;Студия «Лён»;12.03.2026",
        "Павел Кузьмин;не звонить;kuzmin@example.com;Кузьмин и партнёры;",
        "Очень Длинное Имя Которое Едва Помещается;+7 495 123-45-67;;Общество с ограниченной ответственностью «Ромашка»;",
        "<script>alert(1)</script>;8 916 555-66-77;;=HYPERLINK(\"http://evil\");",
    )
).encode("cp1251")  # fmt: skip


def count(site: Site, table: Table) -> int:
    return site.do(site.office.count(table))


def run_jobs(site: Site) -> None:
    async def run() -> None:
        await wiring.import_runner(site.context).run_due()

    site.do(run())


def put(head: Visitor, content: bytes = TABLE, name: str = "клиенты.csv") -> str:
    answer = head.post("/imports", data={"noun": "contact"}, files={"file": (name, content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_table_is_put_in_shown_as_it_would_become_and_taken_in(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)
    assert "Ещё ничего не импортировано" in head.get("/imports").text
    place = put(head)

    shown = head.get(place).text
    for words in ("Windows-1251", "Мария Соколова", "«не звонить» — не номер телефона", "&lt;script&gt;", "новая"):
        assert words in shown, words
    assert "<script>alert" not in shown
    assert count(site, contacts) == 0
    form = {"column-0": "name", "column-1": "number", "column-2": "email", "column-3": "company", "known": "fill",
            "identify": ["number", "email"]}  # fmt: skip
    assert head.post(f"{place}/columns", data=form | {"act": "start"}).status_code == 303
    run_jobs(site)

    told = head.get(place).text
    assert "Готово" in told
    assert "Телефон: «не звонить» — не номер телефона" in told
    assert count(site, contacts) == 3
    file = head.get(f"{place}/refused.csv")
    assert file.content.decode("utf-8-sig").splitlines()[1].startswith("Павел Кузьмин;не звонить;kuzmin@example.com")


def test_a_workbook_is_taken_in_too_and_its_formulas_are_not(site: Site, visitor: Visiting) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as written:
        for name in ("Клиенты", "Пусто"):
            written.add_worksheet(name)
        rows = (("Имя", "Телефон"), ("Иван", 79161112233), ("Анна", "=1+1"))
        for number, row in enumerate(rows):
            written.worksheets()[0].write_row(number, 0, row)
    head = visitor(Role.HEAD)
    place = put(head, book.getvalue(), "клиенты.xlsx")

    shown = head.get(place).text
    empty = head.post(f"{place}/shape", data={"noun": "contact", "sheet": "Пусто"})
    head.post(f"{place}/columns", data={"column-0": "name", "column-1": "number", "act": "start"})
    run_jobs(site)

    assert ("формула: вставьте вместо неё значение" in shown, "Пусто" in shown, empty.status_code) == (True, True, 422)
    assert count(site, contacts) == 1


def test_the_columns_are_guessed_anew_when_the_file_is_read_in_another_way(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)
    place = put(head, TABLE.decode("cp1251").encode())

    wrong = head.post(f"{place}/shape", data={"noun": "contact", "encoding": "cp1251", "delimiter": ";"})
    garbled = head.get(place).text
    right = head.post(f"{place}/shape", data={"noun": "company", "encoding": "utf-8-sig", "delimiter": ";"})

    assert (wrong.status_code, right.status_code) == (303, 303)
    assert "Мария" not in garbled
    assert "Мария" in head.get(place).text
    assert head.post(f"{place}/shape", data={"noun": "company", "encoding": "koi8", "delimiter": ";"}).status_code == 422
    assert head.post(f"{place}/columns", data={"column-2": "email", "act": "start"}).status_code == 422


def test_what_is_no_table_is_refused_in_words_and_nothing_is_kept(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)

    for content, say in ((b"%PDF-1.7", "Это не таблица"), (b"\xd0\xcf\x11\xe0" * 4, "старая или защищённая книга"),
                         (b"PK\x03\x04" + b"x" * 100, "Такую книгу прочитать нельзя"), (b";;\n", "Таблица пуста")):  # fmt: skip
        answer = head.post("/imports", data={"noun": "contact"}, files={"file": ("a.xlsx", content)})
        assert (answer.status_code, say in answer.text) == (422, True), say

    assert count(site, imports) == 0
    assert head.post("/imports", files={"file": ("big.csv", b"a;b\n" * 8_000_000)}).status_code == 422


def test_an_import_is_nobodys_but_its_starters(site: Site, visitor: Visiting) -> None:
    place = put(visitor(Role.HEAD))

    assert visitor(Role.MANAGER).get(place).status_code == 403
    assert visitor(Role.MANAGER).post("/imports", files={"file": ("a.csv", TABLE)}).status_code == 403
    assert visitor(None).post("/imports", files={"file": ("a.csv", TABLE)}).status_code == 303


def test_two_contacts_are_compared_merged_and_parted_again(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)
    one, other = site.do(_two(site))
    head.post("/duplicates/look", data={"noun": "contact"})
    run_jobs(site)

    listed, compared = head.get("/duplicates").text, head.get(f"/merges/compare?noun=contact&one={one}&other={other}").text
    assert "похожие имена и номера" in listed
    assert "Оставить эту" in compared
    merged = head.post("/merges", data={"noun": "contact", "kept": one, "one": one, "other": other})
    place = merged.headers["location"]
    assert head.get(f"/contacts/{other}").headers["location"] == f"/contacts/{one}"
    assert "Отменить объединение" in head.get(place).text

    undone = head.post(f"{place}/undo").text
    assert "Снова две записи" in undone
    assert head.get(f"/contacts/{other}").status_code == 200
    assert head.post(f"{place}/undo").status_code == 409


async def _two(site: Site) -> tuple[int, int]:
    return await site.office.contact("74951234501", "Анна Белова"), await site.office.contact("74951234502", "Белова Анна")


class TestInABrowser:
    def test_a_table_is_taken_in_by_mouse_and_keyboard(self, browser: Browser, site: Site) -> None:
        with seat(browser, site, Role.HEAD) as head:
            page = head.open("/imports")
            page.get_by_label("Файл").set_input_files({"name": "клиенты.csv", "mimeType": "text/csv", "buffer": TABLE})
            page.get_by_role("button", name="Посмотреть").click()
            expect(page.get_by_label("Телефон", exact=True)).to_have_value("number")
            page.get_by_label("Дата договора").select_option("note")
            page.get_by_role("button", name="Импортировать").click()
            expect(page.get_by_role("heading", name="Идёт импорт")).to_be_visible()
            run_jobs(site)
            expect(page.get_by_role("heading", name="Готово")).to_be_visible()
            expect(page.get_by_role("link", name="Все, файлом")).to_be_visible()

        assert count(site, contacts) == 3
