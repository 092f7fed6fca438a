"""When a recording may be taken."""

import os
import struct
from pathlib import Path

import pytest

from recordings.closed import Look, Readiness, look, readiness
from tests.recordings.sounds import tone


def seen(path: Path, at: float) -> Look:
    now = look(path, at)
    assert now is not None
    return now


def judged(path: Path) -> Readiness:
    return readiness(path, seen(path, 0), seen(path, 1.1))


def test_a_first_look_is_never_enough(tmp_path: Path) -> None:
    file = tone(tmp_path / "x.wav", 1, 440)

    assert readiness(file, None, seen(file, 0)) is Readiness.MOVING
    assert readiness(file, seen(file, 0), seen(file, 0.5)) is Readiness.MOVING
    assert readiness(file, seen(file, 0), seen(file, 1.0)) is Readiness.CLOSED


def test_a_file_that_grew_or_was_written_again_moves(tmp_path: Path) -> None:
    file = tone(tmp_path / "x.wav", 1, 440)
    before = seen(file, 0)

    os.utime(file, ns=(1, 1))
    assert readiness(file, before, seen(file, 2)) is Readiness.MOVING
    file.write_bytes(file.read_bytes() + b"\0\0")
    assert readiness(file, before, seen(file, 2)) is Readiness.MOVING


def test_a_header_that_does_not_count_the_sound_is_open(tmp_path: Path) -> None:
    file = tone(tmp_path / "x.wav", 1, 440)
    whole = file.read_bytes()

    file.write_bytes(whole[:40] + struct.pack("<I", 0) + whole[44:])
    assert judged(file) is Readiness.OPEN
    file.write_bytes(whole[:-1000])
    assert judged(file) is Readiness.OPEN
    file.write_bytes(whole + bytes(1000))
    assert judged(file) is Readiness.OPEN


@pytest.mark.parametrize(
    "data", [b"", b"RIFF\x24\0\0\0WAVEfmt ", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\0\0\0\0"]
)
def test_a_header_alone_is_an_empty_recording(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(data)

    assert judged(tmp_path / "x.wav") is Readiness.EMPTY


def test_other_chunks_and_other_formats_are_closed_when_at_rest(tmp_path: Path) -> None:
    file = tone(tmp_path / "x.wav", 1, 440)
    whole = file.read_bytes() + b"LIST\4\0\0\0abcd"
    (tmp_path / "list.wav").write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    (tmp_path / "x.ulaw").write_bytes(b"\xff" * 8000)
    (tmp_path / "streamed.wav").write_bytes(whole[:4] + b"\xff" * 4 + whole[8:40] + b"\xff" * 4 + whole[44:])

    for name in ("list.wav", "x.ulaw", "streamed.wav"):
        assert judged(tmp_path / name) is Readiness.CLOSED


def test_a_file_that_is_gone_is_not_seen(tmp_path: Path) -> None:
    assert look(tmp_path / "none.wav", 0) is None
