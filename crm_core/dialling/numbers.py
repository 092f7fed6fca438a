"""Whether a number may be dialled by a click, from its digits alone. Pure.

Only numbers that are known to be allotted, of kinds that cost what calls cost, in countries on the list. A caller can show
any number: calling him back must not lead to a dear one.
"""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, shortnumberinfo

from crm_core.contacts.numbers import NumberKind, read_number
from crm_core.dialling.refusals import Reason, Refusal
from crm_core.dialling.rules import DialRules

PLAIN_KINDS = frozenset({
    PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.TOLL_FREE,
    PhoneNumberType.VOIP,
})  # fmt: skip
"""Not among them: premium, shared cost, personal and universal access numbers, pagers, voicemail, and what nobody knows."""

ELSEWHERE = ("7840", "7940")
"""Within the Russian numbering by name, but Abkhazia's: charged as abroad and known from call fraud."""


@dataclass(frozen=True, slots=True)
class Target:
    """`digits`: of the international form without +, as calls and contacts have it; `short`: an exchange-wide short number."""

    digits: str
    short: bool = False


def target_of(typed: str, region: str, rules: DialRules) -> Target | Refusal:
    """The number that was meant, or why it is not dialled. `region` is the exchange's."""
    number = read_number(typed, region)
    # What is cleaned away when an exchange sends it (line breaks, NUL, parameters) has no place in what a user asks for.
    strange = not typed.isprintable() or ";" in typed
    if strange or number.kind in (NumberKind.WITHHELD, NumberKind.UNINTELLIGIBLE) or number.digits is None:
        return Refusal(Reason.NOT_A_NUMBER)
    if number.kind is NumberKind.EXTENSION:
        return _short(number.digits, region, rules)
    return _abroad_or_dear(phonenumbers.parse(f"+{number.digits}"), number.digits, rules) or Target(number.digits)


def _short(digits: str, region: str, rules: DialRules) -> Target | Refusal:
    if digits in rules.short_numbers:
        return Target(digits, short=True)
    emergency = shortnumberinfo.connects_to_emergency_number(digits, region)
    return Refusal(Reason.EMERGENCY if emergency else Reason.SHORT_NUMBER, number=digits)


def _abroad_or_dear(parsed: PhoneNumber, digits: str, rules: DialRules) -> Refusal | None:
    country = phonenumbers.region_code_for_number(parsed)
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN or country is None:
        return Refusal(Reason.NOT_ALLOTTED, number=digits)
    if country not in rules.countries or digits.startswith(ELSEWHERE):
        return Refusal(Reason.COUNTRY, number=digits)
    return None if kind in PLAIN_KINDS else Refusal(Reason.COSTLY, number=digits)
