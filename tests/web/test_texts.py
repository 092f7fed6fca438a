"""Every text of the pages is there in English and in Russian, and nowhere outside the catalogue."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from api.web.catalogue import WEB, first, known, said
from api.web.translations import LANGUAGES, texts_in

CYRILLIC = re.compile("[\u0400-\u04ff]")
OWN_NAMES = {"Русский"}  # a language calls itself by its own name
PLACES = re.compile(r"%\(\w+\)s")


def test_every_text_is_translated() -> None:
    translated = known("ru")

    missing = {
        (one.file, one.text) for one in said()
        if (message := translated.get(one.key)) is None or message.fuzzy or not _complete(message)
    }  # fmt: skip

    assert missing == set()


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    assert set(known("ru")) - {one.key for one in said()} == set()


def test_a_translation_names_the_same_facts_as_its_original() -> None:
    different = [
        message.id for message in known("ru").values()
        for translated in ([message.string] if isinstance(message.string, str) else message.string)
        if set(PLACES.findall(translated)) != set(PLACES.findall(first(message.id)))
    ]  # fmt: skip

    assert different == []


def test_no_russian_stands_outside_the_catalogue() -> None:
    files = [file for kind in ("*.py", "*.html", "*.js", "*.css") for file in WEB.rglob(kind) if _ours(file)]

    spoken = {
        f"{file.relative_to(WEB)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if CYRILLIC.search(line) and not any(name in line for name in OWN_NAMES)
    }

    assert len(files) > 60
    assert spoken == set()


def test_scripts_say_nothing_by_themselves() -> None:
    """What a script puts on the page comes from `words`, which the page carries."""
    texts = re.compile(r'textContent = "[^"]|innerHTML|alert\("|innerText')

    assert [file.name for file in (WEB / "assets/src").glob("*.js") if texts.search(file.read_text())] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_counts_by_its_own_rules(language: str) -> None:
    texts = texts_in(language)

    counted = [texts.ngettext("%(count)s task", "%(count)s tasks", number) % {"count": number} for number in (1, 2, 5, 21)]

    expected = {"ru": ["1 задача", "2 задачи", "5 задач", "21 задача"], "en": ["1 task", "2 tasks", "5 tasks", "21 tasks"]}
    assert counted == expected[language]


def _complete(message: Message) -> bool:
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    return all(strings) and (isinstance(message.id, str) or len(strings) == 3)


def _ours(file: Path) -> bool:
    return not {"node_modules", "dist"} & set(file.parts)
