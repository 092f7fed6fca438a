"""Menus and forms of a deal's card in a real Chromium: they come when they are opened, say so when they do not, lose no word."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from crm_core.deals.loss_reasons import add_loss_reason
from crm_core.meetings.deeds import NewMeeting, set_meeting
from crm_core.products.deal_lines import NewLine, add_line
from crm_core.users.tables import Role
from tests.office import NOW
from tests.web.conftest import Visitor
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("FIRSTRING_SHOTS")


@pytest.fixture
def deal(site: Site) -> int:
    """With a line of products, a meeting to come, and a reason to lose it for."""

    async def made() -> int:
        manager = site.people[Role.MANAGER]
        contact = await site.office.contact("79161112233", "Павел Ремизов", manager, "ООО «Северный склад»")
        deal = await site.office.deal(contact, owner=manager)
        async with site.database.write() as tx:
            await add_line(tx, deal, NewLine(name="Сайт", price=24_000_000), by=manager, now=NOW)
            await set_meeting(tx, NewMeeting(deal, place="Лесная, 5", user_id=manager), by=manager, now=NOW)
            await add_loss_reason(tx, "Уехали", True, by=manager, now=NOW)
        return deal

    return site.do(made())


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"deal-forms-{name}.png")


@pytest.mark.parametrize("size", sorted(SIZES))
def test_each_comes_when_it_is_opened_by_keys(browser: Browser, site: Site, deal: int, size: str) -> None:
    with seat(browser, site, Role.HEAD, size) as head:
        page = head.open(f"/deals/{deal}")
        folded = {
            "#name-and-amount": "#title", "#give-deal": "[name=owner_id]", "#set-meeting": "#place-of-new",
            "#add-product": "#product-name", "[id^=do-meeting-]": "[name=reason]", "[id^=line-]": "[name=quantity]",
        }  # fmt: skip
        for details, field in folded.items():
            expect(page.locator(f"{details} {field}")).to_have_count(0)
            page.locator(f"{details} > summary").focus()
            page.keyboard.press("Enter")
            expect(page.locator(f"{details} {field}")).to_be_visible()
            shot(page, f"{details.strip('#[]^=-')}-{size}")
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, details
            page.keyboard.press("Enter")
        page.locator("summary", has_text="Другой этап").click()
        page.get_by_text("Отказ…").click()
        page.select_option("#loss-reason", label="Уехали")
        shot(page, f"lose-{size}")
        page.get_by_role("button", name="Закрыть сделку").click()
        expect(page.locator("#timeline").locator("..").locator("..")).to_contain_text("Уехали")


def test_one_that_does_not_come_says_so_and_comes_when_asked_again(browser: Browser, site: Site, deal: int) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{deal}")
        page.route("**/forms/edit", lambda route: route.abort())
        page.locator("#name-and-amount > summary").click()
        expect(page.get_by_role("alert").get_by_text("Не удалось загрузить.")).to_be_visible()
        shot(page, "failed")
        page.unroute("**/forms/edit")
        page.get_by_role("button", name="Повторить").click()

        expect(page.locator("#title")).to_be_focused()
        assert manager.faults, "the browser told of it"
        assert all("ERR_FAILED" in fault or "fetch" in fault.lower() for fault in manager.faults), manager.faults
        manager.faults.clear()


def test_what_is_refused_stays_typed_and_what_was_closed_shows_how_things_are_now(
    browser: Browser, site: Site, deal: int
) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{deal}")
        form = page.locator("#name-and-amount")
        form.locator("summary").click()
        page.fill("#amount", "дорого")
        form.get_by_role("button", name="Сохранить").click()
        expect(page.locator(".tell.bad")).to_be_visible()
        expect(page.locator("#amount")).to_have_value("дорого")
        assert any("422" in fault for fault in manager.faults)
        manager.faults.clear()

        page.fill("#amount", "900 000")
        form.get_by_role("button", name="Сохранить").click()
        expect(page.locator("h1")).to_contain_text("900")
        expect(page.locator("#amount")).to_have_value("900000")
        form.locator("summary").click()
        expect(page.locator("#amount")).to_have_count(0)
        with Visitor(site) as head:
            head.log_in(site.email(Role.HEAD))
            seen = {"title": "", "was.title": ""}
            head.post(f"/deals/{deal}/edit", data={**seen, "title": "Сайт склада"})
        expect(page.locator("h1")).to_contain_text("Сайт склада")
        form.locator("summary").click()

        expect(page.locator("#title")).to_have_value("Сайт склада")
