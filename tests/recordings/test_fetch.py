"""From an ended call to its stored recording: real files, a real database, the real child process."""

import asyncio
import os
import shutil
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from crm_core.events import EventKind
from crm_core.jobs import JobState
from crm_core.tables import call_linkedids, call_rings, call_talks, calls, deals, jobs, recordings
from recordings.fetch import look_again
from tests.loop_watch import holds
from tests.recordings.conftest import ANSWERED, BEGAN, KEY, Desk
from tests.recordings.sounds import pitch, samples, tone

MIX, RECEIVED, SENT = f"{KEY}.wav", f"{KEY}-rx.wav", f"{KEY}-tx.wav"
SPOOL = "/var/spool/asterisk/monitor/2026-11-22"


def day(desk: Desk, name: str) -> Path:
    return desk.root / "2026-11-22" / name


def sides(desk: Desk, received: float = 440, sent: float = 1000, seconds: float = 3) -> None:
    tone(day(desk, MIX), seconds, 700)
    tone(day(desk, RECEIVED), seconds, received)
    tone(day(desk, SENT), seconds, sent)


async def test_an_answered_calls_recording_is_kept_with_call_contact_deal_and_stage(desk: Desk) -> None:
    sides(desk)
    call_id = await desk.call(f"{SPOOL}/{MIX}", f"{SPOOL}/{RECEIVED}", f"{SPOOL}/{SENT}")
    async with desk.database.write() as tx:
        await tx.execute(update(deals).values(stage_id=2))

    assert await desk.work() == [JobState.DONE]

    [row] = await desk.stored()
    assert (row.call_id, row.contact_id, row.deal_id, row.stage_id) == (call_id, 1, 1, 1)
    assert (row.seconds, row.sides, row.name, row.started_at) == (3.0, 2, MIX, ANSWERED)
    assert row.blob == f"recordings/{row.sha256[:2]}/{row.sha256}.flac"
    assert row.bytes == desk.file_of(row.blob).stat().st_size
    assert [len(side) for side in row.peaks["sides"]] == [150, 150]
    assert [pitch(side) for side in samples(desk.file_of(row.blob))] == [440, 1000]
    assert samples(desk.file_of(row.play_blob)).shape[0] == 2
    [event] = await desk.told(EventKind.RECORDING_STORED)
    assert (event.recording_id, event.call_id, event.deal_id, event.receivers) == (row.id, call_id, 1, [1, 2, 3])
    assert event.facts == {"seconds": 3.0, "sides": 2}
    assert not list(desk.scratch.iterdir())


@pytest.mark.parametrize(("direction", "name", "customer"), [
    ("outbound", KEY, 1000), ("outbound", "1795304637.1", 440), ("inbound", KEY, 440), ("internal", KEY, 440),
])  # fmt: skip
async def test_the_customer_is_left_whichever_channel_was_recorded(desk: Desk, direction: str, name: str, customer: int) -> None:
    tone(desk.root / f"{name}.wav", 2, 700)
    tone(desk.root / f"{name}-rx.wav", 2, 440)
    tone(desk.root / f"{name}-tx.wav", 2, 1000)
    await desk.call(f"{name}.wav", direction=direction, seconds=2)

    await desk.work()

    [row] = await desk.stored()
    assert pitch(samples(desk.file_of(row.blob))[0]) == customer


async def test_the_files_of_a_repeated_id_are_named_by_the_id_itself(desk: Desk) -> None:
    sides(desk)
    await desk.call(f"{SPOOL}/{MIX}", key=f"{KEY}~1795304640", direction="outbound")

    await desk.work()

    [row] = await desk.stored()
    assert pitch(samples(desk.file_of(row.blob))[0]) == 1000


async def test_a_call_nobody_answered_has_no_recording(desk: Desk) -> None:
    tone(desk.root / MIX, 1, 440)

    await desk.call(MIX, outcome="missed", answered_at=None, voicemail=True)

    assert await desk.work() == []
    assert await desk.stored() == []


@pytest.mark.parametrize("announced", [(MIX,), ()])
async def test_an_empty_recording_is_refused_quietly(desk: Desk, announced: tuple[str, ...]) -> None:
    tone(desk.root / MIX, 0, 440)
    await desk.call(*announced)

    assert await desk.work() == [JobState.DONE]
    assert (await desk.stored(), await desk.told(EventKind.RECORDING_MISSING), desk.kept()) == ([], [], [])


