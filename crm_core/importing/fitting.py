"""A row of a table becomes values: each cell as its target wants it, or the reason why it cannot be. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_core.contacts.inn import inn_typed
from crm_core.contacts.numbers import read_number
from crm_core.errors import Invalid
from crm_core.fields.definitions import Field, FieldKind
from crm_core.fields.values import SAYS, fit_value
from crm_core.importing.sheets import Row
from crm_core.importing.targets import Target
from crm_core.text import clean, msgid

DEAREST = 10**15  # kopecks
TEXTS = {
    "name": 200, "contact.name": 200, "position": 200, "note": 10_000, "company": 300, "site": 300, "address": 500, "title": 300,
    "source": 300, "external_id": 120, "pipeline": 200, "stage": 200,
}  # fmt: skip
MOST_NUMBERS = 10

_MAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")
_BETWEEN_NUMBERS = re.compile(r"[,;\n/|]+")
_YES = frozenset(("1", "yes", "true", "y", "да", "истина", "+", "x", "есть"))
_NO = frozenset(("0", "no", "false", "n", "нет", "ложь", "-"))


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row was refused. `column` from 0, None: the row as a whole; `say` a text of the catalogue, filled from `facts`."""

    column: int | None
    say: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as values by target: texts, `number`: tuple of digits, `amount`: kopecks, `owner`: id, added fields `custom.<id>`.

    `raw_numbers`: {digits: as it was written}.
    """

    row: Row
    values: dict[str, Any]
    faults: tuple[Fault, ...]
    raw_numbers: dict[str, str]


@dataclass(frozen=True, slots=True)
class House:
    """What cells may name: people by folded name and mail, stages by (folded pipeline or None, folded name), work types."""

    region: str
    owners: Mapping[str, int | None]  # None: two people have this name
    stages: Mapping[tuple[str | None, str], int | None] = field(default_factory=dict)
    work_types: Mapping[str, int] = field(default_factory=dict)
    takers: frozenset[int] | None = None  # to whom the importer may give records; None: to anybody


def fitted(row: Row, mapping: Mapping[int, Target], width: int, house: House) -> Wanted:
    """Every fault of the row at once, so that whoever mends the file mends it once."""
    faults = [Fault(column, why) for column, why in row.faults if column in mapping or not row.cells]
    values: dict[str, Any] = {}
    raw: dict[str, str] = {}
    # Cells of a row that is shifted stand under wrong headings: nothing of it is believed.
    if any(row.cells[width:]) or (row.cells and len(row.cells) < width and not row.aligned):
        faults.append(Fault(None, MIXED, {"cells": len(row.cells), "width": width}))
    for column, target in mapping.items():
        cell = row.cells[column].strip() if column < len(row.cells) else ""
        if not cell or any(column == known for known, _ in row.faults):
            continue
        try:
            _add(values, raw, target, cell, house)
        except Invalid as refused:
            faults.append(
                Fault(column, refused.say, {"cell": cell[:60], **{name: str(told) for name, told in refused.facts.items()}})
            )
    return Wanted(row, values, tuple(faults), raw)


MIXED = msgid("the row has %(cells)s cells and the heading %(width)s: it is shifted")
NO_NUMBER = msgid("“%(cell)s” is no telephone number")
NO_MAIL = msgid("“%(cell)s” is no e-mail address")
NO_AMOUNT = msgid("“%(cell)s” is no amount")
NO_PERSON = msgid("nobody here is called “%(cell)s”")
TWO_PEOPLE = msgid("two people here are called “%(cell)s”: write the e-mail instead")
NOT_TO_HIM = msgid("you may not give records to “%(cell)s”")
NO_STAGE = msgid("there is no stage “%(cell)s”")
NO_WORK_TYPE = msgid("there is no work type “%(cell)s”")
NO_INN = msgid("“%(cell)s” is no INN")
NOT_OF_KIND = msgid("“%(cell)s” is not %(wanted)s")
TOO_MANY_NUMBERS = msgid("more telephone numbers than one contact has")


def _add(values: dict[str, Any], raw: dict[str, str], target: Target, cell: str, house: House) -> None:
    if target.field is not None:
        values[target.name] = custom_value(target.field, cell)
    elif target.name.endswith("number"):
        numbers = _numbers(cell, house.region)
        raw.update(numbers)
        together = dict.fromkeys((*values.get(target.name, ()), *numbers))
        if len(together) > MOST_NUMBERS:
            raise Invalid(TOO_MANY_NUMBERS)
        values[target.name] = tuple(together)
    elif target.name in _FITS:
        values[target.name] = _FITS[target.name](cell, house)
    else:
        text = " ".join(cell.split()) if target.name != "note" else cell
        together_text = (
            f"{values[target.name]}{' ' if target.name != 'note' else chr(10)}{text}" if target.name in values else text
        )
        values[target.name] = clean(together_text, TEXTS[target.name])


def _numbers(cell: str, region: str) -> dict[str, str]:
    """{digits: as written}; a cell may hold several."""
    found: dict[str, str] = {}
    for part in _BETWEEN_NUMBERS.split(cell):
        if not part.strip():
            continue
        number = read_number(clean(part.strip(), 80), region).e164
        if number is None:
            raise Invalid(NO_NUMBER)
        found[number] = clean(part.strip(), 80)
    return found


def _mail(cell: str, _house: House) -> str:
    if not _MAIL.fullmatch(cell) or len(cell) > 254:
        raise Invalid(NO_MAIL)
    return clean(cell, 254)


def _inn(cell: str, _house: House) -> str | None:
    try:
        return inn_typed(cell)
    except Invalid as refused:
        raise Invalid(NO_INN) from refused


def _phone(cell: str, house: House) -> str:
    return read_number(clean(cell, 80), house.region).e164 or clean(cell, 80)


def amount(cell: str) -> int:
    """`240 000,50 ₽` → 24000050, the smallest unit. Raises Invalid."""
    digits = re.sub(r"(?i)руб\.?|rub|₽|р\.|\s|\u00a0", "", cell).replace(",", ".")
    try:
        whole = Decimal(digits)
    except InvalidOperation as error:
        raise Invalid(NO_AMOUNT) from error
    if not whole.is_finite() or not 0 <= whole <= DEAREST // 100:  # multiplied, it may be beyond Decimal
        raise Invalid(NO_AMOUNT)
    return int((whole * 100).to_integral_value())


def _owner(cell: str, house: House) -> int:
    key = folded_name(cell)
    if key not in house.owners:
        raise Invalid(NO_PERSON)
    owner = house.owners[key]
    if owner is None:
        raise Invalid(TWO_PEOPLE)
    if house.takers is not None and owner not in house.takers:
        raise Invalid(NOT_TO_HIM)
    return owner


def _work_type(cell: str, house: House) -> int:
    known = house.work_types.get(folded_name(cell))
    if known is None:
        raise Invalid(NO_WORK_TYPE)
    return known


_FITS: Mapping[str, Callable[[str, House], Any]] = {
    "email": _mail, "contact.email": _mail, "inn": _inn, "phone": _phone, "amount": lambda cell, _house: amount(cell),
    "owner": _owner, "work_type": _work_type,
}  # fmt: skip


def custom_value(asked: Field, cell: str) -> Any:
    """As people write values of each kind. Raises Invalid."""
    try:
        value = fit_value(asked, _typed(asked, cell))
    except (Invalid, ValueError, InvalidOperation, OverflowError) as refused:
        raise Invalid(NOT_OF_KIND, wanted=SAYS[asked.kind]) from refused
    return value


def _typed(asked: Field, cell: str) -> Any:  # noqa: PLR0911 - one line a kind
    match asked.kind:
        case FieldKind.NUMBER:
            return float(re.sub(r"[\s\u00a0]", "", cell).replace(",", "."))
        case FieldKind.MONEY:
            return amount(cell)
        case FieldKind.DATE:
            return _day(cell)
        case FieldKind.CHOICE:
            return _chosen(asked, cell)
        case FieldKind.CHOICES:
            return [_chosen(asked, word) for word in re.split(r"[,;\n]", cell) if word.strip()]
        case FieldKind.YES_NO:
            word = cell.strip().casefold()
            return True if word in _YES else False if word in _NO else cell
        case FieldKind.TEXT:
            return cell


def _chosen(asked: Field, cell: str) -> str:
    """The choice however it is capitalised."""
    word = " ".join(cell.split())
    return next((choice for choice in asked.choices if choice.casefold() == word.casefold()), word)


def _day(cell: str) -> str:
    """`22.11.2026`, `2026-11-22`, with or without a time. Raises ValueError."""
    text = re.split(r"[T ]", cell, maxsplit=1)[0]
    if "." in text:
        return datetime.strptime(text, "%d.%m.%Y" if len(text) > 8 else "%d.%m.%y").date().isoformat()  # noqa: DTZ007 - a day
    return date.fromisoformat(text).isoformat()


def folded_name(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def stage_of(values: Mapping[str, Any], house: House) -> int | None:
    """The stage that a row names, of its pipeline where it names one too; None: it names none. Raises Invalid."""
    if "stage" not in values:
        return None
    pipeline = folded_name(values["pipeline"]) if "pipeline" in values else None
    stage = house.stages.get((pipeline, folded_name(values["stage"])))
    if stage is None:
        raise Invalid(NO_STAGE, cell=values["stage"])
    return stage
