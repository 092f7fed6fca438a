"""Every reason of every call has its sentence in each language, and a terminal shows it without harm."""

import re
import unicodedata
from collections.abc import Iterator

import pytest

from api.commands.ladder_text import cells, lines
from api.web.translations import LANGUAGES, texts_in
from api.web.why.labels import Labels, harmless
from api.web.why.sayings import sayings
from api.web.why.words import Words
from pbx.explaining.explanation import FIGURES, Explanation
from pbx.explaining.stored import explain_stored
from tests.pbx.explained import explained, sessions


def words_for(told: Explanation, language: str, *, raw: bool = True) -> Words:
    texts = texts_in(language)
    return Words(language, texts, Labels(texts, told.ladder, {"101": "Ольга"}, raw=raw))


def all_calls() -> Iterator[Explanation]:
    for name in sessions():
        yield from explained(name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_worded_with_all_its_facts(language: str) -> None:
    for told in all_calls():
        for why, reason in zip(words_for(told, language).all(told), told.reasons, strict=True):
            named = set(re.findall(r"%\((\w+)\)s", sayings(language)[f"{reason.figure}/{reason.rule}"]))

            assert why.say
            assert "%(" not in why.say
            assert named <= set(reason.facts), (reason.figure, reason.rule)
            assert why.title != reason.figure


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_without_a_journal_is_worded_from_its_row(language: str) -> None:
    for told in all_calls():
        stored = explain_stored(told.call, told.call.started_at + 60)

        assert {reason.figure for reason in stored.reasons} >= {figure for figure in FIGURES if "." not in figure}
        assert all(why.say for why in words_for(stored, language).all(stored))
        assert list(lines(stored, words_for(stored, language)))


def test_every_sentence_belongs_to_a_figure() -> None:
    assert {key.partition("/")[0] for key in sayings("en")} <= set(FIGURES)
    assert sayings("en").keys() == sayings("ru").keys()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_the_terminal(language: str, width: int) -> None:
    for told in all_calls():
        shown = list(lines(told, words_for(told, language), width=width))

        assert max(cells(line) for line in shown) <= width


def test_colour_is_only_where_it_was_asked_for() -> None:
    told = explained("asterisk/hold.ami")[0]

    assert not any("\x1b" in line for line in lines(told, words_for(told, "en")))
    assert any("\x1b[32m" in line for line in lines(told, words_for(told, "en"), colour=True))


@pytest.mark.parametrize(
    "name", ["\x1b[2J\x1b]0;owned\x07", "a\u202eb\u2066c", "line\r\nCall: gone", "\x00\x9b31m", "\u200b\ufeff"]
)
def test_nothing_in_a_hostile_text_acts(name: str) -> None:
    shown = harmless(name)

    assert shown.isprintable()
    assert not any(unicodedata.category(one).startswith("C") for one in shown)


def test_a_manager_is_told_nothing_of_the_exchanges_own_names() -> None:
    for told in all_calls():
        words = words_for(told, "en", raw=False)
        said = " ".join([*(f"{why.say} {why.value} {' '.join(why.rows)}" for why in words.all(told)),
                         *(words.fact(fact) for fact in told.ladder.facts if words.labels.told(fact.uid))])  # fmt: skip

        assert not re.search(r"Local/|PJSIP/|\.wav|/var/", said)
