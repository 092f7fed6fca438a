"""The page of webhooks: the secret once, the log in words, what is hostile as text."""

from collections.abc import Callable

import pytest

from crm_core.users.tables import Role
from crm_core.webhooks.tables import deliveries, webhooks
from tests.web.conftest import Visitor
from tests.web.site import Site
from tests.web.webhook_log import LONG, ROWS, deliver, webhook

Visiting = Callable[[Role | None], Visitor]


def test_the_secret_is_on_the_page_that_follows_and_never_again(site: Site, visitor: Visiting) -> None:
    admin = visitor(Role.ADMIN)
    assert "О звонках никому не сообщается" in admin.get("/webhooks").text

    made = admin.post("/webhooks", data={"url": "https://crm.example.com/calls", "kinds": ["call_ended", "call_started"]})

    (row,) = site.do(site.office.rows(webhooks))
    secret = site.context.box.open(row.secret)
    assert (made.status_code, secret in made.text, made.headers["cache-control"]) == (201, True, "no-store")
    assert row.kinds == ["call_started", "call_ended"]
    for path in ("/webhooks", f"/webhooks/{row.id}"):
        page = admin.get(path).text
        assert "crm.example.com" in page
        assert secret not in page


@pytest.mark.parametrize(("form", "say"), [
    ({"url": "http://crm.example.com/", "kinds": "call_ended"}, "https://"),
    ({"url": "https://10.0.0.1/", "kinds": "call_ended"}, "внутренний адрес"),
    ({"url": "https://a:b@crm.example.com/", "kinds": "call_ended"}, "имени и пароля"),
    ({"url": "<b>", "kinds": "call_ended"}, "Нужен адрес"),
    ({"url": "https://crm.example.com/"}, "хотя бы одно событие"),
])  # fmt: skip
def test_what_is_refused_is_said_and_what_was_typed_stays(site: Site, visitor: Visiting, form: dict, say: str) -> None:
    admin = visitor(Role.ADMIN)
    hook = webhook(site)
    for path in ("/webhooks", f"/webhooks/{hook}"):
        answer = admin.post(path, data=form)

        assert answer.status_code == 422
        assert say in answer.text
        assert f'value="{form["url"]}"'.replace("<b>", "&lt;b&gt;") in answer.text
    assert len(site.do(site.office.rows(webhooks))) == 1


def test_the_log_tells_each_delivery_in_words_and_filters_by_state(site: Site, visitor: Visiting) -> None:
    hook = webhook(site, LONG)
    deliver(site, hook, *ROWS)
    admin = visitor(Role.ADMIN)

    page = admin.get(f"/webhooks/{hook}").text
    for words in ("доставлено", "не доставлено", "503", "Нет ответа за десять секунд", "это внутренний", "10 попыток", "Проба"):
        assert words.lower() in page.lower(), words
    given_up = admin.get(f"/webhooks/{hook}?state=given_up").text
    assert given_up.count('class="line ia"') == 2
    assert admin.get(f"/webhooks/{hook}/list?state=waiting").text.count('class="line ia"') == 2
    assert "10 попыток" in given_up


def test_what_came_back_is_shown_as_text(site: Site, visitor: Visiting) -> None:
    hook = webhook(site)
    deliver(site, hook, *ROWS)
    row = site.do(site.office.rows(deliveries, status=503))[0]

    page = visitor(Role.ADMIN).get(f"/webhooks/{hook}/deliveries/{row.id}").text

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;Иван&lt;/b&gt;" in page


def test_a_log_is_continued_and_a_delivery_sent_again(site: Site, visitor: Visiting) -> None:
    hook = webhook(site)
    deliver(site, hook, *[ROWS[4]] * 60)
    admin = visitor(Role.ADMIN)
    page = admin.get(f"/webhooks/{hook}").text
    cursor = page.split("more?cursor=")[1].split('"')[0]

    assert page.count('class="line ia"') == 50
    assert admin.get(f"/webhooks/{hook}/more?cursor={cursor}").text.count('class="line ia"') == 10
    row = site.do(site.office.rows(deliveries))[0]
    assert admin.post(f"/webhooks/{hook}/deliveries/{row.id}/again").status_code == 303
    assert site.do(site.office.the(deliveries, id=row.id)).state == "waiting"


def test_it_is_tested_switched_off_and_removed(site: Site, visitor: Visiting) -> None:
    hook = webhook(site)
    admin = visitor(Role.ADMIN)

    assert admin.post(f"/webhooks/{hook}/test").headers["location"] == f"/webhooks/{hook}"
    assert site.do(site.office.the(deliveries)).kind == "webhook_tested"
    admin.post(f"/webhooks/{hook}/active", data={"active": ""})
    off = admin.get(f"/webhooks/{hook}").text
    assert "Выключен: ничего не отправляется" in off
    assert "Отправить пробу" not in off
    assert admin.post(f"/webhooks/{hook}/test").status_code == 409
    assert admin.post(f"/webhooks/{hook}/remove").headers["location"] == "/webhooks"
    assert admin.get(f"/webhooks/{hook}").status_code == 404


def test_only_who_may_set_things_finds_it_in_the_menu(visitor: Visiting) -> None:
    assert 'href="/webhooks"' in visitor(Role.ADMIN).get("/settings").text
    assert 'href="/webhooks"' not in visitor(Role.HEAD).get("/settings").text