async def test_empty_sides_leave_the_mix(desk: Desk) -> None:
    sides(desk)
    tone(day(desk, RECEIVED), 0, 440)
    await desk.call(f"{SPOOL}/{MIX}")

    await desk.work()

    assert [(row.name, row.sides) for row in await desk.stored()] == [(MIX, 1)]


async def test_an_exchange_that_records_nothing_is_let_be(desk: Desk) -> None:
    await desk.call()

    assert await desk.work() == [JobState.DONE]
    assert await desk.told(EventKind.RECORDING_MISSING) == []


async def test_a_recording_that_was_not_announced_is_found_by_its_name(desk: Desk) -> None:
    tone(desk.root / "2026/11/22" / f"in-7495-{KEY}.wav", 2, 440)
    await desk.call()

    await desk.work()

    assert [row.name for row in await desk.stored()] == [f"in-7495-{KEY}.wav"]


async def test_two_recordings_of_a_transferred_call_are_two_rows(desk: Desk) -> None:
    tone(desk.root / "in-1.wav", 2, 440)
    tone(desk.root / "int-102.wav", 1, 900)
    await desk.call("in-1.wav", "int-102.wav")

    await desk.work()

    assert [(row.name, row.seconds) for row in await desk.stored()] == [("in-1.wav", 2.0), ("int-102.wav", 1.0)]


async def test_a_growing_file_is_taken_when_it_is_closed(desk: Desk) -> None:
    whole = tone(desk.root / MIX, 3, 440).read_bytes()
    file = desk.root / MIX
    file.write_bytes(whole[:40] + struct.pack("<I", 0) + whole[44:16000])
    await desk.call(MIX)
    runner = desk.runner()

    for end in (20000, 30000, len(whole)):
        await desk.work(times=1, runner=runner)
        assert await desk.stored() == []
        with file.open("ab") as out:
            out.write(whole[file.stat().st_size : end])
    await desk.work(times=2, runner=runner)
    assert await desk.stored() == []
    assert "still being written" in await desk.fault()
    file.write_bytes(whole)
    await desk.work(runner=runner)

    assert [row.seconds for row in await desk.stored()] == [3.0]


async def test_a_file_whose_writer_died_is_taken_in_the_end(desk: Desk) -> None:
    whole = tone(desk.root / MIX, 3, 440).read_bytes()
    (desk.root / MIX).write_bytes(whole[:40] + struct.pack("<I", 0) + whole[44:])
    await desk.call(MIX)

    assert await desk.work() == [JobState.DONE]
    assert [row.seconds for row in await desk.stored()] == [3.0]


async def test_a_file_that_comes_late_is_waited_for(desk: Desk) -> None:
    await desk.call(f"{SPOOL}/{MIX}")
    runner = desk.runner()
    await desk.work(times=5, runner=runner)
    sides(desk)

    assert await desk.work(runner=runner) == [JobState.DONE]
    assert [row.sides for row in await desk.stored()] == [2]


async def test_a_recording_that_never_comes_is_told_once_and_may_come_after_all(desk: Desk) -> None:
    call_id = await desk.call(f"{SPOOL}/{MIX}")

    assert await desk.work() == [JobState.PARKED]
    assert (await desk.fault()).startswith("recording announced but not on disk: none of 1 announced files lies under")
    [event] = await desk.told(EventKind.RECORDING_MISSING)
    assert (event.call_id, event.facts) == (call_id, {"missing": 1})

    async with desk.database.write() as tx:
        assert await look_again(tx, desk.clock()) == 1
    assert await desk.work() == [JobState.PARKED]
    sides(desk)
    async with desk.database.write() as tx:
        assert await look_again(tx, desk.clock()) == 1
    assert await desk.work() == [JobState.DONE]
    assert len(await desk.told(EventKind.RECORDING_MISSING)) == 1
    assert len(await desk.stored()) == 1


