"""The page that says why: from the journal while it is kept, else from the row; names of channels only for those in charge."""

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

import pbx.dialects
from api.web.why.telling import call_told
from crm_core.calls.tables import calls, exchanges, journal
from crm_core.users.tables import audit
from pbx.recalled import Sieve
from pbx.replay import replay
from tests.api.heard import CAPTURES, hear
from tests.api.world import NOW, House

ODD_DIALECTS = Path(__file__).resolve().parents[1] / "pbx/odd_dialects"
HOSTILE = "CallerIDName: \u202eevil\u202c<script>\x1b[31m".encode()


async def text_of(house: House, who: str, call: int) -> str:
    async with house.client(who) as client:
        answer = await client.get(f"/calls/{call}/why")
    assert answer.status_code == 200
    return unescape(answer.text)


async def owned_by_olga(house: House, call: int) -> None:
    async with house.database.write() as tx:
        await tx.execute(update(calls).where(calls.c.id == call).values(user_id=house.world.people["olga"]))


async def test_the_page_tells_figures_and_what_they_are_made_of(house: House) -> None:
    call = await hear(house.database, "attended_transfer_replaces")

    page = await text_of(house, "head", call)

    assert "В 0:08,0 АТС сообщила о переводе с консультацией" in page
    assert re.search(r"0:03,5–0:08,0, 4,5 с: .*поставили на удержание", page)
    assert "bar-consultation" in page
    assert "by-joined" in page
    assert "отличаются" not in page


async def test_a_manager_sees_his_call_explained_without_the_exchanges_own_names(house: House) -> None:
    call = await hear(house.database, "queue_local_members")
    await owned_by_olga(house, call)

    own, heads = await text_of(house, "olga", call), await text_of(house, "head", call)

    for inner in ("Local/102@queue-agents", ".wav", "102@queue"):
        assert inner in heads
        assert inner not in own
    assert "sales_local" in own
    assert "/capture" not in own


async def test_what_a_caller_sends_does_nothing_on_the_page(house: House) -> None:
    call = await hear(house.database, "attended_transfer_replaces", replaced=(b"CallerIDName: Ivan", HOSTILE))
    async with house.client("head") as client:
        page = (await client.get(f"/calls/{call}/why")).text

    because = page[page.index('class="whys"') :]
    assert "\\u202eevil\\u202c" in because
    assert "<script>" not in because
    assert "\u202e" not in because
    assert "\x1b" not in page


async def test_without_the_journal_the_row_is_shown_and_that_is_said(house: House) -> None:
    call = await hear(house.database, "inbound_answered")
    async with house.database.write() as tx:
        await tx.execute(delete(journal))

    page = await text_of(house, "head", call)

    assert "уже не хранится" in page
    assert "bar-talk" in page
    assert "/capture" not in page


async def test_what_today_s_reader_stumbles_over_costs_that_batch_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    call = await hear(house.database, "inbound_answered")
    monkeypatch.setattr(pbx.dialects, "__path__", [*pbx.dialects.__path__, str(ODD_DIALECTS)])
    async with house.database.write() as tx:
        await tx.execute(update(exchanges).values(dialect="stumbling"))

    async with house.database.read() as connection:
        told = await call_told(connection, call, now=NOW)

    assert told.kept
    assert told.explanation.call.answered_at is not None


async def test_a_row_that_differs_from_what_was_heard_is_told(house: House) -> None:
    call = await hear(house.database, "inbound_answered")
    async with house.database.write() as tx:
        await tx.execute(update(calls).where(calls.c.id == call).values(talk_seconds=99.0, outcome="missed"))
    async with house.database.read() as connection:
        told = await call_told(connection, call, now=NOW)

    assert told.differs == ("outcome", "talk_seconds")


@pytest.mark.parametrize(
    "scenario",
    [
        "two_overlapping",
        "crossing",
        "blonde_answered",
        "pickup_directed",
        "conf_three",
        "click2call_answered",
        "fpbx_queue_attended",
    ],
)
async def test_a_call_read_anew_among_others_is_the_call_that_was_stored(house: House, scenario: str) -> None:
    newest = await hear(house.database, scenario)
    async with house.database.read() as connection:
        heard = [row.id for row in await connection.execute(select(calls.c.id).where(calls.c.journal_id.is_not(None)))]
        told = {call: await call_told(connection, call, now=NOW) for call in heard}

    assert newest in told
    assert {call: (one.kept, one.differs) for call, one in told.items()} == dict.fromkeys(told, (True, ()))


def test_of_a_busy_hour_only_what_concerns_the_call_is_read() -> None:
    said = (CAPTURES / "crossing.ami").read_bytes()
    first, second = (one["linkedids"][0] for one in replay([CAPTURES / "crossing.ami"]))

    passed = Sieve([first]).pass_on(said)

    assert first.encode() in passed
    assert second.encode() not in passed[:-2000]
    assert len(passed) < 0.7 * len(said)


@pytest.mark.parametrize("who", ["head", "admin"])
async def test_the_capture_of_a_call_is_taken_out_and_that_is_kept(house: House, who: str, tmp_path: Path) -> None:
    call = await hear(house.database, "blind_transfer")
    async with house.client(who) as client:
        answer = await client.post(f"/calls/{call}/capture")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    truth = json.loads((tmp_path / "inbound_answered.truth.json").read_text())

    assert answer.headers["content-type"] == "application/zip"
    assert truth["differs_from_original"] == []
    assert replay([tmp_path / "inbound_answered.ami"]) == truth["told"]
    assert b"79161112233" not in (tmp_path / "inbound_answered.ami").read_bytes()
    async with house.database.read() as connection:
        rows = (await connection.execute(select(audit).where(audit.c.deed == "call_exported"))).all()
    assert [(row.user_id, row.noun_id) for row in rows] == [(house.world.people[who], call)]


@pytest.mark.parametrize("who", ["olga", "qa"])
async def test_others_take_no_capture_out(house: House, who: str) -> None:
    call = await hear(house.database, "blind_transfer")
    await owned_by_olga(house, call)
    async with house.client(who) as client:
        assert (await client.post(f"/calls/{call}/capture")).status_code == 403
