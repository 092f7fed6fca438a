"""Issue 5 on a phone, and the stage's words in the call strip: what is told is in sight, and no menu leaves the screen."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from crm_core.deals.tables import stages
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser

CALLER = "79161112233"


@pytest.fixture
def known(site: Site) -> int:
    """A deal on its third stage, which asks for something, of somebody we know."""
    contact = site.do(site.office.contact(CALLER, "Павел Ремизов", site.people[Role.MANAGER], "Северный склад"))
    deal = site.do(site.office.deal(contact, 2, site.people[Role.MANAGER]))
    third = site.do(site.office.rows(stages))[2].id
    words = {
        "goal": "договориться о встрече",
        "criteria": "он согласился",
        "tools": "сценарий",
        "algorithm": "1. Позвоните\n2. Спросите",
    }
    site.do(site.office.set(stages, third, **words))
    return deal


def _whole(page: Page, part: Locator) -> bool:
    """Whether all of it lies on the screen."""
    box, size = part.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    return box["x"] >= 0 and box["y"] >= 0 and right <= size["width"] and bottom <= size["height"]


def test_every_menu_of_a_phone_lies_on_its_screen(site: Site, browser: Browser, known: int) -> None:
    with seat(browser, site, Role.MANAGER, "phone") as manager:
        for path in (f"/deals/{known}", "/deals", "/board"):
            page = manager.open(path)
            menus = page.locator("main details.menu:visible")
            for place in range(menus.count()):
                menu = menus.nth(place)
                menu.locator("summary").first.click()
                panel = menu.locator(".panel").first
                expect(panel).to_be_visible()
                assert _whole(page, panel), f"{path}: {menu.inner_text()[:40]}"
                page.keyboard.press("Escape")
            page.close()


def test_on_a_phone_what_is_missing_and_what_is_next_stand_above_what_happened(site: Site, browser: Browser, known: int) -> None:
    with seat(browser, site, Role.MANAGER, "phone") as manager:
        page = manager.open(f"/deals/{known}")
        tops = [
            page.locator(f"section[aria-labelledby='{part}']").bounding_box() for part in ("open-tasks", "timeline", "people")
        ]

        assert all(top is not None for top in tops)
        assert sorted(tops, key=lambda top: top["y"]) == tops  # type: ignore[index]


@pytest.mark.parametrize("size", SIZES)
def test_the_call_strip_says_how_the_stage_is_led_and_stays_open(site: Site, browser: Browser, known: int, size: str) -> None:
    story = inbound(CALLER).rings("101")
    with seat(browser, site, Role.MANAGER, size) as manager:
        page = manager.open("/tasks")
        site.take(story.events)
        strip = page.locator("#strip article.ringing")
        expect(strip).to_contain_text("Цель: договориться о встрече", timeout=5000)

        strip.locator("details.aim summary").click()
        expect(strip.locator(".led")).to_be_visible()
        site.take(story.answers("101").events)
        led = page.locator("#strip article.talking .led")
        expect(led).to_be_visible(timeout=5000)
        expect(led).to_contain_text("он согласился")
        expect(led.locator("li")).to_have_text(["Позвоните", "Спросите"])
        expect(page).to_have_url(f"{site.url}/tasks")


def test_a_colleagues_deal_tells_nothing_of_its_stage_in_the_strip(site: Site, browser: Browser, known: int) -> None:
    stranger = site.hire("Igor Savin", "102")
    site.take(inbound(CALLER).rings("102").events)
    with seat(browser, site, stranger) as colleague:
        page = colleague.open("/tasks")
        expect(page.locator("#strip article")).to_contain_text("Павел Ремизов")
        expect(page.locator("#strip .aim")).to_have_count(0)


def test_the_filters_of_leaks_are_at_hand_on_a_phone(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.HEAD, "phone") as head:
        page = head.open("/leaks")
        expect(page.locator("#from")).to_be_hidden()
        page.get_by_role("button", name="Фильтры").click()
        expect(page.locator("#from")).to_be_visible()
        page.locator("#from").fill("2020-01-01")
        expect(page.locator("#leaks")).to_have_attribute("data-refresh", re.compile("from=2020-01-01"))


def test_a_reason_why_deals_are_lost_is_read_to_its_end_on_a_phone(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.ADMIN, "phone") as admin:
        page = admin.open("/loss-reasons")
        names = page.locator("main .line .t bdi")
        assert names.count() > 3
        for place in range(names.count()):
            assert names.nth(place).evaluate("e => { const b = e.parentElement; return b.scrollWidth <= b.clientWidth }")
