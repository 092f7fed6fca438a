"""What a form's fields held when it was opened, as its `was.…` fields send it back: so nobody overwrites what he has not seen."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData

from api.web.translations import Texts
from crm_core.errors import Conflict, Invalid

Reader = Callable[[str], Any]


def seen_in(form: FormData, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """By field, each read as what is typed there is read; a form without them saw nothing, and overwrites."""
    found: dict[str, Any] = {}
    for name, read in readers.items():
        sent = form.get(f"was.{name}")
        if isinstance(sent, str):
            try:
                found[name] = read(sent)
            except Invalid:
                continue  # no form of ours: it is compared with nothing
    return found


def overtaken(texts: Texts, error: Conflict, shown: Callable[[str, Any], tuple[str, str]]) -> str:
    """In the reader's language: what somebody else wrote meanwhile, and what was therefore not saved.

    `shown`: a field and a value → what the field is called and how the value reads.
    """
    changed, wanted = error.facts.get("changed"), error.facts.get("wanted")
    if not isinstance(changed, dict) or not isinstance(wanted, dict):
        return texts.gettext(error.say)
    say = texts.gettext("Somebody changed this meanwhile. %(field)s is “%(now)s” now; your “%(yours)s” was not saved.")
    lines = []
    for field, value in changed.items():
        (name, now), (_, yours) = shown(field, value), shown(field, wanted.get(field))
        lines.append(say % {"field": name, "now": now or "—", "yours": yours or "—"})
    return " ".join(lines)
