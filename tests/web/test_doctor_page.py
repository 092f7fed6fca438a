"""The doctor's page: what he found, what to paste, who may call him."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update

from api.doctor import registry
from api.doctor.findings import as_json
from api.doctor.seen import Address, ExchangeSeen, Folder, Heard
from crm_core.calls.tables import exchanges
from crm_core.checkups import visits
from crm_core.checkups.tables import checkups
from crm_core.checkups.visits import Kind
from crm_core.jobs import jobs
from crm_core.users.tables import Role
from pbx.ami.inspection import Clock, Inspected
from tests.web.conftest import Visitor
from tests.web.seats import SIZES, seat
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]

LONG = "reader-with-a-name-that-somebody-thought-of-on-a-long-evening"
ILL = ExchangeSeen(
    Address("office", "10.0.0.5", 5038, False, LONG, "dialler", "firstring-outbound"),
    Inspected(
        reached=True, let_in=True, version="18.20.0", settings={"CoreCDRenabled": "No"}, queues=("sales",), clock=Clock(-31, 0.1),
        commands={"Command": frozenset({"command"}), "Originate": frozenset({"originate"})}, has_context=False,
        hears=frozenset({"system", "security"}), keeps_slow_readers=False,
    ),
    Inspected(reached=True, let_in=True, commands={"Originate": frozenset({"originate"})}),
    Heard(40, datetime(2026, 11, 22, tzinfo=UTC), stamped=False, names_recordings=False, classes=frozenset({"call"})),
    recordings=Folder(Path("/var/spool/asterisk/monitor"), None, 2**40, 2**41),
)  # fmt: skip


def found(seen: ExchangeSeen) -> list[dict[str, Any]]:
    return [as_json(finding) for check in registry.of_exchange() for finding in check.findings(seen)]


async def visited(site: Site, findings: list[dict[str, Any]]) -> None:
    """The visit that was asked for is made."""
    async with site.database.write() as tx:
        newest = await tx.scalar(select(checkups.c.id).order_by(checkups.c.id.desc()).limit(1))
        asked = await visits.begin(tx, newest or 0, now=site.context.now())
        assert asked is not None
        await visits.note(tx, asked, findings, now=site.context.now())


def page_of(site: Site) -> str:
    return f"/exchange/{site.office.exchange.id}/doctor"


def test_an_administrator_has_the_exchange_examined_and_reads_what_to_paste(site: Site, visitor: Visiting) -> None:
    admin, here = visitor(Role.ADMIN), page_of(site)
    assert "Осмотра ещё не было" in admin.get(here).text

    assert admin.post(here).status_code == 303
    assert "Доктор смотрит" in admin.get(here).text
    again = admin.post(here)
    assert (again.status_code, "Доктор уже там" in again.text) == (409, True)
    assert site.do(site.office.the(jobs)).kind == "checkup"

    site.do(visited(site, found(ILL)))
    text = admin.get(here).text
    for words in ("Исправить", "Можно лучше", "Отсюда не видно", "В порядке", "timestampevents = yes", "writetimeout = 5000",
                  "read = call,agent", "CVE-2024-42365", "Часы АТС расходятся с нашими на -31.0 с"):  # fmt: skip
        assert words in text, words
    assert text.count("read = call,agent") == 1  # what mends several faults stands there once


def test_whoever_sees_exchanges_reads_it_and_only_an_administrator_calls_the_doctor(site: Site, visitor: Visiting) -> None:
    here = page_of(site)

    head = visitor(Role.HEAD)
    assert "Осмотреть" not in head.get(here).text
    assert "Осмотреть" in visitor(Role.ADMIN).get(here).text
    assert "firstring doctor --exchange" in head.get(here).text
    assert head.post(here).status_code == 403
    assert head.post(here.replace("doctor", "test-call"), data={"extension": "101", "number": "1"}).status_code == 403
    assert visitor(Role.MANAGER).get(here).status_code == 403
    assert visitor(Role.ADMIN).get("/exchange/99/doctor").status_code == 404


def test_a_test_call_is_ordered_by_the_rules_of_a_click(site: Site, visitor: Visiting) -> None:
    admin, here = visitor(Role.ADMIN), page_of(site).replace("doctor", "test-call")

    assert admin.post(here, data={"extension": "101", "number": "112"}).status_code == 422
    assert admin.post(here, data={"extension": "101", "number": "+1 900 555 01 23"}).status_code == 422
    assert admin.post(here, data={"extension": "101&PJSIP/102", "number": "+79161112233"}).status_code == 422
    assert admin.post(here, data={"extension": "101", "number": "+7 916 111-22-33"}).status_code == 303
    assert site.do(site.office.the(checkups)).kind == Kind.TEST_CALL


def test_what_an_exchange_calls_itself_is_no_markup(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    admin.post(page_of(site))
    site.do(visited(site, found(replace(ILL, address=replace(ILL.address, reader="<script>alert(1)</script>")))))

    assert "<script>alert(1)" not in admin.get(page_of(site)).text


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_findings_come_by_themselves_and_fit(site: Site, browser: Browser, size: str, scheme: str) -> None:
    async def named() -> None:
        async with site.database.write() as tx:
            await tx.execute(update(exchanges).values(name="Офис на набережной с очень длинным названием " * 2, dial_user="d"))

    site.do(named())
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        page = admin.open(page_of(site))
        page.get_by_role("button", name="Осмотреть").press("Enter")
        expect(page.get_by_text("Доктор смотрит")).to_be_visible()
        site.do(visited(site, found(ILL)))
        expect(page.get_by_role("heading", name="Исправить")).to_be_visible()

        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
