"""A deal goes from a ringing phone to the meeting by the shortest lawful way: a talk that the real model hears, and a move."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pbx.playing.calls import inbound
from pbx.playing.speech import script
from tests.journeys.desk import Desk
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Product, eventually, running

pytestmark = [pytest.mark.browser, pytest.mark.model]

CALLER, DID = "79035557788", "74951112245"
PASSWORD = "a long enough password"
OLGA = "olga@office.test"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor", speed=1.0) as office:
        yield office


@pytest.fixture
def product(tmp_path: Path, office: PracticeOffice) -> Iterator[Product]:
    with running(tmp_path / "var", **office.settings) as product:
        (tmp_path / "password").write_text(PASSWORD)
        for email, role, *extension in ((OLGA, "manager", "--extension", "101"), ("admin@office.test", "admin")):
            product.run("user", "add", email, "--role", role, *extension, "--password-file", str(tmp_path / "password"))
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        yield product


def test_from_a_ringing_phone_to_the_meeting(product: Product, office: PracticeOffice, browser: Browser, pictures: Path) -> None:
    head = product.head()
    _set_work_type(Desk(browser, product.url, "admin@office.test", pictures, PASSWORD))
    stages = {stage["name"]: stage["id"] for stage in head.items("pipelines")[0]["stages"]}
    olga = Desk(browser, product.url, OLGA, pictures, PASSWORD)
    olga.open("/board")

    # It rings, and a lead is there.
    office.play(inbound(CALLER, DID).rings("101").answered_after(4).talks(script("ru_shop")))
    olga.sees_ringing()
    deal = eventually(lambda: head.items("deals"), what="the lead")[0]
    assert deal["stage_id"] == stages["Входящая заявка"]
    card = olga.page.locator(f"[data-deal='{deal['id']}']")
    expect(card).to_be_visible(timeout=10_000)
    olga.sees_talking()
    olga.picture("meeting-1-talking")

    # She hangs up and goes on at once: what was said is not read yet, and she is told so.
    olga.sees_no_call()
    page = olga.open(f"/deals/{deal['id']}?to={stages['Встреча']}")
    refused = page.locator(f"#refused-{deal['id']}")
    expect(refused).to_contain_text("На «Встреча» пока нельзя")
    olga.picture("meeting-2-not-yet")

    # The model has heard what was agreed; the page says so by itself, and asks for the rest.
    quoted = refused.get_by_text("четверг")
    expect(quoted.first).to_be_visible(timeout=180_000)
    form = page.locator(f"#supply-{deal['id']}")
    olga.picture("meeting-3-what-is-left")
    form.get_by_label("Вид работ").select_option(label="Интернет-магазин")
    form.get_by_label("Где").fill("Лесная, 5")
    form.get_by_label("Когда").fill("2026-12-03T11:00")
    form.get_by_label("Заметки к встрече").fill("Показать три магазина, взять договор")
    form.get_by_role("button", name="Записать и перейти").click()
    expect(page.locator("ol.stages .now")).to_contain_text("Встреча")
    olga.picture("meeting-4-there")

    moved = head.get(f"deals/{deal['id']}")
    assert (moved["stage_id"], moved["amount"]) == (stages["Встреча"], 13_000_000)
    open_tasks = [task["kind"] for task in head.items("tasks", limit=50) if task["deal_id"] == deal["id"] and not task["done_at"]]
    assert "classify" not in open_tasks
    assert "meeting" in open_tasks
    assert olga.faults == []


def _set_work_type(admin: Desk) -> None:
    """What a project of the kind usually costs: the amount of a deal until somebody knows it."""
    page = admin.open("/work-types")
    page.locator("#name-new").fill("Интернет-магазин")
    page.locator("#usual-new").fill("130 000")
    page.get_by_role("button", name="Добавить").click()
    expect(page.get_by_text("Интернет-магазин").first).to_be_visible()
