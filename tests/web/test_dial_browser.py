"""Calls by a click in a real Chromium: the button, the bar that says what to do, and who cannot."""

from collections.abc import Coroutine
from datetime import UTC, datetime, time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from crm_core.dialling.attempts import Verdict, settle, take_up
from crm_core.dialling.refusals import Failure
from crm_core.dialling.rules import DialRules
from crm_core.dialling.settings import set_dialler, set_rules
from crm_core.dialling.tables import dial_attempts
from crm_core.users.tables import Role, users
from tests.builders import inbound
from tests.web.site import Site
from tests.web.test_browser import SIZES, seat

pytestmark = pytest.mark.browser

KNOWN = "79161112233"
NO_NIGHT = DialRules(countries=("RU",), per_hour=5, night_from=time(), night_until=time())


@pytest.fixture
def dialling(site: Site) -> Site:
    site.do(site.office.contact(KNOWN, "Pavel Remizov", site.people[Role.MANAGER], "Northern Store"))
    site.do(_set_up(site))
    return site


async def _set_up(site: Site) -> None:
    now = datetime.now(UTC)
    async with site.database.write() as tx:
        await set_dialler(tx, 1, "dialler", "secret", site.context.box, now=now, by=None)
        await set_rules(tx, 1, NO_NIGHT, now=now, by=None)


def _steps(site: Site, *steps: tuple[Verdict, Failure | None]) -> Coroutine[Any, Any, None]:
    """What the job would write down of the last attempt."""

    async def write() -> None:
        attempt = (await site.office.rows(dial_attempts))[-1].id
        for verdict, why in steps:
            async with site.database.write() as tx:
                await take_up(tx, attempt, now=datetime.now(UTC))
                await settle(tx, attempt, verdict, now=datetime.now(UTC), why=why)

    return write()


def test_a_click_tells_to_pick_up_the_phone_and_then_is_silent(dialling: Site, browser: Browser) -> None:
    with seat(browser, dialling, Role.MANAGER) as manager:
        page = manager.open("/contacts/1")
        page.locator(".head-row form.dial button").click()
        expect(page.locator("#dial")).to_contain_text("Сейчас зазвонит ваш телефон 101.")

        dialling.do(_steps(dialling, (Verdict.SENT, None)))
        expect(page.locator("#dial")).to_contain_text("Снимите трубку телефона 101.", timeout=5000)

        dialling.do(_steps(dialling, (Verdict.PLACED, None)))
        expect(page.locator("#dial")).to_be_empty(timeout=5000)


def test_a_call_that_did_not_come_about_says_why_and_is_closed(dialling: Site, browser: Browser) -> None:
    with seat(browser, dialling, Role.MANAGER) as manager:
        page = manager.open("/contacts/1")
        page.locator(".head-row form.dial button").click()
        expect(page.locator("#dial")).to_contain_text("телефон 101")
        dialling.do(_steps(dialling, (Verdict.SENT, None), (Verdict.FAILED, Failure.PHONE_NO_ANSWER)))
        expect(page.locator("#dial")).to_contain_text("не сняли трубку", timeout=5000)

        page.get_by_role("button", name="Закрыть").click()
        expect(page.locator("#dial .dial-line")).to_have_count(0)
        page.reload()
        expect(page.locator("#dial .dial-line")).to_have_count(0)


def test_a_head_without_a_phone_chooses_whose_rings(dialling: Site, browser: Browser) -> None:
    dialling.do(_grant_all(dialling))
    with seat(browser, dialling, Role.HEAD) as head:
        page = head.open("/contacts/1")
        page.locator(".head-row form.dial button").click()
        page.locator("#dial").get_by_role("button", name="101 · Olga Kotova").click()

        expect(page.locator("#dial")).to_contain_text("телефон 101")
        head.faults.clear()  # the browser notes the question back as a refused request
    (row,) = dialling.do(dialling.office.rows(dial_attempts, verdict="asked"))
    assert (row.user_id, row.extension, row.number) == (dialling.people[Role.HEAD], "101", KNOWN)


