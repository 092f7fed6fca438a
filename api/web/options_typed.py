"""Forms of what can be set (`templates/_options.html`): read back as values for `crm_core.options`, and refusals worded."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData

from api.web.translations import Texts
from api.web.typed import amount_typed
from crm_core.errors import Invalid
from crm_core.options import Option, OptionKind, fitted, refused

MULTIPLE = (OptionKind.CHOICES, OptionKind.FIELDS)
UNITS = {"1": 1, "60": 60, "1440": 24 * 60}
"""Of a length of time, in minutes."""

LONGEST = 4001  # one more than any text may have, so that a longer one is refused and not cut


def typed_options(options: Sequence[Option], form: FormData, prefix: str = "") -> dict[str, Any]:
    """What was typed, as it was typed; only what the form sent. A field of several gives a list."""
    typed: dict[str, Any] = {}
    for option in options:
        sent = [one[:LONGEST] for one in form.getlist(prefix + option.name) if isinstance(one, str)]
        if option.kind in MULTIPLE:
            typed[option.name] = [one for one in sent if one]
        elif sent:
            typed[option.name] = _minutes(sent[-1], form.get(f"{prefix}{option.name}-unit")) if _of_time(option) else sent[-1]
    return typed


def _of_time(option: Option) -> bool:
    return option.kind is OptionKind.MINUTES


def _minutes(written: str, unit: object) -> str | int:
    """Minutes, from a number in the unit that was chosen; what is no number stays as it was typed."""
    number = written.strip()
    return int(number) * UNITS.get(str(unit), 1) if number.isascii() and number.isdecimal() and len(number) < 10 else written


def fitted_options(options: Sequence[Option], typed: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed, money read as it is written (`240 000,50`). Raises Invalid naming the option."""
    return fitted(options, {**typed, **_amounts(options, typed)})


def _amounts(options: Sequence[Option], typed: Mapping[str, Any]) -> dict[str, int | None]:
    amounts: dict[str, int | None] = {}
    for option in options:
        written = typed.get(option.name)
        if option.kind is OptionKind.MONEY and isinstance(written, str):
            try:
                amounts[option.name] = amount_typed(written)
            except Invalid as error:
                raise refused(option, "kind") from error
    return amounts


def option_wrong(texts: Texts, options: Sequence[Option], error: Invalid) -> str:
    """Which option was refused and why, in the reader's language; what is no option's says itself."""
    gettext = texts.gettext
    name, why = str(error.facts.get("option", "")), str(error.facts.get("why", ""))
    label = next((gettext(option.label) for option in options if option.name == name), None)
    if label is None:
        return gettext("There is nothing named %(name)s to set.") % {"name": name} if why == "unknown" else gettext(error.say)
    says = {
        "required": gettext("“%(label)s” is wanted."),
        "kind": gettext("“%(label)s” cannot be read."),
        "least": gettext("“%(label)s” is too small."),
        "most": gettext("“%(label)s” is too large."),
        "choice": gettext("“%(label)s” is none of what can be chosen."),
    }
    return says.get(why, gettext("“%(label)s” cannot be so.")) % {"label": label}
