"""The page of webhooks in a real Chromium: no script of a stranger runs, nothing is wider than the screen, the keyboard does."""

import pytest
from playwright.sync_api import Browser, expect

from crm_core.users.tables import Role
from tests.web.seats import SIZES, seat
from tests.web.site import Site
from tests.web.webhook_log import LONG, ROWS, deliver, webhook

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_long_addresses_stay_on_the_screen(site: Site, browser: Browser, size: str, scheme: str) -> None:
    hook = webhook(site, LONG)
    deliver(site, hook, *ROWS)
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        for path in ("/webhooks", f"/webhooks/{hook}", f"/webhooks/{hook}/deliveries/3"):
            page = admin.open(path)
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_it_is_made_by_keyboard_and_its_test_appears_by_itself(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.ADMIN) as admin:
        page = admin.open("/webhooks")
        page.focus("#url")
        page.keyboard.type("https://crm.example.com/calls")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")  # the first event is not wanted
        page.keyboard.press("Enter")
        expect(page.locator("#secret")).to_contain_text("whsec_")
        page.get_by_role("link", name="К вебхуку").focus()
        page.keyboard.press("Enter")
        expect(page.locator("input[name=kinds]").first).not_to_be_checked()

        page.get_by_role("button", name="Отправить пробу").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#deliveries .line")).to_have_count(1)
        expect(page.locator("#deliveries")).to_contain_text("Проба")
        page.on("dialog", lambda asked: asked.accept())
        page.get_by_role("button", name="Удалить").click()
        expect(page).to_have_url(f"{site.url}/webhooks")
