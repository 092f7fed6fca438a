"""Moments at the ends of the calendar: what is kept of them is shown, and breaks no page of whoever sees it next."""

import pytest

from tests.api.world import House

ENDS = ("9999-12-31T23:59:59Z", "9999-12-31T20:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T23:59:59Z", "1900-01-01T00:00:00Z")
PAGES = ("/tasks", "/tasks?show=all", "/deals", "/board", "/late", "/plan", "/leaks", "/", "/contacts", "/calls")


@pytest.mark.parametrize("at", ENDS)
@pytest.mark.parametrize("zone", ["Asia/Kamchatka", "America/Los_Angeles"])
async def test_no_page_breaks_by_a_moment_that_was_taken(house: House, at: str, zone: str) -> None:
    house.context.settings = house.context.settings.model_copy(update={"timezone": zone})
    ids = house.world.own
    async with house.client("olga") as client:
        sent = [
            await client.post("/api/v1/tasks", json={"title": "x", "due_at": at, "deal_id": ids["deal_id"]}),
            await client.patch(f"/api/v1/tasks/{ids['task_id']}", json={"due_at": at}),
            await client.post("/api/v1/meetings", json={"deal_id": ids["deal_id"], "at": at}),
            await client.patch(f"/api/v1/meetings/{ids['meeting_id']}", json={"at": at}),
            await client.post(
                "/api/v1/deals/bulk", json={"deal_ids": [ids["deal_id"]], "deed": "task", "title": "x", "due_at": at}
            ),
            await client.post(f"/api/v1/meetings/{ids['meeting_id']}/hold", json={"agreements": "x", "held_at": at}),
        ]
        assert [answer.status_code for answer in sent if answer.status_code >= 500] == []
        for page in (*PAGES, f"/deals/{ids['deal_id']}", f"/contacts/{ids['contact_id']}", "/api/v1/tasks", "/api/v1/meetings"):
            assert (page, (await client.get(page)).status_code) in ((page, 200), (page, 303), (page, 403)), at
        for query in ("since", "until"):
            assert (await client.get("/api/v1/calls", params={query: at})).status_code in (200, 422)
