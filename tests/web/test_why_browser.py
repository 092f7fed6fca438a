"""The page that says why, in a real Chromium: at a desk, on a phone, by keyboard alone."""

import pytest
from playwright.sync_api import Browser, expect

from crm_core.users.tables import Role
from tests.api.heard import hear
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def transferred(site: Site) -> int:
    """A call with a hold, a consultation and a transfer; tells its id."""
    return site.do(hear(site.database, "attended_transfer_replaces"))


def test_a_figure_opens_by_keyboard_and_says_why(site: Site, browser: Browser, transferred: int) -> None:
    with seat(browser, site, Role.HEAD) as head:
        page = head.open(f"/calls/{transferred}")
        page.get_by_role("link", name="Почему так").click()
        expect(page).to_have_url(f"{site.url}/calls/{transferred}/why")

        hold = page.locator("#why-hold_seconds")
        expect(hold.get_by_text("поставили на удержание")).to_be_hidden()
        hold.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(hold.get_by_text("поставили на удержание")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ladder_fits_and_its_rows_stand_beside_their_names(
    site: Site, browser: Browser, transferred: int, size: str, scheme: str
) -> None:
    with seat(browser, site, Role.HEAD, size, color_scheme=scheme) as head:
        page = head.open(f"/calls/{transferred}/why")
        names, tracks = page.locator(".ladder .name"), page.locator(".ladder .track")
        expect(names).to_have_count(4)

        tops = [[one.bounding_box()["y"] for one in rows.all()] for rows in (names, tracks)]
        assert tops[0] == pytest.approx(tops[1], abs=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        for bar in page.locator(".ladder .track i").all():
            assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor + getComputedStyle(bar).backgroundImage")


def test_who_does_not_see_the_picture_gets_the_table(site: Site, browser: Browser, transferred: int) -> None:
    with seat(browser, site, Role.HEAD) as head:
        page = head.open(f"/calls/{transferred}/why")

        expect(page.locator(".ladder")).to_have_attribute("aria-hidden", "true")
        table = page.get_by_role("region", name="Что происходило").get_by_role("table")
        expect(table.get_by_role("row").filter(has_text="переводит")).to_have_count(1)
