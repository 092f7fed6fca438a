"""A recordings folder on a mount whose server is gone: whoever asks the system about it waits until the server is back."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crm_core.jobs import JobState
from recordings import share
from tests.recordings.conftest import KEY, Desk
from tests.recordings.sounds import tone


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "ANSWERS", 0.3)
    monkeypatch.setattr(share, "COPIES", 0.3)


@contextmanager
def dead(monkeypatch: pytest.MonkeyPatch, root: Path, *calls: str) -> Iterator[list[str]]:
    """These calls of the system on what lies there wait until the end; what was asked."""
    back, asked = threading.Event(), []

    def waiting(real: Any) -> Any:
        def ask(path: Any, *rest: Any, **more: Any) -> Any:
            if isinstance(path, (str, os.PathLike)) and Path(os.fspath(path)).is_relative_to(root):
                asked.append(str(path))
                back.wait()
            return real(path, *rest, **more)

        return ask

    with monkeypatch.context() as patched:
        for name in calls:
            patched.setattr(os, name, waiting(getattr(os, name)))
        try:
            yield asked
        finally:
            back.set()


@pytest.mark.parametrize("call", ["scandir", "open"])
async def test_recordings_wait_for_a_dead_mount_and_come_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    runner, file, others = desk.runner(), desk.root / f"{KEY}.wav", set(threading.enumerate())
    tone(file, 3, 440)
    await desk.call(str(file))
    with dead(monkeypatch, desk.root, call) as asked:
        for _ in range(10):
            await asyncio.wait_for(runner.run_due(), 5)
            desk.clock.pass_by(61)
        assert len(asked) == 1  # the tries after the first that hung take no thread
        assert await desk.states() == [JobState.QUEUED]
        assert await desk.fault() == f"the recordings folder {desk.root} does not answer: is the server of its mount up?"

    async with asyncio.timeout(10):
        while any(thread.name == "patient" for thread in set(threading.enumerate()) - others):
            await asyncio.sleep(0.01)
    assert await desk.work(runner=runner) == [JobState.DONE]
    assert len(await desk.stored()) == 1


async def test_a_dead_mount_of_one_exchange_holds_up_no_other(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, lively = desk.runner(), tmp_path / "lively"
    for number in range(5):
        await desk.call(f"{number}.wav", key=f"1795304636.{number + 10}")
    with dead(monkeypatch, desk.root, "scandir"):
        await asyncio.wait_for(runner.run_due(), 10)
        lively.mkdir()
        tone(lively / f"{KEY}.wav", 3, 440)
        await desk.set_root(lively)
        await desk.call(f"{KEY}.wav")
        states = await desk.work(times=6, runner=runner)

    assert states[-1] == JobState.DONE
    assert len(await desk.stored()) == 1
