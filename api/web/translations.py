"""Texts in the reader's language. English stands in the code; the other languages are catalogues, read as they lie."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("ru", "en")


@dataclass(frozen=True, slots=True)
class Language:
    """`name`: how the language calls itself."""

    code: str
    name: str


CHOICES = (Language("ru", "Русский"), Language("en", "English"))


@dataclass(frozen=True, slots=True)
class Texts:
    """What the code says, in one language. `catalogue` is what templates are given."""

    catalogue: NullTranslations

    def gettext(self, text: str) -> str:
        return str(self.catalogue.gettext(text))

    def pgettext(self, context: str, text: str) -> str:
        """`context` tells two meanings of one English text apart."""
        return str(self.catalogue.pgettext(context, text))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return str(self.catalogue.ngettext(one, many, number))


@cache
def texts_in(language: str) -> Texts:
    """English is what the code says. Raises FileNotFoundError for a language without a catalogue."""
    if language == "en":
        return Texts(NullTranslations())
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Texts(Translations(compiled))
