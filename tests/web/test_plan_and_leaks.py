"""Plan and fact, and leaks, as people see them: in both languages, on a desk and on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from crm_core.deals.edits import NewDeal, lose_deal, open_deal
from crm_core.deals.tables import loss_reasons
from crm_core.reports.tables import plans
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.journeys.conftest import pictures
from tests.office import NOW
from tests.web.conftest import migrated, site
from tests.web.seats import SIZES, Seat, seat
from tests.web.site import Site

__all__ = ["migrated", "pictures", "site"]

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>" + "длинноеимя" * 20


@pytest.fixture
def head(browser: Browser, site: Site) -> Iterator[Seat]:
    with seat(browser, site, Role.HEAD) as taken:
        yield taken


async def lost(site: Site) -> int:
    contact = await site.office.contact("79160009911", HOSTILE, owner=site.people[Role.MANAGER])
    reason = (await site.office.rows(loss_reasons))[0].id
    async with site.office.database.write() as tx:
        new = NewDeal(contact, title=HOSTILE, amount=5_000_000, owner_id=site.people[Role.MANAGER], source=HOSTILE)
        deal = await open_deal(tx, new, by=None, now=NOW)
        await lose_deal(tx, deal, reason, HOSTILE, by=None, now=NOW)
    return deal


def test_the_head_sets_plans_and_sees_what_is_done_and_left(site: Site, head: Seat, pictures: Path) -> None:
    site.take(inbound("79165550001").rings("101").answers("101").ends(after=65).events)
    page = head.open("/plan?indicator=calls")
    expect(page.locator(".chart canvas")).to_be_visible()
    page.get_by_role("link", name="Изменить план").click()
    field = page.locator(f"#plan-user-{site.people[Role.MANAGER]}")
    field.fill("много")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("alert")).to_contain_text("Ничего не записано")
    expect(field).to_have_value("много")

    field.fill("4")
    page.get_by_role("button", name="Сохранить").click()

    expect(page.locator(".figs dd").nth(1)).to_have_text("4")
    expect(page.locator(".figs dd").nth(2)).to_have_text(re.compile(r"25\s%"))
    expect(page.locator(".plan-table tbody tr").first.locator("td").last).to_have_text("3")
    assert [row.value for row in site.do(site.office.rows(plans))] == [4]
    page.screenshot(path=pictures / "plan.png")
    head.faults = [fault for fault in head.faults if "422" not in fault]


def test_a_manager_sees_his_own_plan_and_sets_none(site: Site, browser: Browser) -> None:
    with seat(browser, site, Role.MANAGER) as manager:
        page = manager.open("/plan?indicator=talk&period=quarter")
        expect(page.locator(".plan-table tbody tr")).to_have_count(1)
        expect(page.get_by_role("link", name="Изменить план")).to_have_count(0)


def test_a_leak_leads_to_the_deals_behind_it(site: Site, head: Seat, pictures: Path) -> None:
    deal = site.do(lost(site))
    page = head.open("/leaks")
    page.screenshot(path=pictures / "leaks.png", full_page=True)
    page.locator("td.leaky a").first.click()
    expect(page.locator(f"a[href='/deals/{deal}']")).to_be_visible()
    expect(page.locator("h1")).to_contain_text("Потеряны на")


def test_nobody_sold_anything_yet(site: Site, head: Seat) -> None:
    page = head.open("/leaks?from=2020-01-01&to=2020-01-31")
    expect(page.locator("#leaks")).to_contain_text("За это время сделок нет")
    expect(head.open("/plan?begins=2030-01-01").locator("#plan-figures")).to_contain_text("Этот период ещё не начался")


@pytest.mark.parametrize("size", SIZES)
def test_long_names_break_no_page(site: Site, browser: Browser, size: str) -> None:
    site.do(lost(site))
    with seat(browser, site, Role.HEAD, size=size) as taken:
        for path in ("/plan", "/plan/edit", "/leaks"):
            page = taken.open(path)
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
