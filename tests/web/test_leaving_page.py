"""Handing over, as the head of sales and the administrator do it on a page."""

from collections.abc import Callable

import pytest

from crm_core.deals.tables import deals
from crm_core.users.tables import Role, users
from tests.web.conftest import Visitor
from tests.web.site import Site

Come = Callable[[Role | None], Visitor]


async def _of_olga(site: Site, count: int) -> list[int]:
    owner, office = site.people[Role.MANAGER], site.office
    return [await office.deal(await office.contact(f"7916{n:07}", f"Клиент {n}", owner), owner=owner) for n in range(count)]


@pytest.fixture
def igor(site: Site) -> int:
    site.hire("Igor Savin", "102")
    return int(site.do(site.office.the(users, email="igor102@office.test")).id)


def test_an_administrator_hands_over_and_deactivates_in_one_go_and_can_take_it_back(site: Site, visitor: Come, igor: int) -> None:
    olga = site.people[Role.MANAGER]
    (deal,) = site.do(_of_olga(site, 1))
    admin = visitor(Role.ADMIN)

    page = admin.get(f"/people/{olga}/leaving")
    answer = admin.post(f"/people/{olga}/leaving", data={f"share_{igor}": "1", "deactivate": "1"})
    after = admin.get(f"/people/{olga}/leaving")

    assert f'name="share_{igor}"' in page.text
    assert (answer.status_code, site.do(site.office.the(deals, id=deal)).owner_id) == (303, igor)
    assert not site.do(site.office.the(users, id=olga)).active
    assert "Igor Savin" in after.text
    admin.post(f"/people/{olga}/hand-back")
    assert site.do(site.office.the(users, id=olga)).active
    assert site.do(site.office.the(deals, id=deal)).owner_id == olga


def test_a_head_hands_over_but_deactivates_nobody(site: Site, visitor: Come, igor: int) -> None:
    olga = site.people[Role.MANAGER]
    (deal,) = site.do(_of_olga(site, 1))
    head = visitor(Role.HEAD)

    refused = head.post(f"/people/{olga}/leaving", data={f"share_{igor}": "1", "deactivate": "1"})
    kept = site.do(site.office.the(deals, id=deal)).owner_id
    done = head.post(f"/people/{olga}/leaving", data={f"share_{igor}": "1"})

    assert 'name="deactivate"' not in head.get(f"/people/{olga}/leaving").text
    assert (refused.status_code, kept) == (403, olga)
    assert (done.status_code, site.do(site.office.the(deals, id=deal)).owner_id) == (303, igor)


def test_a_form_that_names_nobody_or_nonsense_changes_nothing(site: Site, visitor: Come, igor: int) -> None:
    olga = site.people[Role.MANAGER]
    (deal,) = site.do(_of_olga(site, 1))
    head = visitor(Role.HEAD)

    for form in (
        {},
        {f"share_{igor}": "0"},
        {f"share_{igor}": "-1"},
        {"share_x": "1"},
        {"share_9999": "1"},
        {f"share_{igor}": "1e9"},
        {f"share_{igor}": "1" * 5000},
    ):
        answer = head.post(f"/people/{olga}/leaving", data=form)
        assert answer.status_code == 422
        assert "от 1 до 100" in answer.text

    assert site.do(site.office.the(deals, id=deal)).owner_id == olga


def test_only_who_may_reassign_sees_the_page(site: Site, visitor: Come) -> None:
    olga = site.people[Role.MANAGER]

    seen = {
        role: visitor(role).get(f"/people/{olga}/leaving").status_code for role in (Role.MANAGER, Role.QA, Role.HEAD, Role.ADMIN)
    }

    assert seen == {Role.MANAGER: 403, Role.QA: 403, Role.HEAD: 200, Role.ADMIN: 200}
