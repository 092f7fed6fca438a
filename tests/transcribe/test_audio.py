from pathlib import Path

import numpy as np
import pytest

from crm_core.transcripts.speech import Side
from tests.transcribe.sound import quiet, tone, write_wav
from transcribe.audio import is_dual_mono, leave_out, level, quietest, read_blocks, seconds_of, sides_of
from transcribe.engine import SAMPLE_RATE
from transcribe.errors import AudioUnreadable


def test_a_stereo_file_gives_the_customer_left_and_the_manager_right(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", tone(1.0), quiet(1.0))

    (block,) = read_blocks(file)
    sides = sides_of(block.channels)

    assert set(sides) == {Side.CUSTOMER, Side.MANAGER}
    assert np.abs(sides[Side.CUSTOMER]).max() > 0.1
    assert np.abs(sides[Side.MANAGER]).max() < 0.001


def test_a_telephone_file_is_brought_to_the_models_rate(tmp_path: Path) -> None:
    eight_khz = tone(2.0)[::2]
    (block,) = read_blocks(write_wav(tmp_path / "a.wav", eight_khz, rate=8000))

    assert block.seconds == pytest.approx(2.0, abs=0.05)
    assert set(sides_of(block.channels)) == {Side.UNKNOWN}


def test_the_same_sound_on_both_channels_is_one_unknown_side() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-4, SAMPLE_RATE).astype(np.float32)
    mixed = np.stack([tone(1.0), tone(1.0) + noise])

    assert is_dual_mono(mixed)
    assert set(sides_of(mixed)) == {Side.UNKNOWN}


@pytest.mark.parametrize("other", [quiet(1.0), tone(1.0, hertz=600.0), -tone(1.0)], ids=["silent", "another", "inverted"])
def test_different_channels_are_two_sides(other: np.ndarray) -> None:
    assert not is_dual_mono(np.stack([tone(1.0), other]))


def silenced(seconds: float, spans: list[tuple[float, float]], start: float = 0.0) -> np.ndarray:
    samples = tone(seconds)
    leave_out(samples, spans, start)
    return samples


def levelled(samples: np.ndarray) -> np.ndarray:
    level(samples)
    return samples


def test_menu_and_hold_are_silenced_and_nothing_else() -> None:
    heard = silenced(3.0, [(-1.0, 0.5), (2.0, 9.0)])

    assert not heard[: SAMPLE_RATE // 2].any()
    assert np.array_equal(heard[SAMPLE_RATE // 2 : 2 * SAMPLE_RATE], tone(3.0)[SAMPLE_RATE // 2 : 2 * SAMPLE_RATE])
    assert not heard[2 * SAMPLE_RATE :].any()


def test_spans_count_from_the_start_of_the_recording_in_every_block() -> None:
    heard = silenced(2.0, [(901.0, 902.0)], start=900.0)

    assert heard[: SAMPLE_RATE - 10].any()
    assert not heard[SAMPLE_RATE:].any()


def test_a_soft_and_a_loud_voice_come_out_alike() -> None:
    soft, loud = levelled(tone(1.0, 0.03)), levelled(tone(1.0, 0.9))

    assert np.abs(soft).max() == pytest.approx(np.abs(loud).max(), rel=0.05)


def test_near_silence_is_not_raised_into_noise() -> None:
    hiss = np.random.default_rng(1).normal(0, 2e-5, SAMPLE_RATE).astype(np.float32)

    assert np.abs(levelled(hiss)).max() < 0.001
    assert levelled(quiet(0.0)).size == 0


def test_a_long_recording_comes_in_blocks_that_end_in_a_quiet_place(tmp_path: Path) -> None:
    talk = np.concatenate([tone(7.0), quiet(1.0), tone(7.0), quiet(1.0), tone(2.0)])
    file = write_wav(tmp_path / "a.wav", talk)

    blocks = list(read_blocks(file, block_seconds=10.0))

    assert [round(block.start) for block in blocks] == [0, 8, 15]
    assert sum(block.seconds for block in blocks) == pytest.approx(18.0, abs=0.05)
    assert np.concatenate([block.channels for block in blocks], axis=1).shape == (1, 18 * SAMPLE_RATE)


def test_the_quietest_place_lies_before_the_limit() -> None:
    sound = np.concatenate([tone(1.0), quiet(0.4), tone(1.0)])[None, :]

    assert 1.0 <= quietest(sound, 2 * SAMPLE_RATE) / SAMPLE_RATE <= 1.4


def test_an_empty_recording_is_one_empty_block(tmp_path: Path) -> None:
    (block,) = read_blocks(write_wav(tmp_path / "a.wav", quiet(0.0)))

    assert block.seconds == 0.0


@pytest.mark.parametrize("content", [b"", b"RIFF but no more", b"not audio at all" * 100])
def test_a_file_that_holds_no_sound_is_told_as_such(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.wav"
    file.write_bytes(content)

    with pytest.raises(AudioUnreadable):
        list(read_blocks(file))


def test_a_missing_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable):
        seconds_of(tmp_path / "gone.wav")
