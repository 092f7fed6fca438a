"""The Russian taxpayer's number: ten digits of a firm, twelve of a person, the last of them check digits. Pure."""

from crm_core.errors import Invalid

_TENTH = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_ELEVENTH = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_TWELFTH = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def inn_typed(text: str | None) -> str | None:
    """As people type it, with spaces perhaps → its digits; empty → None. Raises Invalid for one that cannot be.

    The check digits: order of the Federal Tax Service of 29 June 2012, no. ММВ-7-6/435@, as tax forms use it.
    """
    digits = "".join((text or "").split())
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) in (10, 12)):
        raise Invalid("An INN has ten digits, or twelve of a person", field="inn")
    if not _checks(digits):
        raise Invalid("The check digits of this INN do not fit", field="inn")
    return digits


def _checks(digits: str) -> bool:
    if digits.strip("0") == "":
        return False
    if len(digits) == 10:
        return _check(digits, _TENTH) == int(digits[9])
    return _check(digits, _ELEVENTH) == int(digits[10]) and _check(digits, _TWELFTH) == int(digits[11])


def _check(digits: str, weights: tuple[int, ...]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False)) % 11 % 10
