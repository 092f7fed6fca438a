"""The live picture over the wire: a practice exchange rings three desks, our process dies in mid-call, the wire is cut."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from pbx.playing.calls import inbound
from tests.journeys.desk import Desk
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Product, eventually

pytestmark = [pytest.mark.browser]

PASSWORD = "a long enough password"
DID, CUSTOMER = "74951112245", "79161112233"
SOON = 10_000  # milliseconds: both processes and four browsers share the machine
OLD = re.compile("Картина не обновляется")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor") as office:
        yield office


@pytest.fixture
def product(tmp_path: Path, office: PracticeOffice) -> Iterator[Product]:
    product = Product(tmp_path / "var", "serve", **office.settings).start()
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    people = [(f"m{extension}@office.test", "manager", ("--extension", extension)) for extension in ("101", "102", "103")]
    for email, role, phone in (*people, ("head@office.test", "head", ())):
        added = product.run("user", "add", email, "--role", role, "--password-file", str(password), *phone)
        if added.returncode != 0:
            raise AssertionError(added.stderr)
    yield product
    product.kill_tree()


def test_three_desks_ring_one_answers_and_the_picture_outlives_our_process_and_the_wire(
    product: Product, office: PracticeOffice, browser: Browser, pictures: Path
) -> None:
    desks = [Desk(browser, product.url, f"m{extension}@office.test", pictures, PASSWORD) for extension in ("101", "102", "103")]
    head = Desk(browser, product.url, "head@office.test", pictures, PASSWORD)
    eventually(lambda: product.api("head@office.test").items("exchanges")[0]["state"] == "up", what="the listener")
    for desk in desks:
        desk.open("/tasks")
    floor = head.open("/live").locator("#floor")

    # Three desks ring; one answers, and two are quiet again.
    talk = office.play(inbound(CUSTOMER, DID).rings("101", "102", "103"))
    for desk in desks:
        desk.sees_ringing(within=10)
    office.do(talk.answer("102"))
    desks[1].sees_talking(within=10)
    for desk in (desks[0], desks[2]):
        desk.sees_no_call(within=10)
    expect(floor.locator("article.talking")).to_have_count(1, timeout=SOON)
    began = time.monotonic()

    # Our process dies while this call goes on, another one ends unheard, and a third begins.
    gone = office.play(inbound("79165550001", DID).rings("101"))
    office.do(gone.answer("101"))
    expect(floor.locator("article.talking")).to_have_count(2, timeout=SOON)
    product.kill_tree()
    expect(head.page.locator("[data-cut-off]")).to_be_visible(timeout=SOON)
    office.do(gone.hang_up())
    office.play(inbound("79165550003", DID).rings("103"))
    product.start()

    expect(floor.locator("article.talking")).to_have_count(1, timeout=6 * SOON)
    expect(desks[2].strip.locator("article.ringing")).to_be_visible(timeout=SOON)
    desks[0].sees_no_call(within=10)
    assert _seconds(desks[1].strip.locator(".clock")) >= time.monotonic() - began - 3

    # The wire is cut: clocks stand, and the page says so; then it is live again.
    office.unplug()
    expect(floor.get_by_text(OLD)).to_be_visible(timeout=3 * SOON)
    expect(floor.locator("article.old [data-since]")).to_have_count(0)
    head.picture("live-not-heard")
    office.plug_in()
    expect(floor.get_by_text(OLD)).to_have_count(0, timeout=6 * SOON)
    head.picture("live-again")


def _seconds(clock: Locator) -> int:
    expect(clock).to_have_text(re.compile(r"\d:\d\d"))
    minutes, seconds = clock.inner_text().split(":")
    return 60 * int(minutes) + int(seconds)
