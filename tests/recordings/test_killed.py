"""kill -9 while a recording is attached, in a process of its own and in real time."""

import os
import signal
import subprocess
import sys
import time

import pytest

from crm_core.events import EventKind
from crm_core.jobs import JobState
from tests.product import eventually
from tests.recordings.conftest import KEY, Desk
from tests.recordings.sounds import tone


def start(desk: Desk) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.recordings.attaching", desk.database.url, desk.files, str(desk.scratch)]
    return subprocess.Popen(command, start_new_session=True)


def kill(process: "subprocess.Popen[bytes]") -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("moment", ["firstring-*/keep.flac", "firstring-*/play.mp3"])
async def test_a_killed_attach_is_done_once_by_the_next_process(desk: Desk, moment: str) -> None:
    for side, hertz in (("", 700), ("-rx", 440), ("-tx", 1000)):
        tone(desk.root / f"{KEY}{side}.wav", 300, hertz)
    await desk.call(f"{KEY}.wav", seconds=300)
    first = start(desk)
    try:
        eventually(lambda: list(desk.scratch.glob(moment)), what="the conversion", within=30)
    finally:
        kill(first)
    assert await desk.states() == [JobState.RUNNING]
    assert await desk.stored() == []

    desk.clock.pass_by(120)  # its lease runs out
    assert await desk.work() == [JobState.DONE]

    assert [(row.seconds, row.sides) for row in await desk.stored()] == [(300.0, 2)]
    assert len(await desk.told(EventKind.RECORDING_STORED)) == 1
    assert len(desk.kept()) == 2


async def test_a_file_that_grows_in_real_time_is_taken_whole(desk: Desk) -> None:
    file = desk.root / f"{KEY}.ulaw"
    file.write_bytes(b"\x80" * 8000)
    await desk.call(file.name)
    attaching = start(desk)
    try:
        for _ in range(5):
            time.sleep(0.5)
            with file.open("ab") as out:
                out.write(b"\x10\x90" * 4000)
            assert await desk.stored() == []
        began = time.monotonic()
        eventually(desk.kept, what="the recording", within=30)
        while not await desk.stored():
            assert time.monotonic() - began < 30
            time.sleep(0.05)
    finally:
        kill(attaching)

    assert [row.seconds for row in await desk.stored()] == [6.0]