async def test_of_two_recordings_the_one_that_comes_days_later_is_kept_too(desk: Desk) -> None:
    tone(desk.root / "in-1.wav", 2, 440)
    await desk.call("in-1.wav", "int-102.wav")

    assert await desk.work() == [JobState.PARKED]
    assert [row.name for row in await desk.stored()] == ["in-1.wav"]
    assert len(await desk.told(EventKind.RECORDING_MISSING)) == 1
    for _ in range(2):  # an hour later, and the next one
        before = (await desk.rows(jobs))[0].attempts
        async with desk.database.write() as tx:
            await look_again(tx, desk.clock())
        assert await desk.work() == [JobState.PARKED]
    assert (await desk.rows(jobs))[0].attempts == before, "one look each time, not all over again"
    tone(desk.root / "int-102.wav", 1, 900)
    async with desk.database.write() as tx:
        await look_again(tx, desk.clock())

    assert await desk.work() == [JobState.DONE]
    assert [row.name for row in await desk.stored()] == ["in-1.wav", "int-102.wav"]
    assert len(await desk.told(EventKind.RECORDING_MISSING)) == 1


async def test_two_files_of_one_name_in_two_folders_are_two_recordings(desk: Desk) -> None:
    for folder, seconds in (("in", 2), ("queue", 1)):
        tone(desk.root / folder / MIX, seconds, 700)
        tone(desk.root / folder / RECEIVED, seconds, 440)
        tone(desk.root / folder / SENT, seconds, 1000)
    await desk.call(f"in/{MIX}", f"queue/{MIX}")

    assert await desk.work() == [JobState.DONE]

    told = [(row.name, row.seconds, row.sides) for row in await desk.stored()]
    assert told == [(MIX, 2.0, 2), (f"queue/{MIX}", 1.0, 2)]
    rows = await desk.stored()
    assert [pitch(samples(desk.file_of(row.blob))[0]) for row in rows] == [440, 440]


async def test_what_is_lost_for_a_week_is_given_up(desk: Desk) -> None:
    await desk.call(MIX)
    await desk.work()
    desk.clock.pass_by(8 * 86_400)

    async with desk.database.write() as tx:
        assert await look_again(tx, desk.clock()) == 0


@pytest.mark.parametrize(("root", "says"), [
    ("none", "does not exist here: mount or name it"), ("file", "is not a folder"), (None, "set FIRSTRING_RECORDINGS_ROOT"),
])  # fmt: skip
async def test_a_folder_that_cannot_serve_parks_the_job_at_once_with_what_to_do(desk: Desk, root: str | None, says: str) -> None:
    (desk.root / "file").write_text("")
    await desk.set_root(root and desk.root / root)
    await desk.call(MIX)

    await desk.work(times=1)

    assert await desk.states() == [JobState.PARKED]
    assert (await desk.fault()).startswith("recording announced but not on disk: ")
    assert says in await desk.fault()
    assert len(await desk.told(EventKind.RECORDING_MISSING)) == 1


async def test_a_link_out_of_the_folder_is_never_stored(desk: Desk, tmp_path: Path) -> None:
    secret = tone(tmp_path / "secret.wav", 1, 440)
    (desk.root / MIX).symlink_to(secret)
    await desk.call(MIX, "../secret.wav", str(secret))

    assert await desk.work() == [JobState.PARKED]
    assert (await desk.stored(), desk.kept()) == ([], [])


async def test_what_is_no_sound_parks_with_its_reason_and_spares_the_others(desk: Desk) -> None:
    (desk.root / "bad.wav").write_bytes(b"#EXTM3U\nfile:///etc/passwd\n" * 50)
    await desk.call("bad.wav")
    tone(desk.root / "good.wav", 1, 440)
    await desk.call("bad.wav", "good.wav", key="1795304640.4")

    assert await desk.work() == [JobState.PARKED, JobState.DONE]
    assert [row.name for row in await desk.stored()] == ["good.wav"]
    faults = [row.last_error for row in await desk.rows(jobs)]
    assert faults[0].startswith("recording found, but it cannot be kept: ")


