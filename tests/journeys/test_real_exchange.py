"""The same journey on a real Asterisk 22 with the shipped configs: the phones and the outside line are sipp."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pbx.playing.speech import scripts, write_recording
from tests.asterisk.exchange import DIRECT, GROUP, RealExchange
from tests.journeys.desk import Desk
from tests.product import Product, eventually

pytestmark = [pytest.mark.browser, pytest.mark.asterisk, pytest.mark.model]

PASSWORD = "a long enough password"
CUSTOMER, STRANGER = "79161112233", "79035557788"
HOSTILE_NAME = "<script>alert(1)</script>"
TALK = 14.0  # seconds: the greeting and the question are said by then


@pytest.fixture
def product(tmp_path: Path, real_exchange: RealExchange) -> Iterator[Product]:
    product = Product(tmp_path / "var", "serve", AMI_URL=real_exchange.ami_url, RECORDINGS_ROOT=str(real_exchange.recordings))
    product.start()
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    for email, role, extension in (("manager@office.test", "manager", "101"), ("head@office.test", "head", None)):
        phone = ("--extension", extension) if extension else ()
        added = product.run("user", "add", email, "--role", role, "--password-file", str(password), *phone)
        if added.returncode != 0:
            raise AssertionError(added.stderr)
    yield product
    product.kill_tree()


def test_a_real_exchange_rings_is_answered_recorded_transcribed_and_missed(
    product: Product, real_exchange: RealExchange, browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    manager = Desk(browser, product.url, "manager@office.test", pictures, PASSWORD)
    api = product.api("head@office.test")
    customer_says, manager_says = _both_sides(tmp_path)
    eventually(lambda: api.items("exchanges")[0]["state"] == "up", what="the listener at the exchange")
    manager.open("/today")

    with real_exchange.phone("101", answers_after=3, says=manager_says):
        call = real_exchange.customer_calls(DIRECT, number=CUSTOMER, name=HOSTILE_NAME, says=customer_says, talks=TALK)
        ringing = manager.sees_ringing(within=20)
        expect(ringing).to_contain_text("+7 916 111-22-33")
        manager.picture("asterisk-1-ringing")
        manager.sees_talking()
        call.finish()
    manager.sees_no_call()

    heard = eventually(lambda: _recorded(api), within=60, what="the recording")
    assert heard["outcome"] == "answered"
    assert heard["caller"] == CUSTOMER
    assert heard["talk_seconds"] == pytest.approx(TALK, abs=1.5)
    assert heard["wait_seconds"] == pytest.approx(3, abs=1)
    assert [recording["sides"] for recording in heard["recordings"]] == [2]
    assert heard["stage"]["name"] == "Входящая заявка"

    words = eventually(lambda: api.said(heard["id"]), within=180, what="the transcript")
    assert "магазин" in words["customer"]
    assert "добрый день" in words["manager"]

    page = manager.open(f"/deals/{heard['deal_id']}")
    manager.plays(page.locator("[data-player]").first)
    manager.picture("asterisk-2-deal")
    assert manager.faults == []

    _rings_in_vain(product, real_exchange, manager, api)


def _rings_in_vain(product: Product, real_exchange: RealExchange, manager: Desk, api) -> None:
    with real_exchange.phone("101"), real_exchange.phone("102"):
        real_exchange.customer_calls(GROUP, number=STRANGER, patience=3).finish()
    missed = eventually(lambda: api.items("calls", outcome="missed"), what="the missed call")
    assert [call["caller"] for call in missed] == [STRANGER]
    assert missed[0]["recordings"] == []
    assert [task["kind"] for task in api.items("tasks") if task["number"] == STRANGER].count("call_back") == 1
    page = manager.open("/missed")
    expect(page.locator("main")).to_contain_text(re.compile(r"\+7\s903\s555.77.88"))
    manager.picture("asterisk-3-missed")


def _both_sides(folder: Path) -> tuple[Path, Path]:
    script = next(script for script in scripts() if script.name == "ru_shop")
    mix, customer, manager = (folder / f"{name}.wav" for name in ("mix", "customer", "manager"))
    write_recording(script, mix, customer, manager)
    return customer, manager


def _recorded(api):
    return next((call for call in api.items("calls") if call["recordings"]), None)
