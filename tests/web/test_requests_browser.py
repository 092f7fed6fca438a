"""Requests and lead rules in a real browser: a request pops up by itself, rules are put in order by keys."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, expect

from crm_core.users.tables import Role
from tests.web.seats import seat
from tests.web.site import PASSWORD, Site

pytestmark = pytest.mark.browser


@contextmanager
def logged_in(site: Site, role: Role) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, headers={"Origin": site.url}, timeout=20) as client:
        client.post("/login", data={"email": site.email(role), "password": PASSWORD})
        yield client


def test_a_request_pops_up_without_a_reload_and_leads_to_its_deal(browser: Browser, site: Site) -> None:
    with seat(browser, site, Role.MANAGER) as manager, logged_in(site, Role.ADMIN) as program:
        page = manager.open("/today")
        program.post("/api/v1/requests", json={"name": "<b>Павел</b>", "phone": "+7 916 555-11-22", "text": "Нужен сайт"})

        pop = page.locator("#fresh-requests article")
        expect(pop).to_contain_text("<b>Павел</b>")
        pop.get_by_role("link").click()

        expect(page.locator("main")).to_contain_text("Нужен сайт")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_rules_are_put_in_order_by_keys(browser: Browser, site: Site, size: str) -> None:
    with logged_in(site, Role.ADMIN) as admin:
        for name in ("Первое", "Второе"):
            admin.post("/lead-rules", data={"name": name})
    with seat(browser, site, Role.ADMIN, size) as seated:
        page = seated.open("/lead-rules")
        page.locator("#lead-rules button[value^='down']:not([disabled])").first.focus()
        page.keyboard.press("Enter")

        expect(page.locator("#lead-rules li").first).to_contain_text("Второе")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
