"""What can be set about a gate, an automation or an indicator: told as data, so that every page draws the same form of it.

A label is a text of the pages, marked by `crm_core.text.msgid` and worded in the reader's language where it is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from crm_core.errors import Invalid
from crm_core.text import clean

LONGEST = {"text": 300, "long_text": 4000}
LARGEST_ID = 2**31 - 1
DEAREST = 10**15  # kopecks
MOST_CHOSEN = 100


class OptionKind(StrEnum):
    """How a value is typed in. What names a row (stage, user …) is its id; money is in the smallest unit (kopecks)."""

    NUMBER = "number"
    MINUTES = "minutes"
    SECONDS = "seconds"
    TEXT = "text"
    LONG_TEXT = "long_text"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    STAGE = "stage"
    PIPELINE = "pipeline"
    USER = "user"
    TEAM = "team"
    TAG = "tag"  # its name
    FIELD = "field"  # a column's name, or `custom.<id>`
    FIELDS = "fields"
    WORK_TYPE = "work_type"
    LOSS_REASON = "loss_reason"
    TASK_KIND = "task_kind"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to set. `choices`: (value, label) of CHOICE and CHOICES; `least` and `most` bound what is counted."""

    name: str
    kind: OptionKind
    label: str
    default: Any = None
    required: bool = False
    least: float | None = None
    most: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    help: str | None = None


def fitted(options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, checked and in its own type, with the defaults of what was not; every option is in it.

    Raises Invalid with the facts `option` (its name) and `why`: unknown, required, kind, least, most or choice.
    """
    known = {option.name for option in options}
    for name in given:
        if name not in known:
            raise Invalid(f"There is nothing named {clean(str(name), 60)!r} to set", option=clean(str(name), 60), why="unknown")
    return {option.name: _fitted_one(option, given.get(option.name)) for option in options}


def _fitted_one(option: Option, raw: Any) -> Any:
    if isinstance(raw, str):
        raw = raw.strip()
    if raw is None or raw in ("", []):
        if option.required and option.default is None:
            raise refused(option, "required")
        return option.default
    return _FITS[option.kind](option, raw)


def refused(option: Option, why: str) -> Invalid:
    """What is raised for an option that cannot be so."""
    return Invalid(f"{option.name}: {_WHY[why]}", option=option.name, why=why)


_WHY = {
    "required": "is wanted",
    "kind": "cannot be read",
    "least": "is too small",
    "most": "is too large",
    "choice": "is none of what can be chosen",
}


def _number(option: Option, raw: Any) -> int | float:
    if isinstance(raw, bool):
        raise refused(option, "kind")
    try:
        number = float(raw.replace(",", ".") if isinstance(raw, str) else raw)
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(option, "kind") from error
    if not isfinite(number):
        raise refused(option, "kind")
    _bounded(option, number)
    return int(number) if number.is_integer() else number


def _whole(option: Option, raw: Any) -> int:
    number = _number(option, raw)
    if not isinstance(number, int):
        raise refused(option, "kind")
    return number


def _time(option: Option, raw: Any) -> int:
    number = _whole(option, raw)
    if number < 0:
        raise refused(option, "least")
    if number > LARGEST_ID:
        raise refused(option, "most")
    return number


def _money(option: Option, raw: Any) -> int:
    number = _whole(option, raw)
    if number < 0:
        raise refused(option, "least")
    if number > DEAREST:
        raise refused(option, "most")
    return number


def _bounded(option: Option, number: float) -> None:
    if option.least is not None and number < option.least:
        raise refused(option, "least")
    if option.most is not None and number > option.most:
        raise refused(option, "most")


def _text(option: Option, raw: Any) -> str:
    if not isinstance(raw, str):
        raise refused(option, "kind")
    longest = LONGEST.get(option.kind, 300)
    if len(raw) > longest:
        raise refused(option, "most")
    return clean(raw, longest)


def _yes_no(option: Option, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    known = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
    if not isinstance(raw, str) or raw.lower() not in known:
        raise refused(option, "kind")
    return known[raw.lower()]


def _choice(option: Option, raw: Any) -> str:
    if raw not in [value for value, _ in option.choices]:
        raise refused(option, "choice")
    return str(raw)


def _choices(option: Option, raw: Any) -> list[str]:
    return [_choice(option, one) for one in _several(option, raw)]


def _several(option: Option, raw: Any) -> list[Any]:
    several = [raw] if isinstance(raw, str) else raw
    if not isinstance(several, (list, tuple)):
        raise refused(option, "kind")
    if len(several) > MOST_CHOSEN:
        raise refused(option, "most")
    return list(dict.fromkeys(one if isinstance(one, str) else str(one) for one in several))


def _row(option: Option, raw: Any) -> int:
    number = _whole(option, raw)
    if not 0 < number <= LARGEST_ID:
        raise refused(option, "kind")
    return number


def _name(option: Option, raw: Any) -> str:
    name = _text(option, raw)
    if len(name) > 60:
        raise refused(option, "most")
    return name


def _names(option: Option, raw: Any) -> list[str]:
    return [_name(option, one) for one in _several(option, raw)]


_FITS: dict[OptionKind, Callable[[Option, Any], Any]] = {
    OptionKind.NUMBER: _number, OptionKind.MINUTES: _time, OptionKind.SECONDS: _time, OptionKind.TEXT: _text,
    OptionKind.LONG_TEXT: _text, OptionKind.YES_NO: _yes_no, OptionKind.CHOICE: _choice, OptionKind.CHOICES: _choices,
    OptionKind.STAGE: _row, OptionKind.PIPELINE: _row, OptionKind.USER: _row, OptionKind.TEAM: _row, OptionKind.TAG: _name,
    OptionKind.FIELD: _name, OptionKind.FIELDS: _names, OptionKind.WORK_TYPE: _row, OptionKind.TASK_KIND: _name,
    OptionKind.LOSS_REASON: _row, OptionKind.MONEY: _money,
}  # fmt: skip
