"""A value as it was typed for an automation, in the type that a field of the company's own has."""

from typing import Any

from crm_core.errors import Invalid
from crm_core.fields.definitions import Field, FieldKind
from crm_core.fields.values import fit_value

YES = frozenset({"1", "yes", "true", "on", "да"})


def typed_value(field: Field, text: str) -> Any:
    """Choices stand with commas between them, money in whole units: `1 500,50`. Raises Invalid for what the field cannot have."""
    if field.kind in (FieldKind.NUMBER, FieldKind.MONEY):
        return fit_value(field, _number(text, 100 if field.kind is FieldKind.MONEY else 1))
    if field.kind is FieldKind.CHOICES:
        return fit_value(field, [one.strip() for one in text.split(",") if one.strip()])
    return fit_value(field, text.strip().lower() in YES if field.kind is FieldKind.YES_NO else text)


def _number(text: str, times: int) -> int | float:
    try:
        number = float("".join(text.split()).replace(",", ".")) * times
    except ValueError as error:
        raise Invalid("A number is wanted", why="kind") from error
    return int(number) if number.is_integer() else round(number, 6)
