"""Automations in a real Chromium: nothing is wider than the screen, the keyboard does it all, a run appears by itself."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from crm_core.deals.moves import move
from crm_core.deals.tables import stages
from crm_core.users.tables import Role
from tests.web.automation_stage import staged
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_long_names_stay_on_the_screen(site: Site, browser: Browser, size: str, scheme: str) -> None:
    made = staged(site)
    new = "/automations/new?action=set_task&trigger=call"
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        for path in ("/automations", new, f"/automations/{made['task']}", f"/automations/{made['there']}", "/late"):
            page = admin.open(path)
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_one_is_set_up_by_keyboard_and_tried_out(site: Site, browser: Browser) -> None:
    staged(site)
    with seat(browser, site, Role.ADMIN) as admin:
        page = admin.open("/automations")
        page.focus("#action")
        page.keyboard.press("End")  # the last is to write a note
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.url}/automations/new?trigger=entry&action=write_note")
        page.focus("#o-text")
        page.keyboard.type("Пришла: {contact}")
        page.get_by_role("button", name="Сохранить").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#runs")).to_contain_text("Она ещё не срабатывала")

        page.get_by_role("button", name="Попробовать").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#dry-run")).to_contain_text("заметка: Пришла: Пётр Иванов")


def test_run_appears_by_itself_on_the_deals_card(site: Site, browser: Browser) -> None:
    made = staged(site)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{made['deal']}")
        expect(page.get_by_text("поставлена 1 задача")).to_have_count(1)

        site.do(_moved(site, made["deal"]))

        expect(page.get_by_text("поставлена 1 задача")).to_have_count(2)


async def _moved(site: Site, deal: int) -> None:
    async with site.database.write() as tx:
        third = (await tx.scalars(select(stages.c.id).order_by(stages.c.position).offset(2))).first()
        await move(tx, deal, int(third or 0), by=None, now=datetime.now(UTC))
