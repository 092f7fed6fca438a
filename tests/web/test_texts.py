"""Every text of the pages is there in English and in Russian, and nowhere outside the catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.web.translations import LANGUAGES, LOCALES, texts_in

WEB = LOCALES.parent
KEYWORDS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
CYRILLIC = re.compile("[\u0400-\u04ff]")
OWN_NAMES = {"Русский"}  # a language calls itself by its own name
PLACES = re.compile(r"%\(\w+\)s")


def said() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    """Where, what and in which context."""
    found = extract_from_dir(WEB, METHODS, {"templates/**.html": {"silent": "false"}}, KEYWORDS)  # type: ignore[arg-type]
    return ((file, text, context) for file, _line, text, _comments, context in found)


def catalogue(language: str) -> dict[tuple[str | None, str | tuple[str, ...]], Message]:
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {(message.context, _one(message.id)): message for message in read_po(file, locale=language) if message.id}


def _one(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def test_every_text_is_translated() -> None:
    known = catalogue("ru")

    missing = {
        (file, text) for file, text, context in said()
        if (message := known.get((context, _one(text)))) is None or message.fuzzy or not _complete(message)
    }  # fmt: skip

    assert missing == set()


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    wanted = {(context, _one(text)) for _, text, context in said()}

    assert set(catalogue("ru")) - wanted == set()


def test_a_translation_names_the_same_facts_as_its_original() -> None:
    different = [
        message.id for message in catalogue("ru").values()
        for translated in ([message.string] if isinstance(message.string, str) else message.string)
        if set(PLACES.findall(translated)) != set(PLACES.findall(_one(message.id)))
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