def test_a_refusal_stays_while_the_house_calls_on(dialling: Site, browser: Browser) -> None:
    with seat(browser, dialling, Role.MANAGER) as manager:
        page = manager.open("/contacts/1")
        page.locator(".head-row form.dial input[name=to]").evaluate("field => field.value = '112'")
        page.locator(".head-row form.dial button").click()
        expect(page.locator("#dial")).to_contain_text("Экстренные номера")

        dialling.take(inbound("79035557788").rings("101").events)
        expect(page.locator("#strip article")).to_have_count(1, timeout=5000)
        expect(page.locator("#dial")).to_contain_text("Экстренные номера")
        manager.faults.clear()  # the browser notes the refused request


def test_the_keyboard_calls_back_who_was_missed(dialling: Site, browser: Browser) -> None:
    dialling.take(inbound("79035557788").rings("101").ends().events)
    with seat(browser, dialling, Role.MANAGER) as manager:
        page = manager.open("/missed")
        button = page.get_by_role("button", name="Перезвонить")
        button.focus()
        page.keyboard.press("Enter")

        expect(page.locator("#dial")).to_contain_text("телефон 101")
        expect(page.locator("#dial")).to_contain_text("903")
    assert [row.number for row in dialling.do(dialling.office.rows(dial_attempts))] == ["79035557788"]


def test_without_a_dialler_each_button_says_so_and_orders_nothing(site: Site, browser: Browser) -> None:
    site.do(site.office.contact(KNOWN, "Pavel Remizov", site.people[Role.MANAGER]))
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open("/contacts/1")
        button = page.locator(".head-row form.dial button")
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("title", "Звонки по клику не настроены: администратор добавляет "
                                                  "пользователя для набора на странице «АТС».")  # fmt: skip
        expect(page.locator("section form.dial").first).to_be_hidden()
        site.take(inbound(KNOWN).rings("101").ends().events)
        expect(page.locator("main")).to_contain_text("пропущен", timeout=5000)
        expect(button).to_have_attribute("aria-disabled", "true")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#dial")).to_contain_text("не настроены")
    assert site.do(site.office.rows(dial_attempts)) == []


def test_head_and_admin_see_who_is_near_a_cap(dialling: Site, browser: Browser) -> None:
    with seat(browser, dialling, Role.HEAD) as head, seat(browser, dialling, Role.MANAGER) as manager:
        desk, seen = head.open("/live"), manager.open("/contacts/1")
        expect(desk.locator("#near-caps .dial-line")).to_have_count(0)
        dialling.do(_ordered_before(dialling, 3))

        seen.locator(".head-row form.dial button").click()
        expect(desk.locator("#near-caps")).to_contain_text("Olga Kotova", timeout=5000)
        expect(desk.locator("#near-caps")).to_contain_text("4 из 5")
        expect(seen.locator("#near-caps")).to_have_count(0)


async def _ordered_before(site: Site, number: int) -> None:
    row = {
        "at": datetime.now(UTC),
        "user_id": site.people[Role.MANAGER],
        "exchange_id": 1,
        "extension": "101",
        "verdict": "placed",
    }
    async with site.database.write() as tx:
        await tx.execute(dial_attempts.insert(), [row] * number)


def test_what_was_refused_is_said_where_one_clicked_far_down_a_page(dialling: Site, browser: Browser) -> None:
    site = dialling
    site.do(_grant_all(site))
    for number in range(12):
        site.take(inbound(f"7903555{number:04}").rings("101").ends().events)
    with seat(browser, site, Role.MANAGER, "phone") as manager:
        page = manager.open("/missed")
        page.get_by_role("button", name="Перезвонить").last.click()
        expect(page.locator("#dial .dial-line")).to_be_in_viewport()


async def _grant_all(site: Site) -> None:
    """Any page is the same for who may call anybody."""
    async with site.database.write() as tx:
        await tx.execute(update(users).values(may_dial_unknown=True, may_dial_for_others=True))


PAGES = ("/contacts/1", "/missed", "/tasks", "/today", "/exchange/1/dialling")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True])
def test_buttons_widen_no_page(dialling: Site, browser: Browser, size: str, dark: bool) -> None:
    dialling.take(inbound("79035557788", caller_name="Ж" * 80).rings("101").ends().events)
    for role in (Role.MANAGER, Role.ADMIN):
        with seat(browser, dialling, role, size, color_scheme="dark" if dark else "light") as person:
            for path in PAGES:
                if role is Role.ADMIN or "exchange" not in path:
                    page = person.open(path)
                    assert _overflow(page) <= 0, (role, path)


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
