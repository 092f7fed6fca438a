"""The real model hears the practice exchange's recordings, as Asterisk would have kept them: 8 kHz, side files."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crm_core.tags.rules import tags_of
from crm_core.tags.starter import STARTER_RULES
from crm_core.transcripts.speech import Side, Transcription
from pbx.playing.speech import Script, script, scripts, write_recording
from tests.transcribe.desk import stereo_of
from tests.transcribe.sound import write_wav
from transcribe.engine import Samples
from transcribe.hearing import hear
from transcribe.phantom_filter import plain
from transcribe.whisper import WhisperEngine

pytestmark = pytest.mark.model

EXPECTED = {
    "ru_shop": ("стоимость зависит от количества товаров", "скажите сколько это стоит"),
    "ru_call_back": ("перезвоню вам сегодня вечером", "открываем новый магазин"),
    "ru_proposal": ("студия север", "можно получить скидку"),
    "en_shop": ("how can i help you", "how much does it cost"),
    "en_call_back": ("i will call you back tomorrow", "price of the advertising campaign"),
}
TAGS = {
    "ru_shop": {"greeting", "price_asked", "meeting_agreed"},
    "ru_call_back": {"greeting", "price_asked", "call_back_promised"},
    "ru_proposal": {"greeting"},
    "en_shop": {"greeting", "price_asked", "meeting_agreed"},
    "en_call_back": {"greeting", "price_asked", "call_back_promised"},
}
AS_DIGITS = {"пятисот": "500", "одиннадцать": "11", "eleven": "11"}
MOST_WRONG = 0.15


@pytest.fixture(scope="module")
def engine(base_model: Path) -> WhisperEngine:
    return WhisperEngine(base_model, "base")


def recorded(spoken: Script, folder: Path) -> tuple[Path, Path]:
    """A stereo recording, left the customer, and the mono mix."""
    return stereo_of(folder, spoken), folder / "mix.wav"


def said(heard: Transcription, side: Side) -> str:
    return plain(" ".join(segment.text for segment in heard.segments if segment.side is side))


def word_errors(reference: str, heard: str) -> float:
    """Words inserted, dropped or changed, as a part of the words said."""
    wanted, got = [AS_DIGITS.get(word, word) for word in plain(reference).split()], heard.split()
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, 1):
        above, row = row, [number]
        for column, other in enumerate(got, 1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != other)))
    return row[-1] / len(wanted)


@pytest.mark.parametrize("name", EXPECTED)
def test_both_sides_of_a_practice_call_are_read_and_tagged(name: str, engine: WhisperEngine, tmp_path: Path) -> None:
    spoken = script(name)
    stereo, _ = recorded(spoken, tmp_path)

    heard = hear(engine, stereo, language=spoken.language)

    manager, customer = said(heard, Side.MANAGER), said(heard, Side.CUSTOMER)
    assert EXPECTED[name][0] in manager
    assert EXPECTED[name][1] in customer
    assert word_errors(spoken.said_by("manager"), manager) <= MOST_WRONG
    assert word_errors(spoken.said_by("customer"), customer) <= MOST_WRONG
    assert heard.model == "base"
    assert {hit.tag for hit in tags_of(heard.segments, STARTER_RULES, heard.language)} == TAGS[name]


def test_turns_stand_in_time_where_they_were_said(engine: WhisperEngine, tmp_path: Path) -> None:
    spoken = script("ru_shop")
    stereo, _ = recorded(spoken, tmp_path)

    heard = hear(engine, stereo, language="ru")

    assert [segment.side.value for segment in heard.segments] == [line.side for line in spoken.lines]
    assert [segment.start for segment in heard.segments] == pytest.approx([line.start for line in spoken.lines], abs=0.6)
    words = [word for segment in heard.segments for word in segment.words]
    assert all(0 <= word.start <= word.end <= spoken.seconds + 0.5 for word in words)


def test_speech_is_counted_for_each_side_without_pauses(engine: WhisperEngine, tmp_path: Path) -> None:
    spoken = script("ru_shop")
    stereo, _ = recorded(spoken, tmp_path)

    seconds = hear(engine, stereo, language="ru").speech_seconds

    assert 8 < seconds[Side.CUSTOMER] < seconds[Side.MANAGER] < 20


def test_the_language_is_detected_where_it_is_not_told(engine: WhisperEngine, tmp_path: Path) -> None:
    for name, told in (("ru_call_back", None), ("en_call_back", None), ("ru_call_back", "no such language")):
        stereo, _ = recorded(script(name), tmp_path)

        assert hear(engine, stereo, language=told).language == script(name).language


def test_a_mix_of_both_sides_is_read_as_one_unknown_side(engine: WhisperEngine, tmp_path: Path) -> None:
    _, mix = recorded(script("ru_call_back"), tmp_path)

    heard = hear(engine, mix, language="ru")

    assert {segment.side for segment in heard.segments} == {Side.UNKNOWN}
    assert "уточнить стоимость" in said(heard, Side.UNKNOWN)
    assert "буду ждать звонка" in said(heard, Side.UNKNOWN)


def test_what_lies_in_menu_or_hold_is_not_heard(engine: WhisperEngine, tmp_path: Path) -> None:
    spoken = script("ru_shop")
    stereo, _ = recorded(spoken, tmp_path)
    second_question = spoken.lines[2].start

    heard = hear(engine, stereo, language="ru", left_out=[(0.0, second_question - 0.3)])

    assert "магазин" not in said(heard, Side.CUSTOMER)
    assert heard.segments[0].start == pytest.approx(second_question, abs=0.7)


@pytest.mark.parametrize("sound", ["silence", "hiss", "ring-back"])
def test_no_words_are_made_of_what_is_no_speech(
    sound: str, engine: WhisperEngine, tmp_path: Path, make_sound: Callable[[str], Samples]
) -> None:
    file = write_wav(tmp_path / "a.wav", make_sound(sound), make_sound("silence"), rate=8000)

    heard = hear(engine, file, language="ru")

    assert heard.segments == ()
    assert sum(heard.speech_seconds.values()) < 0.5


@pytest.fixture
def make_sound() -> Callable[[str], Samples]:
    """Twelve seconds of what a line carries while nobody speaks, at 8 kHz."""
    at = np.arange(12 * 8000, dtype=np.float32) / 8000
    tone = np.where(at % 5 < 1, 0.3 * np.sin(2 * np.pi * 425 * at), 0).astype(np.float32)
    hiss = np.random.default_rng(1).normal(0, 0.01, len(at)).astype(np.float32)
    return lambda name: {"silence": np.zeros_like(at), "hiss": hiss, "ring-back": tone}[name]


def test_progress_rises_to_its_end(engine: WhisperEngine, tmp_path: Path) -> None:
    stereo, _ = recorded(script("en_call_back"), tmp_path)
    told: list[float] = []

    hear(engine, stereo, language="en", heard=told.append)

    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 2


def test_every_practice_call_fits_the_repository() -> None:
    folder = Path(__file__).parents[2] / "pbx" / "playing" / "audio"

    assert sum(file.stat().st_size for file in folder.glob("*.opus")) <= 1_000_000
    assert {spoken.language for spoken in scripts()} == {"ru", "en"}
    assert all(20 <= spoken.seconds <= 40 for spoken in scripts())


def test_a_recording_is_cut_or_filled_to_the_length_of_the_call(tmp_path: Path) -> None:
    for seconds in (5.0, 60.0):
        write_recording(script("ru_shop"), tmp_path / "mix.wav", seconds=seconds)

        with wave.open(str(tmp_path / "mix.wav")) as wav:
            assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 1, 2)
            assert wav.getnframes() == seconds * 8000
