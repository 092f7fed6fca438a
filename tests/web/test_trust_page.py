"""The page on which figures are held against the exchange's own records."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from api.audit.auditing import GAP_OPEN, NO_RECORDS
from api.audit.records import BEGINS_LATER
from crm_core.days import day_of
from crm_core.jobs import jobs
from crm_core.trust import keeping
from crm_core.trust.differences import Difference, Kind
from crm_core.trust.keeping import Audited
from crm_core.users.tables import Role, audit
from tests.web.conftest import Visitor
from tests.web.seats import seat
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]

MOSCOW = ZoneInfo("Europe/Moscow")
HOSTILE = "<script>alert(1)</script>" + "x" * 250 + ".wav"
MISSING = Difference(
    Kind.MISSING, datetime.now(UTC).timestamp() - 60, None, "1795304636.0",
    {"cel": {"ended": 1.0, "answered": True, "outcome": "answered", "talk": 75.0, "parties": ["79161112233", "101"]}},
)  # fmt: skip
ALONE = Difference(Kind.AUDIO_ALONE, datetime.now(UTC).timestamp() - 50, None, None, {"audio": HOSTILE})


def audited(site: Site, calls: int, agreeing: int, differences: Sequence[Difference] = (), **more: object) -> int:
    """Today's audit, as the job keeps it; tells its id."""
    now = datetime.now(UTC)
    found = Audited(site.office.exchange.id, day_of(now, MOSCOW), calls, agreeing, differences, **more)  # type: ignore[arg-type]

    async def keep() -> int:
        async with site.database.write() as tx:
            return await keeping.keep(tx, found, now=now, by=None)

    return site.do(keep())


@pytest.mark.parametrize(("why", "says"), [
    (None, "Сверять пока нечего"), (BEGINS_LATER, "Не с чем сверить"),
])  # fmt: skip
def test_a_day_without_calls_is_not_told_as_one_without_records(
    site: Site, visitor: Visiting, why: str | None, says: str
) -> None:
    day = audited(site, 0, 0, sources={"cel": {"rows": 0, "broken": 0, "why": why}})

    assert says in visitor(Role.HEAD).get(f"/trust/{day}").text


def test_a_day_is_told_with_its_share_its_differences_and_what_each_source_says(site: Site, visitor: Visiting) -> None:
    head = visitor(Role.HEAD)
    assert "Сверки ещё не было" in head.get("/trust").text
    sources = {"cel": {"rows": 21, "broken": 1, "why": None}, "cdr": {"rows": 2, "broken": 0, "why": BEGINS_LATER}}
    day = audited(site, 10_000, 9_999, [MISSING, ALONE], sources=sources, note=GAP_OPEN)

    days, page = head.get("/trust").text, head.get(f"/trust/{day}").text

    assert "сходится 9\xa0999 из 10\xa0000 звонков" in days
    assert "99,9\xa0%" in days  # cut, never rounded up to 100
    for words in ("Об этом звонке знает только АТС", "принят, разговор 1:15, +7", "Запись без звонка", "&lt;script&gt;",
                  "Он начинается позже", "Пропуск, когда не было связи", "1 повреждена"):  # fmt: skip
        assert words in page, words
    assert "<script>alert" not in page
    assert "Исправить" not in page  # a head sees, an administrator mends


def test_a_day_without_records_says_what_to_do(site: Site, visitor: Visiting) -> None:
    day = audited(site, 0, 0, note=NO_RECORDS)

    page = visitor(Role.ADMIN).get(f"/trust/{day}").text

    assert "Не с чем сверить" in page
    assert "Неизвестно, где АТС хранит свои журналы" in page


def test_a_day_is_compared_and_mended_by_a_job_and_that_is_audited(site: Site, visitor: Visiting) -> None:
    day, admin = audited(site, 2, 1, [MISSING]), visitor(Role.ADMIN)
    today = day_of(datetime.now(UTC), MOSCOW)
    form = {"exchange_id": str(site.office.exchange.id), "day": (today - timedelta(days=1)).isoformat()}

    assert admin.post("/trust", data=form).status_code == 303
    assert admin.post(f"/trust/{day}/repair").status_code == 303

    asked = [(row.payload["day"], row.payload["repair"]) for row in site.do(site.office.rows(jobs, kind="audit"))]
    assert asked == [(form["day"], False), (today.isoformat(), True)]
    assert {"audit_asked", "repair_asked"} <= {row.deed for row in site.do(site.office.rows(audit))}
    assert "Идёт сверка 2 дней" in admin.get("/trust").text
    assert "сверяется заново" in admin.get(f"/trust/{day}").text


@pytest.mark.parametrize("day", ["", "yesterday", "2999-01-01", "2001-01-01", "2026-02-30"])
def test_a_day_that_cannot_be_meant_is_refused_in_words(day: str, site: Site, visitor: Visiting) -> None:
    answer = visitor(Role.HEAD).post("/trust", data={"exchange_id": str(site.office.exchange.id), "day": day or "x"})

    assert answer.status_code == 422
    assert "Выберите день, который уже начался" in answer.text


@pytest.mark.parametrize(("role", "linked"), [(Role.HEAD, True), (Role.QA, False)])
def test_figures_of_a_period_show_how_far_they_agree(role: Role, linked: bool, site: Site, visitor: Visiting) -> None:
    somebody = visitor(role)
    assert "сходится с записями самой АТС" not in somebody.get("/live").text
    audited(site, 8, 6)

    live = somebody.get("/live").text

    assert "75,0\xa0% этих звонков сходится с записями самой АТС" in live
    assert ('<p class="trusted quiet small num"><a href="/trust">' in live) is linked


def test_a_managers_day_shows_it_too(site: Site, visitor: Visiting) -> None:
    audited(site, 8, 8)

    assert "100\xa0% этих звонков сходится" in visitor(Role.MANAGER).get("/today").text


def test_a_program_is_told_the_same_without_names_of_files(site: Site, visitor: Visiting) -> None:
    day, head = audited(site, 8, 6, [MISSING, ALONE]), visitor(Role.HEAD)

    (line,) = head.get("/api/v1/trust").json()["items"]
    told = head.get(f"/api/v1/trust/{day}/differences").json()["items"]

    assert (line["calls"], line["agreeing"], line["share"], line["differences"]) == (8, 6, 0.75, 2)
    assert [one["kind"] for one in told] == ["missing", "audio_alone"]
    assert told[0]["says"] == {"cel": {"answered": True, "outcome": "answered", "talk_seconds": 75.0}}
    assert "script" not in str(told)
    assert head.get("/api/v1/trust?since=2999-01-01").json()["items"] == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_pages_fit_and_follow_an_audit_by_themselves(size: str, scheme: str, site: Site, browser: Browser) -> None:
    day = audited(site, 8, 6, [MISSING, ALONE])
    with seat(browser, site, Role.ADMIN, size, color_scheme=scheme) as admin:
        for path in ("/trust", f"/trust/{day}"):
            page = admin.open(path)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page = admin.open(f"/trust/{day}")
        expect(page.locator(".difference:not(.old)")).to_have_count(2)
        audited(site, 8, 7, [ALONE])
        expect(page.locator(".difference:not(.old)")).to_have_count(1, timeout=8_000)
        expect(page.locator(".difference.old")).to_contain_text("исправлено")
