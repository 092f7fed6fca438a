"""An exchange added, changed and tried out in the browser, against a practice exchange; no secret comes back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crm_core.exchanges import config
from crm_core.exchanges.config import ExchangeConfig
from crm_core.users.tables import Role
from pbx.practice import SECRET, USER
from tests.practice_office import PracticeOffice, practice_office
from tests.web.conftest import Visitor
from tests.web.seats import seat
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor") as office:
        yield office


def form(practice: PracticeOffice, **more: str) -> dict[str, str]:
    return {
        "name": "Алматы", "dialect": "freepbx", "region": "kz", "address": f"127.0.0.1:{practice.port}", "user": USER,
        "secret": SECRET, **more,
    }  # fmt: skip


def kept(site: Site, exchange_id: int) -> ExchangeConfig:
    async def load() -> ExchangeConfig:
        async with site.database.read() as connection:
            return await config.of_id(connection, exchange_id, site.context.box)

    return site.do(load())


def test_an_exchange_is_added_changed_and_shown_without_its_secrets(
    site: Site, visitor: Visiting, practice: PracticeOffice
) -> None:
    admin = visitor(Role.ADMIN)
    records = {"cdr_kind": "mysql", "cdr_host": "127.0.0.1", "cdr_database": "asteriskcdrdb", "cdr_user": "u",
               "cdr_password": "rec0rds", "cdr_table": "cdr"}  # fmt: skip
    told = form(practice, secret="s3cret-1", trunks="PJSIP/l-*\nPJSIP/m-*", own="+7 727 123-45-67", **records)

    assert admin.post("/exchange", data=told).headers["location"] == "/exchange"
    first = kept(site, 2)
    page = admin.get("/exchange/2").text
    changed = admin.post("/exchange/2", data={**told, "secret": "", "cdr_password": "", "language": "kk"})
    second = kept(site, 2)

    assert changed.headers["location"] == "/exchange/2"
    assert (first.region, first.dialect, first.trunks) == ("KZ", "freepbx", ("PJSIP/l-*", "PJSIP/m-*"))
    assert "FreePBX" in page
    assert not any(secret in page for secret in ("s3cret-1", "rec0rds"))
    assert (second.language, second.reader.secret, second.records) == ("kk", "s3cret-1", first.records)


@pytest.mark.parametrize(
    ("wrong", "say"),
    [({"region": "XX"}, "две буквы"), ({"address": "::::"}, "192.168.1.10:5038"), ({"address": "203.0.113.9"}, "Введите пароль"),
     ({"user": "another"}, "Введите пароль"), ({"cdr_kind": "mysql"}, "собственные записи"), ({"trunks": "x" * 300}, "шаблонами"),
     ({"dialect": "cisco"}, "что это за АТС")],
)  # fmt: skip
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    site: Site, visitor: Visiting, practice: PracticeOffice, wrong: dict[str, str], say: str
) -> None:
    admin = visitor(Role.ADMIN)
    admin.post("/exchange", data=form(practice))
    before = kept(site, 2)

    answer = admin.post("/exchange/2", data={**form(practice), "secret": "", "language": "de", **wrong})

    assert answer.status_code == 422
    assert say in answer.text
    assert 'value="de"' in answer.text
    assert kept(site, 2) == before


def test_a_check_logs_in_with_what_is_typed_and_keeps_nothing(site: Site, visitor: Visiting, practice: PracticeOffice) -> None:
    admin = visitor(Role.ADMIN)

    good = admin.post("/exchange/check", data=form(practice))
    wrong = admin.post("/exchange/check", data=form(practice, secret="wr0ng-secret"))
    nobody = admin.post("/exchange/check", data=form(practice, address="127.0.0.1:9"))
    empty = admin.post("/exchange/check", data=form(practice, secret=""))

    assert "Нас впустили" in good.text
    assert "22.0.0-practice" in good.text
    assert "не принимает этого пользователя или пароль" in wrong.text
    assert "никто не отвечает" in nobody.text.lower()
    assert "Введите пароль" in empty.text
    assert good.text.count(f'value="{SECRET}"') == 1  # the user is called so, too
    assert "wr0ng-secret" not in wrong.text
    assert "Алматы" in good.text  # typed once, not lost
    assert "Алматы" not in admin.get("/exchange").text


def test_the_kept_secret_is_tried_only_where_it_belongs(site: Site, visitor: Visiting, practice: PracticeOffice) -> None:
    admin = visitor(Role.ADMIN)
    admin.post("/exchange", data=form(practice))

    same = admin.post("/exchange/2/check", data=form(practice, secret=""))
    elsewhere = admin.post("/exchange/2/check", data=form(practice, secret="", address="127.0.0.2"))

    assert "Нас впустили" in same.text
    assert "Введите пароль" in elsewhere.text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD, Role.QA])
def test_only_administrators_see_what_an_exchange_is_set_to(site: Site, visitor: Visiting, role: Role) -> None:
    answer = visitor(role).get("/exchange/1")

    assert answer.status_code == 403
    assert 'name="secret"' not in answer.text


def test_an_exchange_that_was_never_in_use_is_removed_and_one_with_calls_stays(
    site: Site, visitor: Visiting, browser: Browser, practice: PracticeOffice
) -> None:
    admin = visitor(Role.ADMIN)
    admin.post("/exchange", data=form(practice))
    refused = admin.post("/exchange/2/remove")
    admin.post("/exchange/2/active", data={"active": ""})

    with seat(browser, site, Role.ADMIN) as taken:
        page = taken.open("/exchange/2")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Убрать АТС").click()
        expect(page).to_have_url(f"{site.url}/exchange")
        expect(page.locator("#exchange-list")).not_to_contain_text("Алматы")

    assert refused.status_code == 409
    assert "сначала выключите" in refused.text
    assert admin.get("/exchange/2").status_code == 404
    assert "Убрать АТС" not in admin.get("/exchange/1").text


def test_the_check_stands_beside_the_form_and_the_secret_stays_typed(
    site: Site, browser: Browser, practice: PracticeOffice
) -> None:
    with seat(browser, site, Role.ADMIN) as taken:
        page = taken.open("/exchange")
        for name, value in form(practice).items():
            control = page.locator(f"#exchange-form [name={name}]")
            control.select_option(value) if name == "dialect" else control.fill(value)

        page.get_by_role("button", name="Проверить связь").click()

        expect(page.locator("#checked")).to_contain_text("Нас впустили")
        expect(page).to_have_url(f"{site.url}/exchange")
        expect(page.locator("#exchange-form [name=secret]")).to_have_value(SECRET)
        page.get_by_role("button", name="Подключить").click()
        page.get_by_role("link", name="Алматы").click()
        expect(page.locator("#exchange-form [name=secret]")).to_have_value("")
        page.get_by_role("button", name="Проверить связь").click()
        expect(page.locator("#checked")).to_contain_text("Нас впустили")


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_no_exchange_page_scrolls_sideways_or_has_a_field_without_a_name(
    site: Site, visitor: Visiting, browser: Browser, practice: PracticeOffice, size: str, scheme: str
) -> None:
    visitor(Role.ADMIN).post("/exchange", data=form(practice, name="Л" * 80, trunks="PJSIP/" + "x" * 190, cdr_kind="mysql",
                                                    cdr_host="h", cdr_database="d", cdr_user="u", cdr_table="t"))  # fmt: skip
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        for path in ("/exchange", "/exchange/2"):
            page = admin.open(path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            unnamed = page.locator("#exchange-form :is(input, select, textarea):not([type=hidden])").evaluate_all(
                "all => all.filter(one => !one.labels.length && !one.ariaLabel).map(one => one.name)"
            )
            assert (wide, unnamed) == (0, []), path
