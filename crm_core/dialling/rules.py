"""What may be dialled by a click on one exchange, as its admin set it. Pure; kept as JSON in `exchanges.dial_rules`."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import time
from typing import Any

import phonenumbers

from crm_core.errors import Invalid

USUAL_PHONE = "PJSIP/{extension}"
USUAL_CONTEXT = "firstring-outbound"
MOST_CALLS = 10_000  # of any cap: a number, not a way to switch it off
MOST_LISTED = 50
SHORTEST_RING, LONGEST_RING = 5, 120  # seconds

# What goes into an action is spelled out: nothing of it can end a header, name a second device or a function.
_PHONE = re.compile(r"(PJSIP|SIP|IAX2|DAHDI|SCCP|Local)/[\w.\-]*\{extension\}[\w.\-]*(@[\w.\-]+(/[nj]+)?)?", re.ASCII)
_CONTEXT = re.compile(r"[\w\-]{1,79}", re.ASCII)
_PREFIX = re.compile(r"[0-9*#+]{0,8}")
_SHORT = re.compile(r"[0-9]{2,6}")
_EXTENSION = re.compile(r"[\w.\-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DialRules:
    """`countries`: regions such as RU. Caps are calls of one user; a night belongs to the evening it began on.

    `phone`: how the exchange names the phone of an extension; `context`: where it sends the call then, and the only one;
    `prefix`: dialled before the digits of the international form; `short_numbers`: emergency and short ones allowed.
    """

    countries: tuple[str, ...]
    short_numbers: tuple[str, ...] = ()
    per_hour: int = 30
    per_day: int = 150
    at_night: int = 3
    night_from: time = time(21)
    night_until: time = time(8)
    phone: str = USUAL_PHONE
    context: str = USUAL_CONTEXT
    prefix: str = ""
    ring_seconds: int = 25

    def device_of(self, extension: str) -> str | None:
        """The phone as the exchange names it; None for an extension that could mean more than one phone."""
        return self.phone.replace("{extension}", extension) if _EXTENSION.fullmatch(extension) else None

    def exten_of(self, number: str) -> str:
        """What the exchange is told to dial for a number of the international form, or a short one."""
        return number if number in self.short_numbers else self.prefix + number


def rules_of(stored: Mapping[str, Any], region: str) -> DialRules:
    """The rules as stored, whatever of them is set and makes sense; the rest as usual, in the exchange's own region."""
    usual = DialRules(countries=(region,))
    known = {name: stored[name] for name in asdict(usual) if stored.get(name) is not None}
    for name in ("countries", "short_numbers"):
        if name in known:
            known[name] = tuple(known[name])
    for name in ("night_from", "night_until"):
        if name in known:
            known[name] = time.fromisoformat(known[name])
    return DialRules(**{**asdict(usual), **known})


def stored_rules(rules: DialRules) -> dict[str, Any]:
    """The JSON of rules that hold; raises Invalid, with the field, for those that cannot be meant."""
    _require(rules)
    values = asdict(rules)
    return {name: value.isoformat("minutes") if isinstance(value, time) else _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _require(rules: DialRules) -> None:
    unknown = [region for region in rules.countries if region not in phonenumbers.SUPPORTED_REGIONS]
    checks = {
        "countries": not unknown and 0 < len(rules.countries) <= MOST_LISTED,
        "short_numbers": all(_SHORT.fullmatch(each) for each in rules.short_numbers) and len(rules.short_numbers) <= MOST_LISTED,
        "per_hour": 0 <= rules.per_hour <= MOST_CALLS,
        "per_day": 0 <= rules.per_day <= MOST_CALLS,
        "at_night": 0 <= rules.at_night <= MOST_CALLS,
        "phone": _PHONE.fullmatch(rules.phone) is not None and len(rules.phone) <= 120,
        "context": _CONTEXT.fullmatch(rules.context) is not None,
        "prefix": _PREFIX.fullmatch(rules.prefix) is not None,
        "ring_seconds": SHORTEST_RING <= rules.ring_seconds <= LONGEST_RING,
    }
    for field, holds in checks.items():
        if not holds:
            raise Invalid("This cannot be a rule for dialling", field=field)
