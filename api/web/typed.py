"""What people type into forms, read as values."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from crm_core.errors import Invalid
from crm_core.paging import LARGEST_ID
from crm_core.text import clean, whole_number

DEAREST = Decimal(10) ** 13  # in whole units; no contract is dearer


def text_typed(text: str, longest: int = 12_000) -> str | None:
    """Blank → None."""
    return clean(text, longest).strip() or None


def amount_typed(text: str) -> int | None:
    """`240 000,50` → 24000050, the smallest unit; empty → None. Raises Invalid."""
    digits = "".join(text.split()).replace(",", ".").removesuffix("₽")
    if not digits:
        return None
    try:
        amount = Decimal(digits)
    except InvalidOperation as error:
        raise Invalid("An amount is a number", field="amount") from error
    if not amount.is_finite() or not 0 <= amount < DEAREST:
        raise Invalid("An amount is a number", field="amount")
    return int((amount * 100).to_integral_value())


def number_typed(text: str) -> float | None:
    """`1 200,5` → 1200.5; empty → None. Raises Invalid."""
    digits = "".join(text.split()).replace(",", ".")
    if not digits:
        return None
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise Invalid("A number is wanted", field="number") from error
    if not number.is_finite() or abs(number) >= DEAREST:
        raise Invalid("A number is wanted", field="number")
    return int(number) if number == number.to_integral_value() else float(number)


def id_typed(text: str) -> int | None:
    """What a list to choose from sends; empty → None. Raises Invalid."""
    return chosen_id(text) if text else None


def chosen_id(text: str) -> int:
    """The same where something must be chosen. Raises Invalid."""
    number = whole_number(text)
    if not number or number > LARGEST_ID:
        raise Invalid("Choose one of the list", field="id")
    return number


def day_typed(text: str) -> date | None:
    """`2026-11-22`, as a browser's field sends it; empty → None. Raises Invalid."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("A day is written as 2026-11-22", field="day") from error


def moment_typed(text: str, zone: ZoneInfo) -> datetime:
    """`2026-11-22T13:00`, as a browser's field sends it, in the installation's zone. Raises Invalid."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("A deadline is a day and a time", field="due") from error