async def test_telling_the_end_again_attaches_nothing_twice_and_adds_what_is_new(desk: Desk) -> None:
    tone(desk.root / "a.wav", 1, 440)
    call_id = await desk.call("a.wav")
    await desk.work()

    await desk.tell_ended(call_id)
    assert await desk.work() == [JobState.DONE]
    tone(desk.root / "b.wav", 1, 900)
    async with desk.database.write() as tx:
        await tx.execute(update(calls).values(announced=["a.wav", "b.wav"]))
    await desk.tell_ended(call_id)
    await desk.work()

    assert [row.name for row in await desk.stored()] == ["a.wav", "b.wav"]
    assert len(await desk.told(EventKind.RECORDING_STORED)) == 2


async def test_a_process_killed_in_mid_attach_leaves_one_row_after_the_next_start(desk: Desk) -> None:
    sides(desk)
    await desk.call(f"{SPOOL}/{MIX}")
    runner = desk.runner()
    await runner.run_due()
    desk.clock.pass_by(2)
    [job] = await desk.rows(jobs)
    attempt = asyncio.create_task(runner.run_one(job.id))
    while not attempt.done() and not list(desk.scratch.glob("firstring-*/*")):
        await asyncio.sleep(0.01)
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    assert await desk.states() == [JobState.RUNNING]
    assert await desk.stored() == []

    desk.clock.pass_by(61)
    assert await desk.work() == [JobState.DONE]

    assert len(await desk.stored()) == len(await desk.told(EventKind.RECORDING_STORED)) == 1


async def test_a_process_killed_before_its_commit_stores_the_same_bytes_again(desk: Desk) -> None:
    sides(desk)
    await desk.call(f"{SPOOL}/{MIX}")
    await desk.work()
    [first] = await desk.stored()
    async with desk.database.write() as tx:
        await tx.execute(delete(recordings))
        await tx.execute(update(jobs).values(state=JobState.QUEUED))

    await desk.work()

    [again] = await desk.stored()
    assert (again.blob, again.sha256) == (first.blob, first.sha256)
    assert len(desk.kept()) == 2


async def test_a_call_that_became_part_of_another_leaves_its_recording_there(desk: Desk) -> None:
    tone(desk.root / "a.wav", 1, 440)
    consultation = await desk.call("a.wav", key="1795304650.5")
    whole = await desk.call("a.wav")
    async with desk.database.write() as tx:
        await tx.execute(update(call_linkedids).where(call_linkedids.c.call_id == consultation).values(call_id=whole))
        for part in (call_rings, call_talks):
            await tx.execute(delete(part).where(part.c.call_id == consultation))
        await tx.execute(delete(calls).where(calls.c.id == consultation))

    await desk.work()

    assert [row.call_id for row in await desk.stored()] == [whole]


async def test_a_recording_without_a_clear_beginning_is_counted_back_from_its_end(desk: Desk) -> None:
    ended = ANSWERED + timedelta(seconds=60)
    file = tone(desk.root / MIX, 10, 440)
    os.utime(file, (ended.timestamp(), ended.timestamp()))
    await desk.call(MIX, seconds=60)

    await desk.work()

    [row] = await desk.stored()
    assert row.started_at == ended - timedelta(seconds=10)
    assert row.started_at > BEGAN


async def test_leftovers_of_a_killed_process_are_cleared_in_time(desk: Desk) -> None:
    for name, age in (("firstring-old", 90_000), ("firstring-new", 60)):
        (desk.scratch / name).mkdir(parents=True)
        os.utime(desk.scratch / name, (moment := desk.clock().timestamp() - age, moment))

    desk.runner()

    assert [path.name for path in desk.scratch.iterdir()] == ["firstring-new"]


async def test_the_loop_stays_free(desk: Desk) -> None:
    sides(desk, seconds=120)
    await desk.call(f"{SPOOL}/{MIX}")

    async with holds() as held:
        await desk.work()

    assert len(await desk.stored()) == 1
    assert max(held) < 0.1


async def test_disk_faults_are_tried_again(desk: Desk) -> None:
    sides(desk)
    await desk.call(f"{SPOOL}/{MIX}")
    runner = desk.runner()
    shutil.rmtree(desk.scratch)
    await desk.work(times=3, runner=runner)
    assert await desk.states() == [JobState.QUEUED]

    desk.scratch.mkdir()
    desk.clock.pass_by(700)

    assert await desk.work(runner=runner) == [JobState.DONE]
    assert len(await desk.stored()) == 1
