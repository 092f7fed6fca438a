import pytest

from crm_core.transcripts.speech import Word
from transcribe.phantom_filter import compression_ratio, is_doubtful, is_phantom, is_silence, without_runs


def words(text: str) -> list[Word]:
    return [Word(float(n), n + 0.5, word, 0.9) for n, word in enumerate(text.split())]


def text(of: list[Word]) -> str:
    return " ".join(word.text for word in of)


@pytest.mark.parametrize(
    ("no_speech", "logprob", "dropped"),
    [(0.9, -1.4, True), (0.9, -0.3, False), (0.1, -1.4, False), (0.1, -0.2, False)],
)
def test_only_both_measures_together_mean_silence(no_speech: float, logprob: float, dropped: bool) -> None:
    assert is_silence(no_speech, logprob) is dropped


def test_loops_and_guesses_are_tried_again() -> None:
    assert is_doubtful(-1.3, 1.2)
    assert is_doubtful(-0.2, compression_ratio("спасибо " * 60))
    assert not is_doubtful(-0.3, compression_ratio("Добрый день, студия Север, чем могу помочь?"))
    assert compression_ratio("") == 0.0


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Продолжение следует...", "ru"),
        ("Редактор субтитров А.Семкин Корректор А.Егорова", "ru"),
        ("Субтитры сделал DimaTorzok", "ru"),
        ("ДИНАМИЧНАЯ МУЗЫКА", "ru"),
        ("ТЕЛЕФОННЫЙ ЗВОНОК", None),
        ("Thanks for watching!", "en"),
        ("Thank you for watching.", None),
        ("Please subscribe to my channel", "en"),
    ],
)
def test_captions_are_phantoms(said: str, language: str | None) -> None:
    assert is_phantom(said, language)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Спасибо за звонок.", "ru"),
        ("Это был телефонный звонок от бухгалтера", "ru"),
        ("Какая музыка играет у вас в зале?", "ru"),
        ("ООО Весна", "ru"),
        ("Thank you for calling.", "en"),
        ("We do music", "en"),
        ("Thank you.", None),
    ],
)
def test_what_people_say_is_kept(said: str, language: str | None) -> None:
    assert not is_phantom(said, language)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("да да да хорошо", "да да да хорошо"),
        ("да да да да да да да да", "да"),
        ("мы вам мы вам мы вам мы вам перезвоним", "мы вам перезвоним"),
        ("я перезвоню вам завтра я перезвоню вам завтра я перезвоню вам завтра пока", "я перезвоню вам завтра пока"),
        ("Да, да. ДА да, да да", "Да,"),
        ("", ""),
    ],
)
def test_runs_of_repeats_are_cut_to_their_first(said: str, kept: str) -> None:
    assert text(without_runs(words(said))) == kept
