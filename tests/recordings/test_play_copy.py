"""What is kept of a conversation: the child process, on real files."""

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from recordings.peaks import PeakMeter
from tests.recordings.sounds import RATE, encoded, pitch, samples, stripped, tone


def ran(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(folder, *arguments), capture_output=True, text=True, timeout=300, check=False)


def command(folder: Path, *arguments: str | Path) -> list[str]:
    outputs = ["--keep", str(folder / "keep.flac"), "--play", str(folder / "play.mp3")]
    return [sys.executable, "-m", "recordings.play_copy", *map(str, arguments), *outputs]


def made(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    done = ran(folder, *arguments)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_sides_are_joined_customer_left_manager_right(tmp_path: Path) -> None:
    left, right = tone(tmp_path / "l.wav", 3, 440), tone(tmp_path / "r.wav", 2, 1000)

    facts = made(tmp_path, "--mix", tone(tmp_path / "m.wav", 3, 700), "--left", left, "--right", right)

    assert (facts["seconds"], facts["sides"], facts["rate"]) == (3.0, 2, RATE)
    kept = samples(tmp_path / "keep.flac")
    assert (pitch(kept[0]), round(pitch(kept[1][: 2 * RATE]))) == (440, 1000)
    assert not kept[1][2 * RATE :].any()
    assert np.array_equal(kept[0], samples(left)[0])


def test_in_the_play_copy_nothing_of_one_side_is_heard_on_the_other(tmp_path: Path) -> None:
    left, right = tone(tmp_path / "l.wav", 3, 440), tone(tmp_path / "r.wav", 3, 0.0001)

    made(tmp_path, "--left", left, "--right", right)

    played = samples(tmp_path / "play.mp3").astype(float)
    assert np.sqrt((played[1] ** 2).mean()) < np.sqrt((played[0] ** 2).mean()) / 300
    assert abs(played.shape[1] / RATE - 3) < 0.2


def test_one_sound_on_two_sides_is_a_mixed_one(tmp_path: Path) -> None:
    twice, louder = tone(tmp_path / "a.wav", 2, 440), tone(tmp_path / "b.wav", 2, 440, loud=0.8)

    assert made(tmp_path, "--mix", tone(tmp_path / "m.wav", 2, 700), "--left", twice, "--right", louder)["sides"] == 1
    assert round(pitch(samples(tmp_path / "keep.flac")[0])) == 700
    assert made(tmp_path, "--mix", tone(tmp_path / "s.wav", 2, 440, 440))["sides"] == 1
    assert samples(tmp_path / "keep.flac").shape[0] == 1


def test_a_silent_customer_is_still_a_side(tmp_path: Path) -> None:
    assert made(tmp_path, "--left", tone(tmp_path / "l.wav", 1, 0), "--right", tone(tmp_path / "r.wav", 1, 440))["sides"] == 2


def test_a_stereo_mix_is_turned_when_the_manager_is_on_its_left(tmp_path: Path) -> None:
    stereo = tone(tmp_path / "s.wav", 2, 440, 1000)

    made(tmp_path, "--mix", stereo)
    assert [pitch(side) for side in samples(tmp_path / "keep.flac")] == [440, 1000]
    made(tmp_path, "--mix", stereo, "--swap")
    assert [pitch(side) for side in samples(tmp_path / "keep.flac")] == [1000, 440]


def test_sides_of_two_rates_meet_at_the_higher(tmp_path: Path) -> None:
    facts = made(tmp_path, "--left", tone(tmp_path / "l.wav", 2, 440), "--right", tone(tmp_path / "r.wav", 2, 1000, rate=16000))

    assert facts["rate"] == 16000
    assert [round(pitch(side, 16000)) for side in samples(tmp_path / "keep.flac")] == [440, 1000]


@pytest.mark.parametrize(("name", "codec", "form"), [
    ("x.mp3", "libmp3lame", "mp3"), ("x.ogg", "libopus", "ogg"), ("x.opus", "libopus", "ogg"), ("x.flac", "flac", "flac"),
    ("x.ulaw", "pcm_mulaw", "mulaw"), ("x.alaw", "pcm_alaw", "alaw"), ("x.sln", "pcm_s16le", "s16le"),
    ("x.WAV", "pcm_mulaw", "wav"), ("misnamed.wav", "libmp3lame", "mp3"),
])  # fmt: skip
def test_what_exchanges_leave_is_read(tmp_path: Path, name: str, codec: str, form: str) -> None:
    source = encoded(tone(tmp_path / "source.wav", 2, 440), tmp_path / name, codec, form)

    facts = made(tmp_path, "--mix", source)

    assert abs(facts["seconds"] - 2) < 0.2
    assert abs(pitch(samples(tmp_path / "keep.flac")[0], facts["rate"]) - 440) < 3


def test_raw_sound_of_sixteen_kilohertz_keeps_its_rate(tmp_path: Path) -> None:
    raw = stripped(tone(tmp_path / "x.wav", 2, 440, rate=16000), tmp_path / "x.sln16")

    assert made(tmp_path, "--mix", raw)["rate"] == 16000


def test_a_wav_whose_writer_died_is_read_to_its_end(tmp_path: Path) -> None:
    whole = tone(tmp_path / "x.wav", 2, 440).read_bytes()
    (tmp_path / "x.wav").write_bytes(whole[:40] + bytes(4) + whole[44:])

    assert made(tmp_path, "--mix", tmp_path / "x.wav")["seconds"] == 2.0


@pytest.mark.parametrize("content", [
    b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"<html>" * 1000, bytes(5000),
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\xff\xff\1\0\0\0\1\0\0\0\0\0\0\0data" + b"\1" * 500, b"RIFF",
    b"OggS" + bytes(500),
])  # fmt: skip
def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)

    done = ran(tmp_path, "--mix", tmp_path / "x.wav")

    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_header_alone_has_no_seconds(tmp_path: Path) -> None:
    assert made(tmp_path, "--mix", tone(tmp_path / "x.wav", 0, 440))["seconds"] == 0


