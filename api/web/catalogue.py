"""`python -m api.web.catalogue` brings the catalogue in line with what templates and code say.

It prints what is untranslated then; the exit code says whether anything is.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.audit import auditing, records, repairing
from api.web.translations import LOCALES
from crm_core.secrets import SEALED_ELSEWHERE
from pbx.ami import troubles
from pbx.records import troubles as gap_troubles

WEB = LOCALES.parent
DOCTOR = WEB.parent / "doctor"  # its findings are worded in the terminal, too
CORE = WEB.parent.parent / "crm_core"  # marks what is said of gates, automations and indicators by `msgid`
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
# These change with each run and say nothing about the texts.
NOISE = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Report-Msgid-Bugs-To", "Generated-By")


@dataclass(frozen=True, slots=True)
class Said:
    """A text of the pages: a singular alone, or with its plural; `context` tells two meanings apart."""

    file: str
    text: str | tuple[str, ...]
    context: str | None

    @property
    def key(self) -> tuple[str, str]:
        return self.context or "", first(self.text)


def said() -> Iterator[Said]:
    """Everything the pages say, in English."""
    for file, _line, text, _comments, context in extract_from_dir(WEB, METHODS, OPTIONS, KEYWORDS):
        yield Said(file, text, context)
    for file, _line, text, _comments, context in extract_from_dir(DOCTOR, [("**.py", "python")], {}, KEYWORDS):
        yield Said(f"doctor/{file}", text, context)
    for file, _line, text, _comments, context in extract_from_dir(CORE, [("**.py", "python")], {}, {"msgid": None}):
        yield Said(f"crm_core/{file}", text, context)
    for note in (
        *troubles.NOTES,
        *gap_troubles.NOTES,
        SEALED_ELSEWHERE,
        *auditing.NOTES,
        *records.WHY_NOT,
        *repairing.HOWS,
    ):  # stored in English as the listener told them, worded when they are shown
        yield Said("exchange.py", note, None)


def first(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else text[0]


def known(language: str) -> dict[tuple[str, str], Message]:
    """What the catalogue of a language holds, by context and English text."""
    with _file(language).open("rb") as file:
        return {(message.context or "", first(message.id)): message for message in read_po(file, locale=language) if message.id}


def update(language: str) -> list[str]:
    """Rewrite a catalogue: new texts come in empty, those nobody says go. Returns the English of what is untranslated."""
    before = known(language)
    catalogue = Catalog(locale=language, project="Firstring", version="1", fuzzy=False, charset="utf-8")
    texts: dict[tuple[str, str], list[Said]] = {}
    for one in said():
        texts.setdefault(one.key, []).append(one)
    for key, places in sorted(texts.items()):
        translated = before[key].string if key in before else ""
        files = [(file, 0) for file in sorted({one.file for one in places})]
        catalogue.add(places[0].text, translated, files, context=places[0].context)
    _write(_file(language), catalogue)
    return [first(message.id) for message in catalogue if message.id and not all(_strings(message))]


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def _write(file: Path, catalogue: Catalog) -> None:
    written = BytesIO()
    write_po(written, catalogue, width=120, include_lineno=False)
    lines = written.getvalue().decode("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(tuple(f'"{name}' for name in NOISE))), "utf-8")


def _file(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


if __name__ == "__main__":
    missing = update("ru")
    sys.stdout.writelines(f"untranslated: {text}\n" for text in missing)
    sys.exit(bool(missing))
