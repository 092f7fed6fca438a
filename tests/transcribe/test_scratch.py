"""The folder a recording is heard from: gone when it was heard, and after a kill -9 when the next worker starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import ROOT
from tests.transcribe.desk import SpeechDesk, WrittenEngine
from tests.transcribe.sound import tone, write_wav
from transcribe import scratch

HEARS = """
from transcribe import scratch
with scratch.folder() as folder:
    (folder / "audio").write_bytes(b"what they said")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)  # where it is, is remembered there
    return folder


def left_by_one_who_was_killed() -> Path:
    words = [sys.executable, "-c", HEARS]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as worker:
        assert worker.stdout is not None
        folder = Path(worker.stdout.readline().strip())
        worker.kill()
    return folder


def test_what_a_killed_worker_left_goes_and_what_another_is_at_stays(temporary: Path) -> None:
    left = left_by_one_who_was_killed()
    assert (left / "audio").exists()

    with scratch.folder() as at_work:
        assert scratch.clear_left() == 1
        assert at_work.exists()

    assert list(temporary.iterdir()) == []


def test_a_link_of_that_name_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "audio").write_bytes(b"another's")
    (temporary / f"{scratch.IN_USE}x").symlink_to(elsewhere)

    assert scratch.clear_left() == 0
    assert (elsewhere / "audio").exists()


async def test_the_next_worker_removes_it_when_it_starts(desk: SpeechDesk, temporary: Path) -> None:
    left = left_by_one_who_was_killed()
    await desk.recording(await desk.call(), write_wav(desk.folder / "call.wav", tone(30.0)))

    runner = desk.runner(WrittenEngine())

    assert not left.exists()
    assert await runner.run_due() == 1
    assert list(temporary.iterdir()) == []
