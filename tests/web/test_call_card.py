"""A call's own page while the call goes on: what goes on is counted by a clock, and nothing is told as over."""

import re
from collections.abc import Callable

from crm_core.calls.tables import calls
from crm_core.users.tables import Role
from tests.builders import inbound
from tests.web.conftest import Visitor
from tests.web.site import Site

MOMENTS = ("started_at", "answered_at")


def test_waiting_and_talk_are_counted_while_they_go_on(site: Site, visitor: Callable[[Role | None], Visitor]) -> None:
    head = visitor(Role.HEAD)

    story, told = inbound("79165550001").rings("101"), 0

    def facts() -> dict[str, str]:
        """What the card says of both after all of the story so far; a clock as the moment that it counts from."""
        nonlocal told
        site.take(story.events[told:])
        told = len(story.events)
        call = site.do(site.office.the(calls))
        rows = re.findall(
            r"<dt>(Ожидание|Разговор)</dt><dd[^>]*>(?:<span[^>]*data-since=\")?([^<\"]*)", head.get(f"/calls/{call.id}/card").text
        )
        moments = {str(round(at.timestamp() * 1000)): name for name in MOMENTS if (at := getattr(call, name))}
        return {name: moments.get(said, said) for name, said in rows}

    assert facts() == {"Ожидание": "started_at"}
    story.answers("101", after=4)
    assert facts() == {"Ожидание": "0:05", "Разговор": "answered_at"}
    story.ends(after=65)
    assert facts() == {"Ожидание": "0:05", "Разговор": "1:05"}
