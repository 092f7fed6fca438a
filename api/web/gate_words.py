"""What gates find, worded in the reader's language: for pages, and for programs that are refused."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from api.web.field_words import field_names
from api.web.names import Names
from api.web.wording import Wording, clock, plain
from crm_core.deals.gate import Lack, Proof
from crm_core.text import clean

LONGEST = 200


def worded(wording: Wording, found: Lack | Proof) -> str:
    return filled(wording, found.say, found.facts)


def missing_told(wording: Wording, missing: Iterable[Lack]) -> list[dict[str, str]]:
    """As the interface tells it: `[{"kind", "what", "say"}]`."""
    return [{"kind": lack.kind.value, "what": lack.what, "say": worded(wording, lack)} for lack in missing]


def set_aside_told(wording: Wording, missing: Iterable[Mapping[str, Any]]) -> list[str]:
    """What an override set aside, as `stage_history.missing` keeps it. Kept by an older version, it may lack a fact."""
    told = []
    for lack in missing:
        try:
            told.append(filled(wording, str(lack.get("say", "")), lack.get("facts") or {}))
        except (KeyError, ValueError, TypeError):
            told.append(str(lack.get("what", "")))
    return told


def filled(wording: Wording, say: str, facts: Mapping[str, Any]) -> str:
    """A text of the catalogue with its facts in place. Names among them were typed by people: they are plain text here."""
    shown = {name: _shown(wording, name, fact) for name, fact in facts.items()}
    return wording.texts.gettext(say) % shown


def _shown(wording: Wording, name: str, fact: Any) -> str:
    show = _FACTS.get(name)
    return plain(clean(str(fact), LONGEST)) if show is None else show(wording, fact)


def _moment(wording: Wording, fact: Any) -> str:
    moment = datetime.fromisoformat(str(fact))
    return f"{wording.day(moment)}, {wording.time(moment)}"


def _tag(wording: Wording, fact: Any) -> str:
    return Names(wording.texts).tag_name(str(fact))


def _field(wording: Wording, fact: Any) -> str:
    """One of ours by its name, one that the company added as it was called."""
    return field_names(wording.texts).get(str(fact)) or plain(clean(str(fact), LONGEST))


def _task_kind(wording: Wording, fact: Any) -> str:
    return Names(wording.texts).task_kind_name(str(fact))


_FACTS: dict[str, Callable[[Wording, Any], str]] = {
    "at": _moment,
    "since": _moment,
    "seconds": lambda _wording, fact: clock(fact),
    "wanted": lambda _wording, fact: clock(fact),
    "tag": _tag,
    "field": _field,
    "task_kind": _task_kind,
}
"""Facts that are no words: moments as ISO 8601, lengths in seconds, names of tags, fields and kinds of tasks."""