def test_the_outline_follows_the_sound(tmp_path: Path) -> None:
    facts = made(
        tmp_path, "--left", tone(tmp_path / "l.wav", 4, 440, begins=2), "--right", tone(tmp_path / "r.wav", 4, 440.5, loud=1.0)
    )

    customer, manager = facts["peaks"]["sides"]
    assert facts["peaks"]["per_second"] == 50
    assert len(customer) == len(manager) == 200
    assert max(customer[:95]) == 0
    assert min(customer[105:]) > 60
    assert max(manager) in (254, 255)


@pytest.mark.parametrize("seconds", [0.01, 1, 39.99, 40, 41, 7200.3])
def test_an_outline_is_never_longer_than_it_may(seconds: float) -> None:
    meter = PeakMeter(RATE, 1)
    for _ in range(int(seconds)):
        meter.feed(np.full((1, RATE), -32768, np.int16))
    meter.feed(np.full((1, round(seconds % 1 * RATE)), 100, np.int16))

    outline = meter.outline()

    points = outline["sides"][0]
    assert len(points) <= 2000
    assert abs(len(points) / outline["per_second"] - seconds) <= 2 / outline["per_second"]
    assert max(points) == (255 if seconds >= 1 else 0)


def test_an_hour_of_two_sides_takes_little_memory_and_time(tmp_path: Path) -> None:
    hour = {}
    for name, seed in (("l", 1), ("r", 2)):
        hour[name] = tone(tmp_path / f"{name}.wav", 0, 440)
        noise = np.random.default_rng(seed).normal(0, 2000, (60, RATE)).astype("<i2").tobytes()
        with hour[name].open("ab") as out:
            for _ in range(60):
                out.write(noise)

    peak, spent = 0, 0.0
    with subprocess.Popen(command(tmp_path, "--left", hour["l"], "--right", hour["r"]), stdout=subprocess.PIPE) as child:
        measured = psutil.Process(child.pid)
        while child.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                peak, spent = max(peak, measured.memory_info().rss), measured.cpu_times().user or spent
            time.sleep(0.05)
        said = child.communicate()[0]

    print(f"{peak / 1e6:.0f} MB, {spent:.1f} s")
    assert json.loads(said)["seconds"] == 3600.0
    assert peak < 150_000_000
    assert spent < 120
