"""Pipelines in a real Chromium: stages are dragged and moved by keys, a gate is set by hand, nothing is wider than the screen."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crm_core.deals.first_pipeline import REPEAT
from crm_core.deals.pipeline_edits import hand_over_to
from crm_core.deals.planting import plant, take_over
from crm_core.deals.stage_queries import whole_pipeline
from crm_core.deals.template import template_named
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.office import NOW
from tests.web.seats import SIZES, seat
from tests.web.site import Site

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("FIRSTRING_SHOTS")


def set_up(site: Site) -> int:
    async def doing() -> int:
        async with site.database.write() as tx:
            await take_over(tx, 1, template_named("eleven"), "ru", by=None, now=NOW)
            repeat = await plant(tx, template_named(REPEAT), "ru", by=None, now=NOW)
            long = "Очень длинное название воронки для постоянных клиентов с договорами на год"
            await plant(tx, template_named("short"), "ru", name=long, by=None, now=NOW)
            await hand_over_to(tx, 1, repeat, by=None, now=NOW)
        contact = await site.office.contact("79161112277", "Павел Ремизов", company="ООО «Северный склад»")
        return await site.office.deal(contact, stage=2, owner=site.people[Role.MANAGER])

    return site.do(doing())


def names(site: Site) -> list[str]:
    async def reading() -> list[str]:
        async with site.database.read() as connection:
            return [stage.name for stage in (await whole_pipeline(connection, 1)).stages]

    return site.do(reading())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_nothing_is_wider_than_the_screen(site: Site, browser: Browser, size: str, scheme: str) -> None:
    deal = set_up(site)
    paths = ("/settings", "/pipelines", "/pipelines/1", "/stages/3", "/pipelines/1/template", "/loss-reasons", f"/deals/{deal}")
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        for path in paths:
            page = admin.open(path)
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"{path.strip('/').replace('/', '-')}-{size}-{scheme}.png", full_page=True)


def test_stage_is_moved_by_its_buttons_and_by_dragging(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.ADMIN) as admin:
        page = admin.open("/pipelines/1")
        button = page.get_by_role("button", name="Классификация: на место выше")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-sorted-item]").first).to_contain_text("Классификация")

        grips = page.locator("[data-grip]")
        grips.nth(0).drag_to(grips.nth(2))
        expect(page.locator("[data-sorted-item]").nth(2)).to_contain_text("Классификация")
        page.wait_for_load_state()

    assert names(site)[:3] == ["Входящая заявка", "Назначение встречи", "Классификация"]


def test_gate_is_added_set_and_kept_by_keyboard(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.ADMIN) as admin:
        page = admin.open("/stages/2")
        page.select_option("#new-gate", "call_answered")
        page.get_by_role("button", name="Добавить условие").press("Enter")
        page.fill("[name='g0-seconds']", "25")
        page.fill("#name", "Разбор")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.url}/pipelines/1#stage-2")
        expect(page.locator("#stage-2")).to_contain_text("Разбор")

    assert names(site)[1] == "Разбор"


def test_card_and_strip_say_how_the_stage_is_led(site: Site, browser: Browser) -> None:
    deal = set_up(site)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{deal}")
        expect(page.locator(".stage-help")).to_contain_text("Предложите два времени на выбор.")
        expect(page.locator(".stage-help li")).to_have_count(5)
        site.take(inbound("79161112277", linkedid="aim.1").rings("101"))
        expect(page.locator("#strip .aim")).to_contain_text("договориться о встрече: кто, где, когда")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "card-and-strip.png")


def test_deal_is_lost_for_a_reason_of_the_list(site: Site, browser: Browser) -> None:
    deal = set_up(site)
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open(f"/deals/{deal}")
        page.get_by_text("Другой этап").click()
        page.get_by_text("Отказ…").click()
        page.select_option("#loss-reason", label="Выбрали другого исполнителя")
        page.fill("[name=words]", "наш срок не подошёл")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "lose.png")
        page.get_by_role("button", name="Закрыть сделку").click()
        expect(page.locator("main")).to_contain_text("Выбрали другого исполнителя: наш срок не подошёл")
