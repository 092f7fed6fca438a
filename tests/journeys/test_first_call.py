"""A fresh admin's way from a bare exchange to the first call that pops up, as docs/first_call.md tells it."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.asterisk.exchange import DIRECT, RealExchange
from tests.journeys.desk import Desk
from tests.product import Product, eventually

pytestmark = [pytest.mark.browser, pytest.mark.asterisk]

PASSWORD = "a long enough password"
CUSTOMER = "79161112233"
TEN_MINUTES = 600.0


def test_from_a_bare_exchange_to_the_first_popped_call(
    requires_chromium: None, requires_asterisk: None, browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    took: dict[str, float] = {}

    def note(step: str) -> None:
        took[step] = time.monotonic() - began

    with RealExchange() as exchange:  # the shipped files over Debian's own, make-secrets, numbers, start
        note("the exchange has our files and runs")
        product = _started(tmp_path, exchange)
        try:
            note("Firstring listens")
            told = product.run("doctor", "--config", str(exchange.home / "etc"))
            assert told.returncode == 0, told.stdout
            note("the doctor finds nothing to mend")
            page = _first_administrator(browser, product)
            note("the first administrator is in")
            _add_manager(page, product)
            note("a manager has a phone")
            desk = Desk(browser, product.url, "manager@office.test", pictures, PASSWORD)
            desk.open("/today")
            with exchange.phone("101", answers_after=20):
                call = exchange.customer_calls(DIRECT, number=CUSTOMER, patience=15)
                expect(desk.sees_ringing(within=20)).to_contain_text("+7 916 111-22-33")
                note("the first call has popped up")
                call.finish()
        finally:
            product.kill_tree()
    print("\n".join(f"{seconds:6.1f} s  {step}" for step, seconds in took.items()))
    assert max(took.values()) < TEN_MINUTES


def _started(folder: Path, exchange: RealExchange) -> Product:
    secret = folder / "reader.secret"
    secret.write_text(exchange.reader[1])
    told = {"AMI_URL": exchange.ami_url, "RECORDINGS_ROOT": str(exchange.recordings), "CEL_FILE": str(exchange.cel_csv)}
    product = Product(folder / "var", "serve", **told).start()
    eventually(lambda: "exchange_up" in product.said, within=30, what="the listener at the exchange")
    return product


def _first_administrator(browser: Browser, product: Product) -> Page:
    """By the link that the first start prints."""
    (link,) = re.findall(r"http://\S+/setup/\S+", product.said)
    page = browser.new_context(locale="ru-RU").new_page()
    page.goto(link)
    page.locator("[name=name]").fill("Пётр Админов")
    page.locator("[name=email]").fill("admin@office.test")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form button").first.click()
    page.wait_for_url(lambda address: "/setup/" not in address)
    return page


def _add_manager(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/people")
    page.locator("#name").fill("Ольга Котова")
    page.locator("#email").fill("manager@office.test")
    page.locator("#extension").fill("101")
    page.locator("#password").fill(PASSWORD)
    page.locator("form[action='/people'] button").click()
    expect(page.locator("section.sheet").first).to_contain_text("Ольга Котова")
