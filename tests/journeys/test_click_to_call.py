"""A manager calls a customer by a click in the demo: his phone rings, they talk, the recording stands on the card."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.desk import Desk
from tests.product import Product, eventually, running

pytestmark = pytest.mark.browser

CUSTOMER = "79214001877"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("demo") / "var", "demo") as product:
        yield product


def test_a_click_on_a_contact_becomes_a_recorded_call_on_its_deal(demo: Product, browser: Browser, pictures: Path) -> None:
    manager = Desk(browser, demo.url, "manager@demo.local", pictures)
    api = demo.api()
    page = manager.open("/contacts/2")

    page.locator(".head-row form.dial button").click()
    expect(page.locator("#dial")).to_contain_text(re.compile("телефон.* 101"))
    manager.picture("click-1-phone-rings")
    card = manager.strip.locator("article", has_text="Анна Гринёва")
    expect(card).to_be_visible(timeout=10_000)
    expect(card).to_contain_text("говорит", timeout=30_000)
    expect(page.locator("#dial .dial-line")).to_have_count(0)
    manager.picture("click-2-talking")

    call = eventually(lambda: _of(api, CUSTOMER, recorded=True), within=120, what="the recorded call")
    assert (call["direction"], call["click_to_call"], call["caller"], call["callee"]) == ("outbound", True, "101", CUSTOMER)
    assert (call["outcome"], call["answered_by"][0]["extension"]) == ("answered", "101")
    assert call["linkedids"][0].startswith("firstring-")
    assert len([one for one in api.items("calls", limit=200) if one["click_to_call"]]) == 1
    page = manager.open(f"/deals/{call['deal_id']}")
    manager.plays(page.locator("[data-player]").first)
    assert manager.faults == []


def test_a_refused_click_says_why_and_the_admin_sees_it(demo: Product, browser: Browser, pictures: Path) -> None:
    manager = Desk(browser, demo.url, "manager@demo.local", pictures)
    page = manager.open("/contacts/1")
    page.locator(".head-row form.dial input[name=to]").evaluate("field => field.value = '+1 212 555 12 34'")

    page.locator(".head-row form.dial button").click()
    expect(page.locator("#dial")).to_contain_text("Этой страны нет в списке")
    manager.picture("click-3-refused")

    admin = Desk(browser, demo.url, "admin@demo.local", pictures)
    page = admin.open("/exchange")
    page.get_by_role("link", name="Звонки по клику").click()
    expect(page.locator("section", has_text="Последние попытки").last).to_contain_text("Этой страны нет в списке")
    admin.picture("click-4-rules")
    page.get_by_label("Страны").fill("RU, US")
    page.get_by_role("button", name="Сохранить").first.click()
    expect(page.get_by_label("Страны")).to_have_value("RU, US")
    assert admin.faults == []


def _of(api, number: str, *, recorded: bool):
    calls = [call for call in api.items("calls", limit=50) if call["callee"] == number and call["click_to_call"]]
    return next((call for call in calls if bool(call["recordings"]) is recorded), None)
