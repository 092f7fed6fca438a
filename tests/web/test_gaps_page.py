"""The Exchange page tells when nobody listened, and takes the file of the exchange's own log of events."""

from collections.abc import Callable
from datetime import timedelta

from crm_core.calls import gaps
from crm_core.calls.gaps import Gap
from crm_core.calls.tables import exchanges
from crm_core.users.tables import Role
from pbx.records import troubles
from tests.office import NOW
from tests.web.conftest import Visitor
from tests.web.site import Site

Visiting = Callable[[Role | None], Visitor]


def test_gaps_are_told_in_words(site: Site, visitor: Visiting) -> None:
    lost = NOW - timedelta(hours=2)
    filled = Gap(site.office.exchange.id, lost, lost + timedelta(minutes=4), NOW, rows=21, broken=1)
    still_open = Gap(site.office.exchange.id, NOW - timedelta(hours=1), NOW, tries=3, note=troubles.NO_ANSWER)

    async def keep() -> None:
        async with site.office.database.write() as tx:
            for gap in (filled, still_open, still_open):
                await gaps.note(tx, gap)

    assert "Когда не было связи" not in visitor(Role.HEAD).get("/exchange").text
    site.do(keep())
    page = visitor(Role.HEAD).get("/exchange").text

    for words in ("Когда не было связи", "прочитана 21 запись", "1 повреждена", "восстановлено", "Файл журнала не отвечает."):
        assert page.count(words) >= 1, words
    assert page.count("Файл журнала не отвечает.") == 1
    assert "Заполнять пропуски" not in page


def test_the_file_is_set_on_the_page(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    assert "Заполнять пропуски" in admin.get("/exchange").text

    answer = admin.post(f"/exchange/{site.office.exchange.id}/records", data={"cel": " /var/log/cel.csv "})

    assert answer.status_code == 303
    assert site.do(site.office.the(exchanges)).cel_file == "/var/log/cel.csv"
    assert "Заполнять пропуски" not in admin.get("/exchange").text
