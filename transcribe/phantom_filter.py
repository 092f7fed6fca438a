"""Words that a speech model writes though nobody said them: what to try again and what to drop. Pure.

Sources: the model's own measures for each window (Radford et al. 2022, section 4.5), then runs of repeated words,
then, as the last backstop, phrases known from the subtitles such models learnt from.
"""

import re
import zlib
from collections.abc import Sequence

from crm_core.transcripts.speech import Word

NO_SPEECH = 0.6
LOW_LOGPROB = -1.0
LOOPING = 2.4

PHANTOMS = {
    "ru": (
        r"продолжение следует",
        r"(редактор|корректор) субтитров.*",
        r"субтитры (сделал|создавал|подготовил|делал|добавил)\w*.*",
        r".*dimatorzok.*",
        r"спасибо за просмотр.*",
        r"подписывайтесь на (мой |наш |)канал.*",
        r"ставьте лайки.*",
        r"(динамичная|спокойная|тревожная|веселая|грустная|торжественная) музыка",
        r"(играет|звучит) музыка",
        r"телефонный звонок",
        r"аплодисменты",
    ),
    "en": (
        r"thanks? (you )?(so much )?for watching.*",
        r"(please )?(like and )?subscribe( to (my|our|the) channel)?",
        r"subtitles by.*",
        r"(transcribed|transcription) by.*",
        r"amara org.*",
        r"(upbeat |soft |dramatic )?music( playing)?",
        r"applause",
    ),
}
_COMPILED = {language: re.compile("|".join(f"(?:{one})" for one in phrases)) for language, phrases in PHANTOMS.items()}
_ANY = re.compile("|".join(pattern.pattern for pattern in _COMPILED.values()))


def compression_ratio(text: str) -> float:
    """How much shorter the text gets when packed: ordinary speech stays below 2.4, loops do not."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def is_silence(no_speech: float, logprob: float) -> bool:
    """No speech, by both measures together: either alone drops real words."""
    return no_speech > NO_SPEECH and logprob < LOW_LOGPROB


def is_doubtful(logprob: float, ratio: float) -> bool:
    """Worth another try with a higher temperature."""
    return logprob < LOW_LOGPROB or ratio > LOOPING


def is_phantom(text: str, language: str | None) -> bool:
    """A caption rather than speech: a known phrase as the whole utterance, or words all in capitals."""
    letters = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    if len(letters) > 1 and all(word.isupper() for word in letters):
        return True
    pattern = _COMPILED.get(language or "", _ANY)
    return pattern.fullmatch(plain(text)) is not None


def plain(text: str) -> str:
    """Lower case, words and single spaces alone."""
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))


def without_runs(words: Sequence[Word], longest: int = 8) -> list[Word]:
    """Words with every run of repeats cut down to its first: a caller says «да, да, да», a looping model says it ten times."""
    spoken = [plain(word.text) for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        size, times = _run_at(spoken, at, longest)
        kept.extend(words[at : at + size])
        at += size * times
    return kept


def _run_at(spoken: Sequence[str], at: int, longest: int) -> tuple[int, int]:
    """The length of the phrase that repeats from `at`, and how often; (1, 1) where nothing repeats too often."""
    for size in range(1, longest + 1):
        phrase = spoken[at : at + size]
        times = 1
        while phrase and spoken[at + size * times : at + size * (times + 1)] == phrase:
            times += 1
        if times >= _too_often(size):
            return size, times
    return 1, 1


def _too_often(size: int) -> int:
    return 6 if size == 1 else 4 if size <= 3 else 3
