"""What a number is, as an exchange or a person wrote it. The raw form is always kept beside the reading."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType

import phonenumbers
from phonenumbers import ValidationResult

E164 = NewType("E164", str)
"""Digits of the international form without `+`, e.g. `79161112233`."""

Extension = NewType("Extension", str)
"""A person's line on the exchange, e.g. `101`."""

_EXTENSION = re.compile(r"[0-9]{2,6}")
_SPELLED = re.compile(r"\+?[0-9() .\-\u00a0]{3,40}")
# As exchanges and carriers word it; «anonymous@anonymous.invalid» is RFC 3323's.
_WITHHELD = re.compile(
    r"""anonymous\b.* | <?unknown>? | restricted | (number\ )?(unavailable|withheld|blocked)
      | private(\ number)? | no\ number | none | - | (номер\ )?скрыт(ый)?(\ номер)? |""",
    re.IGNORECASE | re.VERBOSE,
)
# Parameters of a SIP user part, which Asterisk leaves in unless `ignore_uri_user_options = yes`: `+7…;cpc-rus=1`, `+1…;npdi`.
_PARAMETERS = re.compile(r"(;[a-z][a-z0-9.-]*(=[^;\s]*)?)+$", re.IGNORECASE)
_LONGEST = 80


class NumberKind(StrEnum):
    INTERNATIONAL = "international"
    EXTENSION = "extension"
    WITHHELD = "withheld"
    UNINTELLIGIBLE = "unintelligible"


@dataclass(frozen=True, slots=True)
class Number:
    """A number read in a region. `raw` is what was received, less control characters."""

    kind: NumberKind
    raw: str
    digits: str | None = None

    @property
    def e164(self) -> E164 | None:
        """What a customer is matched by; never an extension, a withheld or an unintelligible number."""
        return E164(self.digits) if self.kind is NumberKind.INTERNATIONAL and self.digits else None

    @property
    def extension(self) -> Extension | None:
        return Extension(self.digits) if self.kind is NumberKind.EXTENSION and self.digits else None

    @property
    def shown(self) -> str | None:
        """As the outward contract tells it: digits where understood, else as received, None when withheld."""
        return None if self.kind is NumberKind.WITHHELD else self.digits or self.raw


def read_number(raw: str | None, region: str) -> Number:
    """Reads a number as dialled in `region` (ISO 3166 code, e.g. `RU`); an unknown region understands `+…` only."""
    raw = raw or ""
    return _read(raw if len(raw) <= _LONGEST else clean(raw)[:_LONGEST], region)


def clean(raw: str) -> str:
    """Without control characters (a caller can send NUL) and outer spaces."""
    if raw.isprintable():
        return raw.strip()
    return "".join(c for c in raw if c.isprintable()).strip()


@lru_cache(maxsize=8192)
def _read(received: str, region: str) -> Number:
    raw = clean(received)
    number = _PARAMETERS.sub("", raw)
    if _WITHHELD.fullmatch(number):
        return Number(NumberKind.WITHHELD, raw)
    # Only ASCII digits: other scripts' digits pass str.isdigit and are no extension of any exchange.
    if _EXTENSION.fullmatch(number):
        return Number(NumberKind.EXTENSION, raw, number)
    digits = _international(number, region) if _SPELLED.fullmatch(number) else None
    return Number(NumberKind.INTERNATIONAL if digits else NumberKind.UNINTELLIGIBLE, raw, digits)


def _international(raw: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible", not "valid": lists of allotted ranges age, and a caller from a new range is still one person.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
