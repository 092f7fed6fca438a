"""What a form's fields hold, and what they held when it was opened, as its `was.…` fields send it back: so nobody overwrites
what he has not seen."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData

from api.web.visit import Visit
from crm_core.errors import Conflict, Invalid
from crm_core.fields.naming import names_of

Reader = Callable[[str], Any]
Shown = Callable[[str, Any], tuple[str, str]]
"""A field and a value (an id by what it names) → what the field is called and how the value reads."""

LONGEST = 12_000


def given_in(form: FormData, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """By field, what was typed there; a field that the form does not have is left out. Raises Invalid."""
    return {name: read(str(form[name])[:LONGEST]) for name, read in readers.items() if name in form}


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


async def overtaken(visit: Visit, error: Conflict, shown: Shown) -> str:
    """In the reader's language: what somebody else wrote meanwhile, and what was therefore not saved."""
    changed, wanted = error.facts.get("changed"), error.facts.get("wanted")
    if not isinstance(changed, dict) or not isinstance(wanted, dict):
        return visit.say(error.say)
    say = visit.say("Somebody changed this meanwhile. %(field)s is “%(now)s” now; your “%(yours)s” was not saved.")
    lines = []
    for field, value in changed.items():
        names = await names_of(visit.connection, field, (value, wanted.get(field)))
        (name, now), (_, yours) = (shown(field, names.get(one, one) if names else one) for one in (value, wanted.get(field)))
        lines.append(say % {"field": name, "now": now or "—", "yours": yours or "—"})
    return " ".join(lines)


def as_it_stands(names: Mapping[str, str]) -> Shown:
    """Values that read as they are, of fields so called."""
    return lambda field, value: (names.get(field, field), str(value or ""))
