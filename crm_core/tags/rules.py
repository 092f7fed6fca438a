"""Rules of words and phrases → tags, each with the words that say so. Pure: values in, values out.

A phrase is words in order, each matched by its base form, with the following marks:
`a|b` either word; `=a|b` either of these very forms; `..` up to three other words between; `@day` any word of that group.
A phrase with a denial in it or right before it is not said: «не перезвоню» promises nothing, «нет, перезвоню» does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crm_core.tags.lemmas import Lemmas, lemmas_of
from crm_core.transcripts.speech import Segment, Side

GAP = ".."
MOST_BETWEEN = 3
DENIALS = frozenset(
    {"не", "нет", "ни", "нельзя", "not", "no", "never", "cannot", "can't", "don't", "won't", "didn't", "isn't", "doesn't"}
)
GROUPS = {
    "day": (
        "понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье", "сегодня", "завтра", "послезавтра",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "tomorrow",
    ),
}  # fmt: skip
STOPS = frozenset((",", ".", "!", "?", "…", ";", ":"))
_TOKEN = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class Rule:
    """`phrases` by language; `side`: only what this side says counts (and what cannot be told apart); `within`: seconds
    from the first word of the call, for what counts only at its beginning."""

    tag: str
    phrases: Mapping[str, tuple[str, ...]]
    side: Side | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True)
class TagHit:
    """Words `word_start`…`word_end` (both included) of segment `segment_index` say it; seconds of the recording."""

    tag: str
    segment_index: int
    word_start: int
    word_end: int
    start: float
    end: float
    quote: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """One word of a phrase: any of these base forms or forms; `reach` other words may stand before it."""

    bases: frozenset[str]
    forms: frozenset[str]
    reach: int

    def fits(self, token: "_Token") -> bool:
        return token.text in self.forms or not self.bases.isdisjoint(token.bases)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    bases: frozenset[str]
    word: int
    ends: bool  # a comma or a full stop follows

    @property
    def denies(self) -> bool:
        return self.text in DENIALS and not self.ends


def tags_of(segments: Sequence[Segment], rules: Sequence[Rule], language: str | None = None) -> list[TagHit]:
    """Every place where a rule is met, in order of time; `language` as the transcript has it, None where not known."""
    began = segments[0].start if segments else 0.0
    hits: list[TagHit] = []
    for index, segment in enumerate(segments):
        tokens = _tokens(segment, lemmas_of(language))
        for rule in rules:
            if _applies(rule, segment, began):
                hits.extend(_hits(rule, language, index, segment, tokens))
    return hits


def _applies(rule: Rule, segment: Segment, began: float) -> bool:
    heard = rule.side is None or segment.side in {rule.side, Side.UNKNOWN}
    return heard and (rule.within is None or segment.start - began <= rule.within)


def _hits(rule: Rule, language: str | None, index: int, segment: Segment, tokens: Sequence[_Token]) -> Iterator[TagHit]:
    """The rule's hits in one segment; they do not overlap, the longer of two at one word wins."""
    phrases = [phrase for spoken in _phrases_of(rule, language) for phrase in spoken]
    at = 0
    while at < len(tokens):
        ends = [end for slots in phrases if (end := _match(slots, tokens, at)) is not None]
        if not ends:
            at += 1
            continue
        yield _hit(rule.tag, index, segment, tokens[at].word, tokens[max(ends) - 1].word)
        at = max(ends)


def _phrases_of(rule: Rule, language: str | None) -> list[tuple[tuple[_Slot, ...], ...]]:
    known = [language] if language is not None and language in rule.phrases else list(rule.phrases)
    return [_compiled(rule.phrases[name], name) for name in known]


def _match(slots: Sequence[_Slot], tokens: Sequence[_Token], at: int) -> int | None:
    """Where the phrase that begins at `at` ends (exclusive), or None; tries the nearest word first."""
    if at and tokens[at - 1].denies:
        return None
    end = _rest(slots, tokens, at, first=True)
    if end is None or any(token.denies for token in tokens[at:end]):
        return None
    return end


def _rest(slots: Sequence[_Slot], tokens: Sequence[_Token], at: int, *, first: bool = False) -> int | None:
    if not slots:
        return at
    reach = 0 if first else slots[0].reach
    for place in range(at, min(at + reach + 1, len(tokens))):
        if slots[0].fits(tokens[place]) and (end := _rest(slots[1:], tokens, place + 1)) is not None:
            return end
    return None


def _hit(tag: str, index: int, segment: Segment, first: int, last: int) -> TagHit:
    if segment.words:
        words = segment.words[first : last + 1]
        start, end, quote = words[0].start, words[-1].end, " ".join(word.text for word in words)
    else:
        start, end, quote = segment.start, segment.end, " ".join(segment.text.split()[first : last + 1])
    return TagHit(tag, index, first, last, start, end, quote.strip(" ,.!?…"))


def _tokens(segment: Segment, lemmas: Lemmas) -> list[_Token]:
    texts = [word.text for word in segment.words] or segment.text.split()
    found = ((number, text, token) for number, text in enumerate(texts) for token in _TOKEN.finditer(_plain(text)))
    return [
        _Token(token[0], lemmas(token[0]), number, text[token.end() : token.end() + 1] in STOPS) for number, text, token in found
    ]


@lru_cache(maxsize=500)
def _compiled(phrases: tuple[str, ...], language: str) -> tuple[tuple[_Slot, ...], ...]:
    return tuple(_slots(phrase, lemmas_of(language)) for phrase in phrases)


def _slots(phrase: str, lemmas: Lemmas) -> tuple[_Slot, ...]:
    slots, reach = [], 0
    for word in phrase.split():
        if word == GAP:
            reach = MOST_BETWEEN
            continue
        slots.append(_slot(_plain(word), reach, lemmas))
        reach = 0
    return tuple(slots)


def _slot(word: str, reach: int, lemmas: Lemmas) -> _Slot:
    choices = word.removeprefix("=").split("|")
    grouped = [member for choice in choices if choice.startswith("@") for member in GROUPS[choice[1:]]]
    plain = [choice for choice in choices if not choice.startswith("@")]
    if word.startswith("="):
        return _Slot(_bases(grouped, lemmas), frozenset(plain), reach)
    return _Slot(_bases([*grouped, *plain], lemmas), frozenset(), reach)


def _bases(words: Sequence[str], lemmas: Lemmas) -> frozenset[str]:
    return frozenset(base for word in words for base in lemmas(word))


def _plain(text: str) -> str:
    return text.lower().replace("ё", "е").replace("’", "'")
