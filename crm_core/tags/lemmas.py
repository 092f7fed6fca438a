"""A word → what it may be a form of, so that «встречу» and «встреча» meet. Dictionaries are loaded at the first word."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

Lemmas = Callable[[str], frozenset[str]]
"""The possible base forms of a lower-case word; the word itself is always among them."""

UNLIKELY = 0.05  # readings rarer than this are left out: «день» is hardly ever «деть»
_CYRILLIC = re.compile(r"[а-я]")

# Forms whose base no rule of endings finds.
_IRREGULAR = {
    "met": "meet", "booked": "book", "spoke": "speak", "sent": "send", "paid": "pay", "got": "get", "gave": "give",
    "rang": "ring", "said": "say", "told": "tell", "is": "be", "are": "be", "was": "be", "were": "be", "has": "have",
    "had": "have", "does": "do", "did": "do", "going": "go", "pricing": "price",
}  # fmt: skip


def lemmas_of(language: str | None) -> Lemmas:
    """How words of this language are read; where the language is not known, each word by its own letters."""
    return {"ru": russian, "en": english}.get(language or "", by_letters)


def by_letters(word: str) -> frozenset[str]:
    return russian(word) if _CYRILLIC.search(word) else english(word)


@lru_cache(maxsize=20_000)
def russian(word: str) -> frozenset[str]:
    """By dictionary; «ё» counts as «е», as people and models write it."""
    readings = {reading.normal_form.replace("ё", "е") for reading in _dictionary().parse(word) if reading.score > UNLIKELY}
    return frozenset(readings | {word})


@lru_cache(maxsize=20_000)
def english(word: str) -> frozenset[str]:
    """By endings; rules and speech go through the same cut, so it has to be alike rather than right."""
    plain = word.removesuffix("'s").removesuffix("’s")
    if plain in _IRREGULAR:
        return frozenset({word, plain, _IRREGULAR[plain]})
    return frozenset({word, plain, *_without_ending(plain)})


def _without_ending(word: str) -> list[str]:
    for ending, replacements in (("ies", ("y",)), ("ing", ("", "e")), ("ed", ("", "e")), ("es", ("", "e")), ("s", ("",))):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and not word.endswith("ss"):
            return [stem + replacement for replacement in replacements] + ([stem[:-1]] if stem[-1:] == stem[-2:-1] else [])
    return []


@cache
def _dictionary() -> Any:
    import pymorphy3  # noqa: PLC0415 - takes a tenth of a second and 20 MB, wanted only where tags are looked for

    return pymorphy3.MorphAnalyzer()
