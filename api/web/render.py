"""Templates in the reader's language: one environment a language, made once, with the texts, filters and names it needs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.web.automation_words import AutomationWords
from api.web.call_names import CallNames
from api.web.gate_words import set_aside_told
from api.web.names import Names
from api.web.record_words import RecordNames
from api.web.translations import CHOICES, texts_in
from api.web.wording import Wording
from crm_core.fields.definitions import in_blocks
from crm_core.transcripts.queries import Transcript

WEB = Path(__file__).parent
DIST = WEB / "static" / "dist"


@dataclass(frozen=True, slots=True)
class Look:
    """How pages read for one language and zone."""

    language: str
    wording: Wording
    names: Names
    environment: Environment
    automations: AutomationWords

    def render(self, template: str, **context: Any) -> str:
        return self.environment.get_template(template).render(context)

    def gettext(self, text: str) -> str:
        return self.wording.texts.gettext(text)


@cache
def look(language: str, zone: ZoneInfo) -> Look:
    texts = texts_in(language)
    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"), extensions=["jinja2.ext.i18n"], autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.install_gettext_translations(texts.catalogue, newstyle=True)  # type: ignore[attr-defined]
    wording, names = Wording(texts, Locale(language), zone), Names(texts)
    automations = AutomationWords(wording)
    environment.filters.update(wording.filters())
    environment.globals.update(named(names) | named(CallNames(texts)) | named(RecordNames(texts, wording)) | named(automations))
    environment.filters["in_blocks"] = in_blocks
    environment.globals.update(icon_of=icon_of, asset=asset, language=language, languages=CHOICES, tagged_words=tagged_words)
    environment.globals.update(set_aside_told=partial(set_aside_told, wording))
    return Look(language, wording, names, environment, automations)


def named(names: Names | CallNames | RecordNames | AutomationWords) -> dict[str, Callable[..., Any]]:
    public = [name for name in dir(names) if not name.startswith("_") and name not in ("texts", "wording")]
    return {name: getattr(names, name) for name in public}


@lru_cache(500)
def icon_of(name: str, tone: str = "") -> Markup:
    """As `ui.icon` draws it, for what stands on a page hundreds of times."""
    sign = Markup('<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>')
    return sign.format(f" {tone}" if tone else "", asset("icons.svg"), name)


def asset(name: str) -> str:
    """The address of a built file; its name carries a hash, so browsers may keep it."""
    return f"/static/dist/{_manifest().get(name, name)}"


@cache
def _manifest() -> dict[str, str]:
    """Read once: an icon is an address, and a strip has ten of them."""
    manifest = DIST / "manifest.json"
    names: dict[str, str] = json.loads(manifest.read_text()) if manifest.exists() else {}
    return names


def tagged_words(transcript: Transcript) -> frozenset[tuple[int, int]]:
    """Segment and word of every word that a tag points to."""
    places: set[tuple[int, int]] = set()
    for tag in transcript.tags:
        if tag.segment is not None and tag.word_start is not None and tag.word_end is not None:
            places.update((tag.segment, word) for word in range(tag.word_start, tag.word_end + 1))
    return frozenset(places)
