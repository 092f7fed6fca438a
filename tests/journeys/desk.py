"""What a person does at his desk in the browser, and what he must see there."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

PASSWORD = "demo"
# A tab in the background, as the browser tells it to the page: a headless one has no other tab to hide behind.
HIDDEN = """
  Object.defineProperty(document, 'hidden', {get: () => true});
  Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});
"""
CLOCK = re.compile(r"\d:\d\d")


class Desk:
    """One person, logged in at one browser."""

    def __init__(self, browser: Browser, url: str, email: str, pictures: Path, password: str = PASSWORD) -> None:
        self.url = url
        self._pictures = pictures
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU", timezone_id="Europe/Moscow")
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self._log_in(email, password)

    def hide(self) -> None:
        """From the next page on this tab is one in the background."""
        self.page.add_init_script(HIDDEN)

    def _log_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self.url}/login")
        self.page.get_by_label("Почта").or_(self.page.locator("#email")).first.fill(email)
        self.page.locator("#password").fill(password)
        self.page.locator("form[action='/login'] button").click()
        self.page.wait_for_url(lambda address: "/login" not in address)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self._pictures / f"{name}.png")

    @property
    def strip(self) -> Locator:
        return self.page.locator("#strip")

    def sees_ringing(self, within: float = 40) -> Locator:
        """The card of whoever rings now, on whatever page he is."""
        card = self.strip.locator("article.ringing").first
        expect(card).to_be_visible(timeout=within * 1000)
        return card

    def sees_talking(self, within: float = 20) -> Locator:
        """The strip with its running clock."""
        card = self.strip.locator("article.talking").first
        expect(card).to_be_visible(timeout=within * 1000)
        expect(card.locator(".clock")).to_have_text(CLOCK)
        return card

    def sees_no_call(self, within: float = 90) -> None:
        expect(self.strip.locator("article")).to_have_count(0, timeout=within * 1000)

    def plays(self, player: Locator) -> None:
        """The recording really sounds: the place in it moves."""
        player.scroll_into_view_if_needed()
        expect(player).to_have_attribute("data-ready", "")
        player.locator("[data-play]").click()
        expect(player.locator("[data-at]")).to_have_text(re.compile(r"0:0[1-9]"), timeout=10_000)

    def sees_words_light_up(self) -> None:
        expect(self.page.locator(".words .w.now")).to_have_count(1, timeout=15_000)
