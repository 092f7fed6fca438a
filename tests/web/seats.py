"""A browser at which somebody is logged in; whatever goes wrong in it is kept and fails the test."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from crm_core.users.tables import Role
from tests.web.site import PASSWORD, Site

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


class Seat:
    """`who`: by his role, or by his e-mail. What went wrong is kept in `faults`."""

    def __init__(self, browser: Browser, site: Site, who: Role | str, size: str = "desk", **options: object) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        self.faults: list[str] = []
        self._site = site
        self.page = self.open("/login")
        self.page.fill("#email", site.email(who) if isinstance(who, Role) else who)
        self.page.fill("#password", PASSWORD)
        self.page.locator("form[action='/login'] button").click()
        self.page.wait_for_url(lambda address: "/login" not in address)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda said: self.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((self._site.url, "data:", "blob:")) else self.faults.append(asked.url),
        )
        page.goto(self._site.url + path)
        return page


@contextmanager
def seat(browser: Browser, site: Site, who: Role | str, size: str = "desk", **options: object) -> Iterator[Seat]:
    taken = Seat(browser, site, who, size, **options)
    yield taken
    taken.context.close()
    assert taken.faults == []
