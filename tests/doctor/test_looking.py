"""What the doctor sees of an event log is what whoever fills gaps would read of it."""

import asyncio
import os
import threading
from datetime import UTC, datetime
from pathlib import Path, PosixPath

import pytest
from sqlalchemy import update

from api.doctor import looking
from api.doctor.heard import MOST_BYTES, heard_of
from api.doctor.looking import MOST_FILES, SILENT, TAIL, end_of, folder_at, look_at, recordings_in
from crm_core.calls import journal
from crm_core.calls.tables import exchanges
from crm_core.db import Database
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from crm_core.secrets import SecretBox
from pbx.records import troubles
from pbx.records.cel import read_cel
from tests.loop_watch import holds
from tests.office import NOW, Office
from tests.pbx.capture_variants import CAPTURES

CEL = CAPTURES / "queue_answered.cel.csv"


def test_a_log_is_seen_as_it_is_read() -> None:
    seen, read = end_of(CEL), read_cel(CEL)

    assert (seen.lines, seen.broken, seen.trouble) == (len(CEL.read_bytes().splitlines()), 0, None)
    assert seen.last_at is not None
    assert seen.last_at >= max(event.at for event in read.events)
    assert {"CHAN_START", "HANGUP", "LINKEDID_END"} <= seen.types


def test_a_line_that_is_being_written_is_not_broken_and_one_of_another_form_is(tmp_path: Path) -> None:
    file = tmp_path / "firstring.csv"
    lines = CEL.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], b'"2026-11-22 10:00:00","CHAN_START","x"\n', b"\n", lines[3], lines[4][:20]]))

    seen = end_of(file)

    assert (seen.lines, seen.broken) == (5, 1)


def test_of_a_long_log_only_the_end_is_read_and_no_line_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "firstring.csv"
    whole = CEL.read_bytes()
    file.write_bytes(whole * (TAIL // len(whole) + 3))

    seen = end_of(file)

    assert seen.broken == 0
    assert 0 < seen.lines < len(file.read_bytes().splitlines())


async def test_a_long_journal_holds_up_nobody(database: Database) -> None:
    office = await Office.opened(database)
    piece = (CAPTURES / "queue_answered.ami").read_bytes() * 3
    async with database.write() as tx:
        for number in range(MOST_BYTES // len(piece) + 2):
            await journal.append(tx, office.exchange.id, "c", number * len(piece), NOW, piece)

    async with database.read() as connection, holds() as held:
        heard = await heard_of(connection, office.exchange.id, NOW)

    assert heard.events > 10_000
    assert max(held) < 0.1


class DeadMount(PosixPath):
    """On a mount whose server is gone: whoever asks the system about it waits for good."""

    def __fspath__(self) -> str:
        threading.Event().wait()
        return super().__fspath__()


async def test_a_folder_of_recordings_that_does_not_answer_is_told_and_takes_no_shared_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "READING", 0.1)

    seen = [await asyncio.wait_for(recordings_in(DeadMount(tmp_path)), 5) for _ in range((os.cpu_count() or 1) + 5)]

    assert {folder.trouble for folder in seen} == {SILENT.text}
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "a password is judged"), 5)


async def test_an_event_log_that_does_not_answer_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "READING", 0.1)
    box = SecretBox("a key for tests")
    await Office.opened(database)
    os.mkfifo(tmp_path / "cel.csv")  # who opens it to read waits until somebody writes
    async with database.write() as tx:
        await tx.execute(update(exchanges).values(RecordSources(cel=CsvSource(tmp_path / "cel.csv")).row(box)))

    seen = await asyncio.wait_for(look_at(database, "default", box, now=datetime.now(UTC)), 5)

    assert seen.cel is not None
    assert seen.cel.trouble == troubles.NO_ANSWER


@pytest.mark.parametrize(("before", "found"), [(MOST_FILES - 1, "gone.wav"), (MOST_FILES, None), (MOST_FILES + 50, None)])
def test_of_a_flat_folder_only_the_first_files_are_looked_at(before: int, found: str | None, tmp_path: Path) -> None:
    for number in range(before):  # folders are looked at first
        (tmp_path / str(number)).mkdir()
    (tmp_path / "gone.wav").symlink_to("nowhere")

    assert folder_at(tmp_path).unreadable == found
